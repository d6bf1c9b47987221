/*
 * Systems drawn from the largest bounds, with every use of devices that a rule set knows. One board judges them one
 * after the other in the same memory: what the system before has left there must not show. And each is what `doorbell
 * check` says of the file.
 */
#include "explore/board.h"
#include "explore/sample.h"
#include "explore/write.h"
#include "scenario/verdicts.h"
#include "tests/explore/case_name.h"
#include "tests/explore/verdict_text.h"
#include "tests/system/whole.h"

#include <gtest/gtest.h>

#include <string>

namespace
{

using explore_test::name_of_rules;
using explore_test::text_of_check;
using explore_test::text_of_verdicts;
using system_test::load_text;

const unsigned draws = 5;

struct Drawing {
    explore_bounds bounds;
    explore_software software;
    explore_board *board;
    sim_random random;
    explore_shape shape;
    explore_labels labels;
};

std::string text_of(const Drawing &drawing)
{
    const explore_caption caption = {"A system", nullptr, nullptr};
    char *text = nullptr;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);

    EXPECT_TRUE(explore_write(stream, &drawing.software, &drawing.shape, &drawing.labels, &caption));
    fclose(stream);
    const std::string result(text, length);
    free(text);
    return result;
}

void draw(Drawing &drawing)
{
    host_error error = {};
    const auto endpoints = static_cast<unsigned>(1 + sim_random_below(&drawing.random, drawing.bounds.endpoints));
    const auto switches = static_cast<unsigned>(sim_random_below(&drawing.random, drawing.bounds.switches + 1));

    explore_sample(&drawing.random, &drawing.bounds, endpoints, switches, &drawing.shape, &drawing.labels);
    ASSERT_TRUE(explore_board_set_shape(drawing.board, &drawing.shape, &error)) << error.text;
    ASSERT_TRUE(explore_board_set_labels(drawing.board, &drawing.labels, &error)) << error.text;
}

void expect_as_on_a_new_board(const Drawing &drawing)
{
    const std::string used = text_of_check(explore_board_system(drawing.board));
    explore_board *board = explore_board_create(&drawing.bounds, &drawing.software);
    host_error error = {};

    EXPECT_TRUE(explore_board_set_shape(board, &drawing.shape, &error)) << error.text;
    EXPECT_TRUE(explore_board_set_labels(board, &drawing.labels, &error)) << error.text;
    EXPECT_EQ(text_of_check(explore_board_system(board)), used);
    explore_board_destroy(board);
}

/* The file's names of functions differ in nothing that is judged: outcomes, and who is concerned. */
void expect_as_checked(const Drawing &drawing)
{
    const auto scenario = load_text(text_of(drawing));
    verdict_list memory = {};
    verdict_list check = {};
    host_error error = {};

    assumptions_check(explore_board_system(drawing.board), &memory);
    EXPECT_TRUE(verdicts_from_topology(scenario.get(), &check, &error)) << error.text;
    ASSERT_EQ(memory.count, check.count);
    for (unsigned i = 0; i < memory.count; i++) {
        EXPECT_EQ(memory.items[i].outcome, check.items[i].outcome) << text_of_verdicts(memory) << "the file:\n"
                                                                   << text_of_verdicts(check);
        EXPECT_EQ(memory.items[i].evidence_count, check.items[i].evidence_count) << memory.items[i].name;
        EXPECT_EQ(explore_board_judge(drawing.board, i), check.items[i].outcome) << memory.items[i].name;
    }
    verdict_list_clear(&memory);
    verdict_list_clear(&check);
}

void judge_some(const explore_software &software, const std::string &name, bool unmapped)
{
    Drawing drawing = {{8, 6, 4, 4, 3, unmapped, 4}, software, nullptr, {}, {}, {}};

    SCOPED_TRACE(name);
    drawing.board = explore_board_create(&drawing.bounds, &drawing.software);
    sim_random_init(&drawing.random, 1, name.c_str());
    for (unsigned i = 0; i < draws && !testing::Test::HasFailure(); i++) {
        draw(drawing);
        expect_as_on_a_new_board(drawing);
    }
    expect_as_checked(drawing);
    if (testing::Test::HasFailure()) {
        ADD_FAILURE() << text_of(drawing);
    }
    explore_board_destroy(drawing.board);
}

class Drawn : public testing::TestWithParam<size_t>
{
};

TEST_P(Drawn, AreJudgedAsACheckDoesWhateverWasJudgedBefore)
{
    const software_rules *rules = rules_at(GetParam());
    explore_software one = {rules, rules->grouping,    EXPLORE_USE_KERNEL, EXPLORE_CONTROLLER_ITS, 8,
                            256,   EXPLORE_PASIDS_NONE};
    unsigned known = 0;

    for (unsigned use = 0; use < EXPLORE_USES; use++) {
        for (unsigned controller = 0; controller < EXPLORE_CONTROLLERS; controller++) {
            for (unsigned pasids = 0; pasids < EXPLORE_PASIDS && !HasFailure(); pasids++) {
                one.use = static_cast<explore_use>(use);
                one.controller = static_cast<explore_controller>(controller);
                one.pasids = static_cast<explore_pasids>(pasids);
                one.guest_doorbells = 1 + known % EXPLORE_DOORBELLS;
                one.identity_pages = known % 5 == 0 ? 256 : known % 5;
                if (explore_use_is_known(&one)) {
                    known++;
                    judge_some(one,
                               std::string(rules->name) + " " + explore_use_name(one.use) + " " +
                                   explore_controller_name(one.controller) + " " + explore_pasids_name(one.pasids),
                               known % 3 == 0);
                }
            }
        }
    }
    EXPECT_GT(known, 5u);
}

INSTANTIATE_TEST_SUITE_P(RuleSets, Drawn, testing::Range(size_t{0}, rules_count()), name_of_rules);

} // namespace
