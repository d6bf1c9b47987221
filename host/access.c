#include "host/access.h"

#include "sim/sim.h"

#include <string.h>

void host_access_init(struct host_access *access, struct sim *sim, struct host_port *port, struct memory *memory)
{
    memset(access, 0, sizeof(*access));
    access->sim = sim;
    access->port = port;
    access->memory = memory;
}

void host_access_divert(struct host_access *access, const struct host_access_ops *ops, void *context)
{
    access->ops = ops;
    access->ops_context = context;
}

/* ---- Registers ---- */

/** Ones in that many bytes. */
static uint64_t ones(uint32_t size)
{
    return UINT64_MAX >> (64 - 8 * size);
}

static void note_failure(struct host_access *access, uint64_t address, bool write)
{
    access->failures++;
    access->failed_address = address;
    access->failed_write = write;
}

static struct host_port_access perform(struct host_access *access, bool write, uint64_t address, uint64_t value,
                                       uint32_t size)
{
    struct host_port_access request = {.address = address, .size = size, .write = write, .value = value};
    sim_time begin = sim_now(access->sim);

    if (access->ops != NULL) {
        access->ops->perform(access->ops_context, &request);
    } else {
        host_port_perform(access->port, &request);
    }
    access->access_time += sim_now(access->sim) - begin;
    access->status = request.status;
    if (request.status != SIM_STATUS_OK) {
        note_failure(access, address, write);
    }
    return request;
}

static uint64_t read_register(struct host_access *access, uint64_t address, uint32_t size)
{
    struct host_port_access answer = perform(access, false, address, 0, size);

    access->reads++;
    return answer.status == SIM_STATUS_OK ? answer.value : ones(size);
}

static enum sim_packet_status write_register(struct host_access *access, uint64_t address, uint64_t value,
                                             uint32_t size)
{
    access->writes++;
    return (enum sim_packet_status)perform(access, true, address, value, size).status;
}

uint8_t host_read8(struct host_access *access, uint64_t address)
{
    return (uint8_t)read_register(access, address, 1);
}

uint16_t host_read16(struct host_access *access, uint64_t address)
{
    return (uint16_t)read_register(access, address, 2);
}

uint32_t host_read32(struct host_access *access, uint64_t address)
{
    return (uint32_t)read_register(access, address, 4);
}

uint64_t host_read64(struct host_access *access, uint64_t address)
{
    return read_register(access, address, 8);
}

enum sim_packet_status host_write8(struct host_access *access, uint64_t address, uint8_t value)
{
    return write_register(access, address, value, 1);
}

enum sim_packet_status host_write16(struct host_access *access, uint64_t address, uint16_t value)
{
    return write_register(access, address, value, 2);
}

enum sim_packet_status host_write32(struct host_access *access, uint64_t address, uint32_t value)
{
    return write_register(access, address, value, 4);
}

enum sim_packet_status host_write64(struct host_access *access, uint64_t address, uint64_t value)
{
    return write_register(access, address, value, 8);
}

void host_wait(struct host_access *access, sim_time duration)
{
    sim_time begin = sim_now(access->sim);

    if (access->ops != NULL) {
        access->ops->wait(access->ops_context, duration);
    } else {
        host_port_wait(access->port, duration);
    }
    access->wait_time += sim_now(access->sim) - begin;
}

bool host_poll32(struct host_access *access, uint64_t address, uint32_t mask, uint32_t expected, sim_time interval,
                 sim_time timeout, uint32_t *value)
{
    sim_time end = sim_now(access->sim) + timeout;
    uint32_t seen = host_read32(access, address);

    while (access->status == SIM_STATUS_OK && (seen & mask) != expected && sim_now(access->sim) < end) {
        host_wait(access, interval);
        seen = host_read32(access, address);
    }
    if (value != NULL) {
        *value = seen;
    }
    return access->status == SIM_STATUS_OK && (seen & mask) == expected;
}

/* ---- Configuration space ---- */

uint64_t host_config_address(const struct host_ecam *ecam, uint16_t rid)
{
    unsigned bus = rid >> 8;

    if (bus < ecam->first_bus || bus > ecam->last_bus) {
        return 0;
    }
    return ecam->base + ((uint64_t)(bus - ecam->first_bus) << 20) + ((uint64_t)(rid & 0xff) << 12);
}

uint32_t host_config_read(struct host_access *access, const struct host_ecam *ecam, uint16_t rid, uint32_t offset,
                          uint32_t size)
{
    uint64_t space = host_config_address(ecam, rid);

    if (space == 0) {
        access->status = SIM_STATUS_UR;
        return (uint32_t)ones(size);
    }
    return (uint32_t)read_register(access, space + offset, size);
}

enum sim_packet_status host_config_write(struct host_access *access, const struct host_ecam *ecam, uint16_t rid,
                                         uint32_t offset, uint32_t size, uint32_t value)
{
    uint64_t space = host_config_address(ecam, rid);

    if (space == 0) {
        access->status = SIM_STATUS_UR;
        return SIM_STATUS_UR;
    }
    return write_register(access, space + offset, value, size);
}

/* ---- Memory ---- */

static void require_memory(struct host_access *access, bool done, uint64_t address)
{
    if (!done) {
        sim_panic(access->sim, NULL, NULL, "software touches 0x%llx, where it has no memory",
                  (unsigned long long)address);
    }
}

void host_memory_read(struct host_access *access, uint64_t address, void *bytes, size_t size)
{
    require_memory(access, access->memory != NULL && memory_read(access->memory, address, bytes, size), address);
}

void host_memory_write(struct host_access *access, uint64_t address, const void *bytes, size_t size)
{
    require_memory(access, access->memory != NULL && memory_write(access->memory, address, bytes, size), address);
}

void host_memory_fill(struct host_access *access, uint64_t address, uint8_t value, uint64_t size)
{
    require_memory(access, access->memory != NULL && memory_fill(access->memory, address, value, size), address);
}

uint32_t host_memory_read32(struct host_access *access, uint64_t address)
{
    uint8_t bytes[4] = {0};

    host_memory_read(access, address, bytes, sizeof(bytes));
    return sim_load_le32(bytes);
}

uint64_t host_memory_read64(struct host_access *access, uint64_t address)
{
    uint8_t bytes[8] = {0};

    host_memory_read(access, address, bytes, sizeof(bytes));
    return sim_load_le64(bytes);
}

void host_memory_write32(struct host_access *access, uint64_t address, uint32_t value)
{
    uint8_t bytes[4];

    sim_store_le32(bytes, value);
    host_memory_write(access, address, bytes, sizeof(bytes));
}

void host_memory_write64(struct host_access *access, uint64_t address, uint64_t value)
{
    uint8_t bytes[8];

    sim_store_le64(bytes, value);
    host_memory_write(access, address, bytes, sizeof(bytes));
}
