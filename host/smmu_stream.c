#include "host/smmu_stream.h"

#include "host/smmu_entries.h"
#include "models/smmuv3/smmu_formats.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LEAF_BITS    10u /* descriptors of a 64 KiB leaf */
#define MOST_BITS    20u
#define LEAF_BYTES   ((uint64_t)SMMU_CD_BYTES << LEAF_BITS)
#define WRITE_BACK   1
#define INNER_SHARED 3
#define INCOMING     1

/* ---- Stream table entries ---- */

static void describe_stage1(const struct smmu_stream_setting *setting, uint64_t words[8])
{
    words[0] |= setting->context;
    smmu_field_put(words, SMMU_STE_S1CDMAX, setting->context_bits);
    smmu_field_put(words, SMMU_STE_S1CIR, WRITE_BACK);
    smmu_field_put(words, SMMU_STE_S1COR, WRITE_BACK);
    smmu_field_put(words, SMMU_STE_S1CSH, INNER_SHARED);
    if (setting->context_bits != 0) {
        smmu_field_put(words, SMMU_STE_S1FMT, setting->context_format);
        smmu_field_put(words, SMMU_STE_S1DSS, setting->dss);
    }
    if (setting->context_bits != 0 && setting->dss == SMMU_S1DSS_BYPASS) {
        smmu_field_put(words, SMMU_STE_SHCFG, INCOMING);
    }
}

/** SL0: walks with the 4 KiB granule begin at level 2 - SL0, others at level 3 - SL0. */
static unsigned start_level(const struct io_page_table *table)
{
    return (table->granule == IO_PAGE_BITS ? 2 : 3) - io_page_table_first_level(table);
}

static void describe_stage2(const struct smmu_driver *driver, const struct smmu_stream_setting *setting,
                            uint64_t words[8])
{
    smmu_field_put(words, SMMU_STE_S2VMID, setting->vmid);
    smmu_field_put(words, SMMU_STE_S2T0SZ, 64 - IO_PAGE_STAGE2_BITS);
    smmu_field_put(words, SMMU_STE_S2SL0, start_level(setting->stage2));
    smmu_field_put(words, SMMU_STE_S2TG, io_page_table_granule_code(setting->stage2));
    smmu_field_put(words, SMMU_STE_S2IR0, WRITE_BACK);
    smmu_field_put(words, SMMU_STE_S2OR0, WRITE_BACK);
    smmu_field_put(words, SMMU_STE_S2SH0, INNER_SHARED);
    smmu_field_put(words, SMMU_STE_S2PS, driver->output_size);
    smmu_field_put(words, SMMU_STE_S2AA64, 1);
    smmu_field_put(words, SMMU_STE_S2R, 1);
    words[3] |= setting->stage2->root;
}

void smmu_stream_words(const struct smmu_driver *driver, const struct smmu_stream_setting *setting, uint64_t words[8])
{
    memset(words, 0, SMMU_STE_WORDS * sizeof(*words));
    smmu_field_put(words, SMMU_STE_V, 1);
    smmu_field_put(words, SMMU_STE_CONFIG, setting->config);
    smmu_field_put(words, SMMU_STE_EATS, setting->eats);
    smmu_field_put(words, SMMU_STE_MEV, setting->merge_events ? 1 : 0);
    smmu_field_put(words, SMMU_STE_PPAR, setting->page_response_pasid ? 1 : 0);
    if (setting->config == SMMU_STE_CONFIG_S1 || setting->config == SMMU_STE_CONFIG_NESTED) {
        describe_stage1(setting, words);
    }
    if (setting->config == SMMU_STE_CONFIG_S2 || setting->config == SMMU_STE_CONFIG_NESTED) {
        describe_stage2(driver, setting, words);
    }
    /* Nested too: so that its entry and that of the stage 2 alone differ in one word that counts. */
    if (setting->config == SMMU_STE_CONFIG_BYPASS || setting->config == SMMU_STE_CONFIG_S2 ||
        setting->config == SMMU_STE_CONFIG_NESTED) {
        smmu_field_put(words, SMMU_STE_SHCFG, INCOMING);
    }
}

bool smmu_stream_set(struct smmu_driver *driver, uint32_t stream_id, const struct smmu_stream_setting *setting,
                     struct host_error *error)
{
    uint64_t words[SMMU_STE_WORDS];

    if (setting->stage2 != NULL && !driver->has_stage2) {
        return host_error_fail(error, EOPNOTSUPP, "SMMU %s has no stage 2", driver->config.name);
    }
    smmu_stream_words(driver, setting, words);
    return smmu_driver_write_stream(driver, stream_id, words, error);
}

/* ---- Context descriptor tables ---- */

bool smmu_contexts_prepare(struct smmu_contexts *contexts)
{
    if (contexts->leaves == NULL) {
        contexts->leaves = calloc((size_t)1 << (MOST_BITS - LEAF_BITS), sizeof(*contexts->leaves));
    }
    return contexts->leaves != NULL;
}

bool smmu_contexts_init(struct smmu_contexts *contexts, struct smmu_driver *driver, unsigned bits,
                        struct host_error *error)
{
    uint64_t size;

    contexts->driver = driver;
    contexts->leaf_count = 0;
    if (bits > driver->substream_id_bits) {
        return host_error_fail(error, EINVAL, "SMMU %s has %u SubstreamID bits, not %u", driver->config.name,
                               driver->substream_id_bits, bits);
    }
    contexts->two_level = bits > LEAF_BITS && driver->two_level_contexts;
    contexts->bits = bits > LEAF_BITS && !contexts->two_level ? LEAF_BITS : bits;
    if (contexts->two_level) {
        contexts->leaf_count = 1u << (bits - LEAF_BITS);
        smmu_contexts_prepare(contexts);
        size = (uint64_t)SMMU_L1CD_BYTES * contexts->leaf_count;
    } else {
        size = (uint64_t)SMMU_CD_BYTES << contexts->bits;
    }
    contexts->base = host_ram_take(driver->ram, size, size > IO_PAGE_BYTES ? size : IO_PAGE_BYTES);
    if (contexts->base == 0 || (contexts->two_level && contexts->leaves == NULL)) {
        smmu_contexts_clear(contexts);
        return host_error_fail(error, ENOMEM, "SMMU %s: no memory for a table of context descriptors",
                               driver->config.name);
    }
    return true;
}

void smmu_contexts_clear(struct smmu_contexts *contexts)
{
    free(contexts->leaves);
    contexts->leaves = NULL;
    contexts->leaf_count = 0;
}

void smmu_contexts_describe(const struct smmu_contexts *contexts, struct smmu_stream_setting *setting)
{
    setting->context = contexts->base;
    setting->context_bits = contexts->bits;
    setting->context_format = contexts->two_level ? SMMU_S1FMT_64K : SMMU_S1FMT_LINEAR;
}

static bool forget_context(struct smmu_driver *driver, const uint32_t *streams, size_t count, uint32_t substream,
                           struct host_error *error)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t words[SMMU_CMD_WORDS] = {SMMU_CMD_CFGI_CD, 1};

        smmu_field_put(words, SMMU_CMD_SSID, substream);
        smmu_field_put(words, SMMU_CMD_SID, streams[i]);
        if (!smmu_driver_issue(driver, words[0], words[1], error)) {
            return false;
        }
    }
    return smmu_driver_sync(driver, error);
}

/** Address of a descriptor; makes its leaf. 0 with @p error. */
static uint64_t find_context(struct smmu_contexts *contexts, uint32_t substream, struct host_error *error)
{
    struct memory *memory = contexts->driver->ram->memory;
    uint32_t leaf = substream >> LEAF_BITS;

    if (substream >> contexts->bits != 0) {
        host_error_fail(error, EINVAL, "PASID %u is beyond the %u bits of the table of context descriptors", substream,
                        contexts->bits);
        return 0;
    }
    if (!contexts->two_level) {
        return contexts->base + (uint64_t)SMMU_CD_BYTES * substream;
    }
    if (contexts->leaves[leaf] == 0) {
        contexts->leaves[leaf] = host_ram_take(contexts->driver->ram, LEAF_BYTES, LEAF_BYTES);
        if (contexts->leaves[leaf] == 0) {
            host_error_fail(error, ENOMEM, "no memory for context descriptors");
            return 0;
        }
        memory_write64(memory, contexts->base + (uint64_t)SMMU_L1CD_BYTES * leaf, contexts->leaves[leaf] | 1);
    }
    return contexts->leaves[leaf] + (uint64_t)SMMU_CD_BYTES * (substream & ((1u << LEAF_BITS) - 1));
}

bool smmu_contexts_set(struct smmu_contexts *contexts, const uint32_t *streams, size_t stream_count, uint32_t substream,
                       const uint64_t *words, struct host_error *error)
{
    static const uint64_t none[SMMU_CD_WORDS];
    struct memory *memory = contexts->driver->ram->memory;
    uint64_t address = find_context(contexts, substream, error);
    uint64_t current[SMMU_CD_WORDS];
    struct smmu_rewrite plan;

    if (address == 0) {
        return false;
    }
    for (unsigned i = 0; i < SMMU_CD_WORDS; i++) {
        current[i] = memory_read64(memory, address + 8 * i);
    }
    smmu_rewrite_plan(SMMU_ENTRY_CD, current, words == NULL ? none : words, &plan);
    for (unsigned step = 0; step < plan.count; step++) {
        for (unsigned i = 0; i < SMMU_CD_WORDS; i++) {
            memory_write64(memory, address + 8 * i, plan.steps[step][i]);
        }
        if (!forget_context(contexts->driver, streams, stream_count, substream, error)) {
            return false;
        }
    }
    return true;
}

/* ---- TLB invalidation (4.4) ---- */

static bool invalidate(struct smmu_driver *driver, const uint64_t words[SMMU_CMD_WORDS], struct host_error *error)
{
    return smmu_driver_issue(driver, words[0], words[1], error) && smmu_driver_sync(driver, error);
}

bool smmu_invalidate_page(struct smmu_driver *driver, uint16_t asid, uint64_t iova, struct host_error *error)
{
    uint64_t words[SMMU_CMD_WORDS] = {SMMU_CMD_TLBI_NH_VA, 0};

    smmu_field_put(words, SMMU_CMD_ASID, asid);
    smmu_field_put(words, SMMU_CMD_LEAF, 1);
    words[1] |= iova & ~(IO_PAGE_BYTES - 1);
    return invalidate(driver, words, error);
}

bool smmu_invalidate_ipa(struct smmu_driver *driver, uint16_t vmid, uint64_t ipa, struct host_error *error)
{
    uint64_t words[SMMU_CMD_WORDS] = {SMMU_CMD_TLBI_S2_IPA, 0};
    uint64_t all[SMMU_CMD_WORDS] = {SMMU_CMD_TLBI_NH_ALL, 0};

    smmu_field_put(words, SMMU_CMD_VMID, vmid);
    smmu_field_put(words, SMMU_CMD_LEAF, 1);
    words[1] |= ipa & ~(IO_PAGE_BYTES - 1);
    smmu_field_put(all, SMMU_CMD_VMID, vmid);
    /* Which virtual addresses led there is not known, so what joins both stages goes altogether (E13). */
    return invalidate(driver, words, error) && invalidate(driver, all, error);
}

bool smmu_invalidate_asid(struct smmu_driver *driver, uint16_t asid, struct host_error *error)
{
    uint64_t words[SMMU_CMD_WORDS] = {SMMU_CMD_TLBI_NH_ASID, 0};

    smmu_field_put(words, SMMU_CMD_ASID, asid);
    return invalidate(driver, words, error);
}

bool smmu_invalidate_vmid(struct smmu_driver *driver, uint16_t vmid, struct host_error *error)
{
    uint64_t words[SMMU_CMD_WORDS] = {SMMU_CMD_TLBI_S12_VMALL, 0};

    smmu_field_put(words, SMMU_CMD_VMID, vmid);
    return invalidate(driver, words, error);
}
