// Documents of results for tests of the page, and what the page says of them.
#ifndef DOORBELL_TESTS_REPORT_DOCUMENTS_H
#define DOORBELL_TESTS_REPORT_DOCUMENTS_H

#include "report/html.h"
#include "report/topology_json.h"
#include "result/topology.h"

#include <cstdlib>
#include <cstring>
#include <gtest/gtest.h>
#include <jansson.h>
#include <string>

namespace documents
{

/** What a writer writes. */
template <typename Writer> std::string written(Writer writer)
{
    char *text = nullptr;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);

    writer(stream);
    fclose(stream);
    const std::string all(text, length);

    free(text);
    return all;
}

/** Two devices behind a switch, a third on a root port of its own; two ITS. */
class Shape
{
  public:
    Shape()
    {
        topology_add_name(&topology_.hosts, &topology_.host_count, "rc0");
        topology_add_name(&topology_.smmus, &topology_.smmu_count, "S");
        topology_add_name(&topology_.itses, &topology_.its_count, "A");
        topology_add_name(&topology_.itses, &topology_.its_count, "B");
        add("rp0", TOPOLOGY_ROOT_PORT, TOPOLOGY_NONE, 0x0000, 0);
        add("usp", TOPOLOGY_UPSTREAM_PORT, 0, 0x0100, 0);
        add("epA", TOPOLOGY_ENDPOINT, 1, 0x0300, 0);
        add("ep<B>", TOPOLOGY_ENDPOINT, 1, 0x0400, 1);
        add("rp1", TOPOLOGY_ROOT_PORT, TOPOLOGY_NONE, 0x0008, 0, "SV RR CR UF");
        add("epC", TOPOLOGY_ENDPOINT, 4, 0x0500, 0);
    }

    ~Shape()
    {
        topology_clear(&topology_);
    }

    Shape(const Shape &) = delete;
    Shape &operator=(const Shape &) = delete;

    const topology &get() const
    {
        return topology_;
    }

    /** One more endpoint below a bridge, in group 0. */
    void add_endpoint(const std::string &name, uint32_t parent, uint16_t rid, uint32_t its,
                      const char *domain = "dma of group 0")
    {
        add(name.c_str(), TOPOLOGY_ENDPOINT, parent, rid, its);
        topology_function &function = topology_.functions[topology_.function_count - 1];

        free(function.domain);
        function.domain = strdup(domain);
        function.group = 0;
    }

  private:
    void add(const char *name, topology_kind kind, uint32_t parent, uint16_t rid, uint32_t its,
             const char *acs = nullptr)
    {
        const size_t count = topology_.function_count;

        topology_.functions =
            static_cast<topology_function *>(realloc(topology_.functions, (count + 1) * sizeof(topology_function)));
        topology_function &function = topology_.functions[count];

        function = {};
        function.name = strdup(name);
        function.kind = kind;
        function.parent = parent;
        function.rid = rid;
        function.acs = acs == nullptr ? nullptr : strdup(acs);
        function.group = rid < 0x0500 && acs == nullptr ? 0 : TOPOLOGY_NONE;
        function.domain = strdup("dma of group 0");
        function.stream_id = rid;
        function.its = its;
        function.device_id = rid;
        function.doorbell = 0x8090040 + 0x40000 * its;
        topology_.function_count++;
    }

    topology topology_ = {};
};

/** A run's document, as docs/json.md has it, with hostile names. */
inline json_t *run_document()
{
    const char *const text = R"({
      "doorbell": "0.1.0", "command": "run", "file": "<f>.yaml", "title": "T <b>bold</b>", "seed": "1",
      "verdicts": {
        "doorbell-per-group": {"outcome": "violated", "summary": "1 of 1", "evidence": [
          {"subject": "group 0", "detail": "2 pages", "devices": [
            {"name": "epA", "stream-id": "0x300", "device-id": "0x300", "its": "A", "doorbell": "0x8090040",
             "msi-count": 7, "first-packet": "00aa"}, {"name": "ep<B>", "its": "B"}]}]},
        "doorbell-mapped": {"outcome": "holds", "summary": "fine", "evidence": []},
        "pasid-consistent": {"outcome": "not-applicable", "summary": "no PASIDs", "evidence": []}},
      "devices": [{"name": "epA", "msi": {"count": 10, "delivered": 7, "merged": 1, "lost": 2,
        "lost-because": {"smmu-fault": 2},
        "latency": {"count": 8, "min-fs": 100000000, "mean-fs": 200000000, "p50-fs": 200000000, "p99-fs": 300000000,
                    "p99.9-fs": 300000000, "max-fs": 300000000},
        "histogram": [[100000000, 101000000, 3], [200000000, 202000000, 4], [300000000, 303000000, 1]],
        "hops": [{"stage": "epA", "count": 8, "mean-fs": 50000000},
                 {"stage": "S walk", "count": 4, "mean-fs": 300000000}]}}],
      "occupancy": {"duration-fs": 100000000, "bucket-fs": 40000000, "buckets": 3, "resources": [
        {"component": "idle", "resource": "packets", "capacity": 4, "min": 0, "mean-milli": 0, "max": 0},
        {"component": "one -> <two>", "resource": "packets", "capacity": 4, "min": 0, "mean-milli": 100, "max": 1,
         "series": {"min": [0, 0, 0], "mean-milli": [250, 0, 0], "max": [1, 0, 0]}},
        {"component": "S", "resource": "walks", "capacity": 4, "min": 0, "mean-milli": 1100, "max": 3,
         "series": {"min": [0, 1, 0], "mean-milli": [500, 2000, 500], "max": [1, 3, 3]}}]},
      "counters": {"S": {"tlb_hits": 12, "tlb_misses": 0}},
      "expectations": [{"key": "msi.lost", "wanted": "0", "got": "2, off by 2", "met": false}]})";
    json_t *document = json_loads(text, 0, nullptr);
    Shape shape;

    json_object_set_new(document, "topology", topology_json(&shape.get()));
    return document;
}

inline std::string page(json_t *document)
{
    const html_result result = {"r.json", document};

    EXPECT_TRUE(html_is_result(document));
    return written([&](FILE *stream) { html_write(stream, &result, 1); });
}

} // namespace documents

#endif
