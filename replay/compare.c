#include "models/smmuv3/smmu_formats.h"
#include "models/smmuv3/smmu_regs.h"
#include "replay/player.h"
#include "replay/summary.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define EVENT_BYTES 32u

/** Most event records that one access can leave. */
#define MOST_EVENTS 8u

/* An event record (IHI 0070, 7.3): type 7:0, StreamID 63:32, RnW 99, input address 191:128. */
#define EVENT_RNW_WORD 1
#define EVENT_RNW_BIT  35

/* ---- Differences ---- */

void replay_differ(struct replay_player *player, enum replay_check check, uint64_t seq, const char *subject,
                   const char *expected, const char *got)
{
    struct replay_mismatch mismatch = {.check = check, .has_seq = true, .seq = seq};

    snprintf(mismatch.subject, sizeof(mismatch.subject), "%s", subject);
    snprintf(mismatch.expected, sizeof(mismatch.expected), "%s", expected);
    snprintf(mismatch.got, sizeof(mismatch.got), "%s", got);
    replay_result_differ(player->result, &mismatch);
}

/** The beginning of a difference about an access. */
static struct replay_mismatch mismatch_of(const struct replay_subject *subject)
{
    struct replay_mismatch mismatch = {.check = subject->check, .has_seq = subject->has_seq, .seq = subject->seq};

    snprintf(mismatch.subject, sizeof(mismatch.subject), "StreamID 0x%x %s 0x%" PRIx64, subject->stream_id,
             subject->write ? "writes" : "reads", subject->iova);
    return mismatch;
}

void replay_compare_value(struct replay_player *player, enum replay_check check, uint64_t seq, const char *subject,
                          uint64_t expected, uint64_t got)
{
    char wanted[32];
    char found[32];

    replay_result_compare(player->result, check);
    if (expected != got) {
        snprintf(wanted, sizeof(wanted), "0x%" PRIx64, expected);
        snprintf(found, sizeof(found), "0x%" PRIx64, got);
        replay_differ(player, check, seq, subject, wanted, found);
    }
}

/* ---- Events ---- */

size_t replay_take_events(struct replay_player *player, uint64_t records[][4], size_t most)
{
    struct replay_queue *queue = &player->events;
    const uint64_t address = player->recording->map.smmu + SMMU_EVENTQ_PROD;
    const uint32_t mask = (2u << queue->log2) - 1;
    const uint32_t producer = (uint32_t)replay_rig_read(&player->rig, address, 4) & mask;
    const uint32_t count = (producer - (uint32_t)queue->position) & mask;

    for (uint32_t i = 0; i < count && i < most; i++) {
        const uint32_t slot = (uint32_t)(queue->position + i) & (mask >> 1);
        const uint64_t record = queue->base + (uint64_t)slot * EVENT_BYTES;

        for (unsigned w = 0; w < 4; w++) {
            records[i][w] = replay_in_memory(player->recording, record, EVENT_BYTES)
                                ? memory_read64(player->rig.memory, record + 8 * w)
                                : 0;
        }
    }
    queue->position = producer;
    return count;
}

static void describe_type(uint8_t type, char *text, size_t size)
{
    const char *name = replay_event_name(type);

    if (name != NULL) {
        snprintf(text, size, "%s", name);
    } else {
        snprintf(text, size, "event 0x%02x", type);
    }
}

static void describe_event(const uint64_t record[4], char *text, size_t size)
{
    char type[32];

    describe_type((uint8_t)record[0], type, sizeof(type));
    snprintf(text, size, "%s, StreamID 0x%x, %s 0x%" PRIx64, type, (unsigned)(record[0] >> 32),
             (record[EVENT_RNW_WORD] >> EVENT_RNW_BIT & 1) != 0 ? "reads" : "writes", record[2]);
}

void replay_expect_no_event(struct replay_player *player, uint64_t seq)
{
    uint64_t records[MOST_EVENTS][4];
    const size_t count = replay_take_events(player, records, MOST_EVENTS);

    for (size_t i = 0; i < count; i++) {
        char got[96] = "one more";

        if (i < MOST_EVENTS) {
            describe_event(records[i], got, sizeof(got));
        }
        replay_differ(player, REPLAY_CHECK_FAULT, seq, "event queue", "no event", got);
    }
}

/* ---- Accesses ---- */

static void perform(struct replay_player *player, const struct replay_subject *subject, struct replay_outcome *outcome)
{
    const struct replay_access access = {
        .stream_id = subject->stream_id, .address = subject->iova, .write = subject->write};

    replay_rig_access(&player->rig, &access, outcome);
}

/** What became of an access, in words. */
static void describe_outcome(const struct replay_subject *subject, const struct replay_outcome *outcome, char *text,
                             size_t size)
{
    if (outcome->passed) {
        snprintf(text, size, "0x%" PRIx64, outcome->address);
    } else if (subject->write || !outcome->answered) {
        snprintf(text, size, "denied");
    } else {
        snprintf(text, size, "denied, answered with %s", outcome->status == SIM_STATUS_OK ? "zeros" : "an abort");
    }
}

void replay_expect_pass(struct replay_player *player, const struct replay_subject *subject, uint64_t pa)
{
    struct replay_mismatch mismatch;
    struct replay_outcome outcome;
    uint64_t records[MOST_EVENTS][4];

    perform(player, subject, &outcome);
    replay_result_compare(player->result, subject->check);
    if (outcome.passed && outcome.address == pa && (subject->write || outcome.status == SIM_STATUS_OK)) {
        return;
    }
    mismatch = mismatch_of(subject);
    snprintf(mismatch.expected, sizeof(mismatch.expected), "0x%" PRIx64, pa);
    describe_outcome(subject, &outcome, mismatch.got, sizeof(mismatch.got));
    if (replay_take_events(player, records, MOST_EVENTS) != 0) {
        const size_t used = strlen(mismatch.got);

        snprintf(mismatch.got + used, sizeof(mismatch.got) - used, ": ");
        describe_event(records[0], mismatch.got + used + 2, sizeof(mismatch.got) - used - 2);
    }
    replay_result_differ(player->result, &mismatch);
}

/** Whether an event says what it must. */
static bool is_right_event(const struct replay_subject *subject, const struct replay_denial *denial,
                           const uint64_t record[4])
{
    const bool read = (record[EVENT_RNW_WORD] >> EVENT_RNW_BIT & 1) != 0;

    if ((uint32_t)(record[0] >> 32) != subject->stream_id) {
        return false;
    }
    if (denial->has_address && (record[2] != subject->iova || read == subject->write)) {
        return false;
    }
    if (denial->known && denial->is_beyond) {
        return (uint8_t)record[0] == SMMU_F_ADDR_SIZE;
    }
    /* The recorded hardware did not say which: either is what the architecture may ask for. */
    return denial->known ? (uint8_t)record[0] == SMMU_F_TRANSLATION || (uint8_t)record[0] == SMMU_F_PERMISSION
                         : (uint8_t)record[0] == denial->type;
}

void replay_expect_denial(struct replay_player *player, const struct replay_subject *subject,
                          const struct replay_denial *denial)
{
    struct replay_mismatch mismatch = mismatch_of(subject);
    struct replay_outcome outcome;
    uint64_t records[MOST_EVENTS][4];
    size_t count;
    bool right;

    perform(player, subject, &outcome);
    replay_result_compare(player->result, subject->check);
    count = replay_take_events(player, records, MOST_EVENTS);
    right =
        !outcome.passed &&
        (denial->type == 0 && !denial->known ? count == 0 : count == 1 && is_right_event(subject, denial, records[0]));
    if (right && !denial->known) {
        return;
    }
    describe_outcome(subject, &outcome, mismatch.got, sizeof(mismatch.got));
    if (count != 0) {
        describe_event(records[0], mismatch.got, sizeof(mismatch.got));
    }
    if (denial->type == 0) {
        snprintf(mismatch.expected, sizeof(mismatch.expected), "denied without an event");
    } else {
        describe_type(denial->type, mismatch.expected, sizeof(mismatch.expected));
    }
    mismatch.known = right;
    player->extra_events += right ? 1 : 0;
    replay_result_differ(player->result, &mismatch);
}

/* ---- MSIs ---- */

static void describe_goal(uint64_t intid, uint64_t collection, uint64_t target, char *text, size_t size)
{
    snprintf(text, size, "LPI %" PRIu64 ", collection %" PRIu64 ", redistributor %" PRIu64, intid, collection, target);
}

void replay_compare_arrival(struct replay_player *player, const struct replay_goal *goal)
{
    const struct replay_arrival *arrival = &player->rig.arrival;
    struct replay_mismatch mismatch = {.check = goal->check, .has_seq = goal->has_seq, .seq = goal->seq};
    const bool arrived = arrival->seen && arrival->kind != SIM_EVENT_DROPPED;
    const bool merged = arrived && arrival->kind == SIM_EVENT_MSI_MERGED;

    replay_result_compare(player->result, goal->check);
    if (goal->intid == REPLAY_NONE
            ? !arrived
            : arrived && arrival->intid == goal->intid && arrival->collection == goal->collection &&
                  arrival->target == goal->target && (merged || arrival->delivered == goal->target)) {
        return;
    }
    snprintf(mismatch.subject, sizeof(mismatch.subject), "DeviceID 0x%x, EventID 0x%x", goal->device_id,
             goal->event_id);
    if (goal->intid == REPLAY_NONE) {
        snprintf(mismatch.expected, sizeof(mismatch.expected), "no LPI");
    } else {
        describe_goal(goal->intid, goal->collection, goal->target, mismatch.expected, sizeof(mismatch.expected));
    }
    if (arrived) {
        describe_goal(arrival->intid, arrival->collection, arrival->target, mismatch.got, sizeof(mismatch.got));
        if (!merged && arrival->delivered != arrival->target) {
            strncat(mismatch.got, ", not delivered", sizeof(mismatch.got) - strlen(mismatch.got) - 1);
        }
    } else {
        snprintf(mismatch.got, sizeof(mismatch.got), "%s",
                 arrival->seen ? sim_drop_reason_name(arrival->drop) : "nothing");
    }
    replay_result_differ(player->result, &mismatch);
}
