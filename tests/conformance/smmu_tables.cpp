#include "tests/conformance/smmu_tables.h"

#include <algorithm>

namespace conformance
{

namespace
{

constexpr uint64_t big = UINT64_C(4) << 20;

/* Members of a structure that say where it stands, not what is in it. */
bool is_placement(const std::string &key)
{
    return key == "sid" || key == "table" || key == "index" || key == "copy_of" || key == "note";
}

std::string trim(const std::string &text)
{
    const size_t first = text.find_first_not_of(" \t");

    return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

void merge(Value &into, const Value &from)
{
    for (const Value &member : from.children) {
        into.set(member.key, member);
    }
}

} // namespace

SmmuTables::SmmuTables(MemoryPort &memory) : memory_(memory)
{
}

uint64_t SmmuTables::allocate_big()
{
    const uint64_t address = next_big_;

    next_big_ += big;
    return address;
}

uint64_t SmmuTables::allocate(uint64_t bytes)
{
    const uint64_t address = (next_small_ + bytes - 1) / bytes * bytes;

    next_small_ = address + bytes;
    if (next_small_ > 0x10000000) {
        throw Failure("a case needs more tables than there is room for");
    }
    return address;
}

void SmmuTables::define(const std::string &symbol, uint64_t address)
{
    symbols_[symbol] = address;
}

/* ---- Names ---- */

std::optional<uint64_t> SmmuTables::resolve(const std::string &text) const
{
    const std::string name = trim(text);

    if (const auto number = parse_number(name)) {
        return number;
    }
    if (name.rfind("ipa ", 0) == 0) {
        return resolve(name.substr(4));
    }
    for (const char op : {'+', '*'}) {
        const size_t at = name.find(op);

        if (at != std::string::npos) {
            const auto left = resolve(name.substr(0, at));
            const auto right = resolve(name.substr(at + 1));

            if (!left || !right) {
                return std::nullopt;
            }
            return op == '+' ? *left + *right : *left * *right;
        }
    }
    const auto found = symbols_.find(name);

    return found != symbols_.end() ? std::optional<uint64_t>(found->second) : std::nullopt;
}

uint64_t SmmuTables::address_of(const Value &value)
{
    if (const auto known = resolve(value.to_text())) {
        return *known;
    }
    const std::string name = trim(value.text);
    const bool plain =
        std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });

    if (!plain || name.empty() || std::isdigit(static_cast<unsigned char>(name[0])) != 0) {
        throw CaseError(value.place, "`" + name + "` is neither a number nor a symbol");
    }
    define(name, allocate_big());
    return symbols_[name];
}

std::vector<Range> SmmuTables::regions_of(const Value &value)
{
    const std::string text = trim(value.to_text());
    int level = 0;
    char root[64];

    if (text == "none") {
        return {};
    }
    if (text == "stream table" || text == "level-1 stream table") {
        const uint64_t bytes = two_level_ ? 8 << (log2size_ - std::min(log2size_, split_)) : UINT64_C(64) << log2size_;

        if (two_level_ != (text != "stream table")) {
            throw CaseError(value.place,
                            "the stream table has " + std::string(two_level_ ? "two levels" : "one level"));
        }
        return {{stream_table_, bytes}};
    }
    if (sscanf(text.c_str(), "level-%d table of %63s", &level, root) == 2) {
        std::vector<Range> found;

        for (const Table &table : tables_) {
            if (table.root == root && table.level == level) {
                found.push_back({table.address, table.size});
            }
        }
        if (found.empty()) {
            throw CaseError(value.place, "there is no " + text);
        }
        return found;
    }
    if (const size_t plus = text.find('+'); plus != std::string::npos) {
        const auto base = resolve(text.substr(0, plus));
        const auto size = resolve(text.substr(plus + 1));

        if (base && size) {
            return {{*base, *size}};
        }
    }
    if (const auto base = resolve(text)) {
        return {{*base, big}};
    }
    throw CaseError(value.place, "`" + text + "` is not a region");
}

/* ---- Stream table ---- */

void SmmuTables::set_stream_table(bool two_level, unsigned split, unsigned log2size, uint64_t base)
{
    two_level_ = two_level;
    split_ = split;
    log2size_ = log2size;
    stream_table_ = base;
    define("STRTAB_BASE", base);
}

void SmmuTables::write_words(const Layout &layout, const Value &fields, uint64_t address)
{
    uint64_t words[8] = {};

    for (const Value &field : fields.children) {
        if (!is_placement(field.key)) {
            put_field(layout, words, field.key, address_of(field), field.place);
        }
    }
    for (unsigned i = 0; i < layout.words; i++) {
        memory_.write64(address + 8 * i, words[i]);
    }
}

void SmmuTables::set_l1std(const Value &fields)
{
    const uint64_t index = fields.at("index").to_number();

    if (const Value *pointer = fields.find("L2Ptr")) {
        level2_[index] = address_of(*pointer);
    }
    write_words(l1std_layout, fields, stream_table_ + 8 * index);
}

uint64_t SmmuTables::ste_address(uint32_t sid)
{
    if (two_level_) {
        const uint64_t index = sid >> split_;

        if (level2_.count(index) == 0) {
            Value l1std = Value::map();

            l1std.set("index", Value::number(index));
            l1std.set("Span", Value::number(split_ + 1));
            l1std.set("L2Ptr", Value::number(allocate_big()));
            set_l1std(l1std);
        }
        return level2_[index] + 64 * (sid & ((1u << split_) - 1));
    }
    return stream_table_ + UINT64_C(64) * sid;
}

void SmmuTables::write_ste(uint32_t sid)
{
    write_words(ste_layout, stes_[sid], ste_address(sid));
}

/* Pointers that the case leaves to us. */
void SmmuTables::complete_ste(Value &ste)
{
    const uint64_t config = ste.number_or("Config", 0);

    if ((config & 5) == 5 && ste.find("S1ContextPtr") == nullptr) {
        ste.set("S1ContextPtr", Value::text_of("CDT"));
    }
    if ((config & 6) == 6 && ste.find("S2TTB") == nullptr) {
        ste.set("S2TTB", Value::text_of("PT_STAGE2"));
    }
}

void SmmuTables::set_ste(const Value &fields)
{
    const Value *sid = fields.find("sid");

    if (sid == nullptr) {
        throw CaseError(fields.place, "which STE? `sid` is missing");
    }
    Value &ste = stes_[static_cast<uint32_t>(sid->to_number())];

    merge(ste, fields);
    complete_ste(ste);
    write_ste(static_cast<uint32_t>(sid->to_number()));
}

/* ---- CD tables ---- */

void SmmuTables::complete_cd(Value &cd)
{
    if (cd.number_or("EPD0", 0) == 0 && cd.find("TTB0") == nullptr) {
        cd.set("TTB0", Value::text_of("PT_STAGE1"));
    }
}

void SmmuTables::write_cd(const std::string &table, uint64_t index)
{
    const uint64_t address = *resolve(table) + 64 * index;

    write_words(cd_layout, cds_[{table, index}], physical(table, address));
}

void SmmuTables::set_cd(const Value &fields)
{
    Value where = fields.find("table") != nullptr ? fields.at("table") : Value::text_of("CDT");
    const uint64_t index = fields.number_or("index", 0);
    Value cd = Value::map();

    if (fields.find("table") == nullptr) {
        for (const auto &ste : stes_) {
            if (const Value *pointer = ste.second.find("S1ContextPtr")) {
                where = *pointer;
            }
        }
    }
    address_of(where);
    if (const Value *copied = fields.find("copy_of")) {
        auto from = cds_.find({where.text, copied->to_number()});

        for (auto it = cds_.begin(); it != cds_.end() && from == cds_.end(); ++it) {
            from = it->first.second == copied->to_number() ? it : from;
        }
        if (from == cds_.end()) {
            throw CaseError(copied->place, "there is no CD " + copied->text + " to copy");
        }
        cd = from->second;
    } else if (const auto present = cds_.find({where.text, index}); present != cds_.end()) {
        cd = present->second;
    }
    merge(cd, fields);
    complete_cd(cd);
    cds_[{where.text, index}] = cd;
    write_cd(where.text, index);
}

void SmmuTables::set_l1cd(const Value &fields)
{
    const Value &table = fields.at("table");

    write_words(l1cd_layout, fields, physical(table.text, address_of(table) + 8 * fields.at("index").to_number()));
}

/* ---- All of a setup ---- */

void SmmuTables::build(const Value &setup)
{
    const auto each = [&](const char *key) {
        const Value *found = setup.find(key);

        return found != nullptr ? found->each() : std::vector<Value>();
    };

    for (const Value &l1std : each("l1std")) {
        set_l1std(l1std);
    }
    for (const Value &ste : each("ste")) {
        set_ste(ste);
    }
    /* Stage 2 first: a guest's tables are written where it puts them. */
    for (const Value &entry : each("map")) {
        if (entry.find("va") == nullptr && entry.text_or("pa", "") != "identity") {
            map(entry);
        }
    }
    for (const Value &cd : each("cd")) {
        set_cd(cd);
    }
    for (const Value &l1cd : each("l1cd")) {
        set_l1cd(l1cd);
    }
    for (const Value &entry : each("map")) {
        if (entry.find("va") != nullptr) {
            map(entry);
        }
    }
    for (const Value &entry : each("map")) {
        if (entry.text_or("pa", "") == "identity") {
            map(entry);
        }
    }
    for (const Value &entry : each("unmap")) {
        unmap(entry);
    }
}

} // namespace conformance
