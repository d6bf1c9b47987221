/*
 * Event records (IHI 0070, chapter 7): what they say, and how they get into the event queue.
 */
#include "models/smmuv3/ats_internal.h"
#include "models/smmuv3/commands_internal.h"

#include <string.h>

/* Whether a record of this type tells the SubstreamID with SSV. */
static bool tells_substream(uint8_t type)
{
    return type != SMMU_F_STREAM_DISABLED && type != SMMU_C_BAD_SUBSTREAMID && type != SMMU_F_TRANSL_FORBIDDEN;
}

/* Whether a record of this type tells the transaction's address and attributes. */
static bool tells_input(uint8_t type)
{
    return type == SMMU_F_UUT || type == SMMU_F_WALK_EABT || type >= SMMU_F_TRANSLATION;
}

static bool tells_fetch(uint8_t type)
{
    return type == SMMU_F_STE_FETCH || type == SMMU_F_CD_FETCH || type == SMMU_F_WALK_EABT;
}

/*
 * What a translation request asked for. The document names these fields of F_BAD_ATS_TREQ, but the copies of it at hand
 * do not show where they are: taken as in E_PAGE_REQUEST, of which R is where RnW would be.
 */
static void tell_request(uint64_t record[SMMU_EVENT_WORDS], const struct sim_packet *packet)
{
    const bool pasid = (packet->flags & SIM_FLAG_PASID) != 0;

    smmu_field_put(record, SMMU_EVENT_TREQ_R, 1);
    smmu_field_put(record, SMMU_EVENT_TREQ_W, (packet->flags & SIM_FLAG_NO_WRITE) == 0);
    smmu_field_put(record, SMMU_EVENT_TREQ_X, pasid && (packet->flags & SIM_FLAG_EXECUTE) != 0);
    smmu_field_put(record, SMMU_EVENT_TREQ_PRIV, pasid && (packet->flags & SIM_FLAG_PRIVILEGED) != 0);
    smmu_field_put(record, SMMU_EVENT_TREQ_SPAN, packet->length / SIM_ATS_ENTRY_BYTES);
    smmu_field_put(record, SMMU_EVENT_INPUTADDR, packet->address);
}

void smmu_event_make(uint64_t record[SMMU_EVENT_WORDS], const struct smmu_fault *fault,
                     const struct smmu_stream *stream, const struct sim_packet *packet, uint32_t flags)
{
    const bool read = packet->type == SIM_PACKET_READ;

    memset(record, 0, SMMU_EVENT_BYTES);
    smmu_field_put(record, SMMU_EVENT_TYPE, fault->type);
    smmu_field_put(record, SMMU_EVENT_SID, stream->sid);
    if (tells_substream(fault->type) && stream->ssv) {
        smmu_field_put(record, SMMU_EVENT_SSV, 1);
        smmu_field_put(record, SMMU_EVENT_SSID, stream->ssid);
    }
    if (fault->type == SMMU_C_BAD_SUBSTREAMID) {
        smmu_field_put(record, SMMU_EVENT_SSID, stream->ssid);
    }
    if (tells_input(fault->type)) {
        smmu_field_put(record, SMMU_EVENT_PNU, (flags & SIM_FLAG_PRIVILEGED) != 0);
        smmu_field_put(record, SMMU_EVENT_IND, read && (flags & SIM_FLAG_EXECUTE) != 0);
        smmu_field_put(record, SMMU_EVENT_RNW, read);
        smmu_field_put(record, SMMU_EVENT_INPUTADDR, packet->address);
    }
    if (fault->type == SMMU_F_TRANSL_FORBIDDEN) {
        smmu_field_put(record, SMMU_EVENT_RNW, read);
        smmu_field_put(record, SMMU_EVENT_INPUTADDR, packet->address);
    }
    if (fault->type == SMMU_F_BAD_ATS_TREQ) {
        tell_request(record, packet);
    }
    if (fault->type == SMMU_F_WALK_EABT || fault->type >= SMMU_F_TRANSLATION) {
        smmu_field_put(record, SMMU_EVENT_CLASS, fault->class_);
        smmu_field_put(record, SMMU_EVENT_S2, fault->stage2);
    }
    if (fault->stage2 && fault->type >= SMMU_F_TRANSLATION) {
        smmu_field_put_address(record, SMMU_EVENT_IPA, fault->ipa);
        if (fault->class_ == SMMU_CLASS_TT) {
            smmu_field_put(record, SMMU_EVENT_TTRNW, !fault->table_write);
        }
    }
    if (tells_fetch(fault->type)) {
        smmu_field_put_address(record, SMMU_EVENT_FETCHADDR, fault->fetch_address);
    }
}

static bool is_enabled(struct smmu *smmu)
{
    return smmu_get(*smmu_register(smmu, SMMU_CR0), SMMU_CR0_EVENTQEN) != 0 &&
           !smmu_gerror_is_active(smmu, SMMU_MASK32(SMMU_GERROR_EVENTQ_ABT));
}

static struct smmu_queue event_queue(struct smmu *smmu)
{
    const uint64_t base = smmu_truncate_output(smmu, smmu_register64(smmu, SMMU_EVENTQ_BASE));

    return smmu_queue_decode(base, smmu->config.event_queue_bits, SMMU_EVENT_BYTES);
}

bool smmu_event_has_room(const struct smmu *smmu)
{
    return smmu->events.count < smmu->config.event_buffer;
}

bool smmu_event_is_writable(struct smmu *smmu)
{
    const struct smmu_queue queue = event_queue(smmu);

    return is_enabled(smmu) &&
           !smmu_queue_is_full(&queue, *smmu_register(smmu, SMMU_EVENTQ_PROD), *smmu_register(smmu, SMMU_EVENTQ_CONS));
}

/* 7.3.1: all fields are the same, but for the offset in the page where it does not count. */
static bool are_equal(const uint64_t *a, const uint64_t *b)
{
    const uint64_t type = smmu_field_get(a, SMMU_EVENT_TYPE);
    const bool by_page = type >= SMMU_F_TRANSLATION || type == SMMU_F_WALK_EABT || type == SMMU_F_TRANSL_FORBIDDEN;

    return a[0] == b[0] && a[1] == b[1] && ((a[2] ^ b[2]) & ~(by_page ? UINT64_C(0xfff) : 0)) == 0 && a[3] == b[3];
}

/* Whether an equal record waits that is not on its way to memory yet. */
static bool is_waiting(const struct smmu *smmu, const uint64_t record[SMMU_EVENT_WORDS])
{
    const struct smmu_event_engine *events = &smmu->events;

    for (uint32_t i = events->writing; i < events->count; i++) {
        const uint32_t at = events->head + i;

        if (are_equal(events->ring[at < smmu->config.event_buffer ? at : at - smmu->config.event_buffer], record)) {
            return true;
        }
    }
    return false;
}

void smmu_event_try(struct smmu *smmu, const uint64_t record[SMMU_EVENT_WORDS])
{
    if (smmu_event_has_room(smmu)) {
        smmu_event_queue(smmu, record, false);
    } else {
        smmu->counters.events_lost++;
    }
}

void smmu_event_queue(struct smmu *smmu, const uint64_t record[SMMU_EVENT_WORDS], bool merge)
{
    struct smmu_event_engine *events = &smmu->events;
    uint32_t tail = events->head + events->count;

    if (merge && is_waiting(smmu, record)) {
        smmu->counters.merged_events++;
        return;
    }
    events->queued++;
    if (!is_enabled(smmu)) {
        events->finished++;
        smmu->counters.events_lost++;
        return;
    }
    tail = tail < smmu->config.event_buffer ? tail : tail - smmu->config.event_buffer;
    memcpy(events->ring[tail], record, SMMU_EVENT_BYTES);
    events->count++;
}

static void drop_head(struct smmu *smmu)
{
    struct smmu_event_engine *events = &smmu->events;

    events->head = events->head + 1 < smmu->config.event_buffer ? events->head + 1 : 0;
    events->count--;
    events->finished++;
    smmu->again = true; /* slots may have waited for room */
}

/* 7.4: an overflow is told by OVFLG, which toggles only if software has acknowledged the last one. */
static void overflow(struct smmu *smmu)
{
    uint32_t *prod = smmu_register(smmu, SMMU_EVENTQ_PROD);
    const uint32_t flag = SMMU_MASK32(SMMU_EVENTQ_OVERFLOW);

    if (((*prod ^ *smmu_register(smmu, SMMU_EVENTQ_CONS)) & flag) == 0) {
        *prod ^= flag;
    }
}

void smmu_events_run(struct smmu *smmu, sim_time now)
{
    struct smmu_event_engine *events = &smmu->events;

    while (events->count > 0 && !events->writing) {
        const struct smmu_queue queue = event_queue(smmu);
        const uint32_t prod = *smmu_register(smmu, SMMU_EVENTQ_PROD);
        struct smmu_request request = {
            .requester = SMMU_REQUEST_EVENT,
            .type = SIM_PACKET_WRITE,
            .length = SMMU_EVENT_BYTES,
            .address = queue.base + (uint64_t)smmu_queue_slot(&queue, prod) * SMMU_EVENT_BYTES,
            .leave = now + smmu->times.issue,
        };

        if (is_enabled(smmu) && !smmu_queue_is_full(&queue, prod, *smmu_register(smmu, SMMU_EVENTQ_CONS))) {
            memcpy(request.data, events->ring[events->head], SMMU_EVENT_BYTES);
            smmu_walker_request(smmu, &request);
            events->writing = true;
            return;
        }
        if (smmu_field_get(events->ring[events->head], SMMU_EVENT_STALL) != 0) {
            /* 7.2.1: kept, and no overflow. The field is in no record of another kind. */
            smmu_stall_unrecorded(smmu, (uint32_t)smmu_field_get(events->ring[events->head], SMMU_EVENT_STAG));
        } else {
            if (is_enabled(smmu)) {
                overflow(smmu);
            }
            smmu->counters.events_lost++;
        }
        drop_head(smmu);
    }
}

void smmu_event_written(struct smmu *smmu, bool ok)
{
    uint32_t *prod = smmu_register(smmu, SMMU_EVENTQ_PROD);
    const struct smmu_queue queue = event_queue(smmu);
    const bool was_empty = smmu_queue_is_empty(&queue, *prod, *smmu_register(smmu, SMMU_EVENTQ_CONS));

    smmu->events.writing = false;
    if (ok) {
        *prod = smmu_queue_advance(&queue, *prod);
        smmu->counters.events++;
        if (was_empty) {
            smmu_interrupt_eventq(smmu);
        }
    } else {
        /* Taken as a synchronous abort: PROD stays, and the record is lost (7.2.2 leaves the choice). */
        smmu->counters.events_lost++;
        smmu_gerror_raise(smmu, SMMU_MASK32(SMMU_GERROR_EVENTQ_ABT));
    }
    drop_head(smmu);
}
