/*
 * A vPE comes (GICR_VPENDBASER.Valid 0 -> 1) and goes (1 -> 0). Dirty is 1 meanwhile.
 *
 * It comes: its virtual pending table is read, those parts of it that the header's map names, or all of it if the
 * header is not right (GICv4.0, IDAI 1); then the configuration of what is pending. It can take interrupts when the
 * table has been read. It goes: lines that hold a bit, or whose memory holds one, are written, and the header.
 *
 * A change waits for the request that is being carried out, and no request begins before it is over.
 *
 * Choices where the architecture leaves one: a vPE that is not mapped, or whose table cannot be read, is resident with
 * nothing pending. Its group enables are those that were written with Valid.
 */
#include "models/gic-its/redistributor_virtual_internal.h"

#define FIRST_LINE (GIC_FIRST_LPI / VPT_LINE_LPIS)
#define LINE_WORDS (VPT_LINE_BYTES / 8)

bool virtual_is_changing(const struct redistributor *rd)
{
    const struct redistributor_virtual *virt = rd->virt;

    return virt->valid ? virt->state != VIRTUAL_RESIDENT : virt->state != VIRTUAL_ABSENT;
}

static void enter(struct redistributor *rd, enum virtual_state state)
{
    rd->virt->state = (uint8_t)state;
    rd->progress = true;
}

static uint32_t line_count(const struct redistributor_virtual *virt)
{
    return virt->limit / VPT_LINE_LPIS;
}

static uint64_t line_address(const struct redistributor_virtual *virt)
{
    return virt->table + (uint64_t)(FIRST_LINE + virt->line) * VPT_LINE_BYTES;
}

static uint64_t *line_words(const struct redistributor_virtual *virt)
{
    return &virt->lpis.bits[(size_t)virt->line * LINE_WORDS];
}

static uint64_t line_map_bits(const struct redistributor_virtual *virt)
{
    uint32_t first = (FIRST_LINE + virt->line) * VPT_LINE_LPIS;

    return vpt_map_bits(first, first + VPT_LINE_LPIS - 1, virt->id_bits);
}

/* ---- Coming ---- */

/** Choice: fewer than 14 vINTID bits are no LPIs, more than this redistributor has are cut off. */
static void use_table(struct redistributor *rd, uint64_t table, uint32_t id_bits, uint64_t configuration)
{
    struct redistributor_virtual *virt = rd->virt;

    virt->table = table;
    virt->id_bits = id_bits < rd->config.intid_bits ? id_bits : rd->config.intid_bits;
    virt->limit = virt->id_bits < 14 ? 0 : ((uint32_t)1 << virt->id_bits) - GIC_FIRST_LPI;
    virt->configuration = configuration;
}

static void start_loading(struct redistributor *rd, uint64_t map)
{
    rd->virt->map = map;
    rd->virt->line = 0;
    /* No line has been read yet. */
    rd->virt->accesses[VIRTUAL_ACCESS_WORD].length = 0;
    enter(rd, VIRTUAL_LOADING);
}

static void start_header(struct redistributor *rd)
{
    struct redistributor_virtual *virt = rd->virt;
    bool unknown = rd->config.virt.version == GIC_VIRTUAL_V4_0 && GIC_GET(virt->pendbaser, GICR_VPENDBASER_IDAI) != 0;

    if (virt->limit == 0) {
        enter(rd, VIRTUAL_RESIDENT);
    } else if (unknown) {
        start_loading(rd, UINT64_MAX);
    } else {
        virtual_start(rd, VIRTUAL_ACCESS_HEADER, false, virt->table, VPT_LINE_BYTES);
        enter(rd, VIRTUAL_HEADER);
    }
}

static void begin(struct redistributor *rd)
{
    struct redistributor_virtual *virt = rd->virt;

    virt->count_residencies++;
    virt->pending_last = false;
    virt->sgi_pending = 0;
    virt->limit = 0;
    gic_cache_drop_matching(&virt->cache, 0, 0);
    if (rd->config.virt.version == GIC_VIRTUAL_V4_1) {
        virt->vpe = (uint32_t)GIC_GET(virt->pendbaser, GICR_VPENDBASER_VPE);
        virtual_find_start(rd, virt->vpe);
        enter(rd, VIRTUAL_FINDING);
    } else {
        use_table(rd, virt->pendbaser & GIC_MASK(GICR_VPENDBASER_ADDRESS),
                  (uint32_t)GIC_GET(virt->propbaser, GICR_VPROPBASER_ID_BITS) + 1,
                  virt->propbaser & GIC_MASK(GICR_VPROPBASER_ADDRESS));
        start_header(rd);
    }
}

static void step_finding(struct redistributor *rd)
{
    struct vpe_entry entry;

    if (!virtual_find_step(rd, &entry)) {
        return;
    }
    if (entry.valid) {
        use_table(rd, entry.table, entry.id_bits, entry.configuration);
    }
    start_header(rd);
}

static void step_header(struct redistributor *rd)
{
    struct redistributor_virtual *virt = rd->virt;
    const struct virtual_access *access = &virt->accesses[VIRTUAL_ACCESS_HEADER];
    struct vpt_header header;

    if (!virtual_is_settled(virt)) {
        return;
    }
    if (!access->ok) {
        virt->limit = 0;
        enter(rd, VIRTUAL_RESIDENT);
        return;
    }
    header = vpt_header_decode(access->data);
    if (rd->config.virt.version == GIC_VIRTUAL_V4_1) {
        for (uint32_t i = 0; i < VPT_SGIS; i++) {
            virt->sgis[i] = header.sgis[i];
        }
        virt->sgi_pending = header.sgi_pending;
    }
    start_loading(rd, header.map);
}

/** Bits of a line that was read become pending LPIs, with the MSIs that were parked. */
static void load_line(struct redistributor *rd, const struct virtual_access *access)
{
    struct redistributor_virtual *virt = rd->virt;

    virt->line_is_set[virt->line] = false;
    for (uint32_t i = 0; access->ok && i < LINE_WORDS; i++) {
        uint64_t bits = sim_load_le64(&access->data[(size_t)8 * i]);

        virt->line_is_set[virt->line] = virt->line_is_set[virt->line] || bits != 0;
        for (; bits != 0; bits &= bits - 1) {
            uint32_t lpi = virt->line * VPT_LINE_LPIS + 64 * i + (uint32_t)__builtin_ctzll(bits);

            lpi_set_add(&virt->lpis, lpi, virtual_unpark(rd, virt->table, GIC_FIRST_LPI + lpi));
        }
    }
}

/** MSIs whose pending bit software has cleared in memory are lost. */
static void drop_stale(struct redistributor *rd, sim_time now)
{
    struct sim_packet *packet = virtual_unpark_any(rd, rd->virt->table);

    while (packet != NULL) {
        redistributor_drop(rd, packet, now, SIM_DROP_LPI_CLEARED);
        packet = virtual_unpark_any(rd, rd->virt->table);
    }
}

static void step_loading(struct redistributor *rd, sim_time now)
{
    struct redistributor_virtual *virt = rd->virt;
    struct virtual_access *access = &virt->accesses[VIRTUAL_ACCESS_WORD];

    if (!virtual_is_settled(virt)) {
        return;
    }
    if (access->length == VPT_LINE_BYTES) {
        load_line(rd, access);
        access->length = 0;
        virt->line++;
    }
    while (virt->line < line_count(virt) && (virt->map & line_map_bits(virt)) == 0) {
        virt->line_is_set[virt->line++] = false;
    }
    if (virt->line < line_count(virt)) {
        virtual_start(rd, VIRTUAL_ACCESS_WORD, false, line_address(virt), VPT_LINE_BYTES);
    } else {
        drop_stale(rd, now);
        virtual_start_scan(rd);
        enter(rd, VIRTUAL_SCANNING);
    }
}

/* ---- Going ---- */

/** Whether a default doorbell is wanted is known when nothing is being read any more. */
static void step_settling(struct redistributor *rd)
{
    struct redistributor_virtual *virt = rd->virt;

    if (virt->fetch_count > 0 || virt->scanning) {
        return;
    }
    virt->pending_last = virt->pending_last || virtual_has_deliverable(rd);
    virt->doorbell = virt->doorbell && !virt->pending_last;
    virt->line = 0;
    virt->map = 0;
    enter(rd, VIRTUAL_SAVING);
}

static bool line_is_pending(const struct redistributor_virtual *virt)
{
    uint64_t any = 0;

    for (uint32_t i = 0; i < LINE_WORDS; i++) {
        any |= line_words(virt)[i];
    }
    return any != 0;
}

static void save_line(struct redistributor *rd)
{
    struct redistributor_virtual *virt = rd->virt;
    struct virtual_access *access = virtual_start(rd, VIRTUAL_ACCESS_WORD, true, line_address(virt), VPT_LINE_BYTES);

    for (uint32_t i = 0; i < LINE_WORDS; i++) {
        sim_store_le64(&access->data[(size_t)8 * i], line_words(virt)[i]);
    }
    virt->map |= line_is_pending(virt) ? line_map_bits(virt) : 0;
    virt->line++;
}

static void save_header(struct redistributor *rd)
{
    struct redistributor_virtual *virt = rd->virt;
    struct virtual_access *access = virtual_start(rd, VIRTUAL_ACCESS_HEADER, true, virt->table, VPT_LINE_BYTES);
    struct vpt_header header = {
        .sgi_pending = virt->sgi_pending,
        .doorbell = virt->doorbell,
        .map = virt->map,
        .configuration = rd->config.virt.version == GIC_VIRTUAL_V4_1 ? virt->configuration : 0,
    };

    for (uint32_t i = 0; i < VPT_SGIS && rd->config.virt.version == GIC_VIRTUAL_V4_1; i++) {
        header.sgis[i] = virt->sgis[i];
    }
    vpt_header_encode(&header, access->data);
    enter(rd, VIRTUAL_CLOSING);
}

static void finish_saving(struct redistributor *rd)
{
    struct redistributor_virtual *virt = rd->virt;
    uint32_t lpi = lpi_set_next(&virt->lpis, 0);

    while (lpi != LPI_NONE) {
        struct sim_packet *packet = lpi_set_remove(&virt->lpis, lpi);

        if (packet != NULL) {
            packet->address = virt->table | (virt->id_bits - 1u);
            virtual_park(rd, packet);
        }
        lpi = lpi_set_next(&virt->lpis, lpi + 1);
    }
    virt->sgi_pending = 0;
    virt->pendbaser &= ~(rd->config.virt.version == GIC_VIRTUAL_V4_0 ? GIC_MASK(GICR_VPENDBASER_IDAI) : 0);
    enter(rd, VIRTUAL_ABSENT);
}

static void step_saving(struct redistributor *rd)
{
    struct redistributor_virtual *virt = rd->virt;

    if (!virtual_is_settled(virt)) {
        return;
    }
    while (virt->line < line_count(virt) && !line_is_pending(virt) && !virt->line_is_set[virt->line]) {
        virt->line++;
    }
    if (virt->line < line_count(virt)) {
        save_line(rd);
    } else if (virt->limit != 0) {
        save_header(rd);
    } else {
        finish_saving(rd);
    }
}

void virtual_step_residency(struct redistributor *rd, sim_time now)
{
    struct redistributor_virtual *virt = rd->virt;

    switch (virt->state) {
    case VIRTUAL_ABSENT:
        if (virt->phase == VIRTUAL_PHASE_START && virtual_is_settled(virt)) {
            begin(rd);
        }
        break;
    case VIRTUAL_FINDING:
        step_finding(rd);
        break;
    case VIRTUAL_HEADER:
        step_header(rd);
        break;
    case VIRTUAL_LOADING:
        step_loading(rd, now);
        break;
    case VIRTUAL_SCANNING:
        if (!virtual_is_refreshing(rd)) {
            enter(rd, VIRTUAL_RESIDENT);
        }
        break;
    case VIRTUAL_RESIDENT:
        if (virt->phase == VIRTUAL_PHASE_START) {
            enter(rd, VIRTUAL_SETTLING);
        }
        break;
    case VIRTUAL_SETTLING:
        step_settling(rd);
        break;
    case VIRTUAL_SAVING:
        step_saving(rd);
        break;
    default:
        if (virtual_is_settled(virt)) {
            finish_saving(rd);
        }
        break;
    }
}
