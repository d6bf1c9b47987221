#include "host/io_page_table.h"

/* Descriptor bits, VMSAv8-64 stage 1. */
#define DESC_VALID     (UINT64_C(1) << 0)
#define DESC_TABLE     (UINT64_C(1) << 1) /* table at levels 0-2, page at level 3 */
#define DESC_ATTR(x)   ((uint64_t)(x) << 2)
#define DESC_AP_EL0    (UINT64_C(1) << 6)
#define DESC_AP_RDONLY (UINT64_C(1) << 7)
#define DESC_SH_OUTER  (UINT64_C(2) << 8)
#define DESC_SH_INNER  (UINT64_C(3) << 8)
#define DESC_AF        (UINT64_C(1) << 10)
#define DESC_NG        (UINT64_C(1) << 11)
#define DESC_PXN       (UINT64_C(1) << 53)
#define DESC_UXN       (UINT64_C(1) << 54)
#define DESC_ADDRESS   UINT64_C(0x0000fffffffff000)

/* Stage 2: memory attributes instead of an index, and permissions of its own. */
#define DESC_S2_NORMAL (UINT64_C(0xf) << 2) /* write-back */
#define DESC_S2_DEVICE (UINT64_C(1) << 2)   /* Device-nGnRE */
#define DESC_S2_READ   (UINT64_C(1) << 6)
#define DESC_S2_WRITE  (UINT64_C(1) << 7)
#define DESC_S2_XN     (UINT64_C(1) << 54)

#define LEVELS 4

#define STAGE1_BITS 48u

/** log2 of the descriptors of a table. */
static unsigned stride_of(const struct io_page_table *table)
{
    return table->granule - 3u;
}

static uint64_t table_bytes(const struct io_page_table *table)
{
    return UINT64_C(1) << table->granule;
}

static uint64_t index_at(const struct io_page_table *table, uint64_t iova, unsigned level)
{
    const unsigned stride = stride_of(table);

    return iova >> (table->granule + stride * (LEVELS - 1 - level)) & ((UINT64_C(1) << stride) - 1);
}

unsigned io_page_table_first_level(const struct io_page_table *table)
{
    const unsigned bits = (table->stage2 ? IO_PAGE_STAGE2_BITS : STAGE1_BITS) - table->granule;

    return LEVELS - (bits + stride_of(table) - 1) / stride_of(table);
}

unsigned io_page_table_granule_code(const struct io_page_table *table)
{
    return table->granule == IO_PAGE_BITS ? 0 : table->granule == 16 ? 1 : 2;
}

static bool init(struct io_page_table *table, struct host_ram *ram, bool stage2, unsigned granule, uint64_t offset)
{
    uint64_t root = host_ram_take(ram, UINT64_C(1) << granule, UINT64_C(1) << granule);

    table->ram = ram;
    table->stage2 = stage2;
    table->granule = (uint8_t)granule;
    table->guest_offset = offset;
    table->root = root == 0 ? 0 : root - offset;
    return root != 0;
}

bool io_page_table_init(struct io_page_table *table, struct host_ram *ram, unsigned granule)
{
    return init(table, ram, false, granule, 0);
}

bool io_page_table_init_stage2(struct io_page_table *table, struct host_ram *ram, unsigned granule)
{
    return init(table, ram, true, granule, 0);
}

bool io_page_table_init_guest(struct io_page_table *table, struct host_ram *ram, unsigned granule, uint64_t offset)
{
    return init(table, ram, false, granule, offset);
}

/** Address of the level-3 descriptor of an address; 0 if a table is missing and cannot be or is not to be made. */
static uint64_t leaf_address(const struct io_page_table *table, uint64_t iova, bool create)
{
    uint64_t base = table->root + table->guest_offset;

    if (table->stage2 && iova >> IO_PAGE_STAGE2_BITS != 0) {
        return 0;
    }
    for (unsigned level = io_page_table_first_level(table); level < LEVELS - 1; level++) {
        uint64_t address = base + 8 * index_at(table, iova, level);
        uint64_t descriptor = memory_read64(table->ram->memory, address);

        if ((descriptor & DESC_VALID) == 0) {
            uint64_t next = create ? host_ram_take(table->ram, table_bytes(table), table_bytes(table)) : 0;

            if (next == 0) {
                return 0;
            }
            descriptor = (next - table->guest_offset) | DESC_TABLE | DESC_VALID;
            memory_write64(table->ram->memory, address, descriptor);
        }
        base = (descriptor & DESC_ADDRESS) + table->guest_offset;
    }
    return base + 8 * index_at(table, iova, LEVELS - 1);
}

static uint64_t stage2_descriptor(uint64_t physical, uint32_t protection)
{
    uint64_t descriptor = physical | DESC_TABLE | DESC_VALID | DESC_AF;

    descriptor |= (protection & IO_PAGE_MMIO) != 0 ? DESC_S2_DEVICE | DESC_SH_OUTER : DESC_S2_NORMAL | DESC_SH_INNER;
    descriptor |= (protection & IO_PAGE_READ) != 0 ? DESC_S2_READ : 0;
    descriptor |= (protection & IO_PAGE_WRITE) != 0 ? DESC_S2_WRITE : 0;
    descriptor |= (protection & IO_PAGE_NOEXEC) != 0 ? DESC_S2_XN : 0;
    return descriptor;
}

static uint64_t leaf_descriptor(uint64_t physical, uint32_t protection)
{
    uint64_t descriptor = physical | DESC_TABLE | DESC_VALID | DESC_AF | DESC_NG;

    if ((protection & IO_PAGE_MMIO) != 0) {
        descriptor |= DESC_ATTR(IO_PAGE_ATTR_DEVICE) | DESC_SH_OUTER;
    } else {
        descriptor |= DESC_ATTR(IO_PAGE_ATTR_NORMAL) | DESC_SH_INNER;
    }
    if ((protection & IO_PAGE_USER) != 0) {
        descriptor |= DESC_AP_EL0;
    }
    if ((protection & IO_PAGE_WRITE) == 0) {
        descriptor |= DESC_AP_RDONLY;
    }
    if ((protection & IO_PAGE_NOEXEC) != 0) {
        descriptor |= DESC_PXN | DESC_UXN;
    }
    return descriptor;
}

bool io_page_table_map(struct io_page_table *table, uint64_t iova, uint64_t physical, uint32_t protection)
{
    uint64_t address = leaf_address(table, iova, true);

    if (address == 0 || (memory_read64(table->ram->memory, address) & DESC_VALID) != 0) {
        return false;
    }
    memory_write64(table->ram->memory, address,
                   table->stage2 ? stage2_descriptor(physical, protection) : leaf_descriptor(physical, protection));
    return true;
}

bool io_page_table_unmap(struct io_page_table *table, uint64_t iova)
{
    uint64_t address = leaf_address(table, iova, false);

    if (address == 0 || (memory_read64(table->ram->memory, address) & DESC_VALID) == 0) {
        return false;
    }
    memory_write64(table->ram->memory, address, 0);
    return true;
}

bool io_page_table_lookup(const struct io_page_table *table, uint64_t iova, uint64_t *physical)
{
    uint64_t address = leaf_address(table, iova, false);
    uint64_t descriptor = address != 0 ? memory_read64(table->ram->memory, address) : 0;

    if ((descriptor & DESC_VALID) == 0) {
        return false;
    }
    *physical = (descriptor & DESC_ADDRESS) | (iova & (table_bytes(table) - 1));
    return true;
}
