/*
 * LPI configuration: one byte an LPI in the table at GICR_PROPBASER, cached here until INV or INVALL.
 *
 * A pending LPI keeps the configuration that it was given; an invalidation has it read again. Until that read is
 * answered the old configuration is in force, which the architecture allows before the SYNC.
 */
#include "models/gic-its/redistributor_internal.h"

#include <stdio.h>

/**
 * Priority of an LPI as the PE compares it. With two security states the byte has the Non-secure view: priorities that
 * Non-secure software gives are in the lower half (IHI 0069, "Software accesses of interrupt priority").
 */
static uint8_t priority_of(const struct redistributor *rd, uint64_t byte)
{
    uint32_t priority = (uint32_t)(byte & GIC_MASK(GICR_LPI_PRIORITY));

    if (rd->config.two_security_states) {
        priority = priority >> 1 | 0x80;
    }
    return (uint8_t)(priority & 0xff00u >> rd->config.priority_bits);
}

static void put_into_force(struct redistributor *rd, uint32_t lpi, uint64_t byte)
{
    lpi_set_configure(&rd->lpis, lpi, GIC_GET(byte, GICR_LPI_ENABLE) != 0, priority_of(rd, byte));
}

static struct redistributor_fetch *find_fetch(struct redistributor *rd, uint32_t lpi)
{
    for (uint32_t i = 0; rd->fetch_count > 0 && i < rd->config.config_fetches; i++) {
        struct redistributor_fetch *fetch = &rd->fetches[i];

        if (fetch->busy && !fetch->cancelled && fetch->lpi == lpi) {
            return fetch;
        }
    }
    return NULL;
}

SIM_HOT void redistributor_configure_cached(struct redistributor *rd, uint32_t lpi, struct gic_cache_entry *entry)
{
    gic_cache_hit(&rd->cache, entry);
    put_into_force(rd, lpi, entry->value);
}

bool redistributor_can_fetch(const struct redistributor *rd, uint32_t lpi)
{
    for (uint32_t i = 0; i < rd->config.config_fetches; i++) {
        const struct redistributor_fetch *fetch = &rd->fetches[i];

        if (!fetch->busy || (!fetch->cancelled && fetch->lpi == lpi)) {
            return true;
        }
    }
    return false;
}

void redistributor_fetch(struct redistributor *rd, uint32_t lpi, bool refresh)
{
    struct redistributor_fetch *fetch = find_fetch(rd, lpi);

    if (fetch == NULL) {
        fetch = rd->fetches;
        while (fetch->busy) {
            fetch++;
        }
        *fetch = (struct redistributor_fetch){.busy = true, .lpi = lpi};
        rd->fetch_count++;
    }
    fetch->refresh = fetch->refresh || refresh;
    rd->progress = true;
}

void redistributor_invalidate(struct redistributor *rd, uint32_t lpi)
{
    struct redistributor_fetch *fetch = find_fetch(rd, lpi);

    gic_cache_drop(&rd->cache, lpi, lpi);
    if (fetch != NULL) {
        fetch->stale = fetch->issued;
        fetch->refresh = true;
    } else if (lpi_set_is_pending(&rd->lpis, lpi) && !redistributor_is_out(rd, lpi)) {
        redistributor_fetch(rd, lpi, true);
    }
}

void redistributor_invalidate_all(struct redistributor *rd)
{
    gic_cache_drop_matching(&rd->cache, 0, 0);
    for (uint32_t i = 0; i < rd->config.config_fetches; i++) {
        struct redistributor_fetch *fetch = &rd->fetches[i];

        if (fetch->busy && !fetch->cancelled) {
            fetch->stale = fetch->issued;
            fetch->refresh = true;
        }
    }
    redistributor_start_scan(rd);
}

bool redistributor_is_refreshing(const struct redistributor *rd)
{
    for (uint32_t i = 0; rd->fetch_count > 0 && i < rd->config.config_fetches; i++) {
        const struct redistributor_fetch *fetch = &rd->fetches[i];

        if (fetch->busy && !fetch->cancelled && fetch->refresh) {
            return true;
        }
    }
    return rd->scanning;
}

void redistributor_start_scan(struct redistributor *rd)
{
    rd->scanning = rd->lpis.pending > 0;
    rd->scan_next = 0;
    rd->progress = true;
}

void redistributor_step_scan(struct redistributor *rd)
{
    uint32_t lpi = lpi_set_next(&rd->lpis, rd->scan_next);

    if (lpi == LPI_NONE) {
        rd->scanning = false;
    } else {
        struct gic_cache_entry *entry = gic_cache_find(&rd->cache, lpi, lpi);

        if (redistributor_is_out(rd, lpi)) {
            /* Its configuration is looked up when it comes back. */
        } else if (entry != NULL) {
            redistributor_configure_cached(rd, lpi, entry);
        } else if (redistributor_can_fetch(rd, lpi)) {
            rd->cache.misses++;
            redistributor_fetch(rd, lpi, true);
        } else {
            return;
        }
        rd->scan_next = lpi + 1;
    }
    rd->progress = true;
}

void redistributor_request_config(struct redistributor *rd, sim_time now)
{
    for (uint32_t i = 0; rd->fetch_count > 0 && i < rd->config.config_fetches; i++) {
        struct redistributor_fetch *fetch = &rd->fetches[i];
        struct sim_packet *packet;

        if (!fetch->busy || fetch->issued) {
            continue;
        }
        if (!gic_output_is_ready(&rd->memory, now, &rd->due)) {
            return;
        }
        packet = sim_packet_new(rd->component.sim, 1);
        packet->type = SIM_PACKET_READ;
        packet->address = (rd->propbaser & GIC_MASK(GICR_PROPBASER_ADDRESS)) + fetch->lpi;
        packet->tag = (uint16_t)i;
        packet->born = now;
        fetch->issued = true;
        rd->count_table_reads++;
        redistributor_request(rd, packet, now);
        return;
    }
}

/** Tells whoever follows the MSI of an LPI what has been read for it. */
static void tell_read(struct redistributor *rd, uint32_t lpi, const struct sim_packet *answer, uint64_t byte,
                      sim_time now)
{
    char meaning[64];
    const struct sim_table_read read = {.packet = lpi_set_packet(&rd->lpis, lpi),
                                        .where = &rd->component,
                                        .what = "LPI configuration table",
                                        .meaning = meaning,
                                        .address = answer->address,
                                        .length = answer->length,
                                        .issued = answer->born,
                                        .arrived = now};

    if (sim_reads_are_wanted(rd->component.sim, read.packet)) {
        snprintf(meaning, sizeof(meaning), "%s, priority 0x%02x", (byte & 1) != 0 ? "enabled" : "not enabled",
                 (unsigned)byte & 0xfc);
        sim_tell_read(rd->component.sim, &read);
    }
}

void redistributor_take_config(struct redistributor *rd, const struct sim_packet *packet, sim_time now)
{
    struct redistributor_fetch *fetch = &rd->fetches[packet->tag];
    /* A bus error leaves the LPI disabled: the architecture does not say. */
    uint64_t byte = packet->status == SIM_STATUS_OK ? packet->data[0] : 0;

    if (fetch->stale && !fetch->cancelled) {
        fetch->stale = false;
        fetch->issued = false;
        return;
    }
    if (!fetch->cancelled) {
        gic_cache_fill(&rd->cache, fetch->lpi, fetch->lpi, byte);
        if (lpi_set_is_pending(&rd->lpis, fetch->lpi) && !redistributor_is_out(rd, fetch->lpi)) {
            tell_read(rd, fetch->lpi, packet, byte, now);
            put_into_force(rd, fetch->lpi, byte);
        }
    }
    fetch->busy = false;
    rd->fetch_count--;
}

void redistributor_cancel_fetches(struct redistributor *rd)
{
    gic_cache_drop_matching(&rd->cache, 0, 0);
    rd->scanning = false;
    for (uint32_t i = 0; i < rd->config.config_fetches; i++) {
        struct redistributor_fetch *fetch = &rd->fetches[i];

        if (fetch->busy && !fetch->issued) {
            fetch->busy = false;
            rd->fetch_count--;
        }
        fetch->cancelled = fetch->busy;
    }
}
