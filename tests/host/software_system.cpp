#include "tests/host/software_system.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <random>

namespace software_system
{

namespace
{

// Writes the PCIe part of a scenario.
class Writer
{
  public:
    explicit Writer(uint64_t seed) : random(seed)
    {
    }

    std::string acs()
    {
        const char *kinds[] = {
            "none", "full", "[]", "[SV, RR, CR, UF]", "[RR, CR, UF]", "{ cap: full, ctrl: [RR, CR] }"};
        return kinds[random() % 6];
    }

    std::string endpoint(const std::string &pad)
    {
        const char *bars[] = {"[64 KiB]", "[64 KiB, 1 MiB]", "[16 KiB, 4 KiB, 2 MiB]"};
        std::string name = "ep" + std::to_string(endpoints++);
        unsigned functions = random() % 4 == 0 ? 2 + static_cast<unsigned>(random() % 3) : 1;
        names.push_back(name + (functions > 1 && random() % 2 != 0 ? "/1" : ""));
        std::string more;
        if (random() % 4 == 0) {
            /* Virtual functions: on the endpoint's own bus, or on the next one. */
            bool near = random() % 2 == 0;
            more = std::string(", ari: yes, sr-iov: { vfs: ") + std::to_string(1 + random() % 3) +
                   (near ? "" : ", first-offset: " + std::to_string(252 + random() % 8)) + ", msi-x: 1 }";
            names.push_back(name + "/vf1");
        }
        return pad + name + ":\n" + pad + "  endpoint: { msi-x: " + std::to_string(1 + random() % 6) +
               ", functions: " + std::to_string(functions) + ", bars: " + bars[random() % 3] + ", acs: " + acs() +
               more + " }\n";
    }

    /* Conventional devices on one bus. Software can only know a bridge that keeps IDs if it has a name for it. */
    std::string bridge(const std::string &pad)
    {
        const char *ids[] = {"", "", "", "requester-ids: kept, vendor-id: 0x1a03, device-id: 0x1150, "};
        std::string text = pad + "br" + std::to_string(bridges++) + ":\n" + pad + "  bridge: { " + ids[random() % 4] +
                           "clock: 66 MHz }\n" + pad + "  below:\n";
        for (uint64_t i = 1 + random() % 2; i > 0; i--) {
            std::string name = "ep" + std::to_string(endpoints++);
            const bool two = random() % 2 == 0;
            names.push_back(name);
            if (two) {
                names.push_back(name + "/1");
            }
            text += pad + "    " + name + ": { endpoint: { msi-x: 2, functions: " + (two ? "2" : "1") + " }";
            text += (random() % 2 == 0 ? ", slot: " + std::to_string(8 + 4 * i + random() % 4) : "") + " }\n";
        }
        return text;
    }

    // A switch and an endpoint that share a link, either of them as function 0.
    std::string several(const std::string &pad, unsigned depth)
    {
        const std::string name = "ep" + std::to_string(endpoints++);
        const std::string part = "sw" + std::to_string(switches++);
        const std::string first = pad + "    " + name + ": { endpoint: { functions: 2, acs: " + acs() + " } }\n";
        std::string second = pad + "    " + part + ":\n" + pad + "      switch: { acs: " + acs() +
                             ", upstream-acs: " + acs() + " }\n" + pad + "      below:\n";

        names.push_back(name);
        names.push_back(name + "/1");
        for (uint64_t i = 1 + random() % 2; i > 0; i--) {
            second += device(pad + "        ", depth - 1);
        }
        return pad + "mf" + std::to_string(multiple++) + ":\n" + pad +
               "  multifunction: { peers: " + (random() % 2 == 0 ? "yes" : "no") + " }\n" + pad + "  below:\n" +
               (random() % 2 == 0 ? first + second : second + first);
    }

    std::string device(const std::string &pad, unsigned depth)
    {
        std::string name = "sw" + std::to_string(switches);
        std::string text;
        if (random() % 6 == 0) {
            return bridge(pad);
        }
        if (depth == 0 || random() % 3 == 0) {
            return endpoint(pad);
        }
        if (random() % 4 == 0) {
            return several(pad, depth);
        }
        switches++;
        text = pad + name + ":\n" + pad + "  switch: { acs: " + acs() +
               ", multifunction-ports: " + (random() % 4 == 0 ? "yes" : "no") + " }\n" + pad + "  below:\n";
        for (uint64_t i = 1 + random() % 3; i > 0; i--) {
            text += device(pad + "    ", depth - 1);
        }
        return text;
    }

    std::string write()
    {
        const char *groupings[] = {"linux", "corrected", "reach"};
        const char *enable[] = {"yes", "no", "not-first-port"};
        std::string text = "doorbell: 1\nduration: 20 us\nplatform:\n"
                           "  its: { A: { base: 0x08080000 }, B: { base: 0x080c0000 } }\n"
                           "  smmu: { S: { base: 0x09050000, stream-table: " +
                           std::string(random() % 2 != 0 ? "linear" : "2-level") +
                           " } }\npcie:\n  rc0:\n    iommu-map: [[0, S, 0, 0x10000]]\n";
        /* Odd and even buses, or low and high ones, or all to one. */
        const char *maps[] = {"[[0, A, 0, 0x10000]]", "[[0, A, 0, 0x400], [0x400, B, 0x400, 0xfc00]]",
                              "[[0, A, 0, 0x600], [0x600, B, 0x600, 0xfa00]]"};
        text += std::string("    msi-map: ") + maps[random() % 3] + "\n    root-ports:\n";
        for (uint64_t i = 0, count = 1 + random() % 3; i < count; i++) {
            text += "      rp" + std::to_string(i) + ":\n        acs: " + acs() + "\n        below:\n" +
                    device("          ", 2);
        }
        text += std::string("software: { grouping: ") + groupings[random() % 3] +
                ", enable-acs: " + enable[random() % 3] +
                ", domains: { default: " + (random() % 5 == 0 ? "identity" : "dma") + " } }\ntraffic:\n";
        for (const std::string &name : names) {
            text += "  " + name +
                    ": [ { msi: { vectors: all, period: 1 us } }, { dma-write: { size: 64 B, period: 700 ns } } ]\n";
        }
        return text;
    }

  private:
    std::mt19937_64 random;
    unsigned endpoints = 0;
    unsigned switches = 0;
    unsigned multiple = 0;
    unsigned bridges = 0;
    std::vector<std::string> names;
};

} // namespace

std::string random_text(uint64_t seed)
{
    return Writer(seed).write();
}

std::vector<std::string> shipped()
{
    std::vector<std::string> files;
    for (const auto &entry : std::filesystem::recursive_directory_iterator(DOORBELL_SOURCE_DIR "/scenarios")) {
        if (entry.path().extension() == ".yaml") {
            files.push_back(entry.path().string());
        }
    }
    std::sort(files.begin(), files.end());
    return files;
}

static std::string clear(diagnostics *messages)
{
    char *text = nullptr;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    diagnostics_print(stream, messages);
    fclose(stream);
    std::string said(text, size);
    free(text);
    diagnostics_clear(messages);
    return said;
}

Built *Built::from_text(const std::string &text)
{
    Built *built = new Built();
    diagnostics messages = {};
    built->scenario = scenario_load_text("t.yaml", text.data(), text.size(), nullptr, &messages);
    built->said = clear(&messages);
    return built;
}

Built *Built::from_file(const std::string &path)
{
    Built *built = new Built();
    diagnostics messages = {};
    built->scenario = scenario_load(path.c_str(), nullptr, &messages);
    built->said = clear(&messages);
    return built;
}

Built::~Built()
{
    system_destroy(system);
    scenario_free(scenario);
}

bool Built::bring_up()
{
    system_options options = {};
    system = system_create(scenario, &options, &error);
    if (system == nullptr || !system_bring_up(system, &error)) {
        return false;
    }
    software = system_software(system);
    return true;
}

namespace
{

struct Names {
    const struct scenario *scenario;
    char text[64];
};

const char *name_of(void *context, uint16_t segment, uint16_t rid)
{
    Names *names = static_cast<Names *>(context);
    return system_name_at(names->scenario, segment, rid, names->text, sizeof(names->text));
}

} // namespace

bool predict(const Built &built, pci_tree *tree, host_error *error)
{
    Names names = {built.scenario, ""};
    software_config config;
    system_software_options(built.scenario, &config);
    config.enumerate.name_of = name_of;
    config.enumerate.name_context = &names;
    return predict_tree(built.scenario, &config.enumerate, tree, error);
}

} // namespace software_system
