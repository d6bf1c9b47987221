/*
 * Seeds of the SMMU's fuzz target: inputs that reach every kind of conformance case, from which mutations go on.
 */
#include "models/smmuv3/smmu.h"
#include "models/smmuv3/smmu_cmdqv.h"
#include "models/smmuv3/smmu_regs.h"
#include "sim/ats.h"
#include "tests/fuzz/smmu_operations.h"

#include <string>
#include <vector>

namespace fuzz
{

namespace
{

/** A header: preset 0, what the bytes choose; no stalls unless asked for. */
Writer header(unsigned stages = 1 << 5, unsigned memory = 0, unsigned caches = 0, unsigned preset = 0)
{
    Writer w;

    w.put(preset, 1).put(stages, 1).put(memory, 1).put(caches, 1).put(0, 4);
    return w;
}

/** The same with ATS, PRI, command queues, and an endpoint. */
Writer header_ats(unsigned protocols, unsigned queues = 0, unsigned endpoint = 0, unsigned stages = 1 << 5,
                  unsigned preset = 0)
{
    Writer w;

    w.put(preset, 1).put(stages, 1).put(0x20, 1).put(0, 1);
    w.put(protocols, 1).put(queues, 1).put(endpoint, 1).put(0, 1);
    return w;
}

Writer &request(Writer &w, uint32_t sid, uint64_t address, unsigned flags = 2u << 7, unsigned ssid = 0)
{
    return w.put(kRequest, 1).put(sid, 1).put(ssid, 1).put(address, 6).put(flags, 2);
}

Writer &command(Writer &w, uint64_t word0, uint64_t word1)
{
    return w.put(kCommand, 1).put(word0, 8).put(word1, 8).put(kSync, 1);
}

Writer &ste(Writer &w, unsigned sid, unsigned word, uint64_t mask)
{
    return w.put(kSte, 1).put(sid, 1).put(word, 1).put(mask, 8);
}

Writer &reg(Writer &w, uint16_t offset, uint32_t value)
{
    return w.put(kWrite32, 1).put(offset, 2).put(value, 4);
}

/** The requests of the bases of the conformance cases: every page of the mapping, each way. */
Writer &touch(Writer &w)
{
    for (uint32_t sid : {0x10u, 0x11u, 0x12u, 0x13u}) {
        for (uint64_t page : {1, 2, 3, 4, 5, 7, 0x200}) {
            request(w, sid, 0x40000000 + page * 4096, (2u << 7) | static_cast<unsigned>(page & 7));
        }
    }
    return w.put(kSettle, 1).put(kConsume, 1);
}

void add_commands(std::vector<Seed> &list)
{
    /* Every command of the cases smmu-cmd, smmu-inv, smmu-res, and illegal ones. */
    const struct {
        const char *name;
        uint64_t word0;
        uint64_t word1;
    } commands[] = {
        {"prefetch-config", UINT64_C(0x1000000001), 0},
        {"prefetch-addr", UINT64_C(0x1000000002), 0x40001000},
        {"cfgi-ste", UINT64_C(0x1000000003), 1},
        {"cfgi-range", UINT64_C(0x1200000004), 1},
        {"cfgi-all", 4, 31},
        {"cfgi-cd", UINT64_C(0x1000000005), 1},
        {"cfgi-cd-all", UINT64_C(0x1000000006), 0},
        {"tlbi-nh-all", 0x10, 0},
        {"tlbi-nh-asid", UINT64_C(0x0007000100000011), 0},
        {"tlbi-nh-va", UINT64_C(0x0007000100000012), 0x40001001},
        {"tlbi-nh-va-range", UINT64_C(0x0007000100101012), 0x40001401},
        {"tlbi-nh-vaa", UINT64_C(0x0000000100000013), 0x40001000},
        {"tlbi-el3", 0x18, 0},
        {"tlbi-el2-all", 0x20, 0},
        {"tlbi-el2-va", UINT64_C(0x0007000000000022), 0x40001000},
        {"tlbi-s12", UINT64_C(0x0000000200000028), 0},
        {"tlbi-s2-ipa", UINT64_C(0x000000020000002a), 0x40001000},
        {"tlbi-nsnh", 0x30, 0},
        {"atc-inv", UINT64_C(0x1000000040), 52},
        {"pri-resp", UINT64_C(0x1000000041), UINT64_C(0x100000001)},
        {"resume", UINT64_C(0x1000001044), 0},
        {"stall-term", UINT64_C(0x1000000045), 0},
        {"sync-msi", UINT64_C(0xcafe000100001046), 0x1ff00000},
        {"sync-sev", 0x2046, 0},
        {"sync-reserved", 0x3046, 0},
        {"reserved", 0xf0, 0},
        {"ssec", UINT64_C(0x1000000403), 1},
    };

    for (const auto &c : commands) {
        for (unsigned stages : {1u << 5, 0u}) {
            Writer w = header(stages);

            touch(w);
            command(w, c.word0, c.word1);
            touch(w).put(kRepair, 1);
            command(w, c.word0, c.word1);
            list.push_back({std::string("command-") + c.name + (stages == 0 ? "-stall" : ""), w.bytes()});
        }
    }
}

void add_structures(std::vector<Seed> &list)
{
    /* Each bit of the STE and of the CD, as the cases of configuration and of reserved bits do. */
    for (unsigned word = 0; word < 4; word++) {
        for (unsigned bit = 0; bit < 64; bit += 16) {
            Writer w = header(word % 2 == 0 ? 1 << 5 : 0, 0, bit & 0x30);

            for (unsigned i = 0; i < 16; i++) {
                ste(w, 0x10, word, UINT64_C(1) << (bit + i));
                command(w, UINT64_C(0x1000000003), 1);
                request(w, 0x10, 0x40001000).put(kSettle, 1);
                ste(w, 0x10, word, UINT64_C(1) << (bit + i));
            }
            list.push_back({"ste-" + std::to_string(64 * word + bit), w.bytes()});
            Writer c = header(1 << 5);

            for (unsigned i = 0; i < 16; i++) {
                c.put(kCd, 1).put(word, 1).put(UINT64_C(1) << (bit + i), 8);
                command(c, UINT64_C(0x1000000005), 1);
                request(c, 0x10, 0x40001000).put(kSettle, 1);
                c.put(kCd, 1).put(word, 1).put(UINT64_C(1) << (bit + i), 8);
            }
            list.push_back({"cd-" + std::to_string(64 * word + bit), c.bytes()});
        }
    }
}

void add_registers(std::vector<Seed> &list)
{
    for (unsigned preset = 0; smmu_presets[preset] != nullptr; preset++) {
        Writer w = header(1 << 5, 0x30, 3, preset);

        touch(w);
        reg(w, 0x20, 0);
        reg(w, 0x44, 0x80100000);
        touch(w);
        reg(w, 0x44, 0x80000000);
        reg(w, 0x90, 0x10000008);
        reg(w, 0x20, 0xd);
        touch(w);
        reg(w, 0x80ac, 0x80000005);
        reg(w, 0x20, 0x9);
        touch(w);
        list.push_back({std::string("registers-") + smmu_presets[preset], w.bytes()});
    }
    Writer sweep = header();

    for (uint16_t offset = 0; offset < 0x100; offset = static_cast<uint16_t>(offset + 4)) {
        sweep.put(kRead, 1).put(offset, 2).put(2, 1);
        reg(sweep, offset, 0xffffffff);
    }
    touch(sweep);
    list.push_back({"registers-sweep", sweep.bytes()});

    Writer queues = header(1 << 5, 0, 8 | 64 | 128);

    /* A queue of a control page, then a virtual one of interface 0; both read what the command queue holds. */
    queues.put(kWrite64, 1).put(0x9000, 2).put(0x10000004, 8);
    reg(queues, 0x9008, 0x80000003);
    reg(queues, 0xf800, 0xb);
    reg(queues, 0xf840, 3);
    reg(queues, 0xa200, 1);
    queues.put(kWrite64, 1).put(0xc000, 2).put(0x10000004, 8);
    reg(queues, 0xb008, 1);
    reg(queues, 0xb004, 2);
    touch(queues);
    list.push_back({"registers-queues", queues.bytes()});
}

void add_tables(std::vector<Seed> &list)
{
    for (unsigned memory : {0u, 3u, 4u, 8u}) {
        Writer w = header(1 << 5, memory, 1);

        for (unsigned page = 0; page < 4; page++) {
            for (unsigned bit = 0; bit < 64; bit += 5) {
                w.put(kTable, 1).put(page, 1).put(page == 3 ? 1 : page == 2 ? 0 : 1, 2).put(UINT64_C(1) << bit, 8);
                request(w, 0x10, 0x40001000);
                request(w, 0x12, 0x40001000);
            }
        }
        touch(w);
        list.push_back({"tables-" + std::to_string(memory), w.bytes()});
    }
}

/** Translation requests and translated transactions of each stream, page requests, and their responses. */
Writer &touch_ats(Writer &w)
{
    for (uint32_t sid : {0x10u, 0x11u, 0x12u, 0x13u}) {
        for (unsigned page : {1u, 2u, 3u, 0x200u}) {
            const uint64_t address = UINT64_C(0x40000000) + page * UINT64_C(4096);

            request(w, sid, address, 3u << 7 | 1u << 5 | (page & 1) * kNoWrite);
            request(w, sid, 0x80000000 + page * UINT64_C(4096), 2u << 7 | 2u << 5 | (page & 1));
        }
        w.put(kPage, 1).put(sid, 1).put(0, 1).put(0x40001, 5).put(sid, 1).put(5, 1);
        w.put(kPage, 1).put(sid, 1).put(0, 1).put(0x40002, 5).put(sid, 1).put(4 | 8, 1);
    }
    return w.put(kSettle, 1).put(kConsume, 1).put(kConsumePages, 1);
}

void add_ats(std::vector<Seed> &list)
{
    for (unsigned endpoint = 0; endpoint < 4; endpoint++) {
        for (unsigned preset = 0; smmu_presets[preset] != nullptr; preset++) {
            for (unsigned check : {0u, kAtsCheck}) {
                Writer w = header_ats(kAllProtocols | check, 0, endpoint | 32, check != 0 ? 0 : 1 << 5, preset);

                touch_ats(w);
                command(w, UINT64_C(0x1000000040), 52);
                command(w, UINT64_C(0x1200000040), 0x40001000);
                command(w, UINT64_C(0x1000000041), UINT64_C(0x2000000010)).put(kRepair, 1);
                w.put(kMessage, 1).put(SIM_ATS_INVALIDATE_COMPLETION, 1).put(0x10, 1).put(0, 1);
                w.put(UINT64_C(0x1ffffffff), 8).put(0, 1);
                reg(w, 0x20, 0);
                touch_ats(w);
                list.push_back({std::string("ats-") + smmu_presets[preset] + "-" + std::to_string(endpoint) +
                                    (check != 0 ? "-checked" : ""),
                                w.bytes()});
            }
        }
    }
    /* A PRI queue that nobody empties overflows; one that is disabled; messages of every code. */
    Writer full = header_ats(kAllProtocols);

    for (unsigned i = 0; i < 12; i++) {
        full.put(kPage, 1).put(0x10, 1).put(i, 1).put(i, 5).put(i, 1).put(i & 1 ? 5 : 0xb, 1);
    }
    full.put(kSettle, 1);
    reg(full, 0x20, 0xd);
    touch_ats(full);
    list.push_back({"pri-overflow", full.bytes()});
    Writer codes = header_ats(kAllProtocols);

    for (unsigned code = 0; code < 8; code++) {
        codes.put(kMessage, 1).put(code, 1).put(0x10, 1).put(0, 1).put(~UINT64_C(0), 8).put(code << 3, 1);
    }
    list.push_back({"ats-codes", codes.bytes()});
}

/** Faults that stall, what resumes and ends them, page requests checked for PPAR, SMMUEN = 0 with all of it. */
void add_stalls(std::vector<Seed> &list)
{
    for (unsigned preset = 0; smmu_presets[preset] != nullptr; preset++) {
        Writer w = header_ats(kAllProtocols & ~kPps, 0, 0, 0, preset);

        w.put(kCd, 1).put(0, 1).put(UINT64_C(1) << 44, 8);
        ste(w, 0x10, 1, UINT64_C(1) << 18);
        command(w, UINT64_C(0x1000000003), 1);
        for (unsigned i = 0; i < 20; i++) {
            request(w, 0x10, 0x50000000 + i * UINT64_C(4096), (2u << 7) | (i & 1));
        }
        w.put(kSettle, 1);
        for (unsigned tag = 0; tag < 4; tag++) {
            command(w, UINT64_C(0x1000000044) | (tag & 1) << 12, tag);
        }
        w.put(kConsume, 1);
        for (unsigned i = 0; i < 12; i++) {
            w.put(kPage, 1).put(0x10, 1).put(0, 1).put(i, 5).put(i, 1).put(8 | 5, 1);
        }
        w.put(kSettle, 1);
        touch_ats(w);
        command(w, UINT64_C(0x1000000045), 0);
        request(w, 0x10, 0x50000000);
        w.put(kSettle, 1);
        reg(w, 0x20, 0);
        touch_ats(w);
        list.push_back({std::string("stalls-") + smmu_presets[preset], w.bytes()});
    }
}

void add_queues(std::vector<Seed> &list)
{
    for (unsigned mode = 0; mode < 3; mode++) {
        Writer w = header_ats(kAllProtocols, kAllQueues, mode);

        for (unsigned number = 0; number < 8; number++) {
            w.put(kStartQueue, 1).put(number, 1).put(mode, 1);
            for (uint64_t word0 : {UINT64_C(0x0007000100000011), UINT64_C(0x1000000040), UINT64_C(0x46),
                                   UINT64_C(0x1000000003), UINT64_C(0xf0)}) {
                w.put(kQueueCommand, 1).put(number, 1).put(word0, 8).put(52, 8);
            }
        }
        touch_ats(w);
        for (unsigned number = 0; number < 8; number++) {
            w.put(kQueueRepair, 1).put(number, 1);
            w.put(kFar32, 1).put(0x40000 + 0x10008 + 0x80 * number, 3).put(0, 4);
            w.put(kFar32, 1).put(0x20008 + 0x8000 * number, 3).put(number, 4);
        }
        list.push_back({"queues-" + std::to_string(mode), w.bytes()});
    }
    Writer sweep = header_ats(0, kAllQueues);

    for (uint64_t page : {0x4000u, 0x20000u, 0x40000u, 0x40200u, 0x41000u, 0x410c0u, 0x50000u, 0x60000u, 0x70000u}) {
        for (uint64_t offset = 0; offset < 0x28; offset += 4) {
            sweep.put(kFarRead, 1).put(page + offset, 3).put(2, 1);
            sweep.put(kFar32, 1).put(page + offset, 3).put(0xffffffff, 4);
        }
    }
    list.push_back({"queues-sweep", sweep.bytes()});
}

} // namespace

std::vector<Seed> seeds()
{
    std::vector<Seed> list;

    add_commands(list);
    add_structures(list);
    add_registers(list);
    add_tables(list);
    add_ats(list);
    add_stalls(list);
    add_queues(list);
    return list;
}

} // namespace fuzz
