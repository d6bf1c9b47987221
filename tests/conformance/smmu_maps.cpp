/* Translation tables of a case: VMSAv8-64 descriptors of any granule. */
#include "tests/conformance/smmu_tables.h"

#include <algorithm>
#include <set>

namespace conformance
{

namespace
{

constexpr uint64_t bit(unsigned n)
{
    return UINT64_C(1) << n;
}

/* Address bits of a table descriptor, for any granule. */
uint64_t next_table(uint64_t descriptor, unsigned granule)
{
    uint64_t address = descriptor & (bit(48) - 1) & ~(bit(granule) - 1);

    if (granule == 16) {
        address |= (descriptor >> 12 & 0xF) << 48;
    }
    return address;
}

uint64_t held_address(uint64_t address, unsigned granule)
{
    uint64_t bits = address & (bit(48) - 1);

    if (granule == 16) {
        bits |= (address >> 48 & 0xF) << 12;
    }
    return bits;
}

unsigned log2_of(uint64_t value)
{
    unsigned n = 0;

    while (value > 1) {
        value >>= 1;
        n++;
    }
    return n;
}

/* What a leaf says besides its address: as the format's base describes it. */
uint64_t leaf_bits(const Value &entry, unsigned stage)
{
    const std::string perm = entry.text_or("perm", "RW");
    uint64_t bits = 3 << 8 | (entry.number_or("AF", 1) != 0 ? bit(10) : 0);

    if (perm != "RW" && perm != "RO" && (perm != "WO" || stage == 1)) {
        throw CaseError(entry.place, "`" + perm + "` is not a permission of stage " + std::to_string(stage));
    }
    if (stage == 2) {
        return bits | 0xF << 2 |
               (perm == "RW"   ? 3
                : perm == "RO" ? 1
                               : 2)
                   << 6 |
               (entry.number_or("xn", 0) != 0 ? bit(54) : 0);
    }
    bits |= perm == "RO" ? bit(7) : 0;
    bits |= entry.number_or("el0", 1) != 0 ? bit(6) : 0;
    bits |= entry.number_or("nG", 1) != 0 ? bit(11) : 0;
    bits |= entry.number_or("AttrIndx", 0) << 2;
    return bits | (entry.number_or("xn", 0) != 0 ? bit(53) | bit(54) : 0);
}

unsigned granule_of_tg(uint64_t tg)
{
    return tg == 1 ? 16 : tg == 2 ? 14 : 12;
}

/* Whether all numbers of a mapping are multiples of a granule. */
bool is_multiple(const Value &entry, uint64_t granule)
{
    for (const char *key : {"va", "ipa", "pa", "size"}) {
        const Value *found = entry.find(key);

        if (found != nullptr && found->as_number().value_or(0) % granule != 0) {
            return false;
        }
    }
    return true;
}

} // namespace

/* ---- Which table, and how it is read ---- */

SmmuTables::Geometry SmmuTables::stage1_geometry(const Value &cd, bool upper) const
{
    const uint64_t tg = cd.number_or(upper ? "TG1" : "TG0", 0);
    const unsigned granule = upper ? (tg == 1 ? 14 : tg == 3 ? 16 : 12) : granule_of_tg(tg);
    const uint64_t size = cd.number_or(upper ? "T1SZ" : "T0SZ", 0);
    /* A size that is illegal is never walked with. */
    const unsigned bits = size >= 12 && size <= 48 ? 64 - static_cast<unsigned>(size) : 48;
    const unsigned stride = granule - 3;

    return {1, granule, bits, 4 - static_cast<int>((bits - granule + stride - 1) / stride),
            cd.number_or("ENDI", 0) != 0};
}

SmmuTables::Geometry SmmuTables::stage2_geometry(const Value &ste) const
{
    const unsigned granule = granule_of_tg(ste.number_or("S2TG", 0));
    const uint64_t size = ste.number_or("S2T0SZ", 0);
    const unsigned bits = size >= 12 && size <= 48 ? 64 - static_cast<unsigned>(size) : 40;
    const int sl0 = static_cast<int>(ste.number_or("S2SL0", 0));
    const int start = granule == 12 ? (sl0 == 3 ? 3 : 2 - sl0) : 3 - sl0;

    return {2, granule, bits, start, ste.number_or("S2ENDI", 0) != 0};
}

/* Tables without a name belong to the only structure that could point to them. */
std::string SmmuTables::root_of(const Value &entry, unsigned stage)
{
    if (const Value *root = entry.find("pt")) {
        address_of(*root);
        return root->text;
    }
    for (const auto &ste : stes_) {
        const Value *root = ste.second.find("S2TTB");

        if (stage == 2 && root != nullptr) {
            address_of(*root);
            return root->text;
        }
    }
    for (const auto &cd : cds_) {
        const Value *root = cd.second.find("TTB0");

        if (stage == 1 && root != nullptr) {
            address_of(*root);
            return root->text;
        }
    }
    throw CaseError(entry.place, "which table? `pt` is missing");
}

SmmuTables::Geometry SmmuTables::geometry_of(const Value &entry, const std::string &root, unsigned stage)
{
    Geometry geometry = {stage, 12, 48, 0, false};
    const uint64_t wanted = *resolve(root);

    for (const auto &ste : stes_) {
        const Value *pointer = ste.second.find("S2TTB");

        if (stage == 2 && pointer != nullptr && address_of(*pointer) == wanted) {
            geometry = stage2_geometry(ste.second);
        }
    }
    for (const auto &cd : cds_) {
        for (const bool upper : {false, true}) {
            const Value *pointer = cd.second.find(upper ? "TTB1" : "TTB0");

            if (stage == 1 && pointer != nullptr && address_of(*pointer) == wanted) {
                geometry = stage1_geometry(cd.second, upper);
            }
        }
    }
    const Value *granule = entry.find("granule");

    if (granule != nullptr && log2_of(granule->to_number()) != geometry.granule) {
        throw CaseError(granule->place, "the structure that points to `" + root + "` has another granule");
    }
    /* Leaves are 4 KiB unless said otherwise: under a structure of a larger granule they are what nobody can read. */
    if (granule == nullptr && !is_multiple(entry, bit(geometry.granule))) {
        return {stage, 12, 48, 0, false};
    }
    return geometry;
}

/* ---- Where a guest's memory is ---- */

uint64_t SmmuTables::physical(const std::string &space, uint64_t address) const
{
    if (space.rfind("ipa ", 0) != 0) {
        return address;
    }
    for (const Mapping &mapping : stage2_) {
        if (address >= mapping.input && address - mapping.input < mapping.size) {
            return address - mapping.input + mapping.output;
        }
    }
    throw Failure("no mapping of stage 2 holds the guest's table at " + show_number(address));
}

uint64_t SmmuTables::new_table(const std::string &root, const Geometry &geometry, int level)
{
    const uint64_t bytes = bit(geometry.granule);
    uint64_t address;

    if (root.rfind("ipa ", 0) == 0) {
        /* From the end of the window that holds the root. */
        const uint64_t at = *resolve(root);

        for (const Mapping &mapping : stage2_) {
            if (next_ipa_ == 0 && at >= mapping.input && at - mapping.input < mapping.size) {
                next_ipa_ = mapping.input + mapping.size;
            }
        }
        next_ipa_ = (next_ipa_ - bytes) & ~(bytes - 1);
        address = next_ipa_;
    } else {
        address = allocate(bytes);
    }
    tables_.push_back({root, level, physical(root, address), bytes});
    return address;
}

uint64_t SmmuTables::read_descriptor(const Geometry &geometry, uint64_t address) const
{
    const uint64_t value = memory_.read64(address);

    return geometry.big_endian ? __builtin_bswap64(value) : value;
}

void SmmuTables::write_descriptor(const Geometry &geometry, uint64_t address, uint64_t value)
{
    memory_.write64(address, geometry.big_endian ? __builtin_bswap64(value) : value);
}

/* ---- Mapping ---- */

void SmmuTables::map_leaf(const std::string &root, const Geometry &geometry, uint64_t input, uint64_t descriptor,
                          unsigned leaf)
{
    const uint64_t masked = input & (bit(geometry.bits) - 1);
    const unsigned stride = geometry.granule - 3;
    uint64_t table = *resolve(root);

    for (int level = geometry.start; level <= 3; level++) {
        const unsigned low = geometry.granule + stride * static_cast<unsigned>(3 - level);
        const uint64_t index = level == geometry.start ? masked >> low : masked >> low & (bit(stride) - 1);
        const uint64_t address = physical(root, table) + 8 * index;

        if (low == leaf) {
            write_descriptor(geometry, address, descriptor | (level == 3 ? 3 : 1));
            return;
        }
        if ((read_descriptor(geometry, address) & 3) != 3) {
            const uint64_t made = new_table(root, geometry, level + 1);

            write_descriptor(geometry, address, held_address(made, geometry.granule) | 3);
        }
        table = next_table(read_descriptor(geometry, address), geometry.granule);
    }
    throw Failure("a leaf of 2^" + std::to_string(leaf) + " bytes has no level in table " + root);
}

/* The largest pages and blocks that fit. */
void SmmuTables::map_range(const std::string &root, const Geometry &geometry, const Value &entry, uint64_t input,
                           uint64_t output, uint64_t size)
{
    const uint64_t bits = leaf_bits(entry, geometry.stage);
    const unsigned stride = geometry.granule - 3;

    if (size == 0 || ((input | output | size) & (bit(geometry.granule) - 1)) != 0) {
        throw CaseError(entry.place, "address or size is not a multiple of the granule");
    }
    while (size > 0) {
        unsigned leaf = geometry.granule;

        for (int level = std::max(geometry.start, geometry.granule == 12 ? 1 : 2); level < 3; level++) {
            const unsigned low = geometry.granule + stride * static_cast<unsigned>(3 - level);

            if (leaf == geometry.granule && size >= bit(low) && ((input | output) & (bit(low) - 1)) == 0) {
                leaf = low;
            }
        }
        map_leaf(root, geometry, input, held_address(output, geometry.granule) | bits, leaf);
        input += bit(leaf);
        output += bit(leaf);
        size -= bit(leaf);
    }
}

void SmmuTables::map(const Value &entry)
{
    const unsigned stage = entry.find("va") != nullptr ? 1 : 2;

    if (entry.text_or("pa", "") == "identity") {
        identity_map(entry);
        return;
    }
    const std::string root = root_of(entry, stage);
    const Geometry geometry = geometry_of(entry, root, stage);
    const uint64_t input = address_of(entry.at(stage == 1 ? "va" : "ipa"));
    const uint64_t output = address_of(entry.at(stage == 1 && entry.find("ipa") != nullptr ? "ipa" : "pa"));
    const uint64_t size = entry.number_or("size", bit(geometry.granule));

    if (std::none_of(tables_.begin(), tables_.end(), [&](const Table &table) { return table.root == root; })) {
        const unsigned low = geometry.granule + (geometry.granule - 3) * static_cast<unsigned>(3 - geometry.start);

        tables_.push_back({root, geometry.start, physical(root, *resolve(root)),
                           std::max<uint64_t>(64, 8 * (bit(geometry.bits) >> low))});
    }
    map_range(root, geometry, entry, input, output, size);
    if (stage == 2) {
        stage2_.push_back({*resolve(root), input, output, size});
    }
}

/* Stage 2 maps what stage 1 is made of to where it is. */
void SmmuTables::identity_map(const Value &entry)
{
    static const std::string what = "all stage-1 tables and the CD";
    const std::string root = root_of(entry, 2);
    const Geometry geometry = geometry_of(entry, root, 2);
    const uint64_t page = bit(geometry.granule);
    std::set<uint64_t> pages;
    std::set<std::string> roots;

    if (entry.at("ipa").to_text() != what) {
        throw CaseError(entry.place, "identity is for `" + what + "`");
    }
    for (const auto &cd : cds_) {
        pages.insert((*resolve(cd.first.first) + 64 * cd.first.second) / page);
        for (const char *pointer : {"TTB0", "TTB1"}) {
            if (const Value *table = cd.second.find(pointer)) {
                roots.insert(table->text);
            }
        }
    }
    for (const Table &table : tables_) {
        for (uint64_t at = table.address; roots.count(table.root) > 0 && at < table.address + table.size; at += page) {
            pages.insert(at / page);
        }
    }
    for (const uint64_t number : pages) {
        map_range(root, geometry, entry, number * page, number * page, page);
    }
}

/* ---- Unmapping ---- */

void SmmuTables::unmap_leaf(const std::string &root, const Geometry &geometry, uint64_t input)
{
    const uint64_t masked = input & (bit(geometry.bits) - 1);
    const unsigned stride = geometry.granule - 3;
    uint64_t table = *resolve(root);

    for (int level = geometry.start; level <= 3; level++) {
        const unsigned low = geometry.granule + stride * static_cast<unsigned>(3 - level);
        const uint64_t index = level == geometry.start ? masked >> low : masked >> low & (bit(stride) - 1);
        const uint64_t address = physical(root, table) + 8 * index;
        const uint64_t descriptor = read_descriptor(geometry, address);

        if (level == 3 || (descriptor & 3) != 3) {
            write_descriptor(geometry, address, 0);
            return;
        }
        table = next_table(descriptor, geometry.granule);
    }
}

void SmmuTables::unmap(const Value &entry)
{
    const unsigned stage = entry.find("va") != nullptr ? 1 : 2;
    const std::string root = root_of(entry, stage);
    const Geometry geometry = geometry_of(entry, root, stage);
    const uint64_t input = address_of(entry.at(stage == 1 ? "va" : "ipa"));
    const uint64_t size = entry.number_or("size", bit(geometry.granule));

    for (uint64_t done = 0; done < size; done += bit(geometry.granule)) {
        unmap_leaf(root, geometry, input + done);
    }
}

} // namespace conformance
