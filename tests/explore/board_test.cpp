/*
 * The judgement in memory is that of `doorbell check` on the same system as a scenario file: every assumption, on every
 * system of small spaces. And what is drawn there runs, and shows the same.
 */
#include "explore/board.h"
#include "explore/explore.h"
#include "explore/write.h"
#include "scenario/verdicts.h"
#include "tests/explore/case_name.h"
#include "tests/system/whole.h"

#include <gtest/gtest.h>

#include <string>
#include <tuple>

namespace
{

using explore_test::name_of_rules;
using system_test::load_text;

struct Walk {
    explore_bounds bounds;
    explore_software software;
    explore_board *board;
    const explore_shape *shape;
    unsigned systems = 0;
    unsigned run_every; /* 0: none */
};

std::string text_of(const Walk &walk, const explore_labels *labels)
{
    const explore_caption caption = {"A system", nullptr, nullptr};
    char *text = nullptr;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);

    EXPECT_TRUE(explore_write(stream, &walk.software, walk.shape, labels, &caption));
    fclose(stream);
    const std::string result(text, length);
    free(text);
    return result;
}

void expect_same(const verdict_list &check, const verdict_list &other, const char *what)
{
    ASSERT_EQ(other.count, check.count);
    for (size_t i = 0; i < check.count; i++) {
        EXPECT_STREQ(verdict_outcome_name(other.items[i].outcome), verdict_outcome_name(check.items[i].outcome))
            << check.items[i].name << "\n  check: " << check.items[i].summary << "\n  " << what << ": "
            << other.items[i].summary;
    }
}

bool compare(void *context, const explore_labels *labels, uint64_t)
{
    Walk &walk = *static_cast<Walk *>(context);
    const std::string text = text_of(walk, labels);
    const auto scenario = load_text(text);
    verdict_list memory = {};
    verdict_list check = {};
    host_error error = {};

    SCOPED_TRACE(text);
    EXPECT_TRUE(explore_board_set_labels(walk.board, labels, &error)) << error.text;
    assumptions_check(explore_board_system(walk.board), &memory);
    EXPECT_TRUE(verdicts_from_topology(scenario.get(), &check, &error)) << error.text;
    expect_same(check, memory, "explore");
    for (size_t i = 0; i < memory.count; i++) {
        /* Evidence too, as far as counts go: who is concerned. */
        EXPECT_EQ(memory.items[i].evidence_count, check.items[i].evidence_count) << memory.items[i].name;
        EXPECT_EQ(explore_board_judge(walk.board, static_cast<unsigned>(i)), memory.items[i].outcome);
    }
    if (walk.run_every != 0 && walk.systems % walk.run_every == 0) {
        system_test::Whole whole(scenario.get());

        whole.start();
        whole.run();
        expect_same(check, whole.finish().verdicts, "run");
    }
    walk.systems++;
    verdict_list_clear(&memory);
    verdict_list_clear(&check);
    return !testing::Test::HasFailure();
}

bool build(void *context, const explore_shape *shape)
{
    Walk &walk = *static_cast<Walk *>(context);
    host_error error = {};

    walk.shape = shape;
    EXPECT_TRUE(explore_board_set_shape(walk.board, shape, &error)) << error.text;
    return explore_labellings(shape, &walk.bounds, compare, &walk);
}

using Space = std::tuple<explore_bounds, explore_software, unsigned>;

class Board : public testing::TestWithParam<Space>
{
};

void judge_all(const Space &space)
{
    Walk walk = {std::get<0>(space), std::get<1>(space), nullptr, nullptr, 0, std::get<2>(space)};

    walk.board = explore_board_create(&walk.bounds, &walk.software);
    for (unsigned e = 1; e <= walk.bounds.endpoints; e++) {
        for (unsigned s = 0; s <= walk.bounds.switches; s++) {
            explore_shapes(e, s, &walk.bounds, build, &walk);
        }
    }
    EXPECT_GT(walk.systems, 7u);
    explore_board_destroy(walk.board);
}

TEST_P(Board, JudgesAsACheckAndARunDo)
{
    judge_all(GetParam());
}

explore_software software(const char *rules, explore_use use, group_rule grouping = GROUP_RULE_LINUX,
                          unsigned guest_doorbells = 8, unsigned identity_pages = 256)
{
    return {rules_find(rules), grouping,           use, EXPLORE_CONTROLLER_ITS, guest_doorbells,
            identity_pages,    EXPLORE_PASIDS_NONE};
}

const explore_software dma = software("linux-7.3", EXPLORE_USE_KERNEL);

INSTANTIATE_TEST_SUITE_P(
    Spaces, Board,
    testing::Values(Space{{3, 1, 2, 1, 2, false, 1}, dma, 10}, Space{{2, 2, 2, 2, 2, false, 1}, dma, 20},
                    Space{{2, 2, 2, 1, 3, false, 1}, dma, 20}, Space{{3, 1, 2, 0, 2, false, 1}, dma, 20},
                    Space{{2, 1, 2, 2, 2, true, 1}, dma, 20}, Space{{3, 1, 1, 1, 2, true, 1}, dma, 20},
                    Space{{2, 1, 2, 1, 2, true, 1}, software("linux-7.3", EXPLORE_USE_VFIO), 20},
                    Space{{2, 1, 2, 1, 2, true, 1}, software("linux-7.3", EXPLORE_USE_IOMMUFD_NESTED), 20},
                    Space{
                        {3, 1, 2, 1, 2, false, 1}, software("linux-7.3", EXPLORE_USE_KERNEL, GROUP_RULE_CORRECTED), 20},
                    Space{{3, 1, 2, 1, 2, false, 1}, software("linux-7.3", EXPLORE_USE_KERNEL, GROUP_RULE_REACH), 20},
                    Space{{3, 1, 2, 2, 1, false, 1}, software("linux-7.3", EXPLORE_USE_IDENTITY), 20},
                    Space{{3, 1, 2, 1, 2, false, 3}, dma, 20}, Space{{3, 0, 2, 2, 1, true, 2}, dma, 20},
                    Space{{3, 1, 2, 1, 1, false, 2}, software("linux-7.3", EXPLORE_USE_IOMMUFD), 20},
                    Space{{2, 1, 2, 1, 2, false, 2}, software("linux-6.1", EXPLORE_USE_VFIO), 20}));

/* Consumers: every use that a rule set knows, with doorbells enough and too few. */
class Consumers : public testing::TestWithParam<size_t>
{
};

TEST_P(Consumers, JudgesAsACheckAndARunDo)
{
    const software_rules *rules = rules_at(GetParam());
    const bool is_proposal = std::string(rules->name).rfind("linux", 0) != 0;

    for (unsigned use = 0; use < EXPLORE_USES; use++) {
        explore_software one = software(rules->name, static_cast<explore_use>(use), rules->grouping);

        if (explore_use_is_known(&one)) {
            /* Proposals change what guests do: the rest is as on the version below, and compared on fewer systems. */
            const bool is_nested = std::string(explore_use_name(one.use)).find("nested") != std::string::npos;
            const unsigned acs = is_proposal && !is_nested ? 1 : 2;

            SCOPED_TRACE(explore_use_name(one.use));
            judge_all({{2, 1, 2, 1, acs, false, 1}, one, 7});
            one.guest_doorbells = 1;
            one.identity_pages = 1;
            judge_all({{2, 1, 2, 2, 1, false, 1}, one, 7});
            one.pasids = EXPLORE_PASIDS_SHARED;
            for (unsigned pasids = 1; pasids < EXPLORE_PASIDS && explore_use_is_known(&one); pasids++) {
                one.pasids = static_cast<explore_pasids>(pasids);
                judge_all({{2, 1, 2, 2, acs, false, 1}, one, 7});
            }
            one.pasids = EXPLORE_PASIDS_NONE;
            for (const explore_controller other : {EXPLORE_CONTROLLER_PRE_ITS, EXPLORE_CONTROLLER_V2M}) {
                one.controller = other;
                judge_all({{2, 1, 2, 1, acs, false, 1}, one, 7});
            }
        }
    }
}

INSTANTIATE_TEST_SUITE_P(RuleSets, Consumers, testing::Range(size_t{0}, rules_count()), name_of_rules);

} // namespace
