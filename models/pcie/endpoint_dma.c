#include "models/pcie/endpoint_internal.h"

#define PAGE 4096u

/* ---- Requests ---- */

uint32_t endpoint_dma_chunk(const struct endpoint_operation *operation, uint32_t progress)
{
    const struct endpoint_function *function = operation->function;
    uint32_t limit = operation->kind == ENDPOINT_DMA_WRITE ? function->max_payload : function->max_read_request;
    uint64_t address = operation->address + progress;
    uint32_t rest = operation->bytes - progress;
    uint32_t in_page = PAGE - (uint32_t)(address & (PAGE - 1));

    /* The double word that holds the first byte travels whole. */
    limit -= (uint32_t)(address & 3);
    limit = limit < in_page ? limit : in_page;
    return rest < limit ? rest : limit;
}

uint32_t endpoint_payload(const struct endpoint_operation *operation, uint32_t progress)
{
    if (operation->kind == ENDPOINT_MSI) {
        return 4;
    }
    return ((uint32_t)(operation->address + progress) & 3) + endpoint_dma_chunk(operation, progress);
}

static uint32_t attributes(const struct endpoint_operation *operation)
{
    uint32_t flags = operation->untracked ? 0 : SIM_FLAG_TRACKED;

    if (operation->relaxed && operation->function->relaxed_enabled) {
        flags |= SIM_FLAG_RELAXED;
    }
    if (operation->id_ordered && operation->function->ido_requests) {
        flags |= SIM_FLAG_ID_ORDER;
    }
    if (operation->no_snoop && operation->function->no_snoop_enabled) {
        flags |= SIM_FLAG_NO_SNOOP;
    }
    if (operation->with_pasid && operation->function->pasid_enabled) {
        flags |= SIM_FLAG_PASID;
    }
    if (operation->function->ecrc_enabled) {
        flags |= SIM_FLAG_ECRC;
    }
    if (operation->for_peer) {
        flags |= SIM_FLAG_FOR_PEER;
    }
    return flags;
}

static void describe_request(const struct endpoint_operation *operation, uint32_t progress, uint32_t bytes, uint64_t id,
                             struct sim_packet *packet)
{
    packet->id = id;
    packet->born = operation->born;
    packet->last_mark = operation->born;
    packet->source = operation->source;
    packet->sequence = operation->function->writes_sent;
    packet->requester = operation->function->dma_id;
    packet->at = (uint8_t)operation->at;
    packet->flags = attributes(operation);
    packet->traffic_class = endpoint_traffic_class(operation->function->endpoint, operation->traffic_class);
    packet->pasid = (packet->flags & SIM_FLAG_PASID) != 0 ? operation->pasid : 0;
    pcie_tlp_set_range(packet, operation->address + progress, bytes);
}

/** A byte of what a request carries. */
static uint8_t stamp_byte(const struct endpoint_operation *operation, uint32_t at)
{
    return (uint8_t)(endpoint_dma_stamp(operation->source, operation->number, at / 8) >> (8 * (at % 8)));
}

/** Puts the bytes from @p offset of the request on into a payload. */
static void fill(const struct endpoint_operation *operation, uint32_t offset, uint8_t *bytes, uint32_t count)
{
    const uint64_t first = endpoint_dma_stamp(operation->source, operation->number, 0);
    uint32_t i = 0;

    if (operation->has_inline_data) {
        for (; i < count; i++) {
            bytes[i] = (uint8_t)(operation->inline_data >> (8 * (offset + i)));
        }
        return;
    }
    for (; i < count && (offset + i) % 8 != 0; i++) {
        bytes[i] = stamp_byte(operation, offset + i);
    }
    for (uint32_t word = 0; word < (count - i) / 8; word++) {
        sim_store_le64(bytes + i + 8 * (size_t)word, first | (((offset + i) / 8 + word) & 0xffff));
    }
    i += (count - i) / 8 * 8;
    for (; i < count; i++) {
        bytes[i] = stamp_byte(operation, offset + i);
    }
}

void endpoint_send_write(struct endpoint *endpoint, const struct endpoint_operation *operation, uint32_t progress,
                         uint32_t bytes, uint64_t id, sim_time now)
{
    uint32_t skip = (uint32_t)(operation->address + progress) & 3;
    struct sim *sim = endpoint->component.sim;
    struct sim_packet *packet = sim_packet_new(sim, (skip + bytes + 3) & ~3u);

    packet->type = SIM_PACKET_WRITE;
    describe_request(operation, progress, bytes, id, packet);
    if (skip != 0 || packet->length != bytes) {
        sim_store_le32(packet->data, 0);
        sim_store_le32(packet->data + packet->length - 4, 0);
    }
    fill(operation, progress, packet->data + skip, bytes);
    operation->function->writes_sent += !operation->for_peer;
    endpoint->counters.writes_sent++;
    endpoint->counters.write_bytes += bytes;
    if ((packet->flags & SIM_FLAG_TRACKED) != 0) {
        sim_event(sim, SIM_EVENT_WRITE_SENT, packet, &endpoint->component, now + endpoint->send_latency, 0);
    }
    pcie_port_send(endpoint->port, endpoint_queue_of(endpoint, packet, PCIE_POSTED), packet, now,
                   endpoint->send_latency);
}

/* ---- Tags ---- */

/*
 * A read is known by its place in the table of reads. Its number is the tag; where the function may use fewer tags than
 * that, the number's upper part goes into the most significant bits of the function number in the requester ID, if
 * phantom functions are enabled (7.5.3.3: one bit leaves functions 0 to 3 to be real, two 0 and 1, three 0).
 */

static uint32_t read_numbers(const struct endpoint_function *function)
{
    return function->wire_tags << function->phantom_bits;
}

/** Position in the list of free numbers of one that the function can use; the list's length if there is none. */
static uint32_t find_tag(const struct endpoint *endpoint, const struct endpoint_function *function)
{
    for (uint32_t i = endpoint->free_tag_count; i-- > 0;) {
        if (endpoint->free_tags[i] < read_numbers(function)) {
            return i;
        }
    }
    return endpoint->free_tag_count;
}

bool endpoint_has_tag(const struct endpoint *endpoint, const struct endpoint_function *function)
{
    return find_tag(endpoint, function) < endpoint->free_tag_count;
}

static uint16_t take_tag(struct endpoint *endpoint, const struct endpoint_function *function)
{
    uint32_t position = find_tag(endpoint, function);
    uint16_t number = endpoint->free_tags[position];

    endpoint->free_tags[position] = endpoint->free_tags[--endpoint->free_tag_count];
    return number;
}

/** Number of the read that a completion answers. */
static uint32_t number_of(const struct endpoint *endpoint, const struct sim_packet *packet)
{
    const uint32_t real_bits = 3 - endpoint->phantom_bits;
    const uint32_t real = packet->target & ((1u << real_bits) - 1);

    if (endpoint->phantom_bits == 0 || real >= endpoint->physical_count) {
        return packet->tag;
    }
    return packet->tag + endpoint->functions[real].wire_tags * ((packet->target & 7u) >> real_bits);
}

uint16_t endpoint_start_read(struct endpoint *endpoint, struct endpoint_function *function, struct sim_packet *packet,
                             sim_time now)
{
    uint16_t number = take_tag(endpoint, function);
    struct endpoint_read *read = &endpoint->reads[number];

    packet->tag = (uint16_t)(number % function->wire_tags);
    packet->requester = (uint16_t)(function->dma_id | number / function->wire_tags << (3 - endpoint->phantom_bits));
    read->active = true;
    read->function = function;
    read->requester = packet->requester;
    read->stream = NULL;
    read->address = packet->address;
    read->rest = packet->length;
    read->sent = now;
    read->late = false;
    read->translated = packet->at == SIM_AT_TRANSLATED;
    read->walk = -1;
    if (endpoint->completion_timeout != SIM_TIME_NEVER) {
        sim_time limit = sim_component_edge(&endpoint->component, now + endpoint->completion_timeout);

        endpoint->read_deadline = sim_time_min(endpoint->read_deadline, limit);
    }
    return number;
}

void endpoint_send_read(struct endpoint *endpoint, const struct endpoint_operation *operation, uint32_t progress,
                        uint32_t bytes, uint64_t id, struct endpoint_stream *stream, sim_time now)
{
    uint32_t skip = (uint32_t)(operation->address + progress) & 3;
    struct sim_packet *packet = sim_packet_new(endpoint->sim, (skip + bytes + 3) & ~3u);

    packet->type = SIM_PACKET_READ;
    describe_request(operation, progress, bytes, id, packet);
    endpoint->reads[endpoint_start_read(endpoint, operation->function, packet, now)].stream = stream;
    endpoint->counters.reads_sent++;
    pcie_port_send(endpoint->port, endpoint_queue_of(endpoint, packet, PCIE_NON_POSTED), packet, now,
                   endpoint->send_latency);
}

/* ---- Completions ---- */

/** Whether a completion is one that its request leads to expect next (2.3.2). */
static bool is_expected(const struct endpoint_read *read, const struct sim_packet *packet)
{
    if (!read->active || packet->target != read->requester) {
        return false;
    }
    if (packet->status != SIM_STATUS_OK) {
        return true;
    }
    return packet->length > 0 && packet->length <= read->rest && packet->arg == read->rest &&
           ((packet->address ^ read->address) & 0x7f) == 0;
}

/** A read is over for whoever made it. */
static void end_read(struct endpoint *endpoint, const struct endpoint_read *read, sim_time now)
{
    if (read->stream != NULL) {
        endpoint_stream_read_done(read->stream, now);
    }
    endpoint->counters.reads_done += read->walk < 0;
}

static void put_tag_back(struct endpoint *endpoint, uint16_t tag)
{
    endpoint->reads[tag].active = false;
    endpoint->late_tags -= endpoint->reads[tag].late ? 1 : 0;
    endpoint->free_tags[endpoint->free_tag_count++] = tag;
    if (endpoint->free_tag_count == endpoint->read_tags) {
        endpoint->read_deadline = SIM_TIME_NEVER;
    }
}

static void free_tag(struct endpoint *endpoint, uint16_t tag, sim_time now)
{
    end_read(endpoint, &endpoint->reads[tag], now);
    put_tag_back(endpoint, tag);
}

/** Nothing has come in time: whoever waits goes on, but completions may still come. */
static void give_up(struct endpoint *endpoint, struct endpoint_read *read, sim_time now)
{
    endpoint->counters.completion_timeouts++;
    endpoint->counters.read_errors += read->walk < 0;
    endpoint_error(read->function, PCIE_AER_COMPLETION_TIMEOUT, false, NULL);
    read->late = true;
    endpoint->late_tags++;
    end_read(endpoint, read, now);
    if (read->walk >= 0) {
        endpoint_atc_answered(endpoint, (unsigned)read->walk, NULL);
    }
}

/** When a read is given up, or its tag is free again after that. */
static sim_time deadline_of(const struct endpoint *endpoint, const struct endpoint_read *read)
{
    sim_time time = read->sent + endpoint->completion_timeout;

    return sim_component_edge(&endpoint->component, read->late ? time + ENDPOINT_LATE_COMPLETIONS : time);
}

SIM_APART void endpoint_expire_reads(struct endpoint *endpoint, sim_time now)
{
    sim_time deadline = SIM_TIME_NEVER;

    for (uint16_t tag = 0; tag < endpoint->read_tags; tag++) {
        struct endpoint_read *read = &endpoint->reads[tag];

        if (read->active && !read->late && deadline_of(endpoint, read) <= now) {
            give_up(endpoint, read, now);
        }
        if (read->active && read->late && deadline_of(endpoint, read) <= now) {
            put_tag_back(endpoint, tag);
        }
        if (read->active) {
            deadline = sim_time_min(deadline, deadline_of(endpoint, read));
        }
    }
    endpoint->read_deadline = deadline;
}

/** Poisoned data is not used (2.7.2.2): the read ends as one with an error. */
static bool is_good(struct endpoint *endpoint, const struct endpoint_read *read, const struct sim_packet *packet)
{
    if ((packet->flags & SIM_FLAG_POISONED) != 0) {
        endpoint->counters.poisoned++;
        endpoint_error(read->function, PCIE_AER_POISONED_TLP, false, packet);
        return false;
    }
    return packet->status == SIM_STATUS_OK;
}

/** A translation has come, or what there is instead of one. */
static void take_translation(struct endpoint *endpoint, uint16_t number, struct sim_packet *packet, sim_time now)
{
    unsigned walk = (unsigned)endpoint->reads[number].walk;

    free_tag(endpoint, number, now);
    endpoint_atc_answered(endpoint, walk, (packet->flags & SIM_FLAG_POISONED) != 0 ? NULL : packet);
    sim_packet_free(endpoint->sim, packet);
}

/** One that comes after its time is unexpected (2.8), but tells that its tag will be free. */
static void take_late(struct endpoint *endpoint, uint16_t number, struct sim_packet *packet)
{
    struct endpoint_read *read = &endpoint->reads[number];

    endpoint->counters.unexpected_completions++;
    endpoint_error(read->function, PCIE_AER_UNEXPECTED_COMPLETION, true, packet);
    if (packet->status != SIM_STATUS_OK || packet->length == read->rest) {
        put_tag_back(endpoint, number);
    } else {
        read->address += packet->length;
        read->rest -= packet->length;
    }
    sim_packet_free(endpoint->sim, packet);
}

void endpoint_take_completion(struct endpoint *endpoint, struct sim_packet *packet, sim_time now)
{
    uint32_t number = number_of(endpoint, packet);
    struct endpoint_read *read = &endpoint->reads[number % ENDPOINT_MAX_TAGS];
    bool done;

    if (number >= endpoint->read_tags || !is_expected(read, packet)) {
        endpoint->counters.unexpected_completions++;
        endpoint_error(&endpoint->functions[0], PCIE_AER_UNEXPECTED_COMPLETION, true, packet);
        sim_packet_free(endpoint->sim, packet);
        return;
    }
    if (read->late) {
        take_late(endpoint, (uint16_t)number, packet);
        return;
    }
    if (read->walk >= 0) {
        take_translation(endpoint, (uint16_t)number, packet, now);
        return;
    }
    endpoint->counters.read_bytes += packet->length;
    endpoint->counters.read_errors += !is_good(endpoint, read, packet);
    done = packet->status != SIM_STATUS_OK || packet->length == read->rest;
    read->address += packet->length;
    read->rest -= packet->length;
    if (done) {
        free_tag(endpoint, (uint16_t)number, now);
        if ((packet->flags & SIM_FLAG_TRACKED) != 0) {
            sim_event(endpoint->sim, SIM_EVENT_READ_DONE, packet, &endpoint->component, now, packet->status);
        }
    }
    sim_packet_free(endpoint->sim, packet);
}
