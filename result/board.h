/*
 * What a check of a board's firmware description finds, as plain data: filled by host/board_check.h, printed by
 * report/board_text.h and report/board_json.h.
 *
 * Tables refer to each other by index. Strings written `const char *` have static storage; `char *` are owned.
 * RID is a PCIe requester ID (bus << 8 | device << 3 | function).
 */
#ifndef DOORBELL_RESULT_BOARD_H
#define DOORBELL_RESULT_BOARD_H

#include "result/error_code.h"
#include "result/verdict.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An index that names nothing. */
#define BOARD_NONE SIZE_MAX

/** How many matching map entries are kept per range; the rest is only counted. */
#define BOARD_SPEC_KEPT 8u

/** Most cells of an IOMMU specifier. */
#define BOARD_CELLS 8u

/** Outcome of reading a description from a file. */
enum board_status {
    BOARD_OK,
    BOARD_INVALID,    /**< the file is not a usable description (exit code 2) */
    BOARD_UNREADABLE, /**< the file, or a program that is needed to read it, is missing or fails (exit code 4) */
};

/** Why a description could not be read. */
struct board_error {
    char code[ERROR_CODE_SIZE]; /**< "E2001"; empty if there is no error */
    char text[1024];            /**< "FILE: error[E2001]: ...", one line, no newline at the end */
    size_t message_at;          /**< where within `text` the message begins */
};

/** An identifier as a function of the RID: (RID & mask) + offset, modulo 2^32. */
struct board_id {
    uint32_t mask;
    uint32_t offset;
};

/** The identifier of @p rid. */
uint32_t board_id_of(const struct board_id *id, uint32_t rid);

/** An MSI controller. */
struct board_controller {
    char *name;
    char *compatible; /**< first value of the property; empty if it has none */
    bool is_its;
    bool available;
    bool msi_controller; /**< declared as one */
    bool base_known;
    uint64_t base;
    bool doorbell_known; /**< an ITS whose doorbell is the same for all DeviceIDs */
    uint64_t doorbell;   /**< GITS_TRANSLATER */
    bool cells_known;
    uint32_t cells;
    bool pre_its;
    uint64_t pre_its_base; /**< doorbell of a function: base + 4 * DeviceID */
    uint64_t pre_its_size; /**< bytes */
    bool used;             /**< some available host's RIDs are sent there */
};

/** A run of RIDs of one host that one IOMMU translates, or that one MSI controller serves. */
struct board_user {
    size_t host;
    uint32_t first;
    uint32_t last;
    size_t controller; /**< MSI controller of the run; BOARD_NONE if none */
};

/** An IOMMU, with what stands behind it. */
struct board_iommu {
    char *name;
    char *compatible;
    const char *kind; /**< "smmuv3", "smmuv2" or "other" */
    bool available;
    bool base_known;
    uint64_t base;
    bool cells_known;
    uint32_t cells;
    struct board_user *users; /**< runs of available hosts behind it, by host and RID */
    size_t user_count;
    size_t *controllers; /**< the different MSI controllers that they use, ascending */
    size_t controller_count;
};

/** One matching or faulty entry of a map. */
struct board_spec_item {
    const char *fault; /**< "error: ..."; NULL if the entry matches */
    size_t target;     /**< controller or IOMMU; BOARD_NONE with some faults */
    struct board_id id;
    uint32_t more[BOARD_CELLS - 1]; /**< further output cells */
    uint32_t cells;                 /**< output cells in all */
};

/** All entries of a map that match a run of RIDs, in the order of the property. */
struct board_spec {
    struct board_spec_item items[BOARD_SPEC_KEPT];
    size_t kept;
    size_t total;
};

/** A maximal run of consecutive RIDs to which the same rules apply. */
struct board_range {
    uint32_t first;
    uint32_t last;         /**< inclusive */
    const char *msi_how;   /**< "msi-map", "msi-parent", "inherited msi-parent", "no MSI domain", "error: ...", ... */
    const char *msi_fault; /**< error met in the msi-map although another way was found; NULL if none */
    size_t controller;     /**< BOARD_NONE if no MSI domain */
    bool device_id_known;  /**< the controller is an ITS */
    struct board_id device_id;
    bool doorbell_known;
    uint64_t doorbell;      /**< of the first RID; the same for the whole run unless the ITS has a pre-ITS window */
    const char *iommu_how;  /**< "iommu-map", "no map", "no match", "disabled", "error: ..." */
    size_t iommu;           /**< BOARD_NONE unless mapped to an available IOMMU */
    size_t disabled_iommu;  /**< the IOMMU that is disabled, if iommu_how says so; else BOARD_NONE */
    struct board_id stream; /**< StreamID */
    uint32_t stream_more[BOARD_CELLS - 1];
    uint32_t stream_cells; /**< 0 if no IOMMU */
    size_t spec_msi;       /**< all msi-map entries that match: index into the host's specs; BOARD_NONE if no map */
    size_t spec_iommu;     /**< the same for the iommu-map */
};

/** A PCIe host bridge. */
struct board_host {
    char *name;
    char *compatible;
    bool available;
    bool segment_given;
    uint32_t segment;
    bool bus_given;
    uint32_t bus_first;
    uint32_t bus_last;
    bool iommu_mask_given;
    uint32_t iommu_mask;
    bool msi_mask_given;
    uint32_t msi_mask;
    struct board_range *ranges; /**< ascending, without gaps over the host's buses */
    size_t range_count;
    struct board_spec *specs; /**< what the ranges point into */
    size_t spec_count;
    uint32_t period; /**< the ranges repeat every so many RIDs (a power of two); 0 if they do not */
};

/** Something that follows from the description and that no assumption has a name for. */
struct board_finding {
    const char *name; /**< stable, for example "msi-controller-disabled" */
    const char *rule; /**< rule of the fact sheet it rests on, for example "B5"; empty if none */
    char *subject;    /**< node it concerns */
    char *detail;     /**< one sentence, with the RIDs */
};

/** The whole result. Zero-initialise. */
struct board_result {
    char *file;
    char *model;                          /**< empty if the description has none */
    struct board_controller *controllers; /**< ITS first come as found; only ITS and controllers that hosts name */
    size_t controller_count;
    struct board_iommu *iommus; /**< SMMUs, and other IOMMUs that a PCIe host names */
    size_t iommu_count;
    size_t other_iommu_count; /**< IOMMUs that are in neither class and are left out */
    struct board_host *hosts;
    size_t host_count;
    struct verdict_list verdicts;
    struct board_finding *findings;
    size_t finding_count;
};

/** Appends a finding with a detail made as by printf. */
void board_add_finding(struct board_result *result, const char *name, const char *rule, const char *subject,
                       const char *format, ...) __attribute__((format(printf, 5, 6)));

/**
 * Writes "FILE: error[CODE]: " and a text made as by printf, cut to fit, with control characters replaced.
 * @param format begins with the code of the error, as in "E0201 cannot open"
 */
void board_error_set(struct board_error *error, const char *file, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Copies a string; NULL becomes the empty string. Never fails. */
char *board_copy_string(const char *text);

/**
 * Makes room for element @p count of an array that has @p count elements of @p size bytes, growing by doubling.
 * Never fails: running out of memory ends the process with a message.
 */
void *board_array_grow(void *array, size_t count, size_t size);

/** Releases everything the result owns and empties it. */
void board_result_clear(struct board_result *result);

#ifdef __cplusplus
}
#endif

#endif
