/* Runs that find their duration or their warm-up themselves. */
#include "report/run_json.h"
#include "report/run_text.h"
#include "scenario/run.h"
#include "sim/systemc/systemc_engine.h"
#include "tests/cli/process.h"
#include "tests/system/whole.h"

#include <gtest/gtest.h>
#include <jansson.h>

namespace
{

using system_test::load;
using Sets = std::vector<std::string>;

const char *const reference = "scenarios/seeds/two-its-split.yaml";

/** A run of a scenario, and what it says. */
class Ran
{
  public:
    explicit Ran(const Sets &sets, sim_engine_kind engine = SIM_ENGINE_NATIVE,
                 const volatile sig_atomic_t *stop = nullptr)
        : scenario_(load(reference, sets))
    {
        scenario_run_options options = {};
        host_error error = {};

        options.system.engine = engine;
        options.interrupted = stop;
        status = scenario_run(scenario_.get(), &options, &result, &error);
    }
    ~Ran()
    {
        run_result_clear(&result);
    }
    Ran(const Ran &) = delete;
    Ran &operator=(const Ran &) = delete;

    /** All of it but how duration and warm-up were found. */
    std::string document() const
    {
        json_t *object = run_json(&result);

        json_object_del(object, "settling");
        char *dump = json_dumps(object, JSON_INDENT(1));
        std::string text(dump);
        free(dump);
        json_decref(object);
        return text;
    }
    json_t *settling() const /* to be released */
    {
        json_t *object = run_json(&result);
        json_t *part = json_incref(json_object_get(object, "settling"));

        json_decref(object);
        return part;
    }
    std::string text() const
    {
        char *buffer = nullptr;
        size_t size = 0;
        FILE *stream = open_memstream(&buffer, &size);

        EXPECT_TRUE(run_text_write(stream, &result));
        fclose(stream);
        std::string all(buffer);
        free(buffer);
        return all;
    }

    run_result result = {};
    scenario_run_status status = SCENARIO_RUN_IMPOSSIBLE;

  private:
    system_test::Scenario scenario_;
};

std::string femtoseconds(sim_time time)
{
    return std::to_string(time) + " fs";
}

const Sets open = {"duration=20 ms", "warmup=auto", "until.ci=1 %"};

TEST(Settle, TheRunIsTheOneWithThatDurationAndWarmUp)
{
    const Ran found(open);
    const Ran fixed({"duration=" + femtoseconds(found.result.duration), "warmup=" + femtoseconds(found.result.warmup)});

    EXPECT_EQ(found.status, SCENARIO_RUN_DONE);
    EXPECT_TRUE(found.result.settling.is_enough);
    EXPECT_LT(found.result.duration, 10 * SIM_MS);
    EXPECT_LT(found.result.warmup, found.result.duration / 2 + found.result.duration / 8);
    EXPECT_EQ(found.document(), fixed.document());
    EXPECT_FALSE(fixed.result.settling.has_until);
    EXPECT_EQ(fixed.settling(), nullptr);
}

TEST(Settle, EveryEngineFindsTheSame)
{
    const Sets sets = {"duration=4 ms", "warmup=auto", "until.ci=3 %"};
    const std::string native = Ran(sets).document();

    EXPECT_EQ(Ran(sets, SIM_ENGINE_EVERY_CYCLE).document(), native);
    if (sim_systemc_engine() != nullptr) {
        const std::string file = DOORBELL_SOURCE_DIR "/scenarios/seeds/two-its-split.yaml";
        std::vector<std::string> words = {"run", file, "--json"};

        for (const std::string &set : sets) {
            words.insert(words.end(), {"--set", set});
        }
        const cli_test::Result with_native = cli_test::doorbell(words);
        words.insert(words.end(), {"--engine", "systemc"});
        const cli_test::Result with_systemc = cli_test::doorbell(words);
        EXPECT_EQ(with_systemc.status, 0) << with_systemc.err;
        EXPECT_EQ(with_systemc.out, with_native.out);
        EXPECT_NE(with_native.out.find("MSER-5"), std::string::npos);
    }
}

TEST(Settle, TheIntervalIsAsTightAsWanted)
{
    const Ran loose({"duration=50 ms", "until.ci=2 %"});
    const Ran tight({"duration=50 ms", "until.ci=0.2 %"});

    for (const Ran *run : {&loose, &tight}) {
        EXPECT_TRUE(run->result.settling.is_enough);
        EXPECT_EQ(run->result.warmup, 20 * SIM_US) << "as the file has it";
        /* What was under way when it was found enough has come in since: a little apart, then. */
        EXPECT_LT(run_precision(&run->result), run->result.settling.ci * 21 / 20);
    }
    EXPECT_GT(tight.result.duration, 4 * loose.result.duration);
}

TEST(Settle, TheDurationIsTheLimit)
{
    const Ran run({"duration=1 ms", "until.ci=0.01 %"});
    json_t *settling = run.settling();
    json_t *until = json_object_get(settling, "until");

    EXPECT_EQ(run.result.duration, SIM_MS);
    EXPECT_FALSE(run.result.settling.is_enough);
    EXPECT_EQ(json_integer_value(json_object_get(until, "wanted-ppm")), 100);
    EXPECT_GT(json_integer_value(json_object_get(until, "reached-ppm")), 100);
    EXPECT_TRUE(json_is_false(json_object_get(until, "enough")));
    EXPECT_NE(run.text().find("NOT known well enough"), std::string::npos) << run.text();
    json_decref(settling);
}

TEST(Settle, TheOutputsNameTheMethod)
{
    const Ran run(open);
    json_t *settling = run.settling();
    const char *method = json_string_value(json_object_get(json_object_get(settling, "warmup"), "method"));

    EXPECT_STREQ(method, "MSER-5");
    EXPECT_NE(run.text().find("(MSER-5)"), std::string::npos) << run.text();
    EXPECT_NE(run.text().find("wanted: 1.000 %"), std::string::npos) << run.text();
    json_decref(settling);
}

TEST(Settle, NothingThatTheFileAnnouncesIsCutOff)
{
    const Sets late = {"duration=40 ms", "warmup=auto", "until.ci=3 %", "traffic.epA.0.msi.start=5 ms"};
    const Ran run(late);

    EXPECT_TRUE(run.result.settling.is_enough);
    EXPECT_GT(run.result.duration, 5 * SIM_MS);
}

TEST(Settle, AnInterruptEndsBothRuns)
{
    const volatile sig_atomic_t stop = 2;
    const Ran run({"duration=1000 s", "warmup=auto", "until.ci=10 ppm"}, SIM_ENGINE_NATIVE, &stop);

    EXPECT_EQ(run.status, SCENARIO_RUN_INTERRUPTED);
    EXPECT_TRUE(run.result.interrupted);
}

} // namespace
