/*
 * A straightforward translation to compare the model's with: recursive, without steps, by tables of bit positions. It
 * knows nothing of the model's code, and takes its parameters as the test chose them.
 */
#ifndef DOORBELL_TESTS_SMMUV3_ORACLE_H
#define DOORBELL_TESTS_SMMUV3_ORACLE_H

#include <cstdint>
#include <functional>
#include <map>
#include <utility>
#include <vector>

namespace oracle
{

/** Tables of one stage. */
struct Tables {
    unsigned granule = 12; /**< log2 */
    unsigned bits = 48;    /**< of input */
    int start = 0;         /**< level */
    unsigned out_bits = 48;
    bool wide = false; /**< 52-bit addresses in descriptors */
    bool big_endian = false;
    bool af_ignored = false;
    bool ha = false;
    bool hd = false;
    uint64_t base = 0;
};

struct Stage1 {
    Tables half[2];
    bool disabled[2] = {false, false};
    bool had[2] = {false, false};
    bool el2 = false; /**< one privilege, lower half only */
    bool wxn = false;
    bool pan = false;
};

struct Stage2 {
    Tables tables;
    bool ptw = false;
    bool xnx = true;
};

struct Access {
    char op = 'R'; /**< R, W, X */
    bool priv = false;
};

struct Outcome {
    unsigned fault = 0; /**< event type; 0: translated */
    bool s2 = false;
    unsigned cls = 2;
    uint64_t ipa = 0;
    bool table_write = false;
    uint64_t pa = 0;
    unsigned size = 0; /**< log2 of the page */
    bool operator==(const Outcome &other) const;
};

/** Words of memory by address, with every update that was made. */
struct Memory {
    std::function<uint64_t(uint64_t)> make; /**< what an address holds that was not touched yet */
    std::map<uint64_t, uint64_t> words;
    std::vector<std::pair<uint64_t, uint64_t>> writes;

    uint64_t read(uint64_t address);
    void write(uint64_t address, uint64_t word);
};

/** Translates; either stage may be absent. @param oas bits of a physical address */
Outcome translate(Memory &memory, const Stage1 *s1, const Stage2 *s2, uint64_t input, Access access, unsigned oas);

} // namespace oracle

#endif
