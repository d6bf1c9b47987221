#include "tests/smmuv3/oracle.h"

namespace oracle
{

namespace
{

struct Fault {
    unsigned type;
    bool s2;
    unsigned cls;
    uint64_t ipa;
    bool table_write;
};

struct Region {
    uint64_t address; /**< where the input itself goes */
    unsigned size;
    uint64_t word;
};

uint64_t bit(uint64_t word, unsigned n)
{
    return word >> n & 1;
}

uint64_t bits(uint64_t word, unsigned high, unsigned low)
{
    uint64_t value = 0;

    for (unsigned i = low; i <= high; i++) {
        value |= bit(word, i) << (i - low);
    }
    return value;
}

/** Lowest input bit that a level resolves. */
unsigned lsb(unsigned granule, int level)
{
    static const std::map<unsigned, std::map<int, unsigned>> table = {
        {12, {{-1, 48}, {0, 39}, {1, 30}, {2, 21}, {3, 12}}},
        {14, {{0, 47}, {1, 36}, {2, 25}, {3, 14}}},
        {16, {{1, 42}, {2, 29}, {3, 16}}},
    };
    return table.at(granule).at(level);
}

bool block_allowed(const Tables &t, int level)
{
    if (level == 3) {
        return false;
    }
    if (t.granule == 12) {
        return level == 1 || level == 2 || (t.wide && level == 0);
    }
    return level == 2 || (t.wide && level == 1);
}

unsigned contiguous(const Tables &t, int level)
{
    static const std::map<std::pair<unsigned, int>, unsigned> joined = {
        {{12, 1}, 4}, {{12, 2}, 4}, {{12, 3}, 4}, {{14, 2}, 5}, {{14, 3}, 7}, {{16, 2}, 5}, {{16, 3}, 5}};
    const auto found = joined.find({t.granule, level});

    return found == joined.end() ? 0 : found->second;
}

uint64_t pointer(const Tables &t, uint64_t word, unsigned low)
{
    if (!t.wide) {
        return bits(word, 47, low) << low;
    }
    if (t.granule == 16) {
        return bits(word, 47, low) << low | bits(word, 15, 12) << 48;
    }
    return bits(word, 49, low) << low | bits(word, 9, 8) << 50;
}

class Walker
{
  public:
    Walker(Memory &memory, const Stage1 *s1, const Stage2 *s2, Access access, unsigned oas)
        : memory_(memory), s1_(s1), s2_(s2), access_(access), oas_(oas)
    {
    }

    Region whole(uint64_t input)
    {
        if (s1_ == nullptr) {
            if (input >> oas_ != 0) {
                throw Fault{0x11, false, 2, 0, false};
            }
            return stage2(input, 2, access_.op == 'W', true);
        }
        const Region first = stage1(input);
        if (s2_ == nullptr) {
            return first;
        }
        Region second = stage2(first.address, 2, access_.op == 'W', true);
        second.size = std::min(first.size, second.size);
        return second;
    }

  private:
    uint64_t load(const Tables &t, uint64_t address)
    {
        const uint64_t word = memory_.read(address);
        return t.big_endian ? __builtin_bswap64(word) : word;
    }
    void store(const Tables &t, uint64_t address, uint64_t word)
    {
        memory_.write(address, t.big_endian ? __builtin_bswap64(word) : word);
    }

    /** The physical address of a descriptor of stage 1. */
    uint64_t place(uint64_t address, bool write)
    {
        return s2_ == nullptr ? address : stage2(address, 1, write, false).address;
    }

    static Region leaf(const Tables &t, int level, uint64_t input, uint64_t word)
    {
        const unsigned low = lsb(t.granule, level);
        unsigned size = low;

        if (bit(word, 52) != 0 && low + contiguous(t, level) <= t.bits) {
            size += contiguous(t, level);
        }
        return {pointer(t, word, low) >> size << size | (size == 0 ? 0 : bits(input, size - 1, 0)), size, word};
    }

    bool s1_permits(uint64_t word, uint64_t tables, bool hd) const
    {
        const bool write_bit = bit(word, 7) == 0 || (hd && bit(word, 51) != 0);
        bool ur = bit(word, 6) != 0;
        bool uw = ur && write_bit;
        bool pr = true;
        bool pw = write_bit;
        bool ux = bit(word, 54) == 0;
        bool px = bit(word, 53) == 0;

        if (bit(tables, 62) != 0) {
            uw = pw = false;
        }
        if (s1_->el2) {
            px = bit(word, 54) == 0 && bit(tables, 60) == 0;
            return access_.op == 'W' ? pw : access_.op == 'R' || (px && !(s1_->wxn && pw));
        }
        if (bit(tables, 61) != 0) {
            ur = uw = false;
        }
        ux = ux && bit(tables, 60) == 0 && !(s1_->wxn && uw);
        px = px && bit(tables, 59) == 0 && !uw && !(s1_->wxn && pw);
        if (s1_->pan && (ur || uw)) {
            pr = pw = false;
        }
        switch (access_.op) {
        case 'W':
            return access_.priv ? pw : uw;
        case 'X':
            return access_.priv ? px : ux;
        default:
            return access_.priv ? pr : ur;
        }
    }

    Region stage1(uint64_t input)
    {
        const unsigned half = s1_->el2 ? 0 : static_cast<unsigned>(bit(input, 55));
        const Tables &t = s1_->half[half];
        uint64_t table = t.base;
        uint64_t denied = 0;

        if (s1_->disabled[half] || input >> t.bits != (half != 0 ? ~UINT64_C(0) >> t.bits : 0)) {
            throw Fault{0x10, false, 2, 0, false};
        }
        for (int level = t.start;; level++) {
            const unsigned low = lsb(t.granule, level);
            const unsigned high = level == t.start ? t.bits - 1 : lsb(t.granule, level - 1) - 1;
            const uint64_t address = table + 8 * bits(input, high, low);
            uint64_t word = load(t, place(address, false));
            const bool last = level == 3 || bit(word, 1) == 0;

            if (bit(word, 0) == 0 || (level == 3 && bit(word, 1) == 0) ||
                (last && level < 3 && !block_allowed(t, level))) {
                throw Fault{0x10, false, 2, 0, false};
            }
            if (pointer(t, word, last ? low : t.granule) >> t.out_bits != 0) {
                throw Fault{0x11, false, 2, 0, false};
            }
            if (!last) {
                table = pointer(t, word, t.granule);
                denied |= s1_->had[half] ? 0 : word;
                continue;
            }
            if (bit(word, 10) == 0 && !t.ha && !t.af_ignored) {
                throw Fault{0x12, false, 2, 0, false};
            }
            if (!s1_permits(word, denied, t.hd)) {
                throw Fault{0x13, false, 2, 0, false};
            }
            uint64_t better = t.ha ? word | UINT64_C(1) << 10 : word;
            if (t.hd && bit(word, 51) != 0 && access_.op == 'W') {
                better &= ~(UINT64_C(1) << 7);
            }
            if (better != word) {
                store(t, place(address, true), better);
            }
            return leaf(t, level, input, better);
        }
    }

    /** @param cls what for: 1 a stage 1 table, 2 the access itself @param write whether that writes */
    Region stage2(uint64_t ipa, unsigned cls, bool write, bool may_execute)
    {
        const Tables &t = s2_->tables;
        const bool table_write = cls == 1 && write;
        uint64_t table = t.base;

        if (ipa >> t.bits != 0) {
            throw Fault{0x10, true, cls, ipa, table_write};
        }
        for (int level = t.start;; level++) {
            const unsigned low = lsb(t.granule, level);
            const unsigned high = level == t.start ? t.bits - 1 : lsb(t.granule, level - 1) - 1;
            const uint64_t address = table + 8 * bits(ipa, high, low);
            const uint64_t word = load(t, address);
            const bool last = level == 3 || bit(word, 1) == 0;

            if (bit(word, 0) == 0 || (level == 3 && bit(word, 1) == 0) ||
                (last && level < 3 && !block_allowed(t, level))) {
                throw Fault{0x10, true, cls, ipa, table_write};
            }
            if (pointer(t, word, last ? low : t.granule) >> t.out_bits != 0) {
                throw Fault{0x11, true, cls, ipa, table_write};
            }
            if (!last) {
                table = pointer(t, word, t.granule);
                continue;
            }
            if (bit(word, 10) == 0 && !t.ha && !t.af_ignored) {
                throw Fault{0x12, true, cls, ipa, table_write};
            }
            const bool execute = may_execute && access_.op == 'X';
            const bool can_write = bit(word, 7) != 0 || (t.hd && bit(word, 51) != 0);
            const uint64_t xn = bits(word, 54, 53);
            const bool never = s2_->xnx ? (access_.priv ? xn == 1 || xn == 2 : xn >= 2) : bit(word, 54) != 0;
            const bool good = execute ? !never : write ? can_write : bit(word, 6) != 0;
            if (!good || (cls == 1 && s2_->ptw && bits(word, 5, 4) == 0) ||
                (cls == 1 && s2_->ptw && bits(word, 3, 2) == 0)) {
                throw Fault{0x13, true, cls, ipa, table_write};
            }
            uint64_t better = t.ha ? word | UINT64_C(1) << 10 : word;
            if (t.hd && bit(word, 51) != 0 && write) {
                better |= UINT64_C(1) << 7;
            }
            if (better != word) {
                store(t, address, better);
            }
            return leaf(t, level, ipa, better);
        }
    }

    Memory &memory_;
    const Stage1 *s1_;
    const Stage2 *s2_;
    Access access_;
    unsigned oas_;
};

} // namespace

bool Outcome::operator==(const Outcome &other) const
{
    if (fault != other.fault) {
        return false;
    }
    if (fault != 0) {
        return s2 == other.s2 && cls == other.cls && table_write == other.table_write && (!s2 || ipa == other.ipa);
    }
    return pa == other.pa && size == other.size;
}

uint64_t Memory::read(uint64_t address)
{
    const auto found = words.find(address);

    return found != words.end() ? found->second : words.emplace(address, make(address)).first->second;
}

void Memory::write(uint64_t address, uint64_t word)
{
    words[address] = word;
    writes.emplace_back(address, word);
}

Outcome translate(Memory &memory, const Stage1 *s1, const Stage2 *s2, uint64_t input, Access access, unsigned oas)
{
    Outcome outcome;

    try {
        const Region region = Walker(memory, s1, s2, access, oas).whole(input);
        outcome.pa = region.address;
        outcome.size = region.size;
    } catch (const Fault &fault) {
        outcome.fault = fault.type;
        outcome.s2 = fault.s2;
        outcome.cls = fault.cls;
        outcome.ipa = fault.ipa;
        outcome.table_write = fault.table_write;
    }
    return outcome;
}

} // namespace oracle
