/*
 * Recordings: files, each with its number and two bytes of length before it; those that an input does not have are of
 * the small recording. A recording that is read is replayed too, to both models.
 */
#include "replay/replay.h"
#include "tests/fuzz/scratch_folder.h"

namespace fuzz
{

namespace
{

const char *const names[] = {
    "config_fetches.csv", "its_commands.csv", "its_final_routes.csv", "mem.bin.gz",          "mem.idx",
    "mmio.csv",           "msis.csv",         "pte_observed.csv",     "recording.json",      "regs.json",
    "smmu_commands.csv",  "smmu_events.csv",  "translations.csv",     "translations_all.csv"};
constexpr size_t count = sizeof(names) / sizeof(names[0]);

const Input &whole(size_t file)
{
    static const std::vector<Input> all = [] {
        std::vector<Input> read;

        for (const char *name : names) {
            read.push_back(repository_file(std::string("tests/data/replay/small/") + name));
        }
        return read;
    }();

    return all[file];
}

Seed seed(const std::string &name, size_t from, size_t to)
{
    Input bytes;

    for (size_t file = from; file < to; file++) {
        const Input &content = whole(file);

        bytes.push_back(static_cast<uint8_t>(file));
        bytes.push_back(static_cast<uint8_t>(content.size()));
        bytes.push_back(static_cast<uint8_t>(content.size() >> 8));
        bytes.insert(bytes.end(), content.begin(), content.end());
    }
    return {name, bytes};
}

} // namespace

void run(const uint8_t *data, size_t size)
{
    static const ScratchFolder folder;
    static bool changed[count];
    static bool first = true;
    bool given[count] = {};
    replay_options options;
    replay_result result = {};
    diagnostics list = {};

    for (size_t at = 0; at + 3 <= size;) {
        const size_t file = data[at] % count;
        size_t length = static_cast<size_t>(data[at + 1] | data[at + 2] << 8);

        length = length > size - at - 3 ? size - at - 3 : length;
        folder.write(names[file], data + at + 3, length);
        given[file] = true;
        at += 3 + length;
    }
    for (size_t file = 0; file < count; file++) {
        if (!given[file] && (changed[file] || first)) {
            folder.write(names[file], whole(file).data(), whole(file).size());
        }
        changed[file] = given[file];
    }
    first = false;
    replay_options_default(&options);
    if (replay_run(folder.path().c_str(), &options, &result, &list) == (list.error_count != 0)) {
        fail("an error without a failure, or the other way round");
    }
    replay_result_clear(&result);
    diagnostics_clear(&list);
}

std::vector<Seed> seeds()
{
    std::vector<Seed> all = {seed("replay-all", 0, count)};

    for (size_t file = 0; file < count; file++) {
        all.push_back(seed(std::string("replay-") + names[file], file, file + 1));
    }
    return all;
}

} // namespace fuzz
