/* Interrupts on the page: the distribution as a line and as bars, and what is shown of many devices. */
#include "tests/report/documents.h"
#include "tests/report/xml.h"

namespace
{

using documents::page;
using documents::run_document;

json_t *first_device(json_t *document)
{
    return json_array_get(json_object_get(document, "devices"), 0);
}

/* None has arrived before the least latency, all have at the greatest: the bins' edges beyond them are cut. */
TEST(HtmlLatency, DistributionGoesFromNoneToAll)
{
    json_t *document = run_document();
    const std::string text = page(document);
    const char *const rows[] = {"100.0 ns</td><td class=\"n\">0 %", "101.0 ns</td><td class=\"n\">37.5 %",
                                "202.0 ns</td><td class=\"n\">87.5 %", "300.0 ns</td><td class=\"n\">100 %"};
    size_t at = 0;

    for (const char *row : rows) {
        at = text.find("<tr><td>epA</td><td class=\"n\">" + std::string(row), at);
        ASSERT_NE(at, std::string::npos) << row;
    }
    /* From 100 ns to 300 ns, with a fiftieth of it at each side: 90 + 630 * 4 / 208 is the first place. */
    EXPECT_NE(text.find("<path d=\"M102.1 268.0 H105.1 V173.5 H411.1 V47.5 H707.9 V16.0\""), std::string::npos);
    json_decref(document);
}

TEST(HtmlLatency, HistogramHasABarForEachTimeThatOccurs)
{
    json_t *document = run_document();
    const std::string text = page(document);

    EXPECT_EQ(support::count(text, "class=\"plot histogram\""), 1u);
    EXPECT_EQ(support::count(text, "<rect class=\"bar\""), 3u);
    for (const char *part :
         {"Histogram of epA: 8 interrupts from 100.0 ns to 300.0 ns, half within 200.0 ns, 99 % within 300.0 ns; the "
          "highest bar, of 4, begins at 200.0 ns</title>",
          "<title>100.0 ns to 105.0 ns: 3</title>", "<title>200.0 ns to 205.0 ns: 4</title>",
          "<title>295.0 ns to 300.0 ns: 1</title>",
          "<td class=\"n\">200.0 ns</td><td class=\"n\">205.0 ns</td><td class=\"n\">4</td>"}) {
        EXPECT_NE(text.find(part), std::string::npos) << part;
    }
    EXPECT_EQ(text.find("logarithmic"), std::string::npos);
    EXPECT_EQ(support::html_problem(text), "");
    json_decref(document);
}

/* Where a few take far longer, and are far fewer, both axes show it. */
TEST(HtmlLatency, TailsAreLogarithmic)
{
    json_t *document = run_document();
    json_t *msi = json_object_get(first_device(document), "msi");
    json_t *bins = json_object_get(msi, "histogram");

    json_array_set_new(json_array_get(bins, 0), 2, json_integer(5000));
    json_object_set_new(json_object_get(msi, "latency"), "max-fs", json_integer(9000000000));
    json_array_append_new(bins, json_loads("[8990000000, 9010000000, 1]", 0, nullptr));
    const std::string text = page(document);

    EXPECT_NE(text.find("latency, birth to handler (logarithmic)"), std::string::npos);
    EXPECT_NE(text.find("Counts are on a logarithmic axis"), std::string::npos);
    for (const char *tick : {">200.0 ns</text>", ">500.0 ns</text>", ">1.000 us</text>", ">1000</text>"}) {
        EXPECT_NE(text.find(tick), std::string::npos) << tick;
    }
    json_decref(document);
}

/* Many devices: the slowest in every picture and all together as a line, the others' histograms and figures closed. */
TEST(HtmlLatency, ManyDevicesAreNotDrawnOverEachOther)
{
    json_t *document = run_document();
    json_t *devices = json_object_get(document, "devices");
    json_t *msi = json_object_get(first_device(document), "msi");

    for (const char *key : {"latency", "histogram", "hops"}) {
        json_object_set(document, key, json_object_get(msi, key));
    }
    for (int i = 1; i < 80; i++) {
        json_t *device = json_deep_copy(first_device(document));
        json_t *latency = json_object_get(json_object_get(device, "msi"), "latency");

        json_object_set_new(device, "name", json_string(("dev" + std::to_string(i)).c_str()));
        json_object_set_new(latency, "p99-fs", json_integer(200000000 + i * 100000));
        json_array_append_new(devices, device);
    }
    const std::string text = page(document);

    EXPECT_NE(text.find("Of 80 devices the pictures show the 6 slowest"), std::string::npos);
    EXPECT_NE(text.find("The figures of all 80 devices"), std::string::npos);
    EXPECT_NE(text.find("Histograms of 58 more devices"), std::string::npos);
    EXPECT_NE(text.find("16 devices that are faster have none here"), std::string::npos);
    EXPECT_EQ(support::count(text, "class=\"plot histogram\""), 64u);
    EXPECT_EQ(support::count(text, "<td>all devices</td>"), 4u);
    EXPECT_NE(text.find("<td>dev79</td>"), std::string::npos);
    EXPECT_EQ(text.find("<td>dev70</td>"), std::string::npos) << "it is not among the slowest";
    EXPECT_EQ(support::html_problem(text), "");
    json_decref(document);
}

/* Parts of bars are in the order of the way, whoever has them, with what each is; no colour stands for two of them. */
TEST(HtmlLatency, HopsAreInTheOrderOfTheWay)
{
    json_t *document = run_document();
    json_t *other = json_deep_copy(first_device(document));
    json_t *hops = json_object_get(json_object_get(other, "msi"), "hops");

    json_object_set_new(other, "name", json_string("ep<B>"));
    json_object_set_new(json_array_get(hops, 0), "stage", json_string("ep<B>"));
    json_array_insert_new(hops, 1, json_loads(R"({"stage": "rd0 -> pe0", "count": 8, "mean-fs": 1000})", 0, nullptr));
    json_array_append_new(json_object_get(document, "devices"), other);
    json_object_set_new(document, "warmup-fs", json_integer(5000000));
    const std::string text = page(document);
    size_t at = text.find("<th>what it is</th>");

    for (const char *row : {"ep&lt;B&gt;</td><td>device</td>", "rd0 -&gt; pe0</td><td>wires</td>",
                            "epA</td><td>device</td>", "S walk</td><td>SMMU: walking translation tables</td>"}) {
        const size_t next = text.find(row, at);

        EXPECT_NE(next, std::string::npos) << row;
        at = next;
    }
    EXPECT_NE(text.find("raised after the first 5.000 ns"), std::string::npos);
    json_decref(document);
}

} // namespace
