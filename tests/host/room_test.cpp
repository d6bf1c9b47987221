// Memory that grows and stays.
#include "host/room.h"

#include <gtest/gtest.h>

#include <cstdint>

TEST(Room, KeepsWhatWasThereAndZeroesWhatIsNew)
{
    host_room room = {};
    auto *numbers = static_cast<uint32_t *>(host_room_make(&room, 0, sizeof(uint32_t)));

    EXPECT_NE(numbers, nullptr);
    for (uint32_t count : {3u, 100u, 7u, 5000u, 1u}) {
        const size_t before = room.bytes / sizeof(uint32_t);

        numbers = static_cast<uint32_t *>(host_room_make(&room, count, sizeof(uint32_t)));
        ASSERT_GE(room.bytes, count * sizeof(uint32_t));
        for (size_t i = 0; i < room.bytes / sizeof(uint32_t); i++) {
            ASSERT_EQ(numbers[i], i < before ? i + 1 : 0);
            numbers[i] = static_cast<uint32_t>(i + 1);
        }
    }
    host_room_clear(&room);
    EXPECT_EQ(room.memory, nullptr);
    EXPECT_EQ(room.bytes, 0u);
}

TEST(Room, StaysWhereItIsWhereItIsLargeEnough)
{
    host_room room = {};
    const void *first = host_room_make(&room, 64, 8);

    EXPECT_EQ(host_room_make(&room, 8, 64), first);
    EXPECT_EQ(host_room_make(&room, 1, 1), first);
    EXPECT_EQ(room.bytes, 512u);
    host_room_clear(&room);
}
