/*
 * Scenario files. What is read is shown, and judged as `doorbell check` does, as long as it is small; what is not read
 * has an error with a place.
 */
#include "scenario/scenario.h"
#include "scenario/show.h"
#include "scenario/verdicts.h"
#include "tests/fuzz/scratch_folder.h"

#include <cstring>

/* libfyaml itself loses a kilobyte over a quoted text of many pieces, as '' makes them; asked by LeakSanitizer. */
// NOLINTBEGIN(bugprone-reserved-identifier)
extern "C" const char *__lsan_default_suppressions();
extern "C" const char *__lsan_default_suppressions()
{
    return "leak:libfyaml.so";
}
// NOLINTEND(bugprone-reserved-identifier)

namespace fuzz
{

namespace
{

/** Devices beyond which a scenario is only read: checking is quadratic in what can reach what. */
constexpr size_t few = 48;

void show(const scenario *read)
{
    char *text = nullptr;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    scenario *again;
    diagnostics list = {};

    scenario_show(stream, read);
    fclose(stream);
    again = scenario_load_text("/nowhere/again.yaml", text, size, nullptr, &list);
    if (again == nullptr) {
        diagnostics_print(stderr, &list);
        fail("a scenario cannot be read again as it was shown");
    }
    scenario_free(again);
    diagnostics_clear(&list);
    free(text);
}

void check(const scenario *read)
{
    verdict_list verdicts = {};
    host_error error = {};

    if (!verdicts_from_topology(read, &verdicts, &error) && error.text[0] == '\0') {
        fail("no verdicts, and no reason");
    }
    verdict_list_clear(&verdicts);
}

} // namespace

void run(const uint8_t *data, size_t size)
{
    diagnostics list = {};
    /* The name's folder is none, so that a relative base is not found. */
    scenario *read =
        scenario_load_text("/nowhere/input.yaml", reinterpret_cast<const char *>(data), size, nullptr, &list);

    if ((read != nullptr) == (list.error_count != 0)) {
        fail("an error without a failure, or the other way round");
    }
    if (read != nullptr) {
        show(read);
        if (read->device_count <= few) {
            check(read);
        }
    }
    scenario_free(read);
    diagnostics_clear(&list);
}

std::vector<Seed> seeds()
{
    std::vector<Seed> all;

    for (const char *name :
         {"examples/minimal", "examples/bridge-without-bus", "examples/virtual-functions", "examples/virtual-channels",
          "examples/ims", "examples/pasid", "examples/pri", "examples/conventional-bus", "examples/errors",
          "examples/multifunction-upstream", "seeds/two-its-split", "seeds/nested-per-group", "seeds/guest-direct"}) {
        std::string flat = name;

        flat.replace(flat.find('/'), 1, "-");
        all.push_back({flat, repository_file("scenarios/" + std::string(name) + ".yaml")});
    }
    return all;
}

} // namespace fuzz
