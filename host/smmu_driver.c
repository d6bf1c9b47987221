#include "host/smmu_driver.h"

#include "host/smmu_ats.h"
#include "host/smmu_entries.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Registers, IHI 0070 chapter 6: page 0, and page 1 for the event queue's indices. */
#define SMMU_IDR0            0x0000u
#define SMMU_IDR1            0x0004u
#define SMMU_IDR5            0x0014u
#define SMMU_CR0             0x0020u
#define SMMU_CR0ACK          0x0024u
#define SMMU_CR1             0x0028u
#define SMMU_CR2             0x002cu
#define SMMU_GERROR          0x0060u
#define SMMU_GERRORN         0x0064u
#define SMMU_STRTAB_BASE     0x0080u
#define SMMU_STRTAB_BASE_CFG 0x0088u
#define SMMU_CMDQ_BASE       0x0090u
#define SMMU_CMDQ_PROD       0x0098u
#define SMMU_CMDQ_CONS       0x009cu
#define SMMU_EVENTQ_BASE     0x00a0u
#define SMMU_EVENTQ_PROD     0x100a8u
#define SMMU_EVENTQ_CONS     0x100acu

#define CR0_SMMUEN   (1u << 0)
#define CR0_PRIQEN   (1u << 1)
#define CR0_EVENTQEN (1u << 2)
#define CR0_CMDQEN   (1u << 3)
#define CR0_ATSCHK   (1u << 4)

/* Inner shareable, write-back, for tables and queues. */
#define CR1_CACHEABLE 0x0d75u
#define CR2_RECINVSID (1u << 1)

#define BASE_ALLOCATE (UINT64_C(1) << 62)

#define CMD_CFGI_STE       0x03u
#define CMD_CFGI_STE_RANGE 0x04u
#define CMD_TLBI_NSNH_ALL  0x30u
#define CMD_SYNC           0x46u

#define CMD_BYTES   16u
#define EVENT_BYTES 32u
#define STE_BYTES   64u
#define CD_BYTES    64u

#define STE_V             UINT64_C(1)
#define STE_CONFIG_BYPASS (UINT64_C(4) << 1)
#define STE_CONFIG_S1     (UINT64_C(5) << 1)
#define STE_ADDRESS       UINT64_C(0x00ffffffffffffc0)
/* Second double word: table accesses inner and outer write-back, inner shareable; incoming shareability is used. */
#define STE_S1_CACHEABLE ((UINT64_C(1) << 2) | (UINT64_C(1) << 4) | (UINT64_C(3) << 6))
#define STE_SHCFG_IN     (UINT64_C(1) << 44)

#define SPLIT 8u

/* How long the driver waits between two looks at a register, and how often before it gives up. */
#define POLL_TIME  (200 * SIM_NS)
#define POLL_LIMIT 100000u

/* The same while a device may be why nothing moves: after so many looks, one a millisecond. */
#define POLLS_BEFORE_REST 5000u
#define POLL_REST         SIM_MS

#define GERROR_CMDQ 1u /* of SMMU_GERROR and SMMU_GERRORN */

#define CERROR_ILL          1u
#define CERROR_ATC_INV_SYNC 3u

static uint32_t read_register(struct smmu_driver *driver, uint32_t offset)
{
    return host_read32(driver->access, driver->config.base + offset);
}

static void write_register(struct smmu_driver *driver, uint32_t offset, uint32_t value)
{
    host_write32(driver->access, driver->config.base + offset, value);
}

/** Writes CR0 and waits until CR0ACK says the same. */
static bool write_cr0(struct smmu_driver *driver, uint32_t value, struct host_error *error)
{
    write_register(driver, SMMU_CR0, value);
    for (unsigned i = 0; i < POLL_LIMIT; i++) {
        if (read_register(driver, SMMU_CR0ACK) == value) {
            return true;
        }
        host_wait(driver->access, POLL_TIME);
    }
    return host_error_set(error, "SMMU %s: CR0 was set to 0x%x and never acknowledged", driver->config.name, value);
}

static uint32_t queue_mask(const struct smmu_driver_queue *queue)
{
    return (2u << queue->log2) - 1;
}

static uint64_t queue_entry(const struct smmu_driver_queue *queue, uint32_t index, uint32_t bytes)
{
    return queue->base + (uint64_t)(index & ((1u << queue->log2) - 1)) * bytes;
}

/** Memory beyond the SMMU's output size cannot hold its structures: it cuts the addresses of queues off (3.4.3). */
static bool check_reach(const struct smmu_driver *driver, uint64_t base, uint64_t size, struct host_error *error)
{
    static const unsigned bits[] = {32, 36, 40, 42, 44, 48, 52, 52}; /* IDR5.OAS; 7 is reserved */

    if ((base + size - 1) >> bits[driver->output_size] != 0) {
        return host_error_set(error, "SMMU %s: memory at 0x%" PRIx64 " is beyond its output size of %u bits",
                              driver->config.name, base, bits[driver->output_size]);
    }
    return true;
}

static bool queue_init(struct smmu_driver *driver, struct smmu_driver_queue *queue, uint32_t log2, uint32_t limit,
                       uint32_t bytes, struct host_error *error)
{
    uint64_t size;

    queue->log2 = log2 < limit ? log2 : limit;
    queue->producer = 0;
    queue->consumer = 0;
    size = (uint64_t)bytes << queue->log2;
    queue->base = host_ram_take(driver->ram, size, size > IO_PAGE_BYTES ? size : IO_PAGE_BYTES);
    if (queue->base == 0) {
        return host_error_set(error, "SMMU %s: no memory for a queue", driver->config.name);
    }
    return check_reach(driver, queue->base, size, error);
}

/* ---- Commands (chapter 4) ---- */

/**
 * A device did not answer an invalidation of its cache in time. CMDQ_CONS is at the CMD_SYNC, which is carried out
 * again when the error is acknowledged, for the commands before it (4.7.3, 7.1).
 */
static void acknowledge_timeout(struct smmu_driver *driver)
{
    driver->atc_timeouts++;
    write_register(driver, SMMU_GERRORN, read_register(driver, SMMU_GERRORN) ^ GERROR_CMDQ);
}

/**
 * A device has a minute and a half to answer (PCIe Base 10.3.2), where the SMMU gives it that: after a while the driver
 * looks less often.
 */
static sim_time poll_time(const struct smmu_driver *driver, unsigned polls)
{
    return driver->waits_for_devices && polls >= POLLS_BEFORE_REST ? POLL_REST : POLL_TIME;
}

/** Waits until at most @p outstanding commands are unconsumed. */
static bool wait_commands(struct smmu_driver *driver, uint32_t outstanding, struct host_error *error)
{
    struct smmu_driver_queue *queue = &driver->commands;

    for (unsigned i = 0; i < POLL_LIMIT; i++) {
        uint32_t consumer = read_register(driver, SMMU_CMDQ_CONS);
        uint32_t reason = (consumer >> 24) & 0x7f;

        queue->consumer = consumer & queue_mask(queue);
        if (reason != 0 &&
            ((read_register(driver, SMMU_GERROR) ^ read_register(driver, SMMU_GERRORN)) & GERROR_CMDQ) != 0) {
            if (reason == CERROR_ATC_INV_SYNC) {
                acknowledge_timeout(driver);
                continue;
            }
            if (driver->repairs) {
                host_wait(driver->access, poll_time(driver, i));
                continue;
            }
            return host_error_set(error, "SMMU %s: command %u of its queue failed, CERROR %u", driver->config.name,
                                  queue->consumer, reason);
        }
        if (((queue->producer - queue->consumer) & queue_mask(queue)) <= outstanding) {
            return true;
        }
        host_wait(driver->access, poll_time(driver, i));
    }
    return host_error_set(error, "SMMU %s: its command queue makes no progress", driver->config.name);
}

bool smmu_driver_issue(struct smmu_driver *driver, uint64_t low, uint64_t high, struct host_error *error)
{
    struct smmu_driver_queue *queue = &driver->commands;
    uint64_t entry = queue_entry(queue, queue->producer, CMD_BYTES);
    uint32_t pending = (queue->producer - queue->consumer) & queue_mask(queue);

    if (pending >= (1u << queue->log2) && !wait_commands(driver, (1u << queue->log2) - 1, error)) {
        return false;
    }
    memory_write64(driver->ram->memory, entry, low);
    memory_write64(driver->ram->memory, entry + 8, high);
    queue->producer = (queue->producer + 1) & queue_mask(queue);
    write_register(driver, SMMU_CMDQ_PROD, queue->producer);
    return true;
}

bool smmu_driver_sync(struct smmu_driver *driver, struct host_error *error)
{
    if (!smmu_driver_issue(driver, CMD_SYNC, 0, error) || !wait_commands(driver, 0, error)) {
        return false;
    }
    driver->waits_for_devices = false;
    return true;
}

uint32_t smmu_driver_take_errors(struct smmu_driver *driver)
{
    const uint32_t errors = read_register(driver, SMMU_GERROR);
    const uint32_t active = errors ^ read_register(driver, SMMU_GERRORN);

    if ((active & GERROR_CMDQ) != 0) {
        const uint32_t consumer = read_register(driver, SMMU_CMDQ_CONS);

        if (((consumer >> 24) & 0x7f) == CERROR_ILL) {
            const uint64_t entry = queue_entry(&driver->commands, consumer, CMD_BYTES);

            memory_write64(driver->ram->memory, entry, CMD_SYNC);
            memory_write64(driver->ram->memory, entry + 8, 0);
        }
    }
    if (active != 0) {
        write_register(driver, SMMU_GERRORN, errors);
    }
    return active;
}

/* ---- Start (chapters 6.3 and 3.11) ---- */

static bool make_stream_table(struct smmu_driver *driver, struct host_error *error)
{
    uint32_t bits = driver->stream_id_bits;
    uint64_t size;
    uint32_t format;

    driver->two_level = driver->config.two_level && bits > SPLIT;
    driver->stream_table_log2 = bits;
    size = driver->two_level ? UINT64_C(8) << (bits - SPLIT) : (uint64_t)STE_BYTES << bits;
    if (driver->two_level) {
        driver->level2 = calloc((size_t)1 << (bits - SPLIT), sizeof(*driver->level2));
    }
    driver->stream_table = host_ram_take(driver->ram, size, size > IO_PAGE_BYTES ? size : IO_PAGE_BYTES);
    if (driver->stream_table == 0 || (driver->two_level && driver->level2 == NULL)) {
        return host_error_set(error, "SMMU %s: no memory for a stream table of %u StreamID bits", driver->config.name,
                              bits);
    }
    if (!check_reach(driver, driver->stream_table, size, error)) {
        return false;
    }
    format = driver->two_level ? (1u << 16) | (SPLIT << 6) : 0;
    host_write64(driver->access, driver->config.base + SMMU_STRTAB_BASE, driver->stream_table | BASE_ALLOCATE);
    write_register(driver, SMMU_STRTAB_BASE_CFG, format | driver->stream_table_log2);
    return true;
}

static uint32_t smaller(uint32_t one, uint32_t other)
{
    return one < other ? one : other;
}

unsigned smmu_driver_granule(unsigned page_bits, bool has_4k, bool has_16k, bool has_64k)
{
    if (has_64k && page_bits == 16) {
        return 16;
    }
    if (has_16k && page_bits >= 14) {
        return 14;
    }
    return has_4k ? IO_PAGE_BITS : 0;
}

bool smmu_driver_accept(const struct smmu_driver_config *config, struct host_error *error)
{
    return (!config->no_stage1 && !config->no_granule) ||
           host_error_set(error, "SMMU %s: no stage 1 with a granule of %u KiB or less", config->name,
                          1u << (config->page_bits - 10));
}

static bool probe(struct smmu_driver *driver, struct host_error *error)
{
    uint32_t idr0 = read_register(driver, SMMU_IDR0);
    uint32_t idr1 = read_register(driver, SMMU_IDR1);
    uint32_t idr5 = read_register(driver, SMMU_IDR5);

    driver->config.page_bits = driver->config.page_bits != 0 ? driver->config.page_bits : IO_PAGE_BITS;
    driver->granule = (uint8_t)smmu_driver_granule(driver->config.page_bits, (idr5 & 1u << 4) != 0,
                                                   (idr5 & 1u << 5) != 0, (idr5 & 1u << 6) != 0);
    driver->config.no_stage1 = (idr0 & (1u << 1)) == 0;
    driver->config.no_granule = driver->granule == 0;
    if (!smmu_driver_accept(&driver->config, error)) {
        return false;
    }
    driver->stream_id_bits = idr1 & 0x3f;
    driver->has_ats = (idr0 >> 10 & 1) != 0;
    driver->has_pri = driver->has_ats && (idr0 >> 16 & 1) != 0;
    driver->pages.log2 = smaller(driver->config.page_queue_log2, idr1 >> 11 & 0x1f);
    driver->output_size = idr5 & 7;
    driver->substream_id_bits = (idr1 >> 6) & 0x1f;
    driver->has_stage1 = (idr0 & 2u) != 0;
    driver->has_stage2 = (idr0 & 1u) != 0;
    driver->two_level_contexts = ((idr0 >> 19) & 1u) != 0;
    if (((idr0 >> 27) & 3) == 0) {
        driver->config.two_level = false;
    }
    return queue_init(driver, &driver->commands, driver->config.command_queue_log2, (idr1 >> 21) & 0x1f, CMD_BYTES,
                      error) &&
           queue_init(driver, &driver->events, driver->config.event_queue_log2, (idr1 >> 16) & 0x1f, EVENT_BYTES,
                      error);
}

/** Switches everything on, one thing after the other; the SMMU itself last. */
static bool enable(struct smmu_driver *driver, struct host_error *error)
{
    uint32_t value = CR0_CMDQEN | CR0_EVENTQEN;

    if (!write_cr0(driver, value, error)) {
        return false;
    }
    if (driver->has_pri) {
        value |= CR0_PRIQEN;
        if (!smmu_pages_init(driver, error) || !write_cr0(driver, value, error)) {
            return false;
        }
    }
    if (driver->has_ats) {
        value |= CR0_ATSCHK;
        if (!write_cr0(driver, value, error)) {
            return false;
        }
    }
    return write_cr0(driver, value | CR0_SMMUEN, error);
}

bool smmu_driver_start(struct smmu_driver *driver, struct host_access *access, struct host_ram *ram,
                       const struct smmu_driver_config *config, struct host_error *error)
{
    uint64_t base = config->base;

    memset(driver, 0, sizeof(*driver));
    driver->access = access;
    driver->ram = ram;
    driver->config = *config;
    driver->next_asid = 1;
    driver->next_vmid = 1;
    if (!probe(driver, error) || !write_cr0(driver, 0, error)) {
        return false;
    }
    write_register(driver, SMMU_CR1, CR1_CACHEABLE);
    write_register(driver, SMMU_CR2, CR2_RECINVSID);
    if (!make_stream_table(driver, error)) {
        return false;
    }
    host_write64(access, base + SMMU_CMDQ_BASE, driver->commands.base | driver->commands.log2 | BASE_ALLOCATE);
    write_register(driver, SMMU_CMDQ_PROD, 0);
    write_register(driver, SMMU_CMDQ_CONS, 0);
    host_write64(access, base + SMMU_EVENTQ_BASE, driver->events.base | driver->events.log2 | BASE_ALLOCATE);
    write_register(driver, SMMU_EVENTQ_PROD, 0);
    write_register(driver, SMMU_EVENTQ_CONS, 0);
    return write_cr0(driver, CR0_CMDQEN, error) &&
           smmu_driver_issue(driver, CMD_CFGI_STE_RANGE, 31, error) && /* CFGI_ALL */
           smmu_driver_issue(driver, CMD_TLBI_NSNH_ALL, 0, error) && smmu_driver_sync(driver, error) &&
           enable(driver, error);
}

void smmu_driver_release(struct smmu_driver *driver)
{
    free(driver->level2);
    driver->level2 = NULL;
}

/* ---- Stream table entries and context descriptors (chapters 5.2 and 5.4) ---- */

/** Address of a StreamID's entry; makes the second-level table if there is none yet. */
static uint64_t stream_table_entry(struct smmu_driver *driver, uint32_t stream_id, struct host_error *error)
{
    uint32_t index = stream_id >> SPLIT;

    if (driver->stream_id_bits < 32 && stream_id >> driver->stream_id_bits != 0) {
        host_error_set(error, "SMMU %s: StreamID 0x%x is beyond its %u bits", driver->config.name, stream_id,
                       driver->stream_id_bits);
        return 0;
    }
    if (!driver->two_level) {
        return driver->stream_table + (uint64_t)STE_BYTES * stream_id;
    }
    if (driver->level2[index] == 0) {
        uint64_t size = (uint64_t)STE_BYTES << SPLIT;

        driver->level2[index] = host_ram_take(driver->ram, size, size);
        if (driver->level2[index] == 0) {
            host_error_set(error, "SMMU %s: no memory for a stream table", driver->config.name);
            return 0;
        }
        /* Span n stands for 2^(n-1) entries. */
        memory_write64(driver->ram->memory, driver->stream_table + 8 * (uint64_t)index,
                       driver->level2[index] | (SPLIT + 1));
    }
    return driver->level2[index] + (uint64_t)STE_BYTES * (stream_id & ((1u << SPLIT) - 1));
}

bool smmu_driver_write_stream(struct smmu_driver *driver, uint32_t stream_id, const uint64_t words[8],
                              struct host_error *error)
{
    const uint64_t entry = stream_table_entry(driver, stream_id, error);
    uint64_t current[SMMU_ENTRY_WORDS];
    struct smmu_rewrite plan;

    if (entry == 0) {
        return false;
    }
    for (unsigned i = 0; i < SMMU_ENTRY_WORDS; i++) {
        current[i] = memory_read64(driver->ram->memory, entry + 8 * i);
    }
    smmu_rewrite_plan(SMMU_ENTRY_STE, current, words, &plan);
    driver->gaps += plan.count > 0 && !plan.hitless && smmu_entry_is_valid(SMMU_ENTRY_STE, current) &&
                            smmu_entry_is_valid(SMMU_ENTRY_STE, words)
                        ? 1
                        : 0;
    for (unsigned step = 0; step < plan.count; step++) {
        for (unsigned i = 0; i < SMMU_ENTRY_WORDS; i++) {
            memory_write64(driver->ram->memory, entry + 8 * i, plan.steps[step][i]);
        }
        if (!smmu_driver_issue(driver, CMD_CFGI_STE | (uint64_t)stream_id << 32, 1, error) ||
            !smmu_driver_sync(driver, error)) {
            return false;
        }
    }
    return true;
}

bool smmu_driver_read_stream(const struct smmu_driver *driver, uint32_t stream_id, uint64_t words[8])
{
    uint64_t entry = driver->stream_table;

    if (driver->stream_id_bits < 32 && stream_id >> driver->stream_id_bits != 0) {
        return false;
    }
    if (driver->two_level) {
        entry = driver->level2[stream_id >> SPLIT];
        stream_id &= (1u << SPLIT) - 1;
    }
    for (unsigned i = 0; entry != 0 && i < SMMU_ENTRY_WORDS; i++) {
        words[i] = memory_read64(driver->ram->memory, entry + (uint64_t)STE_BYTES * stream_id + 8 * i);
    }
    return entry != 0;
}

static bool install(struct smmu_driver *driver, uint32_t stream_id, uint64_t word0, uint64_t word1,
                    struct host_error *error)
{
    const uint64_t target[SMMU_ENTRY_WORDS] = {word0, word1};

    return smmu_driver_write_stream(driver, stream_id, target, error);
}

void smmu_driver_context_words(const struct smmu_driver *driver, const struct io_page_table *table, uint16_t asid,
                               uint64_t words[8])
{
    uint64_t word = 0;

    memset(words, 0, SMMU_ENTRY_WORDS * sizeof(*words));
    word |= 16; /* T0SZ: 48-bit input */
    word |= (uint64_t)io_page_table_granule_code(table) << 6;
    word |= UINT64_C(1) << 8;                    /* IR0: write-back */
    word |= UINT64_C(1) << 10;                   /* OR0: write-back */
    word |= UINT64_C(3) << 12;                   /* SH0: inner shareable */
    word |= UINT64_C(1) << 30;                   /* EPD1: no table for the upper half */
    word |= UINT64_C(1) << 31;                   /* V */
    word |= (uint64_t)driver->output_size << 32; /* IPS */
    word |= UINT64_C(1) << 41;                   /* AA64 */
    word |= UINT64_C(1) << 45;                   /* R: record faults */
    word |= UINT64_C(1) << 46;                   /* A: abort faulting transactions */
    word |= UINT64_C(1) << 47;                   /* ASET: ASID not shared with the PEs */
    word |= (uint64_t)asid << 48;
    words[0] = word;
    words[1] = table->root;
    words[3] = IO_PAGE_MAIR;
}

uint64_t smmu_driver_make_context(struct smmu_driver *driver, const struct io_page_table *table)
{
    uint64_t context = host_ram_take(driver->ram, CD_BYTES, CD_BYTES);
    uint64_t words[SMMU_ENTRY_WORDS];

    if (context == 0) {
        return 0;
    }
    smmu_driver_context_words(driver, table, driver->next_asid++, words);
    memory_write64(driver->ram->memory, context + 8, words[1]);
    memory_write64(driver->ram->memory, context + 24, words[3]);
    memory_write64(driver->ram->memory, context, words[0]);
    return context;
}

bool smmu_driver_attach_stage1(struct smmu_driver *driver, uint32_t stream_id, uint64_t context,
                               struct host_error *error)
{
    return install(driver, stream_id, STE_V | STE_CONFIG_S1 | (context & STE_ADDRESS), STE_S1_CACHEABLE, error);
}

bool smmu_driver_attach_bypass(struct smmu_driver *driver, uint32_t stream_id, struct host_error *error)
{
    return install(driver, stream_id, STE_V | STE_CONFIG_BYPASS, STE_SHCFG_IN, error);
}

/* ---- Events (chapter 7) ---- */

bool smmu_driver_next_event(struct smmu_driver *driver, struct smmu_driver_event *event)
{
    struct smmu_driver_queue *queue = &driver->events;
    uint64_t entry = queue_entry(queue, queue->consumer, EVENT_BYTES);
    uint64_t word0;
    uint64_t word1;

    queue->producer = read_register(driver, SMMU_EVENTQ_PROD) & queue_mask(queue);
    if (queue->producer == queue->consumer) {
        return false;
    }
    word0 = memory_read64(driver->ram->memory, entry);
    word1 = memory_read64(driver->ram->memory, entry + 8);
    event->type = (uint8_t)word0;
    event->stream_id = (uint32_t)(word0 >> 32);
    event->read = ((word1 >> 35) & 1) != 0;
    event->address = memory_read64(driver->ram->memory, entry + 16);
    for (unsigned i = 0; i < sizeof(event->words) / sizeof(event->words[0]); i++) {
        event->words[i] = memory_read64(driver->ram->memory, entry + 8 * i);
    }
    queue->consumer = (queue->consumer + 1) & queue_mask(queue);
    write_register(driver, SMMU_EVENTQ_CONS, queue->consumer);
    return true;
}
