/*
 * Page requests (IHI 0070, chapter 8): into the PRI queue, or answered by the SMMU itself. They are worked on one after
 * the other, in the order in which they came; each keeps its slot until it is done with.
 */
#include "models/smmuv3/ats_internal.h"
#include "models/smmuv3/commands_internal.h"

/* ---- The queue ---- */

/* PRIQEN as it counts: 0 while SMMUEN = 0; and no error may be active. */
static bool is_enabled(struct smmu *smmu)
{
    return smmu->control.enabled && smmu_get(*smmu_register(smmu, SMMU_CR0), SMMU_CR0_PRIQEN) != 0 &&
           !smmu_gerror_is_active(smmu, SMMU_MASK32(SMMU_GERROR_PRIQ_ABT));
}

static struct smmu_queue page_queue(struct smmu *smmu)
{
    const uint64_t base = smmu_truncate_output(smmu, smmu_register64(smmu, SMMU_PRIQ_BASE));

    return smmu_queue_decode(base, smmu->config.pri_queue_bits, SMMU_PPR_BYTES);
}

static bool is_overflown(struct smmu *smmu)
{
    return ((*smmu_register(smmu, SMMU_PRIQ_PROD) ^ *smmu_register(smmu, SMMU_PRIQ_CONS)) &
            SMMU_MASK32(SMMU_EVENTQ_OVERFLOW)) != 0;
}

static bool has_pasid(const struct sim_packet *packet)
{
    return (packet->flags & SIM_FLAG_PASID) != 0;
}

static void make_record(uint64_t record[SMMU_PPR_WORDS], const struct sim_packet *packet)
{
    const struct sim_ats_page_request request = sim_ats_load_page_request(packet->address);

    record[0] = 0;
    record[1] = 0;
    smmu_field_put(record, SMMU_PPR_SID, packet->stream_id);
    smmu_field_put(record, SMMU_PPR_READ, request.read);
    smmu_field_put(record, SMMU_PPR_WRITE, request.write);
    smmu_field_put(record, SMMU_PPR_LAST, request.last);
    smmu_field_put(record, SMMU_PPR_PRGINDEX, request.group);
    smmu_field_put_address(record, SMMU_PPR_ADDR, request.page);
    if (has_pasid(packet)) {
        smmu_field_put(record, SMMU_PPR_SSV, 1);
        smmu_field_put(record, SMMU_PPR_SSID, packet->pasid);
        smmu_field_put(record, SMMU_PPR_PRIV, (packet->flags & SIM_FLAG_PRIVILEGED) != 0);
        smmu_field_put(record, SMMU_PPR_EXEC, (packet->flags & SIM_FLAG_EXECUTE) != 0);
    }
}

/* ---- What becomes of the current request ---- */

/* It is done with. */
static void drop_current(struct smmu *smmu, sim_time now)
{
    const uint16_t index = smmu->pri.current;
    struct sim_packet *packet = smmu->slots[index].packet;

    sim_mark(smmu->sim, packet, smmu->component.stage, now);
    sim_packet_free(smmu->sim, packet);
    smmu_slot_release(smmu, index);
    smmu->pri.current = SMMU_NONE;
    smmu->pri.checking = false;
    smmu->again = true;
}

/* Answers it, unless it is one that gets no answer. */
static void answer(struct smmu *smmu, unsigned code, bool pasid, sim_time now)
{
    const struct sim_packet *packet = smmu->slots[smmu->pri.current].packet;
    const struct sim_ats_page_request request = sim_ats_load_page_request(packet->address);
    const struct smmu_message message = {
        .leave = now + smmu->times.forward,
        .address = sim_ats_response_word(request.group, code),
        .sid = packet->stream_id,
        .pasid = packet->pasid,
        .operation = SIM_ATS_PRG_RESPONSE,
        .has_pasid = pasid,
    };

    smmu->counters.page_automatic += smmu_message_send(smmu, &message);
    drop_current(smmu, now);
}

static void begin_write(struct smmu *smmu, const struct smmu_queue *queue, uint32_t prod, sim_time now)
{
    struct smmu_request request = {
        .requester = SMMU_REQUEST_PAGE,
        .type = SIM_PACKET_WRITE,
        .length = SMMU_PPR_BYTES,
        .address = queue->base + (uint64_t)smmu_queue_slot(queue, prod) * SMMU_PPR_BYTES,
        .leave = now + smmu->times.issue,
    };

    make_record(request.data, smmu->slots[smmu->pri.current].packet);
    smmu->pri.writing = true;
    smmu_walker_request(smmu, &request);
}

/* The answer needs STE.PPAR. */
static void check_stream(struct smmu *smmu, uint16_t index, sim_time now)
{
    struct smmu_slot *slot = &smmu->slots[index];

    smmu->pri.checking = true;
    slot->stream = (struct smmu_stream){.sid = slot->packet->stream_id, .ste_only = true};
    smmu_tcu_translate(smmu, index, now);
}

void smmu_pri_checked(struct smmu *smmu, uint16_t index, const struct smmu_fault *fault, sim_time at)
{
    struct smmu_slot *slot = &smmu->slots[index];

    slot->state = SMMU_SLOT_PAGE;
    if (fault->type != 0) {
        const bool invalid = fault->type == SMMU_C_BAD_STREAMID && !smmu->control.record_invalid_id;

        if (smmu->control.record_config_ats && !invalid) {
            smmu_event_make(slot->event, fault, &slot->stream, slot->packet, slot->packet->flags);
            smmu_event_try(smmu, slot->event);
        }
        answer(smmu, SIM_ATS_PRG_FAILURE, false, at);
        return;
    }
    answer(smmu, SIM_ATS_PRG_SUCCESS, slot->context.page_response_pasid, at);
}

/* 8.1: an overflow is active. */
static void run_overflown(struct smmu *smmu, uint16_t index, sim_time now)
{
    const struct sim_packet *packet = smmu->slots[index].packet;
    const bool pasid = has_pasid(packet) && smmu->features.substream_id_bits > 0;

    if (!sim_ats_load_page_request(packet->address).last) {
        drop_current(smmu, now);
    } else if (pasid && !smmu->features.pps) {
        check_stream(smmu, index, now);
    } else {
        answer(smmu, SIM_ATS_PRG_SUCCESS, pasid, now);
    }
}

/* Works on the current request. @return whether it has to be waited for */
static bool run_current(struct smmu *smmu, sim_time now)
{
    const uint16_t index = smmu->pri.current;
    const struct sim_packet *packet = smmu->slots[index].packet;
    const bool stop = sim_ats_is_stop_marker(packet->address, has_pasid(packet));
    const bool last = sim_ats_load_page_request(packet->address).last;
    const bool enabled = is_enabled(smmu);
    const struct smmu_queue queue = page_queue(smmu);
    uint32_t *prod = smmu_register(smmu, SMMU_PRIQ_PROD);

    if (!smmu_message_has_room(smmu, packet->stream_id, 1)) {
        return true; /* an answer may be needed */
    }
    if (enabled && !is_overflown(smmu)) {
        if (!smmu_queue_is_full(&queue, *prod, *smmu_register(smmu, SMMU_PRIQ_CONS))) {
            begin_write(smmu, &queue, *prod, now);
            return true;
        }
        *prod ^= SMMU_MASK32(SMMU_EVENTQ_OVERFLOW);
    }
    if (enabled && last && smmu_get(*smmu_register(smmu, SMMU_PRIQ_IRQ_CFG2), SMMU_PRIQ_IRQ_CFG2_LO) != 0) {
        smmu_interrupt_priq(smmu); /* of a lost request too */
    }
    if (stop) {
        drop_current(smmu, now);
    } else if (enabled) {
        run_overflown(smmu, index, now);
    } else {
        answer(smmu, SIM_ATS_PRG_FAILURE, false, now);
    }
    return smmu->pri.checking;
}

void smmu_pri_run(struct smmu *smmu, sim_time now)
{
    while (!smmu->pri.writing && !smmu->pri.checking) {
        if (smmu->pri.current == SMMU_NONE && smmu->pri.requests.head == SMMU_NONE) {
            return;
        }
        if (smmu->pri.current == SMMU_NONE) {
            smmu->pri.current = smmu_list_take(smmu, &smmu->pri.requests);
        }
        if (run_current(smmu, now)) {
            return;
        }
    }
}

void smmu_pri_written(struct smmu *smmu, bool ok, sim_time now)
{
    const struct sim_packet *packet = smmu->slots[smmu->pri.current].packet;
    const struct smmu_queue queue = page_queue(smmu);
    uint32_t *prod = smmu_register(smmu, SMMU_PRIQ_PROD);
    const bool was_empty = smmu_queue_is_empty(&queue, *prod, *smmu_register(smmu, SMMU_PRIQ_CONS));
    const bool by_last = smmu_get(*smmu_register(smmu, SMMU_PRIQ_IRQ_CFG2), SMMU_PRIQ_IRQ_CFG2_LO) != 0;

    smmu->pri.writing = false;
    if (!ok) {
        /* Taken as a synchronous abort: PROD stays, and the request gets an answer (8.2 leaves the choice). */
        smmu_gerror_raise(smmu, SMMU_MASK32(SMMU_GERROR_PRIQ_ABT));
        if (sim_ats_is_stop_marker(packet->address, has_pasid(packet))) {
            drop_current(smmu, now);
        } else {
            answer(smmu, SIM_ATS_PRG_FAILURE, false, now);
        }
        return;
    }
    *prod = smmu_queue_advance(&queue, *prod);
    smmu->counters.page_records++;
    if (by_last ? sim_ats_load_page_request(packet->address).last : was_empty) {
        smmu_interrupt_priq(smmu);
    }
    drop_current(smmu, now);
}

void smmu_pri_take(struct smmu *smmu, uint16_t index)
{
    struct smmu_slot *slot = &smmu->slots[index];

    smmu_slot_detach(smmu, index);
    slot->state = SMMU_SLOT_PAGE;
    smmu->counters.page_requests++;
    smmu_list_append(smmu, &smmu->pri.requests, index);
    smmu->again = true;
}

void smmu_pri_respond(struct smmu *smmu, const uint64_t words[SMMU_CMD_WORDS], sim_time now)
{
    static const unsigned codes[] = {
        [SMMU_RESP_FAILURE] = SIM_ATS_PRG_FAILURE,
        [SMMU_RESP_INVALID] = SIM_ATS_PRG_INVALID,
        [SMMU_RESP_SUCCESS] = SIM_ATS_PRG_SUCCESS,
    };
    const unsigned group = (unsigned)smmu_field_get(words, SMMU_CMD_PRGINDEX);
    const struct smmu_message message = {
        .leave = now + smmu->times.forward,
        .address = sim_ats_response_word(group, codes[smmu_field_get(words, SMMU_CMD_RESP)]),
        .sid = (uint32_t)smmu_field_get(words, SMMU_CMD_SID),
        .pasid = (uint32_t)smmu_field_get(words, SMMU_CMD_SSID),
        .operation = SIM_ATS_PRG_RESPONSE,
        .has_pasid = smmu_field_get(words, SMMU_CMD_SSV) != 0 && smmu->features.substream_id_bits > 0,
    };

    if (smmu->control.enabled) {
        (void)smmu_message_send(smmu, &message);
    }
}
