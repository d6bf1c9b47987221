/* The page: well-formed, self-contained, with everything that a result says; and pictures of topologies. */
#include "report/claims.h"
#include "report/topology_fold.h"
#include "report/topology_json.h"
#include "report/topology_svg.h"
#include "report/topology_text.h"
#include "tests/report/documents.h"
#include "tests/report/xml.h"

#include <gtest/gtest.h>
#include <jansson.h>
#include <vector>

namespace
{

using documents::page;
using documents::run_document;
using documents::Shape;
using documents::written;

TEST(TopologyText, IsATree)
{
    Shape shape;

    EXPECT_EQ(written([&](FILE *stream) { topology_text_write(stream, &shape.get(), nullptr); }),
              "rc0\n"
              "├─ rp0  0000:00:00.0  root port, group 0\n"
              "│  └─ usp  0000:01:00.0  upstream port, group 0\n"
              "│     ├─ epA  0000:03:00.0  endpoint, group 0, domain dma, StreamID 0x300 at S, DeviceID 0x300 at A "
              "(0x8090040)\n"
              "│     └─ ep<B>  0000:04:00.0  endpoint, group 0, domain dma, StreamID 0x400 at S, DeviceID 0x400 at B "
              "(0x80d0040)\n"
              "└─ rp1  0000:00:01.0  root port, ACS SV RR CR UF\n"
              "   └─ epC  0000:05:00.0  endpoint, domain dma of group 0, StreamID 0x500 at S, DeviceID 0x500 at A "
              "(0x8090040)\n");
}

TEST(TopologyDot, HasEveryFunctionAndTheWayOut)
{
    Shape shape;
    const std::string text = written([&](FILE *stream) { topology_dot_write(stream, &shape.get(), nullptr); });

    for (const char *part :
         {"strict digraph", "subgraph cluster_0", "f2 -> f1;", "f4 -> h0;", "h0 -> s0;", "s0 -> i0;", "s0 -> i1;",
          "ep<B>\\n0000:04:00.0", "doorbell 0x80d0040\\ndomain dma\"", "domain dma of group 0\""}) {
        EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
    }
    EXPECT_EQ(text.find("violates"), std::string::npos);
    EXPECT_EQ(text.find("penwidth"), std::string::npos);
}

/* Who violates what stands beside the name, and the way from there to the doorbell stands out. */
TEST(TopologyMarks, AreInTreeAndGraph)
{
    Shape shape;
    const uint32_t functions[] = {3};
    const topology_marks marks = {functions, 1, "doorbell-per-group", "t", "d", 0};
    const std::string tree = written([&](FILE *stream) { topology_text_write(stream, &shape.get(), &marks); });
    const std::string graph = written([&](FILE *stream) { topology_dot_write(stream, &shape.get(), &marks); });

    EXPECT_NE(tree.find("(0x80d0040)  ◄\n"), std::string::npos) << tree;
    EXPECT_EQ(support::count(tree, "  ◄\n"), 1u);
    EXPECT_NE(tree.find("\n◄ violates doorbell-per-group\n"), std::string::npos);
    EXPECT_EQ(support::count(graph, "violates doorbell-per-group"), 1u);
    for (const char *way :
         {"f3 -> f1 [color", "f1 -> f0 [color", "f0 -> h0 [color", "h0 -> s0 [color", "s0 -> i1 [color"}) {
        EXPECT_NE(graph.find(way), std::string::npos) << way << "\n" << graph;
    }
    for (const char *other : {"f2 -> f1;", "f5 -> f4;", "s0 -> i0;"}) {
        EXPECT_NE(graph.find(other), std::string::npos) << other << "\n" << graph;
    }
}

TEST(TopologyMarks, AreOneForEachWayWhereDevicesAreMany)
{
    Shape shape;
    const uint32_t few[] = {2, 3, 5};
    const uint32_t twice[] = {3, 2, 3, 3};
    uint32_t marks[TOPOLOGY_MOST_MARKS];

    ASSERT_EQ(topology_marks_choose(&shape.get(), few, 3, marks), 3u);
    ASSERT_EQ(topology_marks_choose(&shape.get(), twice, 4, marks), 2u);
    EXPECT_EQ(marks[0], 3u);
    EXPECT_EQ(marks[1], 2u);
    std::vector<uint32_t> many = {2, 3};

    for (uint16_t i = 0; i < 9; i++) {
        shape.add_endpoint("dev" + std::to_string(i), 1, static_cast<uint16_t>(0x600 + 0x100 * i), 0);
        many.push_back(6u + i);
    }
    ASSERT_EQ(topology_marks_choose(&shape.get(), many.data(), many.size(), marks), 2u) << "all others go to A";
    EXPECT_EQ(marks[0], 2u);
    EXPECT_EQ(marks[1], 3u);
}

class TopologySvg : public ::testing::TestWithParam<topology_layout>
{
};

TEST_P(TopologySvg, IsWellFormedAndMarksWhatItIsTold)
{
    Shape shape;
    const uint32_t functions[] = {2, 3};
    const topology_marks marks = {functions, 2, "doorbell-per-group", "A title & more", "What <it> shows", 7};
    const std::string text =
        written([&](FILE *stream) { topology_svg_write(stream, &shape.get(), &marks, GetParam()); });
    const std::string plain = written([&](FILE *stream) {
        const topology_marks none = {nullptr, 0, nullptr, "t", "d", 0};

        topology_svg_write(stream, &shape.get(), &none, GetParam());
    });

    EXPECT_EQ(support::xml_problem(text), "");
    EXPECT_NE(text.find("A title &amp; more"), std::string::npos);
    EXPECT_EQ(support::count(text, "class=\"mark\""), 2u);
    EXPECT_EQ(support::count(plain, "class=\"mark\""), 0u);
    EXPECT_EQ(support::count(text, "class=\"device\""), 3u);
    EXPECT_EQ(support::count(text, "class=\"unit\""), 4u);
    EXPECT_EQ(support::count(text, ">group 0 · domain dma</text>"), 2u);
    EXPECT_EQ(support::count(text, ">→ A 0x8090040</text>"), 2u);
    EXPECT_EQ(support::count(text, ">ACS SV RR CR UF</text>"), 1u);
}

INSTANTIATE_TEST_SUITE_P(Layouts, TopologySvg, ::testing::Values(TOPOLOGY_WIDE, TOPOLOGY_NARROW));

/* A switch with 32 devices: what is alike is drawn once, a device that is marked always. */
TEST(TopologyFold, DrawsOnceWhatIsAlike)
{
    Shape shape;

    for (uint16_t i = 0; i < 32; i++) {
        shape.add_endpoint("dev" + std::to_string(i), 1, static_cast<uint16_t>(0x600 + 0x100 * i), i % 2);
    }
    const uint32_t functions[] = {6, 21}; /* dev0 and dev15: A and B */
    const topology_marks marks = {functions, 2, "doorbell-per-group", "t", "d", 0};

    for (topology_layout layout : {TOPOLOGY_WIDE, TOPOLOGY_NARROW}) {
        const std::string text =
            written([&](FILE *stream) { topology_svg_write(stream, &shape.get(), &marks, layout); });

        EXPECT_EQ(support::xml_problem(text), "");
        EXPECT_EQ(support::count(text, "class=\"mark\""), 2u);
        /* epA, ep<B>, epC, dev0, dev15: of 34 others below the switch 16 are like epA, 15 like ep<B>, but for marks. */
        EXPECT_EQ(support::count(text, "class=\"device\""), 5u) << text;
        EXPECT_EQ(support::count(text, "class=\"others\""), 2u);
        EXPECT_EQ(support::count(text, ">15 more like this</text>"), 2u);
        EXPECT_NE(text.find(">dev15</text>"), std::string::npos);
        EXPECT_EQ(text.find(">dev14</text>"), std::string::npos);
    }
}

/* Few functions are drawn each, and what differs in a group of its own is not the same. */
TEST(TopologyFold, LeavesSmallSystemsWhole)
{
    Shape shape;
    topology_fold fold = {};

    for (uint16_t i = 0; i < 18; i++) {
        shape.add_endpoint("dev" + std::to_string(i), 1, static_cast<uint16_t>(0x600 + 0x100 * i), 0);
    }
    topology_fold_make(&shape.get(), nullptr, 0, &fold);
    EXPECT_EQ(fold.count, 24u);
    topology_fold_clear(&fold);
    shape.add_endpoint("odd", 1, 0x5000, 0, "vm of group 0");
    topology_fold_make(&shape.get(), nullptr, 0, &fold);
    /* rp0, usp, epA and 18 others, ep<B>, odd, rp1, epC. */
    EXPECT_EQ(fold.count, 8u);
    EXPECT_EQ(fold.nodes[3].like, 18u);
    EXPECT_TRUE(fold.nodes[3].one_group);
    topology_fold_clear(&fold);
}

TEST(TopologyJson, ComesBackAsItWas)
{
    Shape shape;
    json_t *document = topology_json(&shape.get());
    topology back = {};

    ASSERT_TRUE(topology_from_json(document, &back));
    json_t *again = topology_json(&back);

    EXPECT_TRUE(json_equal(document, again));
    json_object_set_new(json_array_get(json_object_get(document, "functions"), 2), "parent", json_string("nobody"));
    topology_clear(&back);
    EXPECT_FALSE(topology_from_json(document, &back));
    topology_clear(&back);
    json_decref(document);
    json_decref(again);
}

TEST(Html, SaysEverythingThatTheResultSays)
{
    json_t *document = run_document();
    const std::string text = page(document);

    for (const char *part :
         {"1 of the 2 assumptions that apply to this system is violated", "Of 10 interrupts (MSIs) that devices raised",
          "<strong>2 were lost", "T &lt;b&gt;bold&lt;/b&gt;", "group 0: 2 pages", "packet <code>00aa</code>",
          "In short: <code>epA</code>, <code>ep&lt;B&gt;</code> are one IOMMU group",
          "doorbells: <code>0x8090040</code> at ITS <code>A</code>", "smmu-fault", "S walk", "not met", "tlb_hits",
          "Why they are one group",
          "doorbells differ:</em> the firmware's <code>msi-map</code> gives requester <code>0x0300</code> "
          "(<code>epA</code>) to <code>A</code>, requester <code>0x0400</code> (<code>ep&lt;B&gt;</code>) to "
          "<code>B</code>, and each of them",
          "It asks ports for Access Control Services (ACS)", "<li>root port rp0 has no ACS: ",
          "What would mend it:</em> ports that keep the devices apart (ACS)", "no PASIDs", "200.0 ns"}) {
        EXPECT_NE(text.find(part), std::string::npos) << part;
    }
    EXPECT_NE(text.find(report_claim("doorbell-per-group")), std::string::npos);
    EXPECT_EQ(text.find("tlb_misses"), std::string::npos) << "it counted nothing";
    /* Mean over all MSIs: 4 of 8 spent 300 ns in the walk, so that parts add up to the mean of 200 ns. */
    EXPECT_NE(text.find("S walk: 150.0 ns"), std::string::npos);
    json_decref(document);
}

/* Violated, and yet nothing is lost: the page says why, and only then. */
TEST(Html, SaysWhyNothingWasLost)
{
    json_t *document = run_document();
    json_t *msi = json_object_get(json_array_get(json_object_get(document, "devices"), 0), "msi");
    const std::string why = "Nothing was lost here because every doorbell that a device wrote to was mapped for it "
                            "(<code>doorbell-mapped</code> holds: fine)";

    EXPECT_EQ(page(document).find("Nothing was lost here"), std::string::npos);
    json_object_set_new(msi, "lost", json_integer(0));
    EXPECT_NE(page(document).find(why), std::string::npos);
    json_object_set_new(msi, "count", json_integer(0));
    EXPECT_EQ(page(document).find("Nothing was lost here"), std::string::npos) << "no interrupt was raised";
    json_decref(document);
}

/* Groups may be fine where a domain, which several share, is not. */
TEST(Html, SaysInShortWhatDomainsShare)
{
    json_t *document = run_document();
    json_t *verdicts = json_object_get(document, "verdicts");
    json_t *verdict = json_deep_copy(json_object_get(verdicts, "doorbell-per-group"));

    json_object_set_new(verdicts, "doorbell-per-domain", verdict);
    EXPECT_EQ(page(document).find("are in one translation domain"), std::string::npos) << "groups come first";
    json_object_set_new(json_object_get(verdicts, "doorbell-per-group"), "outcome", json_string("holds"));
    const std::string text = page(document);

    EXPECT_NE(text.find("In short: <code>epA</code>, <code>ep&lt;B&gt;</code> are in one translation domain"),
              std::string::npos);
    EXPECT_NE(text.find("maps one doorbell for the domain leaves the others out"), std::string::npos);
    EXPECT_EQ(support::count(text, "Why their doorbells differ"), 2u) << "in short, and with the evidence";
    EXPECT_EQ(support::html_problem(text), "");
    json_object_set_new(verdict, "outcome", json_string("holds"));
    EXPECT_EQ(page(document).find("In short"), std::string::npos);
    json_decref(document);
}

/* One ITS for both: it is not the map that makes doorbells differ. Below a bridge, a requester ID is not one's own. */
TEST(Html, SaysOfTheMapWhatIsTrueOnly)
{
    json_t *document = run_document();
    json_t *functions = json_object_get(json_object_get(document, "topology"), "functions");
    json_t *upstream = json_array_get(functions, 1);
    json_t *second = json_array_get(functions, 3);

    json_object_set_new(upstream, "kind", json_string("bridge"));
    EXPECT_NE(page(document).find("gives <code>epA</code> to <code>A</code>, <code>ep&lt;B&gt;</code> to"),
              std::string::npos);
    json_object_set_new(upstream, "parent", json_string("usp"));
    EXPECT_NE(page(document).find("gives <code>epA</code> to"), std::string::npos) << "a tree that is none";
    json_object_set_new(second, "its", json_string("A"));
    EXPECT_EQ(page(document).find("doorbells differ:"), std::string::npos);
    json_decref(document);
}

TEST(Html, ExplainsItsWords)
{
    json_t *document = run_document();
    const std::string text = page(document);

    for (const char *word : {"MSI", "doorbell", "ITS", "SMMU", "group", "domain"}) {
        EXPECT_NE(text.find("<dt><strong>" + std::string(word) + "</strong></dt><dd>"), std::string::npos) << word;
    }
    json_decref(document);
}

/* The fullest first, in words, as a picture and as numbers; what was never used is counted only. */
TEST(Html, DrawsOccupancy)
{
    json_t *document = run_document();
    const std::string text = page(document);
    const size_t walks = text.find("S, walks: mean 1.1, most 3 of 4, fullest 40.00 ns after the beginning</title>");
    const size_t packets = text.find("one -&gt; &lt;two&gt;, packets: mean 0.1, most 1 of 4");

    EXPECT_NE(walks, std::string::npos);
    EXPECT_NE(packets, std::string::npos);
    EXPECT_LT(walks, packets);
    EXPECT_NE(text.find("2 of 3 were used at all"), std::string::npos);
    EXPECT_EQ(text.find("idle"), std::string::npos);
    /* Of 312 by 80, from (40, 88): buckets of 40 %, 40 % and 20 %; 1, 3 and 3 of 4 at most, 0, 1 and 0 at least. */
    EXPECT_NE(text.find("M40.0 68.0 V68.0 H164.8 V28.0 H289.6 V28.0 H352.0 V88.0 H289.6 V68.0 H164.8 V88.0 H40.0 Z"),
              std::string::npos);
    EXPECT_NE(text.find("M40.0 78.0 V78.0 H164.8 V48.0 H289.6 V78.0 H352.0\""), std::string::npos);
    EXPECT_NE(text.find("<td class=\"n\">75 %</td>"), std::string::npos);
    json_object_del(document, "occupancy");
    EXPECT_EQ(page(document).find("How full"), std::string::npos);
    json_decref(document);
}

TEST(Html, IsWholeByItself)
{
    json_t *document = run_document();
    const std::string text = page(document);

    EXPECT_EQ(support::html_problem(text), "");
    EXPECT_EQ(text.find("<script"), std::string::npos);
    EXPECT_EQ(text.find(" src="), std::string::npos);
    EXPECT_EQ(text.find("url("), std::string::npos);
    EXPECT_EQ(text.find("@import"), std::string::npos);
    EXPECT_EQ(support::count(text, "http"),
              support::count(text, "http-equiv") + support::count(text, "xmlns=\"http://www.w3.org/2000/svg\""));
    EXPECT_NE(text.find("default-src 'none'"), std::string::npos);
    /* Each picture says in words what it is. */
    EXPECT_EQ(support::count(text, "role=\"img\""), support::count(text, "aria-labelledby="));
    EXPECT_GE(support::count(text, "role=\"img\""), 3u);
    json_decref(document);
}

TEST(Html, TakesResultsOnly)
{
    json_t *other = json_loads(R"({"a": 1})", 0, nullptr);
    json_t *list = json_array();

    EXPECT_FALSE(html_is_result(other));
    EXPECT_FALSE(html_is_result(list));
    json_decref(other);
    json_decref(list);
}

} // namespace
