/*
 * Shared identifiers against brute force, on hosts whose maps are made at random: linear ones, some that hide bits of
 * the requester ID, some that give everything one identifier, with and without overlaps.
 */
#include "host/board_sharing.h"
#include "sim/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

namespace
{

struct Class {
    std::vector<uint32_t> rids; /* ascending */
    bool with_iommu = false;
};

/* By target and identifier. */
using Classes = std::map<std::pair<size_t, uint32_t>, Class>;

struct Board {
    std::vector<std::vector<board_range>> ranges;
    std::vector<board_host> hosts;
    board_result result = {};
};

uint32_t below(sim_random &random, uint32_t bound)
{
    return static_cast<uint32_t>(sim_random_below(&random, bound));
}

board_id random_id(sim_random &random)
{
    static const uint32_t masks[] = {0xffffffffu, 0xffffu, 0xfff8u, 0xff00u, 0x00ffu, 0};

    return {masks[below(random, 6)], below(random, 4) * 0x100};
}

/** The runs of one host, in the order of their requester IDs, with gaps. */
std::vector<board_range> random_ranges(sim_random &random)
{
    std::vector<board_range> ranges;
    uint32_t rid = below(random, 64);

    for (uint32_t i = 1 + below(random, 4); i > 0; i--) {
        board_range range = {};

        range.first = rid;
        range.last = rid + below(random, 600);
        rid = range.last + 1 + below(random, 2) * below(random, 100);
        range.controller = below(random, 2);
        range.device_id_known = below(random, 5) != 0;
        range.device_id = random_id(random);
        range.iommu = below(random, 3) != 0 ? below(random, 2) : BOARD_NONE;
        range.stream = random_id(random);
        range.stream_cells = range.iommu == BOARD_NONE ? 0 : 1;
        ranges.push_back(range);
    }
    return ranges;
}

void random_board(sim_random &random, Board &board)
{
    for (uint32_t i = 1 + below(random, 3); i > 0; i--) {
        board.ranges.push_back(random_ranges(random));
    }
    for (std::vector<board_range> &ranges : board.ranges) {
        board_host host = {};

        host.available = below(random, 8) != 0;
        host.ranges = ranges.data();
        host.range_count = ranges.size();
        board.hosts.push_back(host);
    }
    board.result.hosts = board.hosts.data();
    board.result.host_count = board.hosts.size();
}

Classes classes_of(const board_host &host, board_sharing_kind kind)
{
    const bool stream = kind == BOARD_SHARED_STREAM_ID;
    Classes classes;

    for (size_t i = 0; host.available && i < host.range_count; i++) {
        const board_range &range = host.ranges[i];

        for (uint32_t rid = range.first; rid <= range.last; rid++) {
            if (stream ? range.iommu != BOARD_NONE : range.device_id_known) {
                const uint32_t id = board_id_of(stream ? &range.stream : &range.device_id, rid);
                Class &one = classes[{stream ? range.iommu : range.controller, id}];

                one.rids.push_back(rid);
                one.with_iommu = one.with_iommu || range.iommu != BOARD_NONE;
            }
        }
    }
    return classes;
}

/** What is shared within a host at a target, added up. */
void expect_within(const Classes &classes, size_t target, const board_share *share)
{
    board_share expected = {};

    for (const auto &[at, one] : classes) {
        if (at.first != target || one.rids.size() < 2) {
            continue;
        }
        if (expected.ids == 0) {
            expected.id = at.second;
            expected.rid = one.rids[0];
            expected.other_rid = one.rids[1];
        }
        expected.ids++;
        expected.rids += one.rids.size();
        expected.with_iommu = expected.with_iommu || one.with_iommu;
    }
    ASSERT_EQ(share != nullptr, expected.ids > 0);
    if (share != nullptr) {
        EXPECT_EQ(share->ids, expected.ids);
        EXPECT_EQ(share->rids, expected.rids);
        EXPECT_EQ(share->id, expected.id);
        EXPECT_EQ(share->rid, expected.rid);
        EXPECT_EQ(share->other_rid, expected.other_rid);
        EXPECT_EQ(share->with_iommu, expected.with_iommu);
    }
}

const board_share *find_within(const board_shares &shares, size_t host, size_t target)
{
    for (size_t i = 0; i < shares.count; i++) {
        const board_share &share = shares.items[i];

        if (share.host == host && share.other_host == host && share.target == target) {
            return &share;
        }
    }
    return nullptr;
}

bool has_rid(const Classes &classes, size_t target, uint32_t id, uint32_t rid)
{
    const auto found = classes.find({target, id});

    return found != classes.end() &&
           std::find(found->second.rids.begin(), found->second.rids.end(), rid) != found->second.rids.end();
}

/** Hosts that have an identifier of another one at a target. */
std::set<std::pair<size_t, size_t>> hosts_that_overlap(const std::vector<Classes> &all)
{
    std::set<std::pair<size_t, size_t>> overlapping;

    for (size_t one = 0; one < all.size(); one++) {
        for (size_t other = 0; other < all.size(); other++) {
            for (const auto &[at, ignored] : all[one]) {
                if (one != other && all[other].count(at) != 0) {
                    overlapping.insert({at.first, one});
                }
            }
        }
    }
    return overlapping;
}

void expect_between(const std::vector<Classes> &all, const board_shares &shares)
{
    std::set<std::pair<size_t, size_t>> found;

    for (size_t i = 0; i < shares.count; i++) {
        const board_share &share = shares.items[i];

        if (share.host != share.other_host) {
            EXPECT_TRUE(has_rid(all[share.host], share.target, share.id, share.rid));
            EXPECT_TRUE(has_rid(all[share.other_host], share.target, share.id, share.other_rid));
            found.insert({share.target, share.host});
            found.insert({share.target, share.other_host});
        }
    }
    EXPECT_EQ(found, hosts_that_overlap(all));
}

TEST(BoardSharing, FindsWhatBruteForceFinds)
{
    sim_random random;
    unsigned cases = 0;

    sim_random_init(&random, 1, "sharing");
    for (int i = 0; i < 400 && !HasFailure(); i++) {
        Board board;

        random_board(random, board);
        for (const board_sharing_kind kind : {BOARD_SHARED_STREAM_ID, BOARD_SHARED_DEVICE_ID}) {
            std::vector<Classes> all;
            board_shares shares = {};

            SCOPED_TRACE("board " + std::to_string(i) + (kind == BOARD_SHARED_STREAM_ID ? ", streams" : ", devices"));
            board_find_shares(&board.result, kind, &shares);
            for (size_t host = 0; host < board.hosts.size(); host++) {
                all.push_back(classes_of(board.hosts[host], kind));
                expect_within(all[host], 0, find_within(shares, host, 0));
                expect_within(all[host], 1, find_within(shares, host, 1));
            }
            expect_between(all, shares);
            cases += static_cast<unsigned>(shares.count);
            free(shares.items);
        }
    }
    EXPECT_GT(cases, 500u);
}

} // namespace
