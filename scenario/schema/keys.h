/*
 * The keys of a scenario file: one description of each, from which everything else follows.
 *
 * A key's type, unit, default, range and meaning stand in one table row. The parser fills structures by it
 * (parse_table.h), `doorbell show` prints by it (show.h), the JSON Schema (json_schema.h) and the tables in
 * docs/scenario-format.md (key_table.h) are generated from it. Defaults and ranges are texts in the syntax of the file.
 */
#ifndef DOORBELL_SCENARIO_SCHEMA_KEYS_H
#define DOORBELL_SCENARIO_SCHEMA_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "scenario/parse_tree.h"
#include "scenario/units.h"

#ifdef __cplusplus
extern "C" {
#endif

struct parse;
struct scenario_key;

/** The type of a value. */
struct scenario_value_type {
    const char *name;      /**< for documents: "time", "list of sizes" */
    enum units_kind units; /**< for quantities */
    /**
     * Reads a node into a field, reporting what is wrong. Types that fill several members of one structure (BARs,
     * vectors, expectations) have keys with offset 0: their field is the structure.
     * @return whether the field was set
     */
    bool (*parse)(struct parse *parse, const struct scenario_key *key, const struct tree_node *node, void *field);
    /** Writes a field as a file would hold it, on one line. */
    void (*print)(FILE *stream, const struct scenario_key *key, const void *field);
    const char *schema; /**< JSON Schema of the value; NULL: made from `units` and `choices` */
};

enum scenario_key_kind {
    KEY_VALUE,    /**< a value of `type` at `offset` */
    KEY_TABLE,    /**< a map of `table` at `offset`; an absent one is filled with defaults */
    KEY_OPTIONAL, /**< a map of `table`; the field is a pointer, NULL if absent */
    /**
     * a map from names to maps of `table`; the field is a pointer to an array, its length at count_offset
     */
    KEY_NAMED,
    KEY_LIST,       /**< a list of maps of `table`; fields as KEY_NAMED */
    KEY_NAMED_LIST, /**< a map from names to lists: `table` has one key of kind KEY_LIST that takes the list */
    KEY_FILE,       /**< dealt with before the tables are (`base`) */
    KEY_FUTURE,     /**< known, but not supported yet: an error that says so */
};

/** One key. */
struct scenario_key {
    const char *name;
    enum scenario_key_kind kind;
    const struct scenario_value_type *type;
    const struct scenario_table *table;
    size_t offset;
    size_t size; /**< of the field, for integers */
    size_t count_offset;
    const char
        *standard;    /**< default; NULL: none, or see `automatic`. For KEY_NAMED: name of the one default element */
    const char *step; /**< added to the default for each component before this one */
    const char *automatic; /**< how a default that depends on other things is found */
    const char *source;    /**< where the default comes from, or "assumption"; NULL if there is nothing to source */
    const char *minimum;
    const char *maximum;
    const char *unit_name;      /**< for documents, of bare numbers: "entries", "bits"; NULL if none */
    const char *const *choices; /**< NULL-terminated, in the order of the enumeration */
    uint64_t alignment;         /**< value must be a multiple; 0: any */
    bool power_of_two;
    bool required;
    /** Whether the key means anything beside what else its structure holds; NULL: always. An error if it is written. */
    bool (*applies)(const void *structure);
    const char *needs; /**< what `applies` asks for, for messages: "`arrivals: burst`" */
    /** Whether a resolved structure shows the key; NULL: if it applies. */
    bool (*shown)(const void *structure);
    const char *doc; /**< one or two sentences */
};

/** What a preset (a choice of the key `preset`, the first of its table) makes the default of another key. */
struct scenario_preset {
    const char *preset; /**< the choice */
    const char *key;
    const char *value;
    const char *source; /**< where the value comes from, or "assumption" */
};

/** One kind of map. */
struct scenario_table {
    const char *name; /**< for documents, unique: "smmu" */
    const char *path; /**< for documents: where it stands, "platform.smmu.NAME" */
    const char *doc;
    const struct scenario_key *keys;
    size_t count; /**< at most 64 */
    size_t size;  /**< of the structure */
    size_t place_offset;
    size_t given_offset;
    size_t name_offset;  /**< SIZE_MAX: no name */
    size_t index_offset; /**< SIZE_MAX: no index */
    bool of_functions;   /**< its names are those of functions, "epA/1", which whoever resolves them looks up */
    const struct scenario_preset *presets;
    size_t preset_count;
};

#define SCENARIO_NO_OFFSET  SIZE_MAX
#define SCENARIO_ASSUMPTION "assumption"

/** The table of the whole file. */
extern const struct scenario_table scenario_table_endpoint;
extern const struct scenario_table scenario_table_sriov;
extern const struct scenario_table scenario_table_pci_bridge;
extern const struct scenario_table scenario_table_multifunction;
extern const struct scenario_table scenario_table_root;

/** The tables of its parts, for use in other tables. */
extern const struct scenario_table scenario_table_platform;
extern const struct scenario_table scenario_table_pre_its;
extern const struct scenario_table scenario_table_distributor;
extern const struct scenario_table scenario_table_v2m;
extern const struct scenario_table scenario_table_smmu;
extern const struct scenario_table scenario_table_smmu_tlb;
extern const struct scenario_table scenario_table_smmu_idr;
extern const struct scenario_table scenario_table_config_cache;
extern const struct scenario_table scenario_table_micro_tlb;
extern const struct scenario_table scenario_table_tbu_tlb;
extern const struct scenario_table scenario_table_ipa_cache;
extern const struct scenario_table scenario_table_walk_cache;
extern const struct scenario_table scenario_table_link;
extern const struct scenario_table scenario_table_device;
extern const struct scenario_table scenario_table_endpoint_msi;
extern const struct scenario_table scenario_table_port;
extern const struct scenario_table scenario_table_root_port;
extern const struct scenario_table scenario_table_root_complex;
extern const struct scenario_table scenario_table_software;
extern const struct scenario_table scenario_table_hypervisor;
extern const struct scenario_table scenario_table_vm;
extern const struct scenario_table scenario_table_consumer;
extern const struct scenario_table scenario_table_action;
extern const struct scenario_table scenario_table_reserved;
extern const struct scenario_table scenario_table_auxiliary;
extern const struct scenario_table scenario_table_affinity;
extern const struct scenario_table scenario_table_traffic;
extern const struct scenario_table scenario_table_msi;
extern const struct scenario_table scenario_table_dma_write;
extern const struct scenario_table scenario_table_dma_read;
extern const struct scenario_table scenario_table_sweep;
extern const struct scenario_table scenario_table_until;

/** The types of values. */
extern const struct scenario_value_type scenario_type_boolean;
extern const struct scenario_value_type scenario_type_number;
extern const struct scenario_value_type scenario_type_hexadecimal;
extern const struct scenario_value_type scenario_type_text;
extern const struct scenario_value_type scenario_type_choice;
extern const struct scenario_value_type scenario_type_time;
extern const struct scenario_value_type scenario_type_warmup;
extern const struct scenario_value_type scenario_type_share;
extern const struct scenario_value_type scenario_type_cycles;
extern const struct scenario_value_type scenario_type_clock;
extern const struct scenario_value_type scenario_type_frequency;
extern const struct scenario_value_type scenario_type_size;
extern const struct scenario_value_type scenario_type_bandwidth;
extern const struct scenario_value_type scenario_type_transfer;
extern const struct scenario_value_type scenario_type_name;
extern const struct scenario_value_type scenario_type_function;
extern const struct scenario_value_type scenario_type_acs;
extern const struct scenario_value_type scenario_type_bars;
extern const struct scenario_value_type scenario_type_layout;
extern const struct scenario_value_type scenario_type_map;
extern const struct scenario_value_type scenario_type_vectors;
extern const struct scenario_value_type scenario_type_channels;
extern const struct scenario_value_type scenario_type_numbers;
extern const struct scenario_value_type scenario_type_functions;
extern const struct scenario_value_type scenario_type_expectations;
extern const struct scenario_value_type scenario_type_values;

/** What the preset of a structure, whose `preset` has been read, says of a key; NULL if it says nothing. */
const struct scenario_preset *scenario_table_find_preset(const struct scenario_table *table,
                                                         const struct scenario_key *key, const void *structure);

/** Finds a key of a table; NULL if it has none of that name. */
const struct scenario_key *scenario_table_find(const struct scenario_table *table, const char *name);

#ifdef __cplusplus
}
#endif

#endif
