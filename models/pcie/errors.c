#include "models/pcie/errors.h"

#include "models/pcie/tlp.h"
#include "sim/sim.h"

#include <string.h>

/* ---- Headers, for the log ---- */

#define FMT_4DW  0x20000000u
#define FMT_DATA 0x40000000u

#define TYPE_CONFIG     0x04000000u
#define TYPE_COMPLETION 0x0a000000u
#define TYPE_MESSAGE    0x10000000u

static uint32_t first_word(const struct sim_packet *packet)
{
    uint32_t dwords = packet->type == SIM_PACKET_COMPLETION || pcie_tlp_class(packet) != PCIE_POSTED ||
                              packet->type == SIM_PACKET_WRITE
                          ? (packet->length + 3) / 4 & 0x3ff
                          : 0;
    uint32_t word = dwords | (uint32_t)packet->at << 10 | (uint32_t)packet->traffic_class << 20;

    word |= (packet->flags & SIM_FLAG_NO_SNOOP) != 0 ? 1u << 12 : 0;
    word |= (packet->flags & SIM_FLAG_RELAXED) != 0 ? 1u << 13 : 0;
    word |= (packet->flags & SIM_FLAG_POISONED) != 0 ? 1u << 14 : 0;
    word |= (packet->flags & SIM_FLAG_ECRC) != 0 ? 1u << 15 : 0;
    word |= (packet->flags & SIM_FLAG_ID_ORDER) != 0 ? 1u << 18 : 0;
    word |= (packet->tag & 0x100u) << 11 | (packet->tag & 0x200u) << 14;
    return word;
}

static uint32_t completion_status(const struct sim_packet *packet)
{
    return packet->status == SIM_STATUS_OK ? 0 : packet->status == SIM_STATUS_CA ? 4 : packet->status;
}

static void address_words(const struct sim_packet *packet, uint32_t header[4])
{
    header[1] = (uint32_t)packet->requester << 16 | (packet->tag & 0xffu) << 8 | (uint32_t)packet->last_be << 4 |
                packet->first_be;
    if (pcie_tlp_is_4dw(packet)) {
        header[0] |= FMT_4DW;
        header[2] = (uint32_t)(packet->address >> 32);
        header[3] = (uint32_t)packet->address & ~3u;
    } else {
        header[2] = (uint32_t)packet->address & ~3u;
    }
    /* A Translation Request has NW where others have the address' lowest bits (10.2.2). */
    header[pcie_tlp_is_4dw(packet) ? 3 : 2] |= (packet->flags & SIM_FLAG_NO_WRITE) != 0 ? 1 : 0;
}

void pcie_tlp_header(const struct sim_packet *packet, uint32_t header[4])
{
    memset(header, 0, 4 * sizeof(header[0]));
    header[0] = first_word(packet);
    switch (packet->type) {
    case SIM_PACKET_WRITE:
        header[0] |= FMT_DATA;
        address_words(packet, header);
        break;
    case SIM_PACKET_READ:
        address_words(packet, header);
        break;
    case SIM_PACKET_COMPLETION:
        header[0] |= TYPE_COMPLETION | (packet->length > 0 ? FMT_DATA : 0);
        header[1] = (uint32_t)packet->requester << 16 | completion_status(packet) << 13 | (packet->arg & 0xfffu);
        header[2] = (uint32_t)packet->target << 16 | (packet->tag & 0xffu) << 8 | ((uint32_t)packet->address & 0x7f);
        break;
    case SIM_PACKET_MESSAGE:
        header[0] |= FMT_4DW | TYPE_MESSAGE | (packet->arg & 7u) << 24 | (packet->length > 0 ? FMT_DATA : 0);
        header[1] = (uint32_t)packet->requester << 16 | (packet->tag & 0xffu) << 8 | packet->operation;
        header[2] =
            packet->arg == PCIE_ROUTE_BY_ID ? (uint32_t)packet->target << 16 : (uint32_t)(packet->address >> 32);
        header[3] = (uint32_t)packet->address;
        break;
    default:
        header[0] |= TYPE_CONFIG | (packet->type == SIM_PACKET_CONFIG_WRITE ? FMT_DATA : 0) |
                     ((packet->flags & SIM_FLAG_CONFIG_TYPE1) != 0 ? 1u << 24 : 0);
        header[0] = (header[0] & ~0x3ffu) | 1;
        header[1] = (uint32_t)packet->requester << 16 | (packet->tag & 0xffu) << 8 | packet->first_be;
        header[2] = (uint32_t)packet->target << 16 | ((uint32_t)packet->address & 0xffcu);
        break;
    }
}

uint32_t pcie_tlp_prefix(const struct sim_packet *packet)
{
    if ((packet->flags & SIM_FLAG_PASID) == 0) {
        return 0;
    }
    return 0x91000000u | ((packet->flags & SIM_FLAG_PRIVILEGED) != 0 ? 1u << 23 : 0) |
           ((packet->flags & SIM_FLAG_EXECUTE) != 0 ? 1u << 22 : 0) | (packet->pasid & 0xfffffu);
}

/* ---- Registers ---- */

static void set_bits16(struct pcie_config_space *space, unsigned at, unsigned bits)
{
    pcie_config_set16(space, at, (uint16_t)(pcie_config_get16(space, at) | bits));
}

static void set_bits32(struct pcie_config_space *space, unsigned at, uint32_t bits)
{
    pcie_config_set32(space, at, pcie_config_get32(space, at) | bits);
}

/** First error pointer and header log, unless they still hold an error that software has not cleared (6.2.4.2). */
static void log_header(struct pcie_config_space *space, const struct pcie_error *error, uint32_t status_before)
{
    uint32_t control = pcie_config_get32(space, space->aer + PCIE_AER_CONTROL);
    uint32_t header[4] = {0};

    if ((status_before >> (control & PCIE_AER_FIRST_ERROR) & 1) != 0) {
        return;
    }
    control &= ~(PCIE_AER_FIRST_ERROR | PCIE_AER_PREFIX_PRESENT);
    control |= (uint32_t)__builtin_ctz(error->uncorrectable);
    if (error->tlp != NULL) {
        uint32_t prefix = pcie_tlp_prefix(error->tlp);

        pcie_tlp_header(error->tlp, header);
        control |= prefix != 0 ? PCIE_AER_PREFIX_PRESENT : 0;
        pcie_config_set32(space, space->aer + PCIE_AER_PREFIX_LOG, prefix);
    }
    for (unsigned i = 0; i < 4; i++) {
        pcie_config_set32(space, space->aer + PCIE_AER_HEADER_LOG + 4 * i, header[i]);
    }
    pcie_config_set32(space, space->aer + PCIE_AER_CONTROL, control);
}

/** @return whether the error is not masked */
static bool record_uncorrectable(struct pcie_config_space *space, const struct pcie_error *error)
{
    unsigned at = space->aer + PCIE_AER_UNCORRECTABLE_STATUS;
    uint32_t before = pcie_config_get32(space, at);

    set_bits32(space, at, error->uncorrectable);
    if ((pcie_config_get32(space, space->aer + PCIE_AER_UNCORRECTABLE_MASK) & error->uncorrectable) != 0) {
        return false;
    }
    log_header(space, error, before);
    return true;
}

/** @return whether the error is not masked */
static bool record_correctable(struct pcie_config_space *space, uint32_t error)
{
    if (space->aer == 0) {
        return true;
    }
    set_bits32(space, space->aer + PCIE_AER_CORRECTABLE_STATUS, error);
    return (pcie_config_get32(space, space->aer + PCIE_AER_CORRECTABLE_MASK) & error) == 0;
}

static bool is_fatal(const struct pcie_config_space *space, uint32_t error)
{
    /* Without AER the severities are those that it has after reset (6.2.5). */
    uint32_t fatal = space->aer != 0 ? pcie_config_get32(space, space->aer + PCIE_AER_UNCORRECTABLE_SEVERITY)
                                     : PCIE_AER_FATAL_AT_RESET;

    return (fatal & error) != 0;
}

static uint16_t device_control(const struct pcie_config_space *space)
{
    return pcie_config_get16(space, space->express + PCIE_EXP_DEVICE_CONTROL);
}

static uint8_t tell_correctable(const struct pcie_config_space *space, const struct pcie_error *error)
{
    uint16_t needed = PCIE_EXP_DEVCTL_CORRECTABLE_ENABLE;

    if (error->uncorrectable == PCIE_AER_UNSUPPORTED_REQUEST) {
        needed |= PCIE_EXP_DEVCTL_UR_REPORTING_ENABLE;
    }
    return (device_control(space) & needed) == needed ? PCIE_ERR_COR : 0;
}

/** Either of SERR# Enable and Device Control's own bits lets it be told. */
static uint8_t tell_uncorrectable(struct pcie_config_space *space, const struct pcie_error *error, bool fatal)
{
    bool serr = (pcie_config_get16(space, PCIE_COMMAND) & PCIE_COMMAND_SERR) != 0;
    uint16_t needed = fatal ? PCIE_EXP_DEVCTL_FATAL_ENABLE : PCIE_EXP_DEVCTL_NONFATAL_ENABLE;

    if (error->uncorrectable == PCIE_AER_UNSUPPORTED_REQUEST) {
        needed |= PCIE_EXP_DEVCTL_UR_REPORTING_ENABLE;
    }
    if (serr) {
        set_bits16(space, PCIE_STATUS, PCIE_STATUS_SIGNALED_SYSTEM_ERROR);
    } else if ((device_control(space) & needed) != needed) {
        return 0;
    }
    return fatal ? PCIE_ERR_FATAL : PCIE_ERR_NONFATAL;
}

/** The conventional registers that errors show in too (7.5.1.1.4). */
static void record_conventional(struct pcie_config_space *space, uint32_t error)
{
    if (error == PCIE_AER_POISONED_TLP) {
        set_bits16(space, PCIE_STATUS, PCIE_STATUS_PARITY_ERROR);
    } else if (error == PCIE_AER_COMPLETER_ABORT) {
        set_bits16(space, PCIE_STATUS, PCIE_STATUS_SIGNALED_TARGET_ABORT);
    }
}

uint8_t pcie_error_record(struct pcie_config_space *space, const struct pcie_error *error)
{
    bool fatal = is_fatal(space, error->uncorrectable);
    unsigned detected = PCIE_EXP_DEVSTA_CORRECTABLE;
    bool correctable = error->uncorrectable == 0;
    bool advisory = error->advisory && !fatal;
    bool shown = true;

    if (!correctable && !advisory) {
        detected = fatal ? PCIE_EXP_DEVSTA_FATAL : PCIE_EXP_DEVSTA_NONFATAL;
    }
    if (error->uncorrectable == PCIE_AER_UNSUPPORTED_REQUEST) {
        detected |= PCIE_EXP_DEVSTA_UNSUPPORTED_REQUEST;
    }
    if (space->express == 0) {
        /* A conventional function: nobody is told, but by SERR#, which is not modelled. */
        record_conventional(space, error->uncorrectable);
        return 0;
    }
    set_bits16(space, space->express + PCIE_EXP_DEVICE_STATUS, detected);
    record_conventional(space, error->uncorrectable);
    if (correctable) {
        return record_correctable(space, error->correctable) ? tell_correctable(space, error) : 0;
    }
    if (advisory) {
        /* Without AER nobody is told of an advisory error (6.2.3.2.4). */
        if (space->aer == 0 || !record_correctable(space, PCIE_AER_CORRECTABLE_ADVISORY)) {
            return 0;
        }
        return record_uncorrectable(space, error) ? tell_correctable(space, error) : 0;
    }
    shown = space->aer == 0 || record_uncorrectable(space, error);
    return shown ? tell_uncorrectable(space, error, fatal) : 0;
}

/** The link of a port went down or came up (3.2.1, 6.7.3.3). @return code of the message */
static uint8_t record_event(struct pcie_config_space *space, enum pcie_link_event event)
{
    static const uint32_t expected = PCIE_EXP_SLTCAP_HOT_PLUG | PCIE_EXP_SLTCAP_SURPRISE;
    const struct pcie_error error = {.uncorrectable = PCIE_AER_SURPRISE_DOWN};
    const unsigned link = space->express + PCIE_EXP_LINK_STATUS;
    const unsigned status = space->express + PCIE_EXP_SLOT_STATUS;
    const uint32_t slot = pcie_config_get32(space, space->express + PCIE_EXP_SLOT_CAPABILITIES);
    const bool up = event == PCIE_LINK_CAME_UP;
    unsigned bits;

    bits = pcie_config_get16(space, link) & ~PCIE_EXP_LNKSTA_ACTIVE;
    pcie_config_set16(space, link, (uint16_t)(bits | (up ? PCIE_EXP_LNKSTA_ACTIVE : 0)));
    if ((slot & PCIE_EXP_SLTCAP_HOT_PLUG) != 0) {
        bits = pcie_config_get16(space, status) & ~PCIE_EXP_SLTSTA_PRESENCE;
        bits |= PCIE_EXP_SLTSTA_PRESENCE_CHANGED | PCIE_EXP_SLTSTA_LINK_STATE_CHANGED;
        pcie_config_set16(space, status, (uint16_t)(bits | (up ? PCIE_EXP_SLTSTA_PRESENCE : 0)));
    }
    return up || (slot & expected) == expected ? 0 : pcie_error_record(space, &error);
}

uint8_t pcie_error_record_link(struct pcie_config_space *space, const struct pcie_link_finding *found)
{
    const struct pcie_error error = {.uncorrectable = found->uncorrectable, .correctable = found->correctable};
    uint8_t code =
        found->event != PCIE_LINK_STAYS ? record_event(space, found->event) : pcie_error_record(space, &error);

    return found->quiet ? 0 : code;
}

/* ---- Messages ---- */

void pcie_error_queue_add(struct pcie_error_queue *queue, uint16_t requester, uint8_t code)
{
    if (code == 0) {
        return;
    }
    for (unsigned i = 0; i < queue->count; i++) {
        unsigned at = (queue->head + i) % PCIE_ERROR_MESSAGES;

        if (queue->ring[at].requester == requester && queue->ring[at].code == code) {
            return;
        }
    }
    if (queue->count < PCIE_ERROR_MESSAGES) {
        unsigned at = (queue->head + queue->count) % PCIE_ERROR_MESSAGES;

        queue->ring[at].requester = requester;
        queue->ring[at].code = code;
        queue->count++;
    }
}

struct sim_packet *pcie_error_queue_take(struct pcie_error_queue *queue, struct sim *sim, uint64_t id, sim_time now)
{
    struct sim_packet *packet = sim_packet_new(sim, 0);

    packet->id = id;
    packet->born = now;
    packet->last_mark = now;
    packet->type = SIM_PACKET_MESSAGE;
    packet->operation = queue->ring[queue->head].code;
    packet->arg = PCIE_ROUTE_TO_ROOT;
    packet->requester = queue->ring[queue->head].requester;
    queue->head = (uint8_t)((queue->head + 1) % PCIE_ERROR_MESSAGES);
    queue->count--;
    return packet;
}

void pcie_error_receive(struct pcie_config_space *root_port, uint8_t code, uint16_t source)
{
    unsigned at = root_port->aer + PCIE_AER_ROOT_STATUS;
    unsigned sources = root_port->aer + PCIE_AER_SOURCE_ID;
    uint32_t status = pcie_config_get32(root_port, at);
    uint32_t first = code == PCIE_ERR_COR ? PCIE_AER_ROOT_COR_RECEIVED : PCIE_AER_ROOT_UNCOR_RECEIVED;
    unsigned offset = code == PCIE_ERR_COR ? 0 : 2;

    if (root_port->aer == 0) {
        return;
    }
    if ((status & first) != 0) {
        status |= first << 1; /* more than one, whose sources are not kept */
    } else {
        status |= first;
        status |= code == PCIE_ERR_FATAL ? PCIE_AER_ROOT_FIRST_FATAL : 0;
        pcie_config_set16(root_port, sources + offset, source);
    }
    status |= code == PCIE_ERR_NONFATAL ? PCIE_AER_ROOT_NONFATAL_RECEIVED : 0;
    status |= code == PCIE_ERR_FATAL ? PCIE_AER_ROOT_FATAL_RECEIVED : 0;
    pcie_config_set32(root_port, at, status);
}
