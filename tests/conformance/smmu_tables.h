/*
 * What software keeps in memory for an SMMU, made from a case's symbolic description: stream tables, CD tables,
 * translation tables. Everything whose address a case does not give is placed here.
 */
#ifndef DOORBELL_TESTS_CONFORMANCE_SMMU_TABLES_H
#define DOORBELL_TESTS_CONFORMANCE_SMMU_TABLES_H

#include "tests/conformance/fields.h"
#include "tests/conformance/ports.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace conformance
{

class SmmuTables
{
  public:
    explicit SmmuTables(MemoryPort &memory);

    /** A new place: symbols have 4 MiB each, aligned, below 4 GiB. */
    uint64_t allocate_big();
    uint64_t allocate(uint64_t bytes);
    /** Names an address, so that cases can use it. */
    void define(const std::string &symbol, uint64_t address);

    /** The stream table. @param split meaningful with two levels */
    void set_stream_table(bool two_level, unsigned split, unsigned log2size, uint64_t base);

    /** All structures of a setup: ste, cd, l1std, l1cd, map, unmap. */
    void build(const Value &setup);

    /** Changes a structure: a field of an STE or CD that is there, or a whole one. */
    void set_ste(const Value &fields);
    void set_cd(const Value &fields);
    /** Where an STE lies; its level-2 table is made if there is none. */
    uint64_t ste_address(uint32_t sid);
    void set_l1std(const Value &fields);
    void set_l1cd(const Value &fields);
    void map(const Value &entry);
    void unmap(const Value &entry);

    /** Number of a text: a number, a symbol, `ipa NUMBER`, sums and products of them. Nothing for unknown text. */
    std::optional<uint64_t> resolve(const std::string &text) const;
    /** The same; unknown symbols are placed. */
    uint64_t address_of(const Value &value);

    /** Region that a text names: `stream table`, `level-3 table of PT1`, a symbol, `ADDRESS+SIZE`. */
    std::vector<Range> regions_of(const Value &value);

  private:
    /** How a translation table is read. */
    struct Geometry {
        unsigned stage;
        unsigned granule; /**< log2 */
        unsigned bits;    /**< of input */
        int start;        /**< level */
        bool big_endian;
    };
    struct Table {
        std::string root;
        int level;
        uint64_t address; /**< physical */
        uint64_t size;
    };
    struct Mapping {
        uint64_t root;
        uint64_t input;
        uint64_t output;
        uint64_t size;
    };

    Geometry geometry_of(const Value &entry, const std::string &root, unsigned stage);
    Geometry stage1_geometry(const Value &cd, bool upper) const;
    Geometry stage2_geometry(const Value &ste) const;
    std::string root_of(const Value &entry, unsigned stage);
    uint64_t physical(const std::string &space, uint64_t address) const;
    uint64_t new_table(const std::string &root, const Geometry &geometry, int level);
    void map_range(const std::string &root, const Geometry &geometry, const Value &entry, uint64_t input,
                   uint64_t output, uint64_t size);
    void map_leaf(const std::string &root, const Geometry &geometry, uint64_t input, uint64_t descriptor,
                  unsigned leaf_bits);
    void unmap_leaf(const std::string &root, const Geometry &geometry, uint64_t input);
    void identity_map(const Value &entry);
    uint64_t read_descriptor(const Geometry &geometry, uint64_t address) const;
    void write_descriptor(const Geometry &geometry, uint64_t address, uint64_t value);
    void write_ste(uint32_t sid);
    void write_cd(const std::string &table, uint64_t index);
    void write_words(const Layout &layout, const Value &fields, uint64_t address);
    void complete_ste(Value &ste);
    void complete_cd(Value &cd);

    MemoryPort &memory_;
    uint64_t next_big_ = 0x10000000;
    uint64_t next_small_ = 0x0C000000;
    uint64_t next_ipa_ = 0; /**< downwards, in the window of a guest's tables; 0: not begun */
    std::map<std::string, uint64_t> symbols_;
    bool two_level_ = false;
    unsigned split_ = 0;
    unsigned log2size_ = 0;
    uint64_t stream_table_ = 0;
    std::map<uint64_t, uint64_t> level2_; /**< by index: level-2 stream tables */
    std::map<uint32_t, Value> stes_;
    std::map<std::pair<std::string, uint64_t>, Value> cds_;
    std::vector<Table> tables_;
    std::vector<Mapping> stage2_; /**< all that stage 2 ever mapped: where a guest's memory is */
};

} // namespace conformance

#endif
