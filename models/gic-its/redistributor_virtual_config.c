/*
 * Configuration of the resident vPE's virtual LPIs: one byte each in its virtual configuration table, cached here until
 * VINV or VINVALL, or until the vPE goes.
 *
 * The rules are those of physical LPIs (redistributor_config.c); the table is another one at each residency.
 */
#include "models/gic-its/redistributor_virtual_internal.h"

static void put_into_force(struct redistributor *rd, uint32_t lpi, uint64_t byte)
{
    uint32_t priority = (uint32_t)(byte & GIC_MASK(GICR_LPI_PRIORITY)) & (0xff00u >> rd->config.priority_bits);

    lpi_set_configure(&rd->virt->lpis, lpi, GIC_GET(byte, GICR_LPI_ENABLE) != 0, (uint8_t)priority);
}

static struct redistributor_fetch *find_fetch(const struct redistributor *rd, uint32_t lpi)
{
    struct redistributor_virtual *virt = rd->virt;

    for (uint32_t i = 0; virt->fetch_count > 0 && i < rd->config.config_fetches; i++) {
        if (virt->fetches[i].busy && virt->fetches[i].lpi == lpi) {
            return &virt->fetches[i];
        }
    }
    return NULL;
}

bool virtual_can_fetch(const struct redistributor *rd, uint32_t lpi)
{
    return rd->virt->fetch_count < rd->config.config_fetches || find_fetch(rd, lpi) != NULL;
}

bool virtual_can_configure(const struct redistributor *rd, uint32_t lpi)
{
    return gic_cache_find(&rd->virt->cache, lpi, lpi) != NULL || virtual_can_fetch(rd, lpi);
}

/** Reads a byte, or joins a read of it. */
static void start_fetch(struct redistributor *rd, uint32_t lpi, bool refresh)
{
    struct redistributor_virtual *virt = rd->virt;
    struct redistributor_fetch *fetch = find_fetch(rd, lpi);

    if (fetch == NULL) {
        fetch = virt->fetches;
        while (fetch->busy) {
            fetch++;
        }
        *fetch = (struct redistributor_fetch){.busy = true, .lpi = lpi};
        virt->fetch_count++;
    }
    fetch->refresh = fetch->refresh || refresh;
    rd->progress = true;
}

static void configure(struct redistributor *rd, uint32_t lpi, bool refresh)
{
    struct gic_cache_entry *entry = gic_cache_find(&rd->virt->cache, lpi, lpi);

    if (entry != NULL) {
        gic_cache_hit(&rd->virt->cache, entry);
        put_into_force(rd, lpi, entry->value);
    } else {
        rd->virt->cache.misses++;
        start_fetch(rd, lpi, refresh);
    }
}

void virtual_configure(struct redistributor *rd, uint32_t lpi)
{
    configure(rd, lpi, false);
}

void virtual_invalidate(struct redistributor *rd, uint32_t lpi)
{
    struct redistributor_fetch *under_way = find_fetch(rd, lpi);

    gic_cache_drop(&rd->virt->cache, lpi, lpi);
    if (under_way != NULL) {
        under_way->stale = under_way->issued;
        under_way->refresh = true;
    } else if (lpi_set_is_pending(&rd->virt->lpis, lpi)) {
        start_fetch(rd, lpi, true);
    }
}

void virtual_invalidate_all(struct redistributor *rd)
{
    struct redistributor_virtual *virt = rd->virt;

    gic_cache_drop_matching(&virt->cache, 0, 0);
    for (uint32_t i = 0; i < rd->config.config_fetches; i++) {
        struct redistributor_fetch *under_way = &virt->fetches[i];

        under_way->stale = under_way->busy && under_way->issued;
        under_way->refresh = under_way->busy;
    }
    virtual_start_scan(rd);
}

bool virtual_is_refreshing(const struct redistributor *rd)
{
    const struct redistributor_virtual *virt = rd->virt;

    for (uint32_t i = 0; virt->fetch_count > 0 && i < rd->config.config_fetches; i++) {
        if (virt->fetches[i].busy && virt->fetches[i].refresh) {
            return true;
        }
    }
    return virt->scanning;
}

void virtual_start_scan(struct redistributor *rd)
{
    rd->virt->scanning = rd->virt->lpis.pending > 0;
    rd->virt->scan_next = 0;
    rd->progress = true;
}

void virtual_step_scan(struct redistributor *rd)
{
    struct redistributor_virtual *virt = rd->virt;
    uint32_t lpi = lpi_set_next(&virt->lpis, virt->scan_next);

    if (lpi == LPI_NONE) {
        virt->scanning = false;
    } else if (virtual_can_configure(rd, lpi)) {
        configure(rd, lpi, true);
        virt->scan_next = lpi + 1;
    } else {
        return;
    }
    rd->progress = true;
}

void virtual_request_config(struct redistributor *rd, sim_time now)
{
    struct redistributor_virtual *virt = rd->virt;

    for (uint32_t i = 0; virt->fetch_count > 0 && i < rd->config.config_fetches; i++) {
        struct redistributor_fetch *fetch = &virt->fetches[i];
        struct sim_packet *packet;

        if (!fetch->busy || fetch->issued) {
            continue;
        }
        if (!gic_output_is_ready(&rd->memory, now, &rd->due)) {
            return;
        }
        packet = sim_packet_new(rd->component.sim, 1);
        packet->type = SIM_PACKET_READ;
        packet->address = virt->configuration + fetch->lpi;
        packet->tag = (uint16_t)(VIRTUAL_TAG_FETCH + i);
        fetch->issued = true;
        virt->count_reads++;
        redistributor_request(rd, packet, now);
        return;
    }
}

void virtual_take_config(struct redistributor *rd, const struct sim_packet *packet)
{
    struct redistributor_virtual *virt = rd->virt;
    struct redistributor_fetch *fetch = &virt->fetches[packet->tag - VIRTUAL_TAG_FETCH];
    /* A bus error leaves the LPI disabled, as for physical ones. */
    uint64_t byte = packet->status == SIM_STATUS_OK ? packet->data[0] : 0;

    if (fetch->stale) {
        fetch->stale = false;
        fetch->issued = false;
        return;
    }
    gic_cache_fill(&virt->cache, fetch->lpi, fetch->lpi, byte);
    if (lpi_set_is_pending(&virt->lpis, fetch->lpi)) {
        put_into_force(rd, fetch->lpi, byte);
    }
    fetch->busy = false;
    virt->fetch_count--;
}
