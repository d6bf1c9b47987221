/*
 * Virtual command queues: their registers as the Linux driver of the part uses them, what an interface accepts and
 * replaces, and errors. Offsets and bits are the driver's.
 */
#include "tests/smmuv3/smmu_system.h"

#include "gtest/gtest.h"

using namespace smmu_test;

namespace
{

constexpr uint32_t aperture = 0x20000; /* right behind pages 0 and 1 */
constexpr uint64_t sync_none = 0x46;

void two_interfaces(smmu_config &c)
{
    c.vcmdqs = 4;
    c.vintfs = 2;
    c.vintf_sids = 4;
}

uint32_t vintf(unsigned number)
{
    return aperture + 0x1000 + 0x100 * number;
}

uint32_t page0(unsigned number)
{
    return aperture + 0x10000 + 0x80 * number;
}

uint32_t page1(unsigned number)
{
    return aperture + 0x20000 + 0x80 * number;
}

/** What the driver does: interface, its queues, base. */
void enable_interface(System &s, unsigned number, bool hypervisor, unsigned vmid)
{
    s.write(vintf(number), 0);
    s.write(vintf(number), vmid << 1 | (hypervisor ? 1u << 17 : 0));
    s.write(vintf(number), vmid << 1 | (hypervisor ? 1u << 17 : 0) | 1);
    EXPECT_EQ(s.read(vintf(number) + 4) & 1, 1u);
}

struct Queue {
    System &s;
    unsigned number;
    uint64_t memory;
    uint32_t prod = 0;

    Queue(System &system, unsigned n, unsigned interface, unsigned logical) : s(system), number(n)
    {
        memory = s.allocate(16 << 4, 16 << 4);
        s.write(aperture + 0x200 + 4 * number, interface << 15 | logical << 1 | 1);
        s.write(page1(number), memory | 4, 8);
        s.write(page0(number) + 8, 1);
    }
    void append(uint64_t word0, uint64_t word1 = 0)
    {
        memory_write64(s.memory, memory + 16 * (prod & 15), word0);
        memory_write64(s.memory, memory + 16 * (prod & 15) + 8, word1);
        prod = (prod + 1) & 31;
        s.write(page0(number) + 4, prod);
    }
    uint32_t cons()
    {
        return static_cast<uint32_t>(s.read(page0(number)));
    }
    uint32_t active()
    {
        return static_cast<uint32_t>(s.read(page0(number) + 0x10) ^ s.read(page0(number) + 0x14));
    }
    void acknowledge()
    {
        s.write(page0(number) + 0x14, s.read(page0(number) + 0x10));
    }
};

TEST(Cmdqv, ParametersAndWindow)
{
    System s(support::engines()[0], two_interfaces);

    EXPECT_EQ(s.read(aperture + 4), 1u | 2u << 4 | 1u << 8 | 2u << 12) << "version, VCMDQs, VINTFs, SIDs";
    EXPECT_EQ(s.read(aperture + 8), 1u);
    s.write(aperture, 0);
    EXPECT_EQ(s.read(aperture + 8), 0u);
    s.write(aperture, 1);
    EXPECT_EQ(s.read(aperture + 8), 1u);
    EXPECT_EQ(s.write(aperture + 0x6fffc, 0), SIM_STATUS_OK) << "two pages for each of two interfaces";
    EXPECT_EQ(s.write(aperture + 0x70000, 0), SIM_STATUS_UR);
}

TEST(Cmdqv, ComesAfterControlPages)
{
    System s(support::engines()[0], [](smmu_config &c) {
        two_interfaces(c);
        c.ecmdq_pages = c.ecmdq_queues = 2;
    });

    EXPECT_EQ(smmu_cmdqv_offset(&s.config), 0x40000u);
    EXPECT_EQ(s.read(0x40004), 1u | 2u << 4 | 1u << 8 | 2u << 12);
}

TEST(Cmdqv, ConfigurationErrors)
{
    const struct {
        uint32_t vcmdqs;
        uint32_t vintfs;
        uint32_t sids;
        bool good;
    } cases[] = {{1, 1, 1, true},  {64, 64, 16, true}, {64, 1, 16, true}, {3, 1, 1, false},
                 {2, 4, 1, false}, {128, 1, 1, false}, {4, 2, 32, false}, {4, 0, 1, false}};
    smmu_config c;

    smmu_config_defaults(&c);
    for (const auto &k : cases) {
        c.vcmdqs = k.vcmdqs;
        c.vintfs = k.vintfs;
        c.vintf_sids = k.sids;
        EXPECT_EQ(smmu_config_error(&c) == nullptr, k.good) << k.vcmdqs << " " << k.vintfs << " " << k.sids;
    }
}

TEST(Cmdqv, GuestAcceptsOnlyItsInvalidations) /* vcmdq-001 */
{
    everywhere(two_interfaces, [](System &s) {
        s.enable();
        enable_interface(s, 0, false, 5);
        Queue q(s, 0, 0, 0);

        EXPECT_EQ(s.read(page0(0) + 0xc), 1u) << "EN_OK";
        q.append(tlbi(0x11, 7, 0));
        q.append(sync_none);
        EXPECT_EQ(q.cons(), 2u);
        q.append(cfgi_ste(1), 1);
        q.append(sync_none);
        EXPECT_EQ(q.cons(), 1u << 24 | 2);
        EXPECT_EQ(q.active(), 1u);
        EXPECT_EQ(s.read(aperture + 0x24), 1u) << "queue 0";
        EXPECT_EQ(s.read(aperture + 0x14), 1u) << "interface 0";
        EXPECT_EQ(s.read(vintf(0) + 0xc0, 8), 1u) << "its logical queue 0";
        EXPECT_EQ(s.read(vintf(0) + 4), 1u | 1u << 1 | 1u << 16) << "enabled, error, one queue";
        EXPECT_EQ(smmu_get_edges(s.smmu, SMMU_WIRE_CMDQV), 1u);
        EXPECT_EQ(s.read(0x60), 0u) << "the SMMU's own errors are others";
        /* As the driver repairs it. */
        memory_write64(s.memory, q.memory + 16 * 2, sync_none);
        q.acknowledge();
        EXPECT_EQ(q.cons() & 0xfffff, 4u);
        EXPECT_EQ(s.read(aperture + 0x24) | s.read(aperture + 0x14) | s.read(vintf(0) + 0xc0, 8), 0u);
    });
}

TEST(Cmdqv, EachCommand)
{
    const struct {
        uint64_t word0;
        uint64_t word1;
        unsigned error; /**< of a guest's queue */
    } cases[] = {
        {tlbi(0x11, 7), 0, 0},
        {tlbi(0x12, 7), 0x40001000, 0},
        {sync_none, 0, 0},
        {sync_none | 1 << 12, 0, 1}, /* only without a signal */
        {tlbi(0x10, 0), 0, 1},
        {tlbi(0x13, 0), 0x40001000, 1},
        {0x30, 0, 1},
        {cfgi_cd(1, 0), 1, 1},
        {0x01 | UINT64_C(1) << 32, 0, 1},
        {0x40 | UINT64_C(9) << 32, 52, 4}, /* ATC_INV of a StreamID that it does not know */
    };

    for (const auto &c : cases) {
        everywhere(two_interfaces, [&](System &s) {
            s.enable();
            enable_interface(s, 1, false, 5);
            s.write(vintf(1) + 0x40, 8 << 1 | 1);
            s.write(vintf(1) + 0x44, 9 << 1);
            Queue q(s, 3, 1, 2);

            q.append(c.word0, c.word1);
            EXPECT_EQ(q.cons(), c.error == 0 ? 1u : c.error << 24) << std::hex << c.word0;
        });
        if (c.error == 1) {
            everywhere(two_interfaces, [&](System &s) {
                s.enable();
                enable_interface(s, 0, true, 0);
                Queue q(s, 3, 0, 0);

                q.append(c.word0, c.word1);
                EXPECT_EQ(q.cons(), 1u) << "the hypervisor's: " << std::hex << c.word0;
            });
        }
    }
}

/* vcmdq-002, and that it is really carried out: a guest's own VMID does not count. */
TEST(Cmdqv, VmidIsReplaced)
{
    for (bool own : {true, false}) {
        everywhere(two_interfaces, [&](System &s) {
            std::vector<uint64_t> seen;

            s.enable();
            s.make_s1([&](Ste &ste, Cd &) { ste.s2vmid = own ? 5 : 6; });
            enable_interface(s, 0, false, 5);
            Queue q(s, 0, 0, 0);
            smmu_observe_commands(
                s.smmu,
                [](void *context, uint32_t, const uint64_t *words) {
                    static_cast<std::vector<uint64_t> *>(context)->push_back(words[0]);
                },
                &seen);
            s.txn({.addr = 0x40001000});
            s.unmap(s.root, 0x40001000);
            q.append(tlbi(0x11, 7, 6));
            q.append(sync_none);
            EXPECT_EQ(seen, (std::vector<uint64_t>{tlbi(0x11, 7, 5), sync_none}));
            EXPECT_EQ(s.txn({.addr = 0x40001000}).outcome == Outcome::abort, own);
        });
    }
}

TEST(Cmdqv, LogicalViewIsTheSameQueue)
{
    everywhere(two_interfaces, [](System &s) {
        s.enable();
        enable_interface(s, 1, false, 5);
        Queue q(s, 2, 1, 1);
        const uint32_t view = aperture + 0x30000 + 0x20000 + 0x80;

        EXPECT_EQ(s.read(view + 0x10000, 8), q.memory | 4);
        memory_write64(s.memory, q.memory, sync_none);
        s.write(view + 4, 1);
        EXPECT_EQ(s.read(view), 1u);
        EXPECT_EQ(q.cons(), 1u);
        EXPECT_EQ(s.read(view + 0xc), 1u);
        s.write(view + 8, 0);
        EXPECT_EQ(s.read(page0(2) + 0xc), 0u);
        EXPECT_EQ(s.read(aperture + 0x30000 + 0x80 + 0x10000, 8), 0u) << "interface 0 has no such queue";
        s.write(aperture + 0x30000 + 0x84, 7);
        EXPECT_EQ(s.read(page0(2) + 4), 1u);
    });
}

TEST(Cmdqv, RegistersAreGuarded)
{
    everywhere(two_interfaces, [](System &s) {
        enable_interface(s, 0, false, 5);
        Queue q(s, 1, 0, 0);

        s.write(vintf(0), 0x3ffff);
        EXPECT_EQ(s.read(vintf(0)), 5u << 1 | 1) << "VMID and HYP_OWN stay while it is enabled";
        s.write(page1(1), 0x10000004, 8);
        EXPECT_EQ(s.read(page1(1), 8), q.memory | 4);
        s.write(page0(1), 3);
        EXPECT_EQ(q.cons(), 0u);
        s.write(aperture + 0x204, 0);
        EXPECT_EQ(s.read(aperture + 0x204), 1u);
        s.write(page0(1) + 8, 0);
        EXPECT_EQ(s.read(page0(1) + 0xc), 0u);
        s.write(page0(1), 0x7f0fffff);
        EXPECT_EQ(q.cons(), 0x7f0fffffu);
        s.write(page1(1), UINT64_C(0xffffffffffffffff), 8);
        EXPECT_EQ(s.read(page1(1), 8), UINT64_C(0xffffffffffff));
        s.write(aperture + 0x204, 0xffffffff);
        EXPECT_EQ(s.read(aperture + 0x204), 0x1f80ffu);
        s.write(vintf(0) + 0x4c, 0xffffffff);
        s.write(vintf(0) + 0x8c, 0xffffffff);
        s.write(vintf(0) + 0x50, 0xffffffff);
        EXPECT_EQ(s.read(vintf(0) + 0x4c), 0x1fffffu);
        EXPECT_EQ(s.read(vintf(0) + 0x8c), 0xfffffu);
        EXPECT_EQ(s.read(vintf(0) + 0x50), 0u) << "there are four";
    });
}

TEST(Cmdqv, NeedsAnInterface)
{
    everywhere(two_interfaces, [](System &s) {
        s.enable();
        Queue q(s, 0, 0, 0);

        EXPECT_EQ(q.active(), 4u) << "CMDQ_INIT_ERR";
        EXPECT_EQ(s.read(page0(0) + 0xc), 0u);
        s.write(page0(0) + 8, 0);
        q.acknowledge();
        enable_interface(s, 0, true, 0);
        s.write(page0(0) + 8, 1);
        EXPECT_EQ(q.active(), 0u);
        q.append(sync_none);
        EXPECT_EQ(q.cons(), 1u);
        /* Without its interface, or without all of them, it stops; and goes on afterwards. */
        s.write(vintf(0), 1u << 17);
        EXPECT_EQ(s.read(page0(0) + 0xc), 0u);
        EXPECT_EQ(s.read(vintf(0) + 4) & 1, 0u);
        q.append(sync_none);
        EXPECT_EQ(q.cons(), 1u);
        s.write(vintf(0), 1u << 17 | 1);
        EXPECT_EQ(q.cons(), 2u);
        s.write(aperture, 0);
        q.append(sync_none);
        EXPECT_EQ(q.cons(), 2u);
        s.write(aperture, 1);
        EXPECT_EQ(q.cons(), 3u);
    });
}

TEST(Cmdqv, ErrorsStayTheirOwn)
{
    everywhere(two_interfaces, [](System &s) {
        s.enable();
        enable_interface(s, 0, false, 5);
        enable_interface(s, 1, false, 6);
        s.write(aperture + 0x1c, 2);
        Queue a(s, 0, 0, 0);
        Queue b(s, 1, 0, 1);
        Queue c(s, 2, 1, 0);

        c.append(0xf0);
        EXPECT_EQ(smmu_get_edges(s.smmu, SMMU_WIRE_CMDQV), 0u) << "interface 1 is masked";
        b.append(0xf0);
        EXPECT_EQ(smmu_get_edges(s.smmu, SMMU_WIRE_CMDQV), 1u);
        a.append(sync_none);
        s.append(sync_none);
        EXPECT_EQ(a.cons(), 1u);
        EXPECT_EQ(s.read(0x9c), 1u);
        EXPECT_EQ(s.read(aperture + 0x24), 6u);
        EXPECT_EQ(s.read(aperture + 0x14), 3u);
        EXPECT_EQ(s.read(vintf(0) + 0xc0, 8), 2u);
        EXPECT_EQ(s.read(vintf(1) + 0xc0, 8), 1u);
    });
}

TEST(Cmdqv, FetchAbort)
{
    everywhere(two_interfaces, [](System &s) {
        enable_interface(s, 0, true, 0);
        Queue q(s, 0, 0, 0);

        s.write(page0(0) + 8, 0);
        s.write(page1(0), System::nowhere | 4, 8);
        s.write(page0(0) + 8, 1);
        s.write(page0(0) + 4, 1);
        EXPECT_EQ(q.cons(), 2u << 24);
        EXPECT_EQ(q.active(), 1u);
    });
}

} // namespace
