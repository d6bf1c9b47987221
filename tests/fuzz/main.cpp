/*
 * A fuzz target without a fuzzer.
 *   PROGRAM --mutations N   runs every seed, and N mutations of each
 *   PROGRAM --seeds FOLDER  writes the seeds there, to start a fuzzer from
 *   PROGRAM FILE...         runs these inputs
 */
#include "tests/fuzz/target.h"

#include "gtest/gtest.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

namespace
{

uint64_t next(uint64_t &state)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/** Changes some bytes, and now and then cuts, doubles or joins. */
fuzz::Input mutate(const fuzz::Input &from, const fuzz::Input &other, uint64_t &state)
{
    fuzz::Input to = from;
    const unsigned count = 1 + static_cast<unsigned>(next(state) % 8);

    for (unsigned i = 0; i < count && !to.empty(); i++) {
        const size_t at = next(state) % to.size();

        switch (next(state) % 6) {
        case 0:
            to[at] = static_cast<uint8_t>(next(state));
            break;
        case 1:
            to[at] = static_cast<uint8_t>(to[at] ^ 1u << next(state) % 8);
            break;
        case 2:
            to[at] = next(state) % 2 == 0 ? 0 : 0xff;
            break;
        case 3:
            to.erase(to.begin() + static_cast<std::ptrdiff_t>(at));
            break;
        case 4:
            to.insert(to.begin() + static_cast<std::ptrdiff_t>(at), static_cast<uint8_t>(next(state)));
            break;
        default:
            to.resize(at);
            to.insert(to.end(), other.begin() + static_cast<std::ptrdiff_t>(next(state) % other.size()), other.end());
            break;
        }
    }
    return to;
}

void run(const fuzz::Input &input)
{
    fuzz::run(input.data(), input.size());
}

int run_mutations(unsigned count)
{
    const std::vector<fuzz::Seed> seeds = fuzz::seeds();
    uint64_t state = UINT64_C(0x9e3779b97f4a7c15);

    for (size_t i = 0; i < seeds.size(); i++) {
        run(seeds[i].bytes);
        for (unsigned m = 0; m < count; m++) {
            run(mutate(seeds[i].bytes, seeds[next(state) % seeds.size()].bytes, state));
        }
    }
    std::printf("%zu seeds, %u mutations of each\n", seeds.size(), count);
    return 0;
}

int write_seeds(const std::string &folder)
{
    for (const fuzz::Seed &seed : fuzz::seeds()) {
        std::ofstream out(folder + "/" + seed.name, std::ios::binary);

        out.write(reinterpret_cast<const char *>(seed.bytes.data()), static_cast<std::streamsize>(seed.bytes.size()));
        if (!out) {
            std::fprintf(stderr, "cannot write %s/%s\n", folder.c_str(), seed.name.c_str());
            return 4;
        }
    }
    return 0;
}

} // namespace

int main(int argc, char *argv[])
{
    GTEST_FLAG_SET(break_on_failure, true); // a failed expectation of the small systems is a finding
    if (argc == 3 && std::strcmp(argv[1], "--mutations") == 0) {
        return run_mutations(static_cast<unsigned>(std::strtoul(argv[2], nullptr, 10)));
    }
    if (argc == 3 && std::strcmp(argv[1], "--seeds") == 0) {
        return write_seeds(argv[2]);
    }
    for (int i = 1; i < argc; i++) {
        std::ifstream in(argv[i], std::ios::binary);

        run(fuzz::Input(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()));
    }
    return 0;
}
