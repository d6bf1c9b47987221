/*
 * A redistributor's virtual side: creation, its part of an evaluation, accesses of memory, and what the PE is shown.
 */
#include "models/gic-its/redistributor_virtual_internal.h"

/* ---- Memory ---- */

struct virtual_access *virtual_start(struct redistributor *rd, enum virtual_access_index index, bool write,
                                     uint64_t address, uint32_t length)
{
    struct virtual_access *access = &rd->virt->accesses[index];

    access->state = VIRTUAL_ACCESS_WANTED;
    access->write = write;
    access->address = address;
    access->length = length;
    rd->virt->wanted++;
    rd->progress = true;
    return access;
}

static void issue(struct redistributor *rd, struct virtual_access *access, uint32_t index, sim_time now)
{
    struct sim_packet *packet = sim_packet_new(rd->component.sim, access->length);

    packet->type = access->write ? SIM_PACKET_WRITE : SIM_PACKET_READ;
    packet->address = access->address;
    packet->tag = (uint16_t)(VIRTUAL_TAG_ACCESS + index);
    for (uint32_t i = 0; access->write && i < access->length; i++) {
        packet->data[i] = access->data[i];
    }
    if (access->write) {
        rd->virt->count_writes++;
    } else {
        rd->virt->count_reads++;
    }
    access->state = VIRTUAL_ACCESS_ISSUED;
    redistributor_request(rd, packet, now);
}

void redistributor_request_virtual(struct redistributor *rd, sim_time now)
{
    struct redistributor_virtual *virt = rd->virt;

    for (uint32_t i = 0; virt->wanted > 0 && i < VIRTUAL_ACCESSES; i++) {
        if (virt->accesses[i].state == VIRTUAL_ACCESS_WANTED) {
            if (gic_output_is_ready(&rd->memory, now, &rd->due)) {
                issue(rd, &virt->accesses[i], i, now);
            }
            return;
        }
    }
    if (virt->fetch_count > 0) {
        virtual_request_config(rd, now);
    }
}

void redistributor_take_virtual(struct redistributor *rd, const struct sim_packet *packet)
{
    struct redistributor_virtual *virt = rd->virt;
    struct virtual_access *access;

    if (packet->tag >= VIRTUAL_TAG_FETCH) {
        virtual_take_config(rd, packet);
        return;
    }
    access = &virt->accesses[packet->tag - VIRTUAL_TAG_ACCESS];
    access->state = VIRTUAL_ACCESS_IDLE;
    access->ok = packet->status == SIM_STATUS_OK;
    for (uint32_t i = 0; !access->write && i < access->length; i++) {
        access->data[i] = packet->data[i];
    }
    virt->wanted--;
}

/* ---- The vPE table ---- */

/** Bits 11:0 are not the page's address; 64 KiB pages are aligned to their size. */
static uint64_t page_shift(const struct redistributor *rd)
{
    uint64_t size = GIC_GET(rd->virt->propbaser, GICR_VPROPBASER_PAGE_SIZE);

    return 12 + 2 * (size < 2 ? size : 2);
}

static void want_entry(struct redistributor *rd, uint64_t address)
{
    rd->virt->find_level1 = false;
    virtual_start(rd, VIRTUAL_ACCESS_OTHER, false, address, GIC_VPE_ENTRY_BYTES);
}

void virtual_find_start(struct redistributor *rd, uint32_t vpe)
{
    struct redistributor_virtual *virt = rd->virt;
    uint64_t shift = page_shift(rd);
    uint64_t base = virt->propbaser & GIC_MASK(GICR_VPROPBASER_ADDRESS) & ~(((uint64_t)1 << shift) - 1);
    uint64_t bytes = (GIC_GET(virt->propbaser, GICR_VPROPBASER_SIZE) + 1) << shift;
    bool indirect = GIC_GET(virt->propbaser, GICR_VPROPBASER_INDIRECT) != 0;
    uint64_t at = (uint64_t)vpe * GIC_VPE_ENTRY_BYTES;
    uint64_t level1 = (at >> shift) * 8;

    virt->find_vpe = vpe;
    virt->find_level1 = false;
    virt->accesses[VIRTUAL_ACCESS_OTHER].ok = false;
    rd->progress = true;
    if (GIC_GET(virt->propbaser, GICR_VPROPBASER_VALID) == 0 || (indirect ? level1 : at) >= bytes) {
        return;
    }
    if (indirect) {
        virt->find_level1 = true;
        virtual_start(rd, VIRTUAL_ACCESS_OTHER, false, base + level1, 8);
    } else {
        want_entry(rd, base + at);
    }
}

bool virtual_find_step(struct redistributor *rd, struct vpe_entry *entry)
{
    struct redistributor_virtual *virt = rd->virt;
    const struct virtual_access *access = &virt->accesses[VIRTUAL_ACCESS_OTHER];
    uint64_t mask = ((uint64_t)1 << page_shift(rd)) - 1;
    uint64_t word = sim_load_le64(access->data);

    *entry = (struct vpe_entry){.valid = false};
    if (!virtual_is_settled(virt)) {
        return false;
    }
    if (!access->ok) {
        return true;
    }
    if (virt->find_level1) {
        if (word >> 63 == 0) {
            return true;
        }
        want_entry(rd, (word & GIC_MASK(GICR_VPROPBASER_ADDRESS) & ~mask) +
                           ((uint64_t)virt->find_vpe * GIC_VPE_ENTRY_BYTES & mask));
        return false;
    }
    *entry = vpe_entry_decode(word, sim_load_le64(&access->data[8]));
    return true;
}

/* ---- The PE ---- */

static bool group_is_enabled(const struct redistributor *rd, bool group1)
{
    uint64_t value = rd->virt->pendbaser;

    /* GICv4.0 leaves that to the PE's virtual interface. */
    if (rd->config.virt.version == GIC_VIRTUAL_V4_0) {
        return true;
    }
    return (group1 ? GIC_GET(value, GICR_VPENDBASER_GROUP1) : GIC_GET(value, GICR_VPENDBASER_GROUP0)) != 0;
}

static uint32_t best_sgi(const struct redistributor *rd, uint32_t *intid)
{
    const struct redistributor_virtual *virt = rd->virt;
    uint32_t best = GIC_PRIORITY_NONE;

    for (uint32_t bits = virt->sgi_pending; bits != 0; bits &= bits - 1) {
        uint32_t sgi = (uint32_t)__builtin_ctz(bits);
        uint32_t priority = virt->sgis[sgi] & VPT_SGI_PRIORITY;

        if ((virt->sgis[sgi] & VPT_SGI_ENABLE) != 0 && priority < best &&
            group_is_enabled(rd, (virt->sgis[sgi] & VPT_SGI_GROUP) != 0)) {
            best = priority;
            *intid = sgi;
        }
    }
    return best;
}

/** The best pending interrupt of the vPE, whether or not it is shown. Ties go to the lower vINTID. */
static uint32_t best_of_vpe(const struct redistributor *rd, uint32_t *intid)
{
    const struct redistributor_virtual *virt = rd->virt;
    uint32_t best = best_sgi(rd, intid);

    if (virt->lpis.heap_count > 0 && group_is_enabled(rd, true) && lpi_set_best_priority(&virt->lpis) < best) {
        *intid = GIC_FIRST_LPI + lpi_set_best(&virt->lpis);
        best = lpi_set_best_priority(&virt->lpis);
    }
    return best;
}

bool virtual_has_deliverable(const struct redistributor *rd)
{
    uint32_t intid;

    return best_of_vpe(rd, &intid) != GIC_PRIORITY_NONE;
}

static uint32_t best_shown(const struct redistributor *rd, uint32_t *intid)
{
    bool shown = rd->virt->valid && (rd->virt->state == VIRTUAL_SCANNING || rd->virt->state == VIRTUAL_RESIDENT);

    *intid = GIC_INTID_SPURIOUS;
    return shown ? best_of_vpe(rd, intid) : GIC_PRIORITY_NONE;
}

struct sim_packet *redistributor_acknowledge_virtual(struct redistributor *rd, struct sim_packet *request)
{
    struct redistributor_virtual *virt = rd->virt;
    struct sim_packet *held = NULL;
    uint32_t intid;
    uint32_t priority = best_shown(rd, &intid);

    if (priority >= request->arg) {
        intid = GIC_INTID_SPURIOUS;
        virt->count_spurious++;
    } else if (intid < VPT_SGIS) {
        virt->sgi_pending &= (uint16_t) ~(1u << intid);
        virt->count_activated++;
    } else {
        held = lpi_set_remove(&virt->lpis, intid - GIC_FIRST_LPI);
        virt->count_activated++;
    }
    if (held != NULL) {
        sim_packet_free(rd->component.sim, request);
        request = held;
    }
    request->operation = GIC_VACTIVATED;
    request->intid = intid;
    request->address = priority;
    virt->told = best_shown(rd, &intid);
    request->arg = virt->told;
    return request;
}

void redistributor_signal_virtual(struct redistributor *rd, sim_time now)
{
    struct sim_packet *packet;
    uint32_t intid;
    uint32_t priority = best_shown(rd, &intid);

    if (priority == rd->virt->told || !gic_output_is_ready(&rd->pe, now, &rd->due)) {
        return;
    }
    packet = sim_packet_new(rd->component.sim, 0);
    packet->type = SIM_PACKET_GIC;
    packet->operation = GIC_VSIGNAL;
    packet->arg = priority;
    packet->intid = intid;
    rd->virt->told = priority;
    gic_output_push(&rd->pe, packet, now, rd->signal_service);
}

/* ---- Events ---- */

void virtual_merge(struct redistributor *rd, struct sim_packet *packet, sim_time now)
{
    rd->virt->count_merged++;
    if ((packet->flags & SIM_FLAG_TRACKED) != 0) {
        sim_mark(rd->component.sim, packet, rd->component.stage, now);
        sim_event(rd->component.sim, SIM_EVENT_MSI_MERGED, packet, &rd->component, now, 0);
    }
    sim_packet_free(rd->component.sim, packet);
}

void virtual_tell_pending(struct redistributor *rd, const struct sim_packet *packet, sim_time now)
{
    if ((packet->flags & SIM_FLAG_TRACKED) != 0) {
        sim_event(rd->component.sim, SIM_EVENT_MSI_PENDING, packet, &rd->component, now, 0);
    }
}

/* ---- Evaluation, creation ---- */

bool virtual_is_here(const struct redistributor *rd, const struct sim_packet *packet)
{
    const struct redistributor_virtual *virt = rd->virt;

    /* A vPE that is not mapped has no interrupts here. */
    if (virt->state == VIRTUAL_ABSENT || (virt->state == VIRTUAL_RESIDENT && virt->limit == 0)) {
        return false;
    }
    return rd->config.virt.version == GIC_VIRTUAL_V4_1 ? virt->vpe == packet->target
                                                       : virt->table == virtual_table_of(packet);
}

bool redistributor_is_virtual_busy(const struct redistributor *rd)
{
    return rd->virt != NULL && (rd->virt->queued > 0 || virtual_is_refreshing(rd));
}

void redistributor_step_virtual(struct redistributor *rd, sim_time now)
{
    struct redistributor_virtual *virt = rd->virt;

    if (virt->scanning) {
        virtual_step_scan(rd);
        /* One that waits for a read may go on sooner: what it would read next may be no longer pending. */
        redistributor_look_at(rd, now + rd->component.period);
    }
    if (virtual_is_changing(rd)) {
        virtual_step_residency(rd, now);
    }
    if (virt->queued > 0) {
        virtual_step_queue(rd, now);
    }
    if (virt->asked != 0 || virt->move_phase != VIRTUAL_MOVE_NONE) {
        virtual_step_move(rd, now);
    }
}

struct redistributor_virtual_config redistributor_virtual_config_default(void)
{
    return (struct redistributor_virtual_config){.slots = 8, .config_cache_entries = 64, .config_cache_ways = 2};
}

static void check(struct redistributor *rd, bool right, const char *what)
{
    if (!right) {
        sim_panic(rd->component.sim, &rd->component, NULL, "virtual LPIs: %s", what);
    }
}

static void register_counters(struct redistributor *rd)
{
    struct redistributor_virtual *virt = rd->virt;
    struct sim_component *component = &rd->component;

    sim_counter_register(component, "virtual_set", &virt->count_set);
    sim_counter_register(component, "virtual_merged", &virt->count_merged);
    sim_counter_register(component, "virtual_activated", &virt->count_activated);
    sim_counter_register(component, "virtual_spurious", &virt->count_spurious);
    sim_counter_register(component, "virtual_stored", &virt->count_stored);
    sim_counter_register(component, "doorbells", &virt->count_doorbells);
    sim_counter_register(component, "residencies", &virt->count_residencies);
    sim_counter_register(component, "virtual_hits", &virt->cache.hits);
    sim_counter_register(component, "virtual_misses", &virt->cache.misses);
    sim_counter_register(component, "virtual_reads", &virt->count_reads);
    sim_counter_register(component, "virtual_writes", &virt->count_writes);
}

static uint64_t read_requests(const void *context)
{
    const struct redistributor_virtual *virt = context;

    return virt->queued;
}

static uint64_t read_fetches(const void *context)
{
    const struct redistributor_virtual *virt = context;

    return virt->fetch_count;
}

static uint64_t read_pending(const void *context)
{
    const struct redistributor_virtual *virt = context;

    return virt->lpis.pending;
}

static void register_gauges(struct redistributor *rd)
{
    struct redistributor_virtual *virt = rd->virt;
    struct sim_component *component = &rd->component;

    sim_gauge_register(component, "virtual-requests", rd->config.virt.slots, read_requests, virt);
    sim_gauge_register(component, "virtual-pending-lpis", virt->lpis.count, read_pending, virt);
    sim_gauge_register(component, "virtual-config-fetches", rd->config.config_fetches, read_fetches, virt);
    gic_cache_register(&virt->cache, component, "virtual-config-cache");
}

void redistributor_create_virtual(struct redistributor *rd)
{
    const struct redistributor_virtual_config *config = &rd->config.virt;
    struct sim *sim = rd->component.sim;
    uint32_t lpis;

    if (config->version == GIC_VIRTUAL_NONE) {
        return;
    }
    rd->virt = sim_alloc(sim, sizeof(*rd->virt));
    check(rd, config->version <= GIC_VIRTUAL_V4_1, "no such version");
    check(rd, rd->config.intid_bits <= 22, "intid_bits must be at most 22");
    check(rd, config->slots >= 1 && config->slots <= REDISTRIBUTOR_MAX_VIRTUAL_SLOTS, "slots must be 1 to 64");
    check(rd, config->common_affinity <= 3, "common_affinity must be 0 to 3");
    check(rd, gic_cache_create(sim, &rd->virt->cache, config->config_cache_entries, config->config_cache_ways),
          "the configuration cache is not a power of two times its ways");
    lpis = ((uint32_t)1 << rd->config.intid_bits) - GIC_FIRST_LPI;
    lpi_set_create(sim, &rd->virt->lpis, lpis);
    rd->virt->line_is_set = sim_alloc(sim, lpis / VPT_LINE_LPIS * sizeof(*rd->virt->line_is_set));
    rd->virt->told = GIC_PRIORITY_NONE;
    register_counters(rd);
    register_gauges(rd);
    /* Requests, accesses, configuration reads, a move for each ITS, a signal. */
    sim_packet_reserve(sim, config->slots + VIRTUAL_ACCESSES + rd->config.config_fetches + rd->config.its_count + 3,
                       false);
}

bool redistributor_is_virtual_pending(const struct redistributor *rd, uint32_t intid)
{
    uint32_t lpi = intid - GIC_FIRST_LPI;

    if (rd->virt == NULL) {
        return false;
    }
    if (intid < VPT_SGIS) {
        return (rd->virt->sgi_pending >> intid & 1) != 0;
    }
    return intid >= GIC_FIRST_LPI && lpi < rd->virt->lpis.count && lpi_set_is_pending(&rd->virt->lpis, lpi);
}

bool redistributor_is_vpe_resident(const struct redistributor *rd)
{
    return rd->virt != NULL && rd->virt->valid && rd->virt->state == VIRTUAL_RESIDENT;
}

uint32_t redistributor_parked_count(const struct redistributor *rd)
{
    return rd->virt == NULL ? 0 : rd->virt->parked_count;
}
