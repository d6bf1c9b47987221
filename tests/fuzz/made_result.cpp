#include "tests/fuzz/made_result.h"

#include "report/run_json.h"
#include "scenario/run.h"
#include "tests/fuzz/scratch_folder.h"

namespace fuzz
{

void make_result(run_result *result)
{
    const Input text = repository_file("scenarios/seeds/two-its-split.yaml");
    const char *const sets[] = {"duration=40 us"};
    const scenario_options sooner = {sets, 1};
    diagnostics list = {};
    host_error error = {};
    scenario_run_options options = {};
    scenario *read = scenario_load_text("/nowhere/made.yaml", reinterpret_cast<const char *>(text.data()), text.size(),
                                        &sooner, &list);

    if (read == nullptr || scenario_run(read, &options, result, &error) != SCENARIO_RUN_DONE) {
        diagnostics_print(stderr, &list);
        fail("the scenario to begin with cannot be run");
    }
    scenario_free(read);
    diagnostics_clear(&list);
}

json_t *made_result()
{
    run_result result = {};
    json_t *document;

    make_result(&result);
    document = run_json(&result);
    run_result_clear(&result);
    return document;
}

} // namespace fuzz
