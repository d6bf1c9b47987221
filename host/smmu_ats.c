#include "host/smmu_ats.h"

#include "models/smmuv3/smmu_formats.h"
#include "models/smmuv3/smmu_regs.h"

#include <errno.h>

#define BASE_ALLOCATE (UINT64_C(1) << 62)

static uint64_t page_register(const struct smmu_driver *driver, uint32_t offset)
{
    return driver->config.base + offset;
}

static uint32_t index_mask(const struct smmu_driver_queue *queue)
{
    return (2u << queue->log2) - 1;
}

bool smmu_ats_invalidate(struct smmu_driver *driver, uint32_t stream_id, uint32_t pasid, uint64_t iova, unsigned size,
                         struct host_error *error)
{
    uint64_t words[SMMU_CMD_WORDS] = {SMMU_CMD_ATC_INV, 0};

    smmu_field_put(words, SMMU_CMD_SID, stream_id);
    if (pasid != 0) {
        smmu_field_put(words, SMMU_CMD_SSV, 1);
        smmu_field_put(words, SMMU_CMD_SSID, pasid);
    }
    if (size >= SMMU_ATS_ALL) {
        smmu_field_put(words, SMMU_CMD_ATC_SIZE, 52);
    } else {
        smmu_field_put(words, SMMU_CMD_ATC_SIZE, size - 12);
        smmu_field_put_address(words, SMMU_CMD_ADDR, iova & ~((UINT64_C(1) << size) - 1));
    }
    driver->waits_for_devices = true;
    return smmu_driver_issue(driver, words[0], words[1], error);
}

bool smmu_pages_init(struct smmu_driver *driver, struct host_error *error)
{
    struct smmu_driver_queue *queue = &driver->pages;
    const uint64_t bytes = (uint64_t)SMMU_PPR_BYTES << queue->log2;

    queue->base = host_ram_take(driver->ram, bytes, bytes > IO_PAGE_BYTES ? bytes : IO_PAGE_BYTES);
    if (queue->base == 0) {
        return host_error_fail(error, ENOMEM, "SMMU %s: no memory for a queue of page requests", driver->config.name);
    }
    host_write64(driver->access, page_register(driver, SMMU_PRIQ_BASE), queue->base | queue->log2 | BASE_ALLOCATE);
    host_write32(driver->access, page_register(driver, SMMU_PRIQ_PROD), 0);
    host_write32(driver->access, page_register(driver, SMMU_PRIQ_CONS), 0);
    host_write32(driver->access, page_register(driver, SMMU_IRQ_CTRL), SMMU_MASK32(SMMU_IRQ_CTRL_PRIQ));
    return true;
}

/** Looks how far the SMMU has come; acknowledges that requests were lost, for which it has answered itself (8.2). */
static void look(struct smmu_driver *driver)
{
    struct smmu_driver_queue *queue = &driver->pages;
    const uint32_t producer = host_read32(driver->access, page_register(driver, SMMU_PRIQ_PROD));

    queue->producer = producer & index_mask(queue);
    if (((producer ^ queue->overflow) & SMMU_MASK32(SMMU_EVENTQ_OVERFLOW)) != 0 && queue->producer == queue->consumer) {
        queue->overflow = producer & SMMU_MASK32(SMMU_EVENTQ_OVERFLOW);
        host_write32(driver->access, page_register(driver, SMMU_PRIQ_CONS), queue->consumer | queue->overflow);
    }
}

bool smmu_pages_next(struct smmu_driver *driver, struct smmu_page_request *request)
{
    struct smmu_driver_queue *queue = &driver->pages;
    uint64_t words[SMMU_PPR_WORDS];
    uint64_t entry;

    if (queue->producer == queue->consumer) {
        look(driver);
    }
    if (queue->producer == queue->consumer) {
        return false;
    }
    entry = queue->base + (uint64_t)(queue->consumer & ((1u << queue->log2) - 1)) * SMMU_PPR_BYTES;
    for (unsigned i = 0; i < SMMU_PPR_WORDS; i++) {
        words[i] = memory_read64(driver->ram->memory, entry + 8 * i);
    }
    request->stream_id = (uint32_t)smmu_field_get(words, SMMU_PPR_SID);
    request->with_pasid = smmu_field_get(words, SMMU_PPR_SSV) != 0;
    request->pasid = (uint32_t)smmu_field_get(words, SMMU_PPR_SSID);
    request->address = smmu_field_get_address(words, SMMU_PPR_ADDR);
    request->read = smmu_field_get(words, SMMU_PPR_READ) != 0;
    request->write = smmu_field_get(words, SMMU_PPR_WRITE) != 0;
    request->last = smmu_field_get(words, SMMU_PPR_LAST) != 0;
    request->group = (uint16_t)smmu_field_get(words, SMMU_PPR_PRGINDEX);
    queue->consumer = (queue->consumer + 1) & index_mask(queue);
    host_write32(driver->access, page_register(driver, SMMU_PRIQ_CONS), queue->consumer | queue->overflow);
    return true;
}

bool smmu_pages_respond(struct smmu_driver *driver, const struct smmu_page_request *request, bool pasid, unsigned code,
                        struct host_error *error)
{
    uint64_t words[SMMU_CMD_WORDS] = {SMMU_CMD_PRI_RESP, 0};

    smmu_field_put(words, SMMU_CMD_SID, request->stream_id);
    if (pasid) {
        smmu_field_put(words, SMMU_CMD_SSV, 1);
        smmu_field_put(words, SMMU_CMD_SSID, request->pasid);
    }
    smmu_field_put(words, SMMU_CMD_PRGINDEX, request->group);
    smmu_field_put(words, SMMU_CMD_RESP, code);
    return smmu_driver_issue(driver, words[0], words[1], error);
}
