// The checker of stale translations: what it must see, and what it must not.
#include "host/stale.h"

#include <gtest/gtest.h>

namespace
{

constexpr uint64_t kPage = 0x90001000;

class Stale : public ::testing::Test
{
  protected:
    Stale()
    {
        stale_init(&checker, 3, 2);
    }
    ~Stale() override
    {
        stale_clear(&checker);
    }
    void write(uint64_t address, sim_time born, uint64_t id)
    {
        sim_packet packet = {};

        packet.id = id;
        packet.address = address;
        packet.born = born;
        stale_see(&checker, &packet);
    }
    struct stale_checker checker = {};
};

TEST_F(Stale, SeesWritesThatAroseAfterTheInvalidation)
{
    ASSERT_TRUE(stale_mapped(&checker, 1, kPage));
    write(kPage + 8, 100, 1);
    stale_retired(&checker, kPage, 200);
    write(kPage + 8, 200, 2); /* arose before it had completed */
    EXPECT_EQ(checker.functions[1].count, 0u);
    write(kPage + 8, 300, 4);
    write(kPage + 4088, 250, 3); /* seen later, but arose earlier */
    EXPECT_EQ(checker.functions[1].count, 2u);
    EXPECT_EQ(checker.functions[1].first_packet, 3u);
    EXPECT_EQ(checker.functions[0].count, 0u);
}

TEST_F(Stale, APageThatIsMappedAgainIsFine)
{
    ASSERT_TRUE(stale_mapped(&checker, 0, kPage));
    stale_retired(&checker, kPage, 10);
    ASSERT_TRUE(stale_mapped(&checker, 0, kPage));
    write(kPage, 20, 1);
    EXPECT_EQ(checker.functions[0].count, 0u);
}

TEST_F(Stale, OtherPagesAreNobodysBusiness)
{
    ASSERT_TRUE(stale_mapped(&checker, 0, kPage));
    stale_retired(&checker, kPage, 10);
    write(kPage - 1, 20, 1);
    write(kPage + 4096, 20, 2);
    EXPECT_EQ(checker.functions[0].count, 0u);
}

TEST_F(Stale, SaysWhenItCannotKeepTrack)
{
    for (uint64_t i = 0; i < 3; i++) {
        EXPECT_TRUE(stale_mapped(&checker, 0, kPage + (i * 7 % 3) * 4096));
    }
    EXPECT_TRUE(stale_mapped(&checker, 1, kPage)) << "it knows that one";
    EXPECT_FALSE(stale_mapped(&checker, 0, 0x1000));
}

} // namespace
