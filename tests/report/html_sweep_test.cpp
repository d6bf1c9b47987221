/* A sweep's page: what was swept, where on the axes each assumption holds, lines, heat map, front. */
#include "tests/report/documents.h"
#include "tests/report/xml.h"

namespace
{

using documents::page;

json_t *sweep_document()
{
    return json_loads(R"({"doorbell": "9.8.7", "title": "TLB & latency", "file": "<s>.yaml", "sweep": {
      "axes": ["tlb", "latency"], "metrics": ["msi.latency.mean", "x"], "replications": "2", "runs": 8, "failed": 1,
      "unmet": 3, "pareto": [0, 3],
      "failures": [{"status": "stuck", "message": "no <way>", "command": "doorbell run a"}],
      "points": [
        {"values": ["4", "10 ns"], "numbers": [4, 1e7], "metrics": {"msi.latency.mean": [4e8, 1e6], "x": [2, null]},
         "verdicts": {"doorbell-per-group": {"violated": 2}, "doorbell-mapped": {"holds": 2},
                      "msi-isolated": {"violated": 2}, "pasid-consistent": {"not-applicable": 2}}},
        {"values": ["4", "20 ns"], "numbers": [4, 2e7], "metrics": {"msi.latency.mean": [6e8, null], "x": [2, null]},
         "verdicts": {"doorbell-per-group": {"violated": 1, "holds": 1}, "doorbell-mapped": {"holds": 2},
                      "msi-isolated": {"violated": 2}, "pasid-consistent": {"not-applicable": 2}}},
        {"values": ["64", "10 ns"], "numbers": [64, 1e7], "metrics": {"msi.latency.mean": [4.1e8, 1e6], "x": [3, 1]},
         "verdicts": {"doorbell-per-group": {"holds": 2}, "doorbell-mapped": {"holds": 2},
                      "msi-isolated": {"violated": 2}, "pasid-consistent": {"not-applicable": 2}}},
        {"values": ["64", "20 ns"], "numbers": [64, 2e7], "metrics": {"msi.latency.mean": [7e8, null], "x": [1, null]}}
      ]}})",
                      0, nullptr);
}

TEST(HtmlSweep, SaysWhatWasSwept)
{
    json_t *document = sweep_document();
    const std::string text = page(document);

    EXPECT_EQ(support::html_problem(text), "");
    for (const char *part : {"<h1>TLB &amp; latency</h1>",
                             "A sweep of <code>&lt;s&gt;.yaml</code>: <strong>4 points</strong>, 8 runs, of "
                             "which <strong>1 failed</strong>. Each point was run 2 times",
                             "In 3 runs an expectation was not met", "<code>tlb</code>: 2 values: 4, 64",
                             "<code>latency</code>: 2 values: 10 ns, 20 ns", "Made by Doorbell 9.8.7:",
                             "Runs that failed", "stuck: no &lt;way&gt;<br/><code>doorbell run a</code>"}) {
        EXPECT_NE(text.find(part), std::string::npos) << part;
    }
    json_decref(document);
}

TEST(HtmlSweep, DrawsLinesWithIntervalsAndAHeatMap)
{
    json_t *document = sweep_document();
    const std::string text = page(document);

    for (const char *part : {"msi.latency.mean over latency, a line for each tlb", "400.0 ns ± 1.000 ns",
                             "<h2>msi.latency.mean: mean latency, from the event in the device to its handler</h2>",
                             "Along: <code>latency</code>, down: <code>tlb</code>.",
                             "rgba(213, 94, 0, 0.650)\">700.0 ns</td>", "rgba(213, 94, 0, 0.000)\">400.0 ns</td>"}) {
        EXPECT_NE(text.find(part), std::string::npos) << part;
    }
    /* Each picture says in words what it is, and has its numbers beside it. */
    EXPECT_EQ(support::count(text, "role=\"img\""), 3u);
    EXPECT_EQ(support::count(text, "aria-labelledby="), 3u);
    EXPECT_EQ(support::count(text, "<summary>The numbers</summary>"), 3u);
    json_decref(document);
}

/* Where it differs as a map over the axes, else in a line; a point without results stands in it as such. */
TEST(HtmlSweep, ShowsWhereEachAssumptionHolds)
{
    json_t *document = sweep_document();
    const std::string text = page(document);
    const size_t map = text.find("<code>doorbell-per-group</code>: <strong>violated</strong> in 3 of 6 runs");

    ASSERT_NE(map, std::string::npos);
    EXPECT_NE(text.find("<th scope=\"row\">10 ns</th><td class=\"violated\"><strong>violated</strong></td><td "
                        "class=\"holds\">holds</td></tr>",
                        map),
              std::string::npos)
        << text.substr(map, 900);
    EXPECT_NE(text.find("<th scope=\"row\">20 ns</th><td class=\"violated\"><strong>violated</strong> in 1 of 2 "
                        "runs</td><td>–</td></tr>",
                        map),
              std::string::npos);
    EXPECT_LT(map, text.find("<code>msi-isolated</code>: <strong>violated</strong> at every point"));
    EXPECT_LT(text.find("<code>msi-isolated</code>"),
              text.find("<code>doorbell-mapped</code>: <strong>holds</strong>"));
    EXPECT_EQ(text.find("pasid-consistent"), std::string::npos) << "it applies to no point";
    json_decref(document);
}

/* Every point of the front has a number in the picture, and under it in the table its parameters. */
TEST(HtmlSweep, FrontHasTheParametersOfItsPoints)
{
    json_t *document = sweep_document();
    const std::string text = page(document);
    const size_t front = text.find("Pareto front");

    ASSERT_NE(front, std::string::npos);
    for (const char *part : {"every point of the sweep", "the front: no other point is lower in both",
                             "<td class=\"n\">1</td><td>4</td><td>10 ns</td><td class=\"n\">400.0 ns</td><td "
                             "class=\"n\">2</td>",
                             "<td class=\"n\">2</td><td>64</td><td>20 ns</td><td class=\"n\">700.0 ns</td><td "
                             "class=\"n\">1</td>"}) {
        EXPECT_NE(text.find(part, front), std::string::npos) << part;
    }
    /* Two points, and one in the legend. */
    EXPECT_EQ(support::count(text.substr(front), "r=\"6\" fill=\"none\""), 3u);
    json_decref(document);
}

/* Labels of ticks are within the picture: as wide as their letters at most, and room for half of one at the right. */
TEST(HtmlSweep, TickLabelsAreNotCut)
{
    json_t *document = sweep_document();
    const std::string text = page(document);
    size_t labels = 0;

    for (size_t at = text.find("text-anchor=\"middle\">"); at != std::string::npos;
         at = text.find("text-anchor=\"middle\">", at + 1)) {
        const size_t from = text.rfind("x=\"", at);
        const size_t length = text.find('<', at) - at - strlen("text-anchor=\"middle\">");

        if (text.rfind("<text", at) > text.rfind("transform", at) && from > text.rfind("<text", at)) {
            EXPECT_LE(std::stod(text.substr(from + 3)) + 3.5 * static_cast<double>(length), 760.0)
                << text.substr(at, 40);
            labels++;
        }
    }
    EXPECT_GE(labels, 6u);
    json_decref(document);
}

/* A map that would be a table of hundreds is a picture, with the table behind it; far apart, shades go by ratios. */
TEST(HtmlSweep, ALargeHeatMapIsAPicture)
{
    json_t *document = sweep_document();
    json_t *sweep = json_object_get(document, "sweep");
    json_t *points = json_array();

    for (int i = 0; i < 24; i++) {
        for (int j = 0; j < 15; j++) {
            json_array_append_new(points,
                                  json_pack("{s:[s, s], s:[i, i], s:{s:[f, n]}}", "values", std::to_string(i).c_str(),
                                            (std::to_string(j) + " ns").c_str(), "numbers", i, j, "metrics",
                                            "msi.latency.mean", i == 23 && j == 14 ? 1e12 : 1e8 * (1 + j)));
        }
    }
    json_object_set_new(sweep, "points", points);
    json_object_set_new(sweep, "pareto", json_array());
    const std::string text = page(document);

    EXPECT_EQ(support::count(text, "<rect class=\"cell\""), 24u * 15u);
    EXPECT_NE(text.find("The lightest is 100.0 ns, the darkest 1.000 ms; shades go by ratios."), std::string::npos);
    EXPECT_NE(text.find("fill-opacity=\"1.000\"><title>23, 14 ns: 1.000 ms</title>"), std::string::npos)
        << text.substr(text.find("<rect class=\"cell\""), 400);
    EXPECT_NE(text.find("fill-opacity=\"0.050\"><title>0, 0 ns: 100.0 ns</title>"), std::string::npos);
    EXPECT_EQ(support::html_problem(text), "");
    json_decref(document);
}

/* A document of an earlier version, without any of what came later. */
TEST(HtmlSweep, TakesWhatIsThere)
{
    json_t *document = json_loads(R"({"sweep": {"axes": ["a"], "metrics": ["x"], "runs": 1, "failed": 0, "pareto": [7],
      "points": [{"values": ["1"], "numbers": [null], "metrics": {}}]}})",
                                  0, nullptr);
    const std::string text = page(document);

    EXPECT_EQ(support::html_problem(text), "");
    EXPECT_NE(text.find("<strong>1 point</strong>, 1 runs, of which 0 failed"), std::string::npos);
    EXPECT_EQ(text.find("<h2>Assumptions"), std::string::npos);
    json_decref(document);
}

} // namespace
