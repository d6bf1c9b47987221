/*
 * A recording in memory: what a real driver did to an SMMUv3 and a GICv3 ITS, and what came of it. docs/replay.md
 * describes the files. `seq` is one order for all of them.
 */
#ifndef DOORBELL_REPLAY_RECORDING_H
#define DOORBELL_REPLAY_RECORDING_H

#include "replay/table.h"
#include "replay/text.h"
#include "scenario/diagnostics.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define REPLAY_PAGE_BYTES 4096u

/** Redistributors that a recording may have. */
#define REPLAY_MAX_CPUS 48u

/** Bit of `perm`: what a mapping grants. */
#define REPLAY_MAY_READ  1u
#define REPLAY_MAY_WRITE 2u

/** Whose registers a row of mmio.csv is about. */
enum replay_unit {
    REPLAY_UNIT_SMMU,
    REPLAY_UNIT_ITS,
    REPLAY_UNIT_GICD,
    REPLAY_UNIT_GICR, /**< the redistributor of processor `cpu` */
    REPLAY_UNITS,
};

/** mmio.csv: a register access. */
struct replay_mmio {
    uint64_t seq;
    const char *device;
    uint64_t offset;
    uint64_t size;
    uint64_t value;
    const char *rw;
    enum replay_unit unit;
    uint32_t cpu;
    bool write;
};

/** smmu_commands.csv, its_commands.csv: an entry of a command queue. */
struct replay_command {
    uint64_t seq;
    uint64_t slot;
    uint64_t words[4]; /**< of an SMMU command, two */
    const char *decoded;
};

/** pte_observed.csv: a descriptor that a table walk read. */
struct replay_pte {
    uint64_t seq;
    uint64_t address;
    uint64_t value;
};

/** config_fetches.csv: an STE, and with stage 1 its CD. */
struct replay_config {
    uint64_t seq;
    uint64_t stream_id;
    uint64_t ste_address; /**< REPLAY_NONE: unknown */
    const char *evidence;
    uint64_t ste[8];
    uint64_t cd_address; /**< REPLAY_NONE: there is none */
    uint64_t cd[8];
};

/** translations_all.csv: an access that got through. */
struct replay_translation {
    uint64_t seq;
    uint64_t stream_id;
    uint64_t iova;
    uint64_t pa;
    uint64_t permission; /**< REPLAY_MAY_* */
    const char *outcome; /**< "ok" or "bypass" */
};

/** translations.csv: a mapping that is in some snapshots' memory. */
struct replay_mapping {
    uint64_t stream_id;
    uint64_t iova;
    uint64_t pa;
    const char *access;    /**< "r", "w" or "rw" */
    const char *snapshots; /**< indices, separated by semicolons */
    unsigned permission;   /**< REPLAY_MAY_* */
};

/** smmu_events.csv: an access that was denied. */
struct replay_fault {
    uint64_t seq;
    uint64_t stream_id;
    uint64_t iova;
    const char *type; /**< name of the event, or NO_EVENT */
    uint64_t read;    /**< RnW; REPLAY_NONE if the record has none */
    uint64_t words[4];
};

/** msis.csv: an MSI that reached the ITS. */
struct replay_msi {
    uint64_t seq;
    uint64_t device_id;
    uint64_t event_id;
    uint64_t iova;
    uint64_t doorbell;
    uint64_t intid;
    uint64_t collection;
    uint64_t target; /**< Processor_Number */
};

/** its_final_routes.csv: a mapping of the ITS behind the last command. */
struct replay_route {
    uint64_t device_id;
    uint64_t event_id;
    uint64_t intid;
    uint64_t collection;
    uint64_t target;
};

/** mem.idx: a page of a snapshot's memory. */
struct replay_page {
    uint64_t snapshot;
    uint64_t address;
    uint64_t number; /**< in mem.bin; REPLAY_NONE: all zeros */
    const char *kind;
};

/** A register value at a stopped moment. */
struct replay_register {
    const char *name;
    uint64_t value;
};

/** The registers of one unit. */
struct replay_registers {
    struct replay_register *items;
    size_t count;
};

/** A stopped moment. */
struct replay_snapshot {
    const char *tag;
    uint64_t seq;
    struct replay_registers smmu;
    struct replay_registers its;
    struct replay_registers gicd;
    struct replay_registers gicr[REPLAY_MAX_CPUS];
};

/** Where the devices are, from regs.json. */
struct replay_map {
    uint64_t gicd;
    uint64_t its;
    uint64_t translater;
    uint64_t gicr;
    uint64_t gicr_stride;
    uint64_t smmu;
    uint64_t ram;
    uint64_t ram_size;
};

/** The files with rows that are read, in the order of the text above. */
enum replay_file {
    REPLAY_FILE_MMIO,
    REPLAY_FILE_SMMU_COMMANDS,
    REPLAY_FILE_ITS_COMMANDS,
    REPLAY_FILE_PTES,
    REPLAY_FILE_CONFIGS,
    REPLAY_FILE_TRANSLATIONS,
    REPLAY_FILE_MAPPINGS,
    REPLAY_FILE_FAULTS,
    REPLAY_FILE_MSIS,
    REPLAY_FILE_ROUTES,
    REPLAY_FILE_PAGES,
    REPLAY_FILES,
};

struct replay_recording {
    char *directory;
    struct replay_text texts[REPLAY_FILES];
    struct replay_text memory; /**< mem.bin */
    struct replay_text about;  /**< recording.json, may be absent */
    struct replay_text regs;
    void *json;       /**< regs.json as read; names of registers point into it */
    void *about_json; /**< recording.json likewise; NULL if absent */
    const char *name;
    const char *software;
    const char *hardware;
    struct replay_map map;
    struct replay_snapshot *snapshots;
    size_t snapshot_count;
    uint32_t cpus;
    uint64_t pci_config_rows; /**< of pci_config.csv, which is counted only */

    struct replay_mmio *mmio;
    size_t mmio_count;
    struct replay_command *smmu_commands;
    size_t smmu_command_count;
    struct replay_command *its_commands;
    size_t its_command_count;
    struct replay_pte *ptes;
    size_t pte_count;
    struct replay_config *configs;
    size_t config_count;
    struct replay_translation *translations;
    size_t translation_count;
    struct replay_mapping *mappings;
    size_t mapping_count;
    struct replay_fault *faults;
    size_t fault_count;
    struct replay_msi *msis;
    size_t msi_count;
    struct replay_route *routes;
    size_t route_count;
    struct replay_page *pages; /**< by snapshot */
    size_t page_count;
};

/**
 * Reads a recording.
 * @param recording receives it, to be released with replay_recording_clear() in any case
 * @return whether it is whole and well formed; if not, @p diagnostics say where not
 */
bool replay_recording_load(struct replay_recording *recording, const char *directory, struct diagnostics *diagnostics);

/** Releases everything. */
void replay_recording_clear(struct replay_recording *recording);

/** A register's value. @return whether it is there */
bool replay_register_find(const struct replay_registers *registers, const char *name, uint64_t *value);

/** Whether @p size bytes from @p address on are in the recording's memory. */
bool replay_in_memory(const struct replay_recording *recording, uint64_t address, uint64_t size);

/** Bytes of a page, or NULL: all zeros. */
const uint8_t *replay_page_bytes(const struct replay_recording *recording, const struct replay_page *page);

#ifdef __cplusplus
}
#endif

#endif
