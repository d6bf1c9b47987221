/* The system on the page: the ways that violate an assumption first, pictures for wide and narrow screens. */
#include "tests/report/documents.h"
#include "tests/report/xml.h"

namespace
{

using documents::page;
using documents::run_document;
using documents::Shape;

TEST(HtmlSystem, WaysAreALineEach)
{
    json_t *document = run_document();
    const std::string text = page(document);

    EXPECT_NE(text.find("The ways of the interrupts that violate <code>doorbell-per-group</code>:"), std::string::npos);
    json_t *evidence = json_array_get(
        json_object_get(json_object_get(json_object_get(document, "verdicts"), "doorbell-per-group"), "evidence"), 0);
    json_t *devices = json_object_get(evidence, "devices");

    json_array_append_new(devices, json_deep_copy(json_array_get(devices, 0)));
    EXPECT_EQ(support::count(page(document), "class=\"mark\""), 4u) << "one that is named twice is drawn once";
    EXPECT_EQ(page(document).find("one of each kind"), std::string::npos);
    EXPECT_EQ(text.find("instead</strong>"), std::string::npos);
    json_object_set_new(json_array_get(devices, 2), "its", json_string("B"));
    EXPECT_NE(page(document).find("<strong class=\"lost\">7 reached <code>B</code> instead</strong>"),
              std::string::npos);
    EXPECT_NE(text.find("<code>epA</code> <span aria-hidden=\"true\">→</span> <code>usp</code> <span "
                        "aria-hidden=\"true\">→</span> <code>rp0</code> <span aria-hidden=\"true\">→</span> "
                        "<code>rc0</code> <span aria-hidden=\"true\">→</span> <code>S</code> (SMMU) <span "
                        "aria-hidden=\"true\">→</span> <strong><code>A</code>, doorbell <code>0x8090040</code>"),
              std::string::npos);
    EXPECT_NE(text.find("<strong><code>B</code>, doorbell <code>0x80d0040</code>"), std::string::npos);
    EXPECT_NE(text.find("<strong class=\"lost\">2 of 10 were lost</strong> (<code>smmu-fault</code>)"),
              std::string::npos);
    json_object_set_new(json_object_get(json_object_get(document, "verdicts"), "doorbell-per-group"), "outcome",
                        json_string("holds"));
    EXPECT_EQ(page(document).find("The ways of the interrupts"), std::string::npos);
    json_decref(document);
}

TEST(HtmlSystem, HasAPictureForWideAndOneForNarrowScreens)
{
    json_t *document = run_document();
    const std::string text = page(document);
    const size_t wide = text.find("<div class=\"scroll wide\">\n<svg");
    const size_t narrow = text.find("<div class=\"narrow\">\n<svg");

    ASSERT_NE(wide, std::string::npos);
    ASSERT_NE(narrow, std::string::npos);
    EXPECT_LT(wide, narrow);
    EXPECT_NE(text.find("epA  0000:03:00.0  endpoint, group 0, domain dma"), std::string::npos);
    EXPECT_NE(text.find("◄ violates doorbell-per-group"), std::string::npos);
    json_decref(document);
}

/* A small system's shape comes before its verdicts, a large one's behind them, with what is alike drawn once. */
TEST(HtmlSystem, LargeOnesBeginWithVerdicts)
{
    json_t *document = run_document();
    Shape shape;

    const std::string small = page(document);
    EXPECT_LT(small.find("<h2>The system"), small.find("<h2>Assumptions"));
    EXPECT_EQ(small.find("What is alike is drawn once"), std::string::npos);
    for (uint16_t i = 0; i < 64; i++) {
        shape.add_endpoint("dev" + std::to_string(i), 1, static_cast<uint16_t>(0x600 + 0x100 * i), i % 2);
    }
    json_object_set_new(document, "topology", topology_json(&shape.get()));
    const std::string large = page(document);

    EXPECT_LT(large.find("<h2>Assumptions"), large.find("<h2>The system"));
    EXPECT_LT(large.find("The ways of the interrupts"), large.find("<h2>Assumptions"));
    EXPECT_NE(large.find("What is alike is drawn once"), std::string::npos);
    EXPECT_EQ(support::count(large, ">32 more like this</text>"), 4u) << "like epA and like ep<B>, in two pictures";
    EXPECT_EQ(support::html_problem(large), "");
    json_decref(document);
}

/* Reasons for a group are given of devices that are in one; a long list of them is closed but for its beginning. */
TEST(HtmlSystem, EvidenceOfManyIsClosed)
{
    json_t *document = run_document();
    json_t *evidence = json_array_get(
        json_object_get(json_object_get(json_object_get(document, "verdicts"), "doorbell-per-group"), "evidence"), 0);
    json_t *devices = json_object_get(evidence, "devices");

    EXPECT_NE(page(document).find("Why they are one group"), std::string::npos);
    EXPECT_EQ(page(document).find("more devices</summary>"), std::string::npos);
    json_array_append_new(devices, json_pack("{s:s}", "name", "epC")); /* which is in no group */
    EXPECT_EQ(page(document).find("Why they are one group"), std::string::npos);
    for (int i = 0; i < 10; i++) {
        json_array_append_new(devices, json_pack("{s:s}", "name", "else"));
    }
    EXPECT_NE(page(document).find("<summary>9 more devices</summary>"), std::string::npos);
    EXPECT_EQ(support::html_problem(page(document)), "");
    json_decref(document);
}

} // namespace
