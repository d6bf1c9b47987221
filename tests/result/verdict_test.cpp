// The list of verdicts.
#include "result/verdict.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace
{

class Verdicts : public ::testing::Test
{
  protected:
    ~Verdicts() override
    {
        verdict_list_clear(&list);
    }

    verdict_list list = {};
};

TEST_F(Verdicts, KeepTheirOrderAndAreFoundByName)
{
    std::vector<std::string> names;
    for (int i = 0; i < 100; i++) {
        names.push_back("claim-" + std::to_string(i));
    }
    for (size_t i = 0; i < names.size(); i++) {
        verdict_list_add(&list, names[i].c_str(), static_cast<verdict_outcome>(i % 3), "the %zu-th of %s", i, "many");
    }
    ASSERT_EQ(list.count, names.size());
    for (size_t i = 0; i < names.size(); i++) {
        const verdict *found = verdict_list_find(&list, names[i].c_str());
        ASSERT_EQ(found, &list.items[i]);
        EXPECT_EQ(found->outcome, static_cast<verdict_outcome>(i % 3));
        EXPECT_EQ(found->summary, "the " + std::to_string(i) + "-th of many");
    }
    EXPECT_EQ(verdict_list_find(&list, "claim-100"), nullptr);
    EXPECT_EQ(verdict_list_find(&list, "claim"), nullptr);
}

TEST_F(Verdicts, OfOutcomesOnlyKeepNothingThatIsSaid)
{
    verdict_device device = {};
    std::string name = "epA";

    device.name = name.data();
    list.outcomes_only = true;
    for (unsigned i = 0; i < 20; i++) {
        verdict *one = verdict_list_add(&list, "claim", VERDICT_VIOLATED, "the %u-th", i);
        verdict_evidence *evidence = verdict_add_evidence(one, "group 4", "%s", "why");

        ASSERT_NE(evidence, nullptr);
        EXPECT_EQ(verdict_evidence_add_device(evidence, &device), nullptr);
        EXPECT_EQ(verdict_add_evidence(one, "group 5", "%s", "why"), evidence);
    }
    ASSERT_EQ(list.count, 20u);
    for (size_t i = 0; i < list.count; i++) {
        EXPECT_EQ(list.items[i].outcome, VERDICT_VIOLATED);
        EXPECT_EQ(list.items[i].summary, nullptr);
        EXPECT_EQ(list.items[i].evidence_count, 0u);
    }
}

TEST_F(Verdicts, EvidenceOwnsItsTexts)
{
    std::string name = "epA";
    std::string its = "A";
    std::string subject = "group 4";
    std::string detail(5000, 'x');
    verdict_device device = {};
    device.name = name.data();
    device.its = its.data();
    device.rid = 0x300;
    device.rid_count = 1;
    device.stream_id = VERDICT_NO_ID;
    device.msi_count = UINT64_MAX;

    verdict *verdict = verdict_list_add(&list, "claim", VERDICT_VIOLATED, "no");
    for (int i = 0; i < 10; i++) {
        verdict_evidence *evidence = verdict_add_evidence(verdict, subject.c_str(), "%s%d", detail.c_str(), i);
        for (int j = 0; j < i; j++) {
            device.device_id = static_cast<uint64_t>(j);
            verdict_evidence_add_device(evidence, &device);
        }
    }
    name = "???";
    its = "?";
    subject = "nothing";

    ASSERT_EQ(verdict->evidence_count, 10u);
    for (size_t i = 0; i < 10; i++) {
        const verdict_evidence &evidence = verdict->evidence[i];
        EXPECT_STREQ(evidence.subject, "group 4");
        EXPECT_EQ(evidence.detail, detail + std::to_string(i));
        ASSERT_EQ(evidence.device_count, i);
        for (size_t j = 0; j < i; j++) {
            EXPECT_STREQ(evidence.devices[j].name, "epA");
            EXPECT_STREQ(evidence.devices[j].its, "A");
            EXPECT_EQ(evidence.devices[j].smmu, nullptr);
            EXPECT_EQ(evidence.devices[j].device_id, j);
            EXPECT_EQ(evidence.devices[j].msi_count, UINT64_MAX);
        }
    }
}

TEST_F(Verdicts, ClearedListCanBeUsedAgain)
{
    verdict_list_add(&list, "claim", VERDICT_HOLDS, "yes");
    verdict_list_clear(&list);
    EXPECT_EQ(list.count, 0u);
    EXPECT_EQ(verdict_list_find(&list, "claim"), nullptr);
    verdict_list_add(&list, "other", VERDICT_HOLDS, "yes");
    EXPECT_EQ(list.count, 1u);
    verdict_list_clear(&list);
    verdict_list_clear(&list);
}

TEST_F(Verdicts, OutcomesHaveStableWords)
{
    EXPECT_STREQ(verdict_outcome_name(VERDICT_HOLDS), "holds");
    EXPECT_STREQ(verdict_outcome_name(VERDICT_VIOLATED), "violated");
    EXPECT_STREQ(verdict_outcome_name(VERDICT_NOT_APPLICABLE), "not-applicable");
}

} // namespace
