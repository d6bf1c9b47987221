/*
 * Results as JSON, as `doorbell report`, `compare` and `check-golden` read them: a document becomes a page, and is
 * compared with one that a run gave. What is behind the first NUL is the text of packets' ways, as kept for
 * `check-golden`.
 */
#include "report/difference.h"
#include "report/html.h"
#include "report/packet_paths.h"
#include "tests/fuzz/made_result.h"
#include "tests/fuzz/target.h"

#include <cstring>

namespace fuzz
{

namespace
{

void report(const json_t *document)
{
    const html_result result = {"input", document};
    char *text = nullptr;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    if (!html_write(stream, &result, 1)) {
        fail("a result cannot be written as a page");
    }
    fclose(stream);
    if (size < 16 || std::strcmp(text + size - 16, "</body>\n</html>\n") != 0) {
        fail("a page does not end as pages do");
    }
    if (std::strstr(text, "nan") != nullptr && std::strstr(text, "=\"nan") != nullptr) {
        fail("a picture has a place that is no number");
    }
    free(text);
}

void compare(json_t *document)
{
    static json_t *made = made_result();
    differences same = json_differences(document, document, nullptr);
    differences other = json_differences(made, document, nullptr);

    if (same.count != 0) {
        fail("a document differs from itself");
    }
    differences_clear(&same);
    differences_clear(&other);
}

void compare_paths(const std::string &text)
{
    const std::string before = "packet 1 epA\npacket 2 epB\n";
    const packet_paths_split same = packet_paths_compare(text.c_str(), text.c_str());
    const packet_paths_split other = packet_paths_compare(before.c_str(), text.c_str());

    if (same.found || other.found == (before == text)) {
        fail("texts differ that do not, or the other way round");
    }
}

} // namespace

void run(const uint8_t *data, size_t size)
{
    const uint8_t *nul = size == 0 ? nullptr : static_cast<const uint8_t *>(memchr(data, 0, size));
    const size_t length = nul == nullptr ? size : static_cast<size_t>(nul - data);
    json_error_t error;
    json_t *document = json_loadb(reinterpret_cast<const char *>(data), length, 0, &error);

    if (document != nullptr && html_is_result(document)) {
        report(document);
    }
    if (document != nullptr) {
        compare(document);
    }
    json_decref(document);
    if (nul != nullptr) {
        compare_paths(std::string(reinterpret_cast<const char *>(nul) + 1, size - length - 1));
    }
}

std::vector<Seed> seeds()
{
    std::vector<Seed> all;
    json_t *made = made_result();
    char *text = json_dumps(made, JSON_COMPACT);
    const char packets[] = "\0packet 1 epA sw0\npacket 2 epB";
    Input bytes(text, text + strlen(text));

    all.push_back({"result-run", bytes});
    bytes.insert(bytes.end(), packets, packets + sizeof(packets) - 1);
    all.push_back({"result-packets", bytes});
    free(text);
    text = json_dumps(json_object_get(made, "topology"), JSON_COMPACT);
    if (text != nullptr) {
        const std::string small = std::string("{\"verdicts\":{},\"topology\":") + text + "}";

        all.push_back({"result-topology", Input(small.begin(), small.end())});
    }
    free(text);
    json_decref(made);
    const std::string sweep =
        R"({"sweep":{"axes":["rate","smmu.S.tlb.entries"],"metrics":["msi.latency.mean","msi.latency.p99"],"points":[)"
        R"({"values":["1 MHz","16"],"numbers":[1e6,16],"metrics":{"msi.latency.mean":[5e8,1e6],"msi.latency.p99":[9e8,)"
        R"(null]}},{"values":["2 MHz","64"],"numbers":[2e6,64],"metrics":{"msi.latency.mean":[6e8,1e6],)"
        R"("msi.latency.p99":[8e8,2e6]}}],"pareto":[0,1],"runs":4,"failed":1}})";

    all.push_back({"result-sweep", Input(sweep.begin(), sweep.end())});
    return all;
}

} // namespace fuzz
