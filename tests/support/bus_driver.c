#include "tests/support/bus_driver.h"

#include <string.h>

struct entry {
    struct bus_driver_op op;
    struct bus_driver_result result;
    uint8_t *bytes; /**< data to write, or data read */
};

struct bus_driver {
    struct sim_component component;
    struct sim_bus_port port;
    uint32_t name_hash;
    struct entry *entries;
    uint32_t count;
    uint32_t capacity;
    uint32_t issued;
    uint32_t answered;
    uint32_t waiting; /**< requests whose answer is to come */
    uint32_t limit;
    bool posted;
    bool takes_messages;
    bus_driver_responder responder;
    void *context;
    struct bus_driver_message *messages;
    uint32_t message_count;
    uint32_t message_capacity;
    bool stop_when_done;
    sim_time deaf_from;
    sim_time deaf_until;
};

/** Whether an operation gets an answer. */
static bool is_answered(const struct bus_driver *driver, const struct bus_driver_op *op)
{
    return op->type != SIM_PACKET_MESSAGE && (!driver->posted || op->type == SIM_PACKET_READ);
}

static uint32_t append(struct bus_driver *driver, const struct bus_driver_op *op);

static void take_message(struct bus_driver *driver, struct sim_packet *packet, sim_time now)
{
    struct sim *sim = driver->component.sim;
    struct bus_driver_message *message;
    struct bus_driver_op op = {0};

    if (driver->message_count == driver->message_capacity) {
        const uint32_t capacity = driver->message_capacity > 0 ? 2 * driver->message_capacity : 64;
        struct bus_driver_message *messages = sim_alloc(sim, capacity * sizeof(*messages));

        if (driver->message_count > 0) {
            memcpy(messages, driver->messages, driver->message_count * sizeof(*messages));
        }
        driver->messages = messages;
        driver->message_capacity = capacity;
    }
    message = &driver->messages[driver->message_count++];
    *message = (struct bus_driver_message){
        .arrival = now,
        .operation = packet->operation,
        .address = packet->address,
        .stream_id = packet->stream_id,
        .flags = packet->flags,
        .pasid = packet->pasid,
        .length = packet->length,
    };
    memcpy(message->data, packet->data, packet->length < 8 ? packet->length : 8);
    sim_packet_free(sim, packet);
    if (driver->responder != NULL && driver->responder(driver->context, message, &op)) {
        (void)append(driver, &op);
    }
}

static void take_answer(struct bus_driver *driver, sim_time now)
{
    struct sim *sim = driver->component.sim;
    struct sim_packet *packet = sim_channel_pop(driver->port.response, now);
    struct entry *entry = packet->cookie < driver->issued ? &driver->entries[packet->cookie] : NULL;
    uint8_t wanted;

    if (packet->type == SIM_PACKET_MESSAGE && driver->takes_messages) {
        take_message(driver, packet, now);
        return;
    }
    if (entry == NULL || entry->result.answered || !is_answered(driver, &entry->op)) {
        sim_panic(sim, &driver->component, packet, "an answer that was not asked for");
    }
    wanted = entry->op.type == SIM_PACKET_READ ? SIM_PACKET_COMPLETION : SIM_PACKET_WRITE_ACK;
    if (packet->type != wanted || packet->tag != (uint16_t)packet->cookie || packet->route_depth != 0) {
        sim_panic(sim, &driver->component, packet, "type, tag or route of an answer is wrong");
    }
    entry->result.answered = true;
    entry->result.status = packet->status;
    entry->result.answer_time = now;
    if (wanted == SIM_PACKET_COMPLETION) {
        uint8_t first[8] = {0};

        const uint32_t bytes = packet->length < entry->op.length ? packet->length : entry->op.length;

        memcpy(entry->bytes, packet->data, bytes);
        memcpy(first, packet->data, bytes < 8 ? bytes : 8);
        entry->result.value = sim_load_le64(first);
    }
    driver->answered++;
    driver->waiting--;
    sim_mark(sim, packet, driver->component.stage, now);
    sim_packet_free(sim, packet);
}

static struct sim_packet *make_request(struct bus_driver *driver, uint32_t index, sim_time now)
{
    const struct entry *entry = &driver->entries[index];
    const struct bus_driver_op *op = &entry->op;
    struct sim_packet *packet = sim_packet_new(driver->component.sim, op->length);

    packet->id = entry->result.id;
    packet->born = op->at;
    packet->last_mark = now;
    packet->type = op->type;
    packet->at = op->at_type;
    packet->operation = op->operation;
    packet->status = op->status;
    packet->flags = op->flags;
    packet->address = op->address;
    packet->requester = op->requester;
    packet->tag = (uint16_t)index;
    packet->first_be = op->first_be;
    packet->last_be = op->last_be;
    packet->pasid = op->pasid;
    packet->stream_id = op->stream_id;
    packet->device_id = op->device_id;
    packet->source = op->source;
    packet->sequence = op->sequence;
    packet->vector = op->vector;
    packet->cookie = index;
    if (op->type == SIM_PACKET_WRITE) {
        memcpy(packet->data, entry->bytes, op->length);
    }
    return packet;
}

/** Issues the next operation if it may go now. @return when to try again */
static sim_time issue_next(struct bus_driver *driver, sim_time now)
{
    struct entry *entry;

    if (driver->issued == driver->count) {
        return SIM_TIME_NEVER;
    }
    entry = &driver->entries[driver->issued];
    if (entry->op.at > now) {
        return sim_component_edge(&driver->component, entry->op.at);
    }
    if ((entry->op.fence && driver->waiting > 0) || (driver->limit > 0 && driver->waiting >= driver->limit)) {
        return SIM_TIME_NEVER;
    }
    if (!sim_channel_has_space(driver->port.request, now, 0, 0)) {
        return sim_channel_space_at(driver->port.request, now, 0, 0);
    }
    sim_channel_push(driver->port.request, make_request(driver, driver->issued, now), now, 0, 0, 0, 0);
    entry->result.issued = true;
    entry->result.issue_time = now;
    driver->waiting += is_answered(driver, &entry->op);
    driver->issued++;
    return now + driver->component.period;
}

static sim_time bus_driver_evaluate(struct sim_component *component, sim_time now)
{
    struct bus_driver *driver = (struct bus_driver *)component;
    bool deaf = now >= driver->deaf_from && now < driver->deaf_until;
    bool acted = false;
    sim_time due;
    sim_time arrival;
    uint32_t issued = driver->issued;

    if (!deaf && sim_channel_peek(driver->port.response, now) != NULL) {
        take_answer(driver, now);
        acted = true;
    }
    due = issue_next(driver, now);
    acted = acted || driver->issued != issued;
    if (acted && driver->stop_when_done && driver->issued == driver->count && driver->waiting == 0) {
        sim_request_stop(driver->component.sim);
    }
    arrival = sim_channel_next_arrival(driver->port.response);
    if (arrival == SIM_TIME_NEVER) {
        return due;
    }
    arrival = sim_time_max(arrival, now + component->period);
    if (arrival >= driver->deaf_from && arrival < driver->deaf_until) {
        arrival = sim_component_edge(component, driver->deaf_until);
    }
    return sim_time_min(due, arrival);
}

struct bus_driver *bus_driver_create(struct sim *sim, const char *name, sim_time period)
{
    struct bus_driver *driver = sim_alloc(sim, sizeof(*driver));

    sim_component_init(&driver->component, sim, name, period, bus_driver_evaluate);
    driver->name_hash = sim_name_hash(name);
    sim_packet_reserve(sim, 1, true);
    return driver;
}

void bus_driver_bind(struct bus_driver *driver, struct sim_bus_port port)
{
    driver->port = port;
}

struct sim_component *bus_driver_component(struct bus_driver *driver)
{
    return &driver->component;
}

void bus_driver_set_posted(struct bus_driver *driver, bool posted)
{
    driver->posted = posted;
}

void bus_driver_set_outstanding(struct bus_driver *driver, uint32_t limit)
{
    driver->limit = limit;
}

void bus_driver_set_deaf(struct bus_driver *driver, sim_time from, sim_time until)
{
    driver->deaf_from = from;
    driver->deaf_until = until;
}

void bus_driver_set_stop_when_done(struct bus_driver *driver, bool stop)
{
    driver->stop_when_done = stop;
}

/** Room for one more entry; the old array stays with the simulation until its end. */
static void grow(struct bus_driver *driver)
{
    uint32_t capacity = driver->capacity > 0 ? 2 * driver->capacity : 64;
    struct entry *entries = sim_alloc(driver->component.sim, capacity * sizeof(*entries));

    if (driver->count > 0) {
        memcpy(entries, driver->entries, driver->count * sizeof(*entries));
    }
    driver->entries = entries;
    driver->capacity = capacity;
}

static uint32_t append(struct bus_driver *driver, const struct bus_driver_op *op)
{
    struct sim *sim = driver->component.sim;
    uint32_t index = driver->count;
    struct entry *entry;

    if (driver->count == driver->capacity) {
        grow(driver);
    }
    entry = &driver->entries[driver->count++];
    entry->op = *op;
    entry->op.data = NULL;
    entry->bytes = sim_alloc(sim, op->length > 8 ? op->length : 8);
    if (op->data != NULL) {
        memcpy(entry->bytes, op->data, op->length);
    } else {
        sim_store_le64(entry->bytes, op->value);
    }
    entry->result.data = entry->bytes;
    entry->result.id = sim_packet_identity(driver->name_hash, index);
    return index;
}

uint32_t bus_driver_add(struct bus_driver *driver, const struct bus_driver_op *op)
{
    const sim_time at = sim_time_max(op->at, sim_now(driver->component.sim) + 1);
    const uint32_t index = append(driver, op);

    sim_wake(&driver->component, sim_component_edge(&driver->component, at));
    return index;
}

void bus_driver_take_messages(struct bus_driver *driver, bus_driver_responder responder, void *context)
{
    driver->takes_messages = true;
    driver->responder = responder;
    driver->context = context;
}

uint32_t bus_driver_message_count(const struct bus_driver *driver)
{
    return driver->message_count;
}

const struct bus_driver_message *bus_driver_get_message(const struct bus_driver *driver, uint32_t i)
{
    if (i >= driver->message_count) {
        sim_panic(driver->component.sim, &driver->component, NULL, "message %u has not come", i);
    }
    return &driver->messages[i];
}

uint32_t bus_driver_read(struct bus_driver *driver, sim_time at, uint64_t address, uint32_t length)
{
    struct bus_driver_op op = {.at = at, .type = SIM_PACKET_READ, .address = address, .length = length};

    return bus_driver_add(driver, &op);
}

uint32_t bus_driver_write(struct bus_driver *driver, sim_time at, uint64_t address, uint64_t value, uint32_t length)
{
    struct bus_driver_op op = {
        .at = at, .type = SIM_PACKET_WRITE, .address = address, .length = length, .value = value};

    return bus_driver_add(driver, &op);
}

const struct bus_driver_result *bus_driver_get_result(const struct bus_driver *driver, uint32_t index)
{
    if (index >= driver->count) {
        sim_panic(driver->component.sim, &driver->component, NULL, "operation %u was never added", index);
    }
    return &driver->entries[index].result;
}

uint32_t bus_driver_added(const struct bus_driver *driver)
{
    return driver->count;
}

uint32_t bus_driver_issued(const struct bus_driver *driver)
{
    return driver->issued;
}

uint32_t bus_driver_answered(const struct bus_driver *driver)
{
    return driver->answered;
}
