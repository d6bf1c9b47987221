#include "tests/system/whole.h"

#include "host/rid_map.h"
#include "scenario/run.h"
#include "scenario/verdicts.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <stdexcept>

namespace system_test
{

std::string source_path(const std::string &path)
{
    return DOORBELL_SOURCE_DIR "/" + path;
}

std::vector<std::string> scenarios_in(const std::string &folder)
{
    std::vector<std::string> found;

    for (const auto &entry : std::filesystem::recursive_directory_iterator(source_path(folder))) {
        if (entry.path().extension() == ".yaml") {
            found.push_back(std::filesystem::relative(entry.path(), DOORBELL_SOURCE_DIR).string());
        }
    }
    std::sort(found.begin(), found.end());
    return found;
}

std::vector<std::string> all_scenarios()
{
    std::vector<std::string> all = scenarios_in("scenarios");
    const std::vector<std::string> more = scenarios_in("tests/data/scenarios");

    all.insert(all.end(), more.begin(), more.end());
    return all;
}

std::string test_name(const std::string &path)
{
    std::string name = std::filesystem::path(path).stem().string();

    std::replace_if(
        name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
    return name;
}

namespace
{

std::string said(const struct diagnostics &diagnostics)
{
    char *text = nullptr;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);

    diagnostics_print(stream, &diagnostics);
    fclose(stream);
    const std::string result(text, length);
    free(text);
    return result;
}

struct Sets {
    explicit Sets(const std::vector<std::string> &sets)
    {
        for (const std::string &set : sets) {
            pointers.push_back(set.c_str());
        }
        options = {pointers.data(), pointers.size()};
    }
    std::vector<const char *> pointers;
    scenario_options options = {};
};

Scenario checked(struct scenario *scenario, struct diagnostics *diagnostics)
{
    const std::string text = said(*diagnostics);

    diagnostics_clear(diagnostics);
    if (scenario == nullptr) {
        throw std::runtime_error(text);
    }
    return Scenario(scenario);
}

char *copy(const char *text)
{
    char *result = strdup(text);

    if (result == nullptr) {
        throw std::bad_alloc();
    }
    return result;
}

} // namespace

Scenario load(const std::string &path, const std::vector<std::string> &sets)
{
    const Sets list(sets);
    struct diagnostics diagnostics = {};

    return checked(scenario_load(source_path(path).c_str(), &list.options, &diagnostics), &diagnostics);
}

Scenario load_text(const std::string &text, const std::vector<std::string> &sets)
{
    const Sets list(sets);
    struct diagnostics diagnostics = {};

    return checked(scenario_load_text("t.yaml", text.data(), text.size(), &list.options, &diagnostics), &diagnostics);
}

Whole::Whole(const struct scenario *scenario, struct system_options options) : scenario_(scenario)
{
    struct host_error error = {};

    options.checkers = true;
    system_ = system_create(scenario, &options, &error);
    if (system_ == nullptr) {
        throw std::runtime_error(error.text);
    }
    if (!system_bring_up(system_, &error)) {
        system_destroy(system_);
        throw std::runtime_error(error.text);
    }
    observe();
}

Whole::~Whole()
{
    verdict_list_clear(&moments_);
    run_result_clear(&result_);
    collector_destroy(collector_);
    system_destroy(system_);
}

void Whole::observe()
{
    std::vector<uint32_t> device_of_stream;

    for (size_t i = 0; i < system_stream_count(system_); i++) {
        device_of_stream.push_back(system_stream(system_, i)->function_index);
    }
    collector_ = collector_create(sim(), device_of_stream.data(), static_cast<uint32_t>(device_of_stream.size()),
                                  static_cast<uint32_t>(system_function_count(system_)));
    system_observe(system_, collector_);
    verdicts_watch(system_, &moments_);
}

void Whole::start()
{
    start_ = system_start_traffic(system_, scenario_->duration);
    collector_start(collector_, start_, scenario_->warmup, scenario_->duration);
}

void Whole::run()
{
    if (system_run(system_, start_ + scenario_->duration + 10 * SIM_S) != SIM_RUN_DRAINED) {
        throw std::runtime_error("the system is still busy long after the traffic ended");
    }
    system_end_traffic(system_);
}

void Whole::describe()
{
    result_.device_count = system_function_count(system_);
    result_.devices = static_cast<run_device *>(calloc(result_.device_count, sizeof(run_device)));
    for (size_t i = 0; i < result_.device_count; i++) {
        const struct system_function *function = system_function(system_, i);
        const struct software_function &mine = software()->functions[function->tree_index];
        run_device &device = result_.devices[i];

        device.name = copy(system_function_name(system_, i));
        device.segment = function->root_complex->segment;
        device.rid = function->rid;
        device.group = software()->groups.group_of[function->tree_index];
        device.stream_id = mine.iommu != UINT32_MAX ? mine.stream_id : VERDICT_NO_ID;
        device.device_id = mine.its != UINT32_MAX ? mine.device_id : VERDICT_NO_ID;
        device.doorbell = mine.its != UINT32_MAX ? mine.doorbell : VERDICT_NO_ID;
        if (mine.iommu != UINT32_MAX) {
            device.smmu = copy(software()->config.firmware->iommus[mine.iommu].name);
        }
        if (mine.its != UINT32_MAX) {
            device.its = copy(software()->config.firmware->controllers[mine.its].name);
        }
    }
}

const run_result &Whole::finish()
{
    result_.title = copy(scenario_->title);
    result_.path = copy(scenario_->path);
    result_.seed = scenario_->seed;
    result_.duration = scenario_->duration;
    result_.warmup = scenario_->warmup;
    result_.setup_time = start_;
    describe();
    collector_finish(collector_, &result_);
    result_.smmu_events = software_collect_events(software());
    system_collect_steps(system_, &result_.steps);
    verdicts_from_run(system_, &moments_, &result_);
    scenario_judge(scenario_, &result_);
    return result_;
}

const run_device &device_of(const run_result &result, const std::string &name)
{
    for (size_t i = 0; i < result.device_count; i++) {
        if (name == result.devices[i].name) {
            return result.devices[i];
        }
    }
    throw std::runtime_error("no device " + name);
}

std::string outcome_of(const verdict_list &verdicts, const std::string &name)
{
    const struct verdict *verdict = verdict_list_find(&verdicts, name.c_str());

    return verdict != nullptr ? verdict_outcome_name(verdict->outcome) : "absent";
}

uint64_t counter_of(const run_result &result, const std::string &component, const std::string &name)
{
    for (size_t i = 0; i < result.counter_count; i++) {
        if (component == result.counters[i].component && name == result.counters[i].name) {
            return result.counters[i].value;
        }
    }
    throw std::runtime_error("no counter " + component + "." + name);
}

} // namespace system_test
