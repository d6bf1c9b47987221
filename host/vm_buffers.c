/*
 * The DMA buffers of a machine's devices, in its memory. Where the guest does not translate, pages may come on demand:
 * the monitor in user space maps them into stage 2 when the device asks (PRI), by a fault object.
 */
#include "host/smmu_stream.h"
#include "host/vm.h"
#include "models/smmuv3/smmu_formats.h"

#include <errno.h>

#define PAGE_MASK      (~(IO_PAGE_BYTES - 1))
#define RAM_PROTECTION (IO_PAGE_READ | IO_PAGE_WRITE)

/** Takes the pages of a buffer out of stage 2, whose tables stay: mapping one again needs no memory. */
static bool unmap_pages(struct vm_device *device, struct vm_buffer *buffer, struct host_error *error)
{
    struct vm *vm = device->vm;

    if (vm->host->software->functions[device->config->function].services.page_requests == 0) {
        return host_error_fail(error, EOPNOTSUPP,
                               "%s: %s cannot ask for pages: it needs ATS and PRI, and an SMMU with both",
                               vm->config.name, device->config->name);
    }
    for (uint64_t offset = 0; offset < buffer->size; offset += IO_PAGE_BYTES) {
        io_page_table_unmap(&vm->stage2, buffer->ipa[0][0] + offset);
    }
    buffer->on_demand = true;
    return smmu_invalidate_vmid(&vm->host->software->smmus[device->smmu], vm_vmid(vm, device->smmu), error);
}

bool vm_add_buffer(struct vm_device *device, uint32_t stream, uint64_t size, bool on_demand, uint64_t *address,
                   struct host_error *error)
{
    struct vm *vm = device->vm;
    bool moves = device->config->remap != 0;
    uint64_t whole = (size + IO_PAGE_BYTES - 1) & PAGE_MASK;
    struct vm_buffer *buffer = &device->buffers[device->buffer_count];

    if (device->buffer_count == VM_MAX_BUFFERS) {
        return host_error_fail(error, ENOSPC, "%s: %s has more than %u DMA buffers", vm->config.name,
                               device->config->name, VM_MAX_BUFFERS);
    }
    *buffer = (struct vm_buffer){.stream = stream, .size = whole, .used = size};
    for (unsigned place = 0; place < (moves ? 2u : 1u); place++) {
        for (unsigned set = 0; set < (moves ? 2u : 1u); set++) {
            buffer->ipa[place][set] = host_ram_take(&vm->ram, whole, IO_PAGE_BYTES);
            if (buffer->ipa[place][set] == 0) {
                return host_error_fail(error, ENOMEM, "%s: its memory is too small for a buffer of %llu bytes",
                                       vm->config.name, (unsigned long long)size);
            }
        }
        buffer->address[place] = vm->config.smmu == VM_SMMU_NONE ? buffer->ipa[place][0] : device->iova_next;
        device->iova_next += whole;
    }
    device->buffer_count++;
    *address = buffer->address[0];
    return !on_demand || unmap_pages(device, buffer, error);
}

/* ---- Pages on demand ---- */

/** The device's page at an address; 0: it is in no buffer of its own that comes on demand. */
static uint64_t page_on_demand(const struct vm_device *device, uint64_t address)
{
    for (uint32_t i = 0; i < device->buffer_count; i++) {
        const struct vm_buffer *buffer = &device->buffers[i];

        if (buffer->on_demand && address >= buffer->ipa[0][0] && address - buffer->ipa[0][0] < buffer->size) {
            return address & PAGE_MASK;
        }
    }
    return 0;
}

bool vm_serve_page(struct vm *vm, uint32_t smmu, const struct smmu_page_request *request, unsigned *code)
{
    struct hypervisor *hypervisor = vm->host->hypervisor;
    struct vm_device *device = NULL;
    uint64_t page;
    uint64_t there;

    for (size_t i = 0; i < vm->config.device_count; i++) {
        if (vm->devices[i].smmu == smmu && vm->devices[i].stream_id == request->stream_id) {
            device = &vm->devices[i];
        }
    }
    if (device == NULL) {
        return false;
    }
    page = request->with_pasid ? 0 : page_on_demand(device, request->address);
    *code = SMMU_RESP_INVALID;
    if (page == 0) {
        return true;
    }
    *code = SMMU_RESP_SUCCESS;
    if (io_page_table_lookup(&vm->stage2, page, &there)) {
        return true;
    }
    task_sleep(tasks_current(hypervisor->tasks), hypervisor->config.costs.user + vm->host->software->config.fault_time);
    if (io_page_table_map(&vm->stage2, page, page - VM_MEMORY_IPA + vm->physical, RAM_PROTECTION)) {
        vm->counters.pages_mapped++;
    } else {
        *code = SMMU_RESP_FAILURE;
    }
    return true;
}
