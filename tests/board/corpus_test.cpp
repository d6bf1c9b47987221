/*
 * Every requester ID of corpus/dtb/expected.json, on all trees of that folder: what Doorbell resolves, field by field,
 * against what is written there. Both ways to an answer are compared: rid_map for the single RID, and the board's
 * ranges.
 */
#include "tests/board/fixture.h"

#include <gtest/gtest.h>
#include <jansson.h>

#include <cstring>
#include <filesystem>
#include <memory>
#include <set>
#include <sstream>

namespace
{

const std::string corpus = std::string(DOORBELL_SHARED_DIR) + "/corpus/dtb/";

struct Release {
    void operator()(json_t *value) const
    {
        json_decref(value);
    }
};

using Json = std::unique_ptr<json_t, Release>;

std::string hex(uint64_t value)
{
    std::ostringstream text;

    text << "0x" << std::hex << value;
    return text.str();
}

std::string dump(const json_t *value)
{
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_SORT_KEYS);
    std::string copy = text == nullptr ? "(none)" : text;

    std::free(text);
    return copy;
}

Json text(const std::string &value)
{
    return Json(json_string(value.c_str()));
}

Json string_list(const firmware_strings &strings)
{
    Json list(json_array());

    for (size_t i = 0; i < strings.count; i++) {
        json_array_append_new(list.get(), json_string(strings.items[i]));
    }
    return list;
}

void put(json_t *object, const char *key, Json value)
{
    json_object_set_new(object, key, value.release());
}

/* The objects below are built with the corpus's own keys, so that whole objects compare. */

Json its_object(const firmware_msi_controller &controller)
{
    Json object(json_object());

    put(object.get(), "path", text(controller.name));
    put(object.get(), "available", Json(json_boolean(controller.available)));
    put(object.get(), "compatible", string_list(controller.compatible));
    put(object.get(), "msi_controller", Json(json_boolean(controller.msi_controller)));
    put(object.get(), "msi_cells", Json(controller.cells_known ? json_integer(controller.cells) : json_null()));
    if (controller.base_known) {
        put(object.get(), "reg", text(hex(controller.base)));
    }
    if (controller.pre_its) {
        Json window(json_array());

        json_array_append_new(window.get(), json_string(hex(controller.pre_its_base).c_str()));
        json_array_append_new(window.get(), json_string(hex(controller.pre_its_size).c_str()));
        put(object.get(), "pre_its_window", std::move(window));
    } else if (controller.base_known) {
        put(object.get(), "doorbell", text(hex(controller.base + 0x10040)));
    }
    return object;
}

Json iommu_object(const firmware_iommu &iommu)
{
    Json object(json_object());

    put(object.get(), "path", text(iommu.name));
    put(object.get(), "available", Json(json_boolean(iommu.available)));
    put(object.get(), "compatible", string_list(iommu.compatible));
    put(object.get(), "iommu_cells", Json(iommu.cells_known ? json_integer(iommu.cells) : json_null()));
    return object;
}

Json map_list(const firmware &description, const firmware_map &map, bool iommu)
{
    Json list(json_array());

    for (size_t i = 0; i < map.count; i++) {
        const firmware_map_entry &entry = map.entries[i];
        Json object(json_object());
        Json out(json_array());

        EXPECT_EQ(entry.fault, FIRMWARE_FAULT_NONE);
        for (uint32_t cell = 0; cell < entry.out_count; cell++) {
            json_array_append_new(out.get(), json_string(hex(entry.out[cell]).c_str()));
        }
        put(object.get(), "base", text(hex(entry.base)));
        put(object.get(), "len", text(hex(entry.length)));
        put(object.get(), "out", std::move(out));
        put(object.get(), "target",
            text(iommu ? description.iommus[entry.target].name : description.controllers[entry.target].name));
        json_array_append_new(list.get(), object.release());
    }
    return list;
}

void put_maps(const firmware &description, json_t *object, const firmware_map &iommu_map, const firmware_map &msi_map)
{
    if (iommu_map.present) {
        put(object, "iommu-map", map_list(description, iommu_map, true));
    }
    if (iommu_map.mask_given) {
        put(object, "iommu-map-mask", text(hex(iommu_map.mask)));
    }
    if (msi_map.present) {
        put(object, "msi-map", map_list(description, msi_map, false));
    }
    if (msi_map.mask_given) {
        put(object, "msi-map-mask", text(hex(msi_map.mask)));
    }
}

Json msi_parents(const firmware &description, const firmware_host &host)
{
    Json list(json_array());

    for (size_t i = 0; i < host.msi_parent_count; i++) {
        const firmware_msi_parent &parent = host.msi_parents[i];
        Json object(json_object());
        Json spec(json_array());

        EXPECT_EQ(parent.fault, FIRMWARE_FAULT_NONE);
        for (uint32_t cell = 0; cell < parent.spec_count; cell++) {
            json_array_append_new(spec.get(), json_string(hex(parent.spec[cell]).c_str()));
        }
        put(object.get(), "spec", std::move(spec));
        put(object.get(), "target", text(description.controllers[parent.controller].name));
        json_array_append_new(list.get(), object.release());
    }
    return list;
}

/* A host with all but its "rids". */
Json host_object(const firmware &description, const firmware_host &host)
{
    Json object(json_object());
    Json buses(json_null());

    if (host.bus_given) {
        buses.reset(json_array());
        json_array_append_new(buses.get(), json_integer(host.bus_first));
        json_array_append_new(buses.get(), json_integer(host.bus_last));
    }
    put(object.get(), "path", text(host.name));
    put(object.get(), "available", Json(json_boolean(host.available)));
    put(object.get(), "compatible", string_list(host.compatible));
    put(object.get(), "domain", Json(host.segment_given ? json_integer(host.segment) : json_null()));
    put(object.get(), "bus_range", std::move(buses));
    put_maps(description, object.get(), host.iommu_map, host.msi_map);
    if (host.msi_parent_count > 0) {
        put(object.get(), "msi-parent", msi_parents(description, host));
    }
    return object;
}

/* The "linux" object of a RID, from plain values so that both ways to an answer can use it. */
struct Answer {
    std::string how;
    const char *controller = nullptr;
    bool its = false;
    bool has_device_id = false;
    uint32_t device_id = 0;
    bool has_doorbell = false;
    uint64_t doorbell = 0;
    const char *iommu = nullptr;
    std::vector<uint32_t> stream;
};

Json linux_object(const Answer &answer)
{
    Json object(json_object());

    put(object.get(), "how", text(answer.how));
    put(object.get(), "msi_ctrl", answer.controller == nullptr ? Json(json_null()) : text(answer.controller));
    if (answer.controller != nullptr) {
        put(object.get(), "is_its", Json(json_boolean(answer.its)));
    }
    if (answer.has_device_id) {
        put(object.get(), "devid", text(hex(answer.device_id)));
    }
    if (answer.has_doorbell) {
        put(object.get(), "doorbell", text(hex(answer.doorbell)));
    }
    put(object.get(), "iommu", answer.iommu == nullptr ? Json(json_null()) : text(answer.iommu));
    if (!answer.stream.empty()) {
        Json stream(json_array());

        for (uint32_t cell : answer.stream) {
            json_array_append_new(stream.get(), json_string(hex(cell).c_str()));
        }
        put(object.get(), "stream", std::move(stream));
    }
    return object;
}

Answer answer_of_choice(const firmware &description, const rid_choice &choice, uint32_t rid)
{
    Answer answer;

    answer.how = rid_msi_route_text(&choice);
    if (choice.controller != FIRMWARE_NONE) {
        const firmware_msi_controller &controller = description.controllers[choice.controller];

        answer.controller = controller.name;
        answer.its = controller.is_its;
        answer.has_device_id = choice.device_id_known;
        answer.device_id = rid_id_of(&choice.device_id, rid);
        answer.has_doorbell = rid_map_doorbell(&controller, answer.device_id, &answer.doorbell);
    }
    if (choice.iommu_route == RID_IOMMU_MAPPED) {
        answer.iommu = description.iommus[choice.iommu].name;
        answer.stream.push_back(rid_id_of(&choice.stream, rid));
        answer.stream.insert(answer.stream.end(), choice.stream_more, choice.stream_more + choice.stream_cells - 1);
    }
    return answer;
}

Answer answer_of_range(const board_result &result, const board_range &range, uint32_t rid)
{
    Answer answer;

    answer.how = range.msi_how;
    if (range.controller != BOARD_NONE) {
        const board_controller &controller = result.controllers[range.controller];

        answer.controller = controller.name;
        answer.its = controller.is_its;
        answer.has_device_id = range.device_id_known;
        answer.device_id = board_id_of(&range.device_id, rid);
        answer.has_doorbell = range.doorbell_known;
        answer.doorbell =
            controller.pre_its ? controller.pre_its_base + 4 * uint64_t{answer.device_id} : range.doorbell;
    }
    if (range.iommu != BOARD_NONE) {
        answer.iommu = result.iommus[range.iommu].name;
        answer.stream.push_back(board_id_of(&range.stream, rid));
        answer.stream.insert(answer.stream.end(), range.stream_more, range.stream_more + range.stream_cells - 1);
    }
    return answer;
}

Json spec_list(const firmware &description, const firmware_map &map, uint32_t rid, bool iommu)
{
    rid_spec spec;
    Json list(json_array());

    if (!map.present) {
        return text("no map");
    }
    rid_map_spec(&map, rid, &spec);
    EXPECT_EQ(spec.kept, spec.total);
    for (size_t i = 0; i < spec.kept; i++) {
        const rid_spec_item &item = spec.items[i];

        if (item.fault != FIRMWARE_FAULT_NONE) {
            json_array_append_new(list.get(), json_string(firmware_fault_text(item.fault)));
            continue;
        }
        Json object(json_object());
        Json out(json_array());

        json_array_append_new(out.get(), json_string(hex(rid_id_of(&item.id, rid)).c_str()));
        for (uint32_t cell = 1; cell < item.cells; cell++) {
            json_array_append_new(out.get(), json_string(hex(item.more[cell - 1]).c_str()));
        }
        put(object.get(), "out", std::move(out));
        put(object.get(), "target",
            text(iommu ? description.iommus[item.target].name : description.controllers[item.target].name));
        json_array_append_new(list.get(), object.release());
    }
    return list;
}

void expect_same(const Json &actual, const json_t *expected, const std::string &what)
{
    EXPECT_TRUE(json_equal(actual.get(), expected))
        << what << "\n  expected " << dump(expected) << "\n  actual   " << dump(actual.get());
}

const board_range *range_of(const board_host &host, uint32_t rid)
{
    for (size_t i = 0; i < host.range_count; i++) {
        if (host.ranges[i].first <= rid && rid <= host.ranges[i].last) {
            return &host.ranges[i];
        }
    }
    return nullptr;
}

/* How much was compared, so that an empty comparison is noticed. */
struct Compared {
    size_t boards = 0;
    size_t hosts = 0;
    size_t rids = 0;
    size_t in_ranges = 0;
};

void compare_rids(const firmware &description, const board_result &result, size_t index, const json_t *rids,
                  Compared &compared)
{
    const firmware_host &host = description.hosts[index];
    const char *key;
    const json_t *expected;

    json_object_foreach(const_cast<json_t *>(rids), key, expected)
    {
        auto rid = static_cast<uint32_t>(std::strtoul(key, nullptr, 16));
        const board_range *range = range_of(result.hosts[index], rid);
        rid_choice choice;
        std::string where = std::string(host.name) + " RID " + key;

        rid_map_choose(&description, &host, rid, &choice);
        expect_same(linux_object(answer_of_choice(description, choice, rid)), json_object_get(expected, "linux"),
                    where + " linux");
        expect_same(spec_list(description, host.msi_map, rid, false),
                    json_object_get(json_object_get(expected, "spec"), "msi"), where + " spec msi");
        expect_same(spec_list(description, host.iommu_map, rid, true),
                    json_object_get(json_object_get(expected, "spec"), "iommu"), where + " spec iommu");
        EXPECT_EQ(range != nullptr, rid >> 8 >= host.bus_first && rid >> 8 <= host.bus_last) << where;
        if (range != nullptr) {
            expect_same(linux_object(answer_of_range(result, *range, rid)), json_object_get(expected, "linux"),
                        where + " by range");
            compared.in_ranges++;
        }
        compared.rids++;
    }
}

void compare_hosts(const firmware &description, const board_result &result, const json_t *expected, Compared &compared)
{
    ASSERT_EQ(description.host_count, json_array_size(expected));
    ASSERT_EQ(result.host_count, description.host_count);
    for (size_t i = 0; i < description.host_count; i++) {
        Json host(json_deep_copy(json_array_get(expected, i)));
        Json rids(json_incref(json_object_get(host.get(), "rids")));

        json_object_del(host.get(), "rids");
        expect_same(host_object(description, description.hosts[i]), host.get(), description.hosts[i].name);
        compare_rids(description, result, i, rids.get(), compared);
        compared.hosts++;
    }
}

void compare_its(const firmware &description, const json_t *expected)
{
    Json list(json_array());

    for (size_t i = 0; i < description.controller_count; i++) {
        if (description.controllers[i].is_its) {
            json_array_append_new(list.get(), its_object(description.controllers[i]).release());
        }
    }
    expect_same(list, expected, "its");
}

/*
 * The corpus was made by a tool that took every node with "smmu" in its `compatible` for an IOMMU. One board is itself
 * called "synthetic,split-its-one-smmu", so that its root node is listed; it has no #iommu-cells, which an IOMMU must.
 */
Json without_named_roots(const json_t *expected)
{
    Json list(json_array());
    size_t i;
    json_t *iommu;

    json_array_foreach(const_cast<json_t *>(expected), i, iommu)
    {
        bool root = std::strcmp(json_string_value(json_object_get(iommu, "path")), "/") == 0;

        if (!(root && json_is_null(json_object_get(iommu, "iommu_cells")))) {
            json_array_append(list.get(), iommu);
        }
    }
    return list;
}

void compare_iommus(const firmware &description, const json_t *expected)
{
    Json list(json_array());

    for (size_t i = 0; i < description.iommu_count; i++) {
        json_array_append_new(list.get(), iommu_object(description.iommus[i]).release());
    }
    expect_same(list, without_named_roots(expected).get(), "iommus");
}

void compare_others(const firmware &description, const json_t *expected)
{
    Json list(json_array());

    for (size_t i = 0; i < description.other_count; i++) {
        const firmware_other_map &other = description.others[i];
        Json object(json_object());

        put(object.get(), "path", text(other.name));
        put(object.get(), "available", Json(json_boolean(other.available)));
        put(object.get(), "compatible", string_list(other.compatible));
        put_maps(description, object.get(), other.iommu_map, other.msi_map);
        /* The corpus does not record the masks of these. */
        json_object_del(object.get(), "iommu-map-mask");
        json_object_del(object.get(), "msi-map-mask");
        json_array_append_new(list.get(), object.release());
    }
    expect_same(list, expected, "other_maps");
}

void compare_board(const std::string &name, const json_t *expected, Compared &compared)
{
    SCOPED_TRACE(name);
    Blob blob = read_file(corpus + name + ".dtb");
    Description description(blob, name);
    Board board(blob, name);

    ASSERT_EQ(description.status, BOARD_OK) << description.error.text;
    ASSERT_EQ(board.status, BOARD_OK) << board.error.text;
    EXPECT_STREQ(description.data.model, json_string_value(json_object_get(expected, "model")));
    expect_same(string_list(description.data.compatible), json_object_get(expected, "compatible"), "compatible");
    compare_its(description.data, json_object_get(expected, "its"));
    compare_iommus(description.data, json_object_get(expected, "iommus"));
    compare_others(description.data, json_object_get(expected, "other_maps"));
    compare_hosts(description.data, board.data, json_object_get(expected, "hosts"), compared);
    compared.boards++;
}

TEST(BoardCorpus, EveryRequesterIdOfEveryTreeIsAsExpected)
{
    json_error_t error;
    Compared compared;
    const char *name;
    const json_t *expected;
    std::set<std::string> trees;

    if (!std::filesystem::exists(corpus + "expected.json")) {
        GTEST_SKIP() << "the corpus of device trees is not there: " << corpus;
    }
    Json all(json_load_file((corpus + "expected.json").c_str(), 0, &error));
    ASSERT_NE(all, nullptr) << error.text;
    json_object_foreach(all.get(), name, expected)
    {
        compare_board(name, expected, compared);
        trees.insert(name);
    }
    for (const auto &file : std::filesystem::directory_iterator(corpus)) {
        if (file.path().extension() == ".dtb") {
            EXPECT_EQ(trees.count(file.path().stem().string()), 1u) << file.path() << " is not in expected.json";
        }
    }
    /* What the corpus held when this was written; it may grow, not shrink unnoticed. */
    EXPECT_GE(compared.boards, 54u);
    EXPECT_GE(compared.hosts, 112u);
    EXPECT_GE(compared.rids, 1358u);
    EXPECT_GE(compared.in_ranges, 700u);
}

} // namespace
