// Every style of mapping doorbells, one rule after the other (docs/doorbells.md), on domains that only plan.
#include "host/doorbell_map.h"
#include "host/rules.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>

namespace
{

constexpr uint64_t A = 0x8090040;
constexpr uint64_t B = 0x80d0040;
constexpr uint64_t C = 0x8110040;

class Doorbells : public ::testing::Test
{
  protected:
    void SetUp() override
    {
        domain_init_planned(&domain, DOMAIN_UNMANAGED);
        domain_init_planned(&other, DOMAIN_UNMANAGED);
    }
    void TearDown() override
    {
        domain_release(&domain);
        domain_release(&other);
    }
    void make(doorbell_style style, uint64_t base = DOORBELL_WINDOW_BASE, uint64_t size = 0)
    {
        doorbell_table_init(&table, style, IO_PAGE_BITS, base, size);
    }
    /** The address; 0 and `code` if it is refused. */
    uint64_t map(uint64_t doorbell, uint32_t function = 1, uint32_t group = 1, struct domain *where = nullptr)
    {
        const doorbell_request request = {where != nullptr ? where : &domain, function, group, doorbell};
        uint64_t address = 0;

        host_error_clear(&error);
        return doorbell_map(&table, &request, &address, &error) ? address : 0;
    }
    bool unmap(uint64_t doorbell, uint32_t function = 1, uint32_t group = 1)
    {
        const doorbell_request request = {&domain, function, group, doorbell};

        host_error_clear(&error);
        return doorbell_unmap(&table, &request, &error);
    }
    /** Where an address of the domain leads; 0: nowhere. */
    uint64_t leads(uint64_t address)
    {
        uint64_t physical = 0;

        return domain_resolve(&domain, address, &physical) ? physical : 0;
    }

    struct domain domain = {};
    struct domain other = {};
    doorbell_table table = {};
    host_error error = {};
};

TEST_F(Doorbells, Type1TakesPagesInOrderOfUse)
{
    make(DOORBELL_BUMP);
    EXPECT_EQ(map(B), 0x8000040u);
    EXPECT_EQ(map(A), 0x8001040u);
    EXPECT_EQ(map(B, 2), 0x8000040u);
    EXPECT_EQ(leads(0x8000040), B);
    EXPECT_EQ(leads(0x8001040), A);
    // Nothing is unmapped, whoever leaves (C5).
    EXPECT_TRUE(unmap(B));
    EXPECT_TRUE(unmap(B));
    EXPECT_EQ(leads(0x8000040), B);
    EXPECT_FALSE(unmap(B));
    EXPECT_EQ(error.code, ENOENT);
}

/* Nobody looks where the window of 1 MiB ends: with pages of 64 KiB the seventeenth is beyond it (C10). */
TEST_F(Doorbells, Type1RunsOnBeyondTheWindow)
{
    domain_set_pages(&domain, 16, 16);
    doorbell_table_init(&table, DOORBELL_BUMP, 16, DOORBELL_WINDOW_BASE, 0);
    for (uint64_t i = 0; i < 16; i++) {
        ASSERT_EQ(map(0x10000040 + 0x10000 * i), 0x8000040 + 0x10000 * i);
    }
    EXPECT_EQ(map(0x20000040), 0x8100040u);
    EXPECT_EQ(leads(0x8100040), 0x20000040u);
}

TEST_F(Doorbells, AFileHasOneAddressInAllItsDomainsAndSixtyFourPages)
{
    make(DOORBELL_FILE);
    EXPECT_EQ(map(A), 0x8000040u);
    EXPECT_EQ(map(B, 2, 2, &other), 0x8001040u);
    EXPECT_EQ(map(B), 0x8001040u) << "the same in the other domain";
    EXPECT_EQ(leads(0x8001040), B);
    for (uint64_t i = 2; i < DOORBELL_TABLE_PAGES; i++) {
        ASSERT_NE(map(0x10000040 + 0x1000 * i), 0u);
    }
    EXPECT_EQ(map(0x20000040), 0u);
    EXPECT_EQ(error.code, EOVERFLOW);
}

TEST_F(Doorbells, TheApertureOf2016IsCountedAndEnds)
{
    uint64_t address;

    make(DOORBELL_GEOMETRY, 0, 0);
    EXPECT_EQ(map(A), 0u);
    EXPECT_EQ(error.code, EINVAL) << "nothing has been set yet";
    EXPECT_FALSE(doorbell_set_aperture(&table, 0x1000, 0, &error));
    EXPECT_TRUE(doorbell_set_aperture(&table, 0x20000000, 0x2000, &error));
    EXPECT_FALSE(doorbell_set_aperture(&table, 0x30000000, 0x2000, &error));
    EXPECT_EQ(error.code, EINVAL);
    EXPECT_EQ(map(A), 0x20000040u);
    EXPECT_EQ(map(A, 2), 0x20000040u);
    EXPECT_EQ(map(B), 0x20001040u);
    EXPECT_EQ(map(C), 0u);
    EXPECT_EQ(error.code, ENOMEM);
    EXPECT_TRUE(doorbell_address(&table, A, &address, &error));
    EXPECT_EQ(address, 0x20000040u);
    EXPECT_FALSE(doorbell_address(&table, C, &address, &error));
    EXPECT_EQ(error.code, EINVAL);
    EXPECT_TRUE(unmap(A));
    EXPECT_EQ(leads(0x20000040), A) << "the other one still writes to it";
    EXPECT_TRUE(unmap(A));
    EXPECT_EQ(leads(0x20000040), 0u);
    EXPECT_EQ(map(C), 0x20000040u) << "its page is free again";
}

TEST_F(Doorbells, BindingsForAllAreTakenLastFirst)
{
    make(DOORBELL_BIND_DOMAIN);
    EXPECT_EQ(map(A), 0u);
    EXPECT_EQ(error.code, ENOMEM);
    ASSERT_TRUE(doorbell_bind(&table, 0xfffff000, 0x8090000, DOORBELL_ANY, DOORBELL_ANY, &error));
    ASSERT_TRUE(doorbell_bind(&table, 0xffffe000, 0x8091000, DOORBELL_ANY, DOORBELL_ANY, &error));
    EXPECT_FALSE(doorbell_bind(&table, 0xfffff000, 0x8092000, DOORBELL_ANY, DOORBELL_ANY, &error));
    EXPECT_EQ(error.code, EEXIST);
    EXPECT_EQ(map(A), 0xffffe040u);
    EXPECT_EQ(leads(0x8091040), A) << "stage 2, at the guest doorbell";
    EXPECT_EQ(map(A, 2), 0xffffe040u) << "by its doorbell";
    EXPECT_EQ(map(B, 3), 0xfffff040u);
    EXPECT_EQ(map(C, 4), 0u);
    EXPECT_FALSE(doorbell_unbind(&table, 0xffffe000, &error));
    EXPECT_EQ(error.code, EBUSY);
    EXPECT_TRUE(unmap(A, 1));
    EXPECT_TRUE(unmap(A, 2));
    EXPECT_EQ(leads(0x8091040), 0u);
    EXPECT_TRUE(doorbell_unbind(&table, 0xffffe000, &error));
    EXPECT_FALSE(doorbell_unbind(&table, 0xffffe000, &error));
    EXPECT_EQ(error.code, ENOENT);
}

TEST_F(Doorbells, BindingsForDevicesAreTheirOwn)
{
    make(DOORBELL_BIND_DEVICE);
    ASSERT_TRUE(doorbell_bind(&table, 0xfffff000, 0x8090000, 1, DOORBELL_ANY, &error));
    ASSERT_TRUE(doorbell_bind(&table, 0xffffe000, 0x8091000, 2, DOORBELL_ANY, &error));
    EXPECT_EQ(map(A, 1), 0xfffff040u);
    EXPECT_EQ(map(B, 2), 0xffffe040u);
    EXPECT_EQ(leads(0x8090040), A);
    EXPECT_EQ(leads(0x8091040), B);
    EXPECT_EQ(map(A, 3), 0u);
    EXPECT_EQ(error.code, ENOMEM);
}

TEST_F(Doorbells, TwoDoorbellsBehindOneGuestPageCannotBe)
{
    make(DOORBELL_BIND_DEVICE);
    ASSERT_TRUE(doorbell_bind(&table, 0xfffff000, 0x8090000, 1, DOORBELL_ANY, &error));
    ASSERT_TRUE(doorbell_bind(&table, 0xffffe000, 0x8090000, 2, DOORBELL_ANY, &error));
    EXPECT_EQ(map(A, 1), 0xfffff040u);
    EXPECT_EQ(map(B, 2), 0u);
    EXPECT_EQ(error.code, EEXIST);
}

TEST_F(Doorbells, ABindingForAGroupLeadsWhereItsFirstDeviceIs)
{
    make(DOORBELL_BIND_GROUP);
    ASSERT_TRUE(doorbell_bind(&table, 0xfffff000, 0x8090000, DOORBELL_ANY, 7, &error));
    EXPECT_EQ(map(A, 1, 7), 0xfffff040u);
    EXPECT_EQ(map(B, 2, 7), 0xfffff040u);
    EXPECT_EQ(leads(0x8090040), A) << "and B's MSIs go there too";
    EXPECT_EQ(map(A, 3, 8), 0u) << "another group";
}

TEST_F(Doorbells, ASinglePageOfTheGuestLeadsToTheFirst)
{
    make(DOORBELL_SINGLE_PAGE, 0x8090000);
    table.guest_iova = 0xfffff000;
    EXPECT_EQ(map(A, 1), 0xfffff040u);
    EXPECT_EQ(map(B, 2), 0xfffff040u);
    EXPECT_EQ(leads(0x8090040), A);
    EXPECT_EQ(leads(0x8091040), B) << "where the guest knows no page";
}

TEST_F(Doorbells, OneToOneWhereHardwareFixesTheWindow)
{
    make(DOORBELL_IDENTITY_PAGE);
    EXPECT_EQ(map(A), A);
    EXPECT_EQ(leads(A), A);
    EXPECT_EQ(leads(B), 0u);
}

// The DMA allocator keeps clear of the window.
TEST_F(Doorbells, BuffersGoAroundTheWindow)
{
    uint64_t address;

    domain.window_base = 0xffff0000;
    domain.window_size = 0x8000;
    ASSERT_TRUE(domain_map_buffer(&domain, 0, 0x8000, &address, &error));
    EXPECT_EQ(address, 0xffff8000u);
    ASSERT_TRUE(domain_map_buffer(&domain, 0, 0x1000, &address, &error));
    EXPECT_EQ(address, 0xfffef000u);
    EXPECT_FALSE(domain_map_at(&domain, 0xffff1000, 0, 0x1000, &error));
    EXPECT_EQ(error.code, EEXIST);
    EXPECT_FALSE(domain_unmap(&domain, 0x1000, &error));
    EXPECT_EQ(error.code, ENOENT);
    EXPECT_TRUE(domain_unmap(&domain, 0xfffef000, &error));
    EXPECT_EQ(leads(0xfffef000), 0u);
}

TEST(Rules, AreFoundByNameAndNameTheirKernel)
{
    for (size_t i = 0; i < rules_count(); i++) {
        EXPECT_EQ(rules_find(rules_at(i)->name), rules_at(i));
        for (size_t j = 0; j < i; j++) {
            EXPECT_STRNE(rules_at(j)->name, rules_at(i)->name);
        }
    }
    EXPECT_EQ(rules_find("linux-5.0"), nullptr);
    EXPECT_TRUE(rules_find("bind-msi-v7")->bind_checks_domain);
    EXPECT_FALSE(rules_find("bind-msi-v6")->bind_checks_domain);
    EXPECT_TRUE(rules_find("bind-msi-v8")->bind_refuses_fixed);
    EXPECT_FALSE(rules_find("bind-msi-v7")->bind_refuses_fixed);
    EXPECT_FALSE(rules_find("linux-6.1")->direct_blocks_claim);
    EXPECT_TRUE(rules_find("linux-6.12")->direct_blocks_claim);
}

TEST(Errors, HaveNamesAndNumbers)
{
    for (const char *const *name = host_error_names(); *name != nullptr; name++) {
        EXPECT_STREQ(host_error_name(host_error_number(*name)), *name);
    }
    EXPECT_EQ(host_error_number("ok"), 0);
    EXPECT_EQ(host_error_number("EINVAL"), EINVAL);
    EXPECT_EQ(host_error_number("ENOSUCH"), -1);
    EXPECT_STREQ(host_error_name(12345), "error");
}

} // namespace
