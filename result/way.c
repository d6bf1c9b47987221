#include "result/way.h"

#include "sim/attributes.h"

#include <string.h>

/* ---- Signatures ---- */

/* One multiplication a mark; who uses the signature mixes what the products left in the high bits. */
static uint64_t signature_with(uint64_t signature, sim_time end, uint64_t stage)
{
    signature = (signature ^ end ^ stage << 48) * 0x9e3779b97f4a7c15u;
    return signature ^ signature >> 32;
}

uint64_t way_signature(const struct sim_packet *packet)
{
    uint64_t signature = 0;

    for (uint32_t i = 0; i < packet->trail_count; i++) {
        signature = signature_with(signature, packet->trail[i].end - packet->born, packet->trail[i].stage);
    }
    return signature;
}

/* ---- Sums ---- */

static void settle_stage(struct stage_sum *sum, struct histogram *histogram)
{
    if (sum->repeats > 0) {
        sum->count += sum->repeats;
        sum->sum += sum->repeats * sum->latest;
        histogram_add_bucket(histogram, sum->latest, sum->repeats);
        sum->repeats = 0;
    }
}

static void add_other_duration(struct stage_sum *sum, struct histogram *histogram, sim_time time, uint64_t repeats)
{
    settle_stage(sum, histogram);
    if (sum->count == 0 || time < sum->min) {
        sum->min = time;
    }
    if (time > sum->max) {
        sum->max = time;
    }
    sum->latest = time;
    sum->repeats = repeats;
}

/** Books a duration of @p repeats packets under the stage that is their @p i-th. */
static inline void book(struct stage_sum *sum, struct histogram *histogram, uint32_t i, sim_time time, uint64_t repeats)
{
    if (i > sum->position) {
        sum->position = i;
    }
    if (time == sum->latest && sum->repeats > 0) {
        sum->repeats += repeats;
    } else {
        add_other_duration(sum, histogram, time, repeats);
    }
}

void way_settle(struct way *way, struct stage_sum *sums, struct histogram *histograms)
{
    sim_time begin = 0;

    for (uint32_t i = 0; i < way->count; i++) {
        const struct sim_trail_mark *mark = &way->marks[i];

        book(&sums[mark->stage], &histograms[mark->stage], i, mark->end - begin, way->repeats);
        begin = mark->end;
    }
    way->repeats = 0;
    way->count = 0; /* what comes next is another one */
}

/* ---- Ways ---- */

/** A mark as two numbers that are computed with together. */
typedef uint64_t mark_pair __attribute__((vector_size(sizeof(struct sim_trail_mark))));

static inline mark_pair pair_of(const struct sim_trail_mark *mark)
{
    mark_pair pair;

    memcpy(&pair, mark, sizeof(pair));
    return pair;
}

/** Zero if a packet's mark is the one that the way has in that place. */
static inline mark_pair difference(const struct way *way, const struct sim_packet *packet, mark_pair birth, size_t i)
{
    return (pair_of(&packet->trail[i]) - birth) ^ pair_of(&way->marks[i]);
}

/**
 * Whether a packet's marks are those of the way, of which there are as many, and at least one. Looks at all, for they
 * mostly are, two at a time: of an odd number the first one alone.
 */
static inline bool is_this_way(const struct way *way, const struct sim_packet *packet)
{
    const mark_pair birth = {packet->born, 0};
    mark_pair different = difference(way, packet, birth, 0);

    for (size_t i = way->count % 2; i < way->count; i += 2) {
        different |= difference(way, packet, birth, i) | difference(way, packet, birth, i + 1);
    }
    return (different[0] | different[1]) == 0;
}

/** The packet's way becomes the one that is counted. */
SIM_APART static uint64_t take_other_way(struct way *way, struct stage_sum *sums, struct histogram *histograms,
                                         const struct sim_packet *packet)
{
    uint64_t signature = 0;

    way_settle(way, sums, histograms);
    way->count = packet->trail_count;
    way->repeats = 1;
    way->strayed = false;
    for (uint32_t i = 0; i < packet->trail_count; i++) {
        const struct sim_trail_mark mark = {.end = packet->trail[i].end - packet->born,
                                            .stage = packet->trail[i].stage};

        way->marks[i] = mark;
        signature = signature_with(signature, mark.end, mark.stage);
    }
    way->signature = signature;
    return signature;
}

/** The packet's way is booked, for the next will come by the one that is counted. */
SIM_APART static uint64_t take_once(struct way *way, struct stage_sum *sums, struct histogram *histograms,
                                    const struct sim_packet *packet)
{
    sim_time begin = packet->born;
    uint64_t signature = 0;

    way->strayed = true;
    for (uint32_t i = 0; i < packet->trail_count; i++) {
        const struct sim_trail_mark *mark = &packet->trail[i];

        book(&sums[mark->stage], &histograms[mark->stage], i, mark->end - begin, 1);
        signature = signature_with(signature, mark->end - packet->born, mark->stage);
        begin = mark->end;
    }
    return signature;
}

SIM_HOT uint64_t way_add(struct way *way, struct stage_sum *sums, struct histogram *histograms,
                         const struct sim_packet *packet)
{
    const uint32_t last = packet->trail_count - 1;

    /* Its last mark tells most of those that differ. */
    if (way->count == packet->trail_count && packet->trail[last].end - packet->born == way->marks[last].end &&
        is_this_way(way, packet)) {
        way->repeats++;
        way->strayed = false;
        return way->signature;
    }
    if (way->count > 0 && !way->strayed) {
        return take_once(way, sums, histograms, packet);
    }
    return take_other_way(way, sums, histograms, packet);
}

void stage_sums_settle(struct stage_sum *sums, struct histogram *histograms, uint32_t stages)
{
    for (uint32_t i = 0; i < stages; i++) {
        settle_stage(&sums[i], &histograms[i]);
    }
}
