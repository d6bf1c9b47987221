/* The PCIe trees: who stands below whom, which port has which number, which bus is where. */
#include "scenario/functions.h"
#include "scenario/parse_resolve.h"
#include "scenario/parse_table.h"

#include <inttypes.h>
#include <string.h>

#define DEVICES_PER_BUS 32u
#define FUNCTIONS       8u
#define PORTS_PER_BUS   (DEVICES_PER_BUS * FUNCTIONS)

/* The walk over one root complex. */
struct walk {
    struct parse *parse;
    struct scenario_root_complex *root_complex;
    unsigned next_bus;
    bool out_of_buses; /* reported once */
};

/* One port on a bus, for numbering. */
struct numbered {
    struct scenario_port *port;
    bool device_given;
    bool function_given;
    struct scenario_device *device; /* below a downstream port; or */
    struct scenario_root_port *root_port;
};

static size_t count_devices(const struct scenario_device *devices, size_t count)
{
    size_t total = count;

    for (size_t i = 0; i < count; i++) {
        total += count_devices(devices[i].below, devices[i].below_count);
    }
    return total;
}

/* A place where nothing is plugged in stands for the port above it. */
static void check_empty(struct parse *parse, struct scenario_device *device, int kinds)
{
    if (kinds != 0) {
        parse_error_at(parse, &device->place, "E1401 `%.63s` is empty, and yet a device", device->name);
    }
    if (device->parent == NULL || device->parent->sw == NULL) {
        diagnostic_set_hint(parse_error_at(parse, &device->place,
                                           "E1401 `%.63s` is no port of a switch that could be empty", device->name),
                            "a root port with nothing below it has no `below`");
    }
    device->sw = NULL;
    device->bridge = NULL;
    device->endpoint = NULL;
    device->multifunction = NULL;
}

static void check_kind(struct parse *parse, struct scenario_device *device)
{
    int kinds =
        (device->sw != NULL) + (device->bridge != NULL) + (device->endpoint != NULL) + (device->multifunction != NULL);

    if (device->empty) {
        check_empty(parse, device, kinds);
    } else if (kinds == 0) {
        diagnostic_set_hint(
            parse_error_at(parse, &device->place, "E1401 `%.63s` is neither a switch nor a bridge nor an endpoint",
                           device->name),
            "write %.63s: {endpoint: {}} or %.63s: {switch: {}, below: {...}}", device->name, device->name);
    } else if (kinds > 1) {
        parse_error_at(parse, &device->place, "E1401 `%.63s` is both %s and %s", device->name,
                       device->sw != NULL       ? "a switch"
                       : device->bridge != NULL ? "a bridge"
                                                : "an endpoint",
                       device->multifunction != NULL ? "a device of several"
                       : device->endpoint != NULL    ? "an endpoint"
                                                     : "a bridge");
        device->multifunction = NULL;
        device->endpoint = device->sw != NULL || device->bridge != NULL ? NULL : device->endpoint;
        device->bridge = device->sw != NULL ? NULL : device->bridge;
    }
    if (device->sw == NULL && device->bridge == NULL && device->multifunction == NULL) {
        device->below_count = 0; /* reported with the key */
    }
    if (device->bridge != NULL && device->below_count == 0) {
        diagnostic_set_hint(
            parse_error_at(parse, &device->place, "E1402 nothing stands below bridge `%.63s`", device->name),
            "write below: {epA: {endpoint: {}}}");
    }
}

/* Device and function numbers that were written must not meet. */
static void place_written(struct parse *parse, struct numbered *ports, size_t count, uint8_t used[DEVICES_PER_BUS])
{
    for (size_t i = 0; i < count; i++) {
        struct scenario_port *port = ports[i].port;
        unsigned bit;

        if (!ports[i].device_given) {
            if (ports[i].function_given) {
                parse_error_at(parse, &port->place, "E1404 port `%.127s` has a function number but no device number",
                               port->name);
            }
            continue;
        }
        bit = 1u << port->function;
        if ((used[port->device] & bit) != 0) {
            parse_error_at(parse, &port->place, "E1404 two ports on one bus have device %u, function %u", port->device,
                           port->function);
        }
        used[port->device] = (uint8_t)(used[port->device] | bit);
    }
}

static bool place_free(struct scenario_port *port, uint8_t used[DEVICES_PER_BUS], bool multifunction)
{
    unsigned devices = multifunction ? 1 : DEVICES_PER_BUS;
    unsigned functions = multifunction ? FUNCTIONS : 1;

    for (unsigned device = 0; device < devices; device++) {
        for (unsigned function = 0; function < functions; function++) {
            if ((used[device] >> function & 1) == 0 && (multifunction || used[device] == 0)) {
                used[device] = (uint8_t)(used[device] | 1u << function);
                port->device = device;
                port->function = function;
                return true;
            }
        }
    }
    return false;
}

static void check_function_0(struct parse *parse, const struct numbered *ports, size_t count,
                             const uint8_t used[DEVICES_PER_BUS])
{
    for (size_t i = 0; i < count; i++) {
        const struct scenario_port *port = ports[i].port;

        if (ports[i].device_given && (used[port->device] & 1) == 0) {
            diagnostic_set_hint(parse_error_at(parse, &port->place,
                                               "E1404 device %u has no function 0: enumeration would not find it",
                                               port->device),
                                "number the functions of a device from 0 on");
            return;
        }
    }
}

/* Gives each port on a bus its number, and sorts them by it: the order in which they are enumerated. */
static bool number_ports(struct parse *parse, struct numbered *ports, size_t count, bool multifunction)
{
    uint8_t used[DEVICES_PER_BUS] = {0};

    place_written(parse, ports, count, used);
    check_function_0(parse, ports, count, used);
    for (size_t i = 0; i < count; i++) {
        if (!ports[i].device_given && !place_free(ports[i].port, used, multifunction)) {
            parse_error_at(parse, &ports[i].port->place, "E1406 too many ports on one bus: %u at most",
                           multifunction ? FUNCTIONS : DEVICES_PER_BUS);
            parse->identifiable = false;
            return false;
        }
    }
    for (size_t i = 1; i < count; i++) {
        struct numbered moved = ports[i];
        size_t j = i;

        while (j > 0 && (ports[j - 1].port->device * FUNCTIONS + ports[j - 1].port->function >
                         moved.port->device * FUNCTIONS + moved.port->function)) {
            ports[j] = ports[j - 1];
            j--;
        }
        ports[j] = moved;
    }
    return true;
}

static uint8_t take_bus(struct walk *walk, const struct scenario_place *place)
{
    if (walk->next_bus > walk->root_complex->last_bus) {
        if (!walk->out_of_buses) {
            diagnostic_set_hint(parse_error_at(walk->parse, place,
                                               "E1405 root complex `%.63s` runs out of bus numbers here",
                                               walk->root_complex->name),
                                "it has buses %u to %u", walk->root_complex->first_bus, walk->root_complex->last_bus);
        }
        walk->out_of_buses = true;
        walk->parse->identifiable = false;
        return (uint8_t)walk->root_complex->last_bus;
    }
    return (uint8_t)walk->next_bus++;
}

static uint8_t last_taken(const struct walk *walk)
{
    return (uint8_t)(walk->next_bus - 1);
}

static void set_port_bdf(struct scenario_port *port, uint8_t bus)
{
    port->bdf.bus = bus;
    port->bdf.device = (uint8_t)port->device;
    port->bdf.function = (uint8_t)port->function;
}

static void number_switch(struct walk *walk, struct scenario_device *device);
static void number_bridge(struct walk *walk, struct scenario_device *device);
static void number_parts(struct walk *walk, struct scenario_device *device);

/* VFs may need buses of their own, behind that of their endpoint. */
static void number_virtual(struct walk *walk, const struct scenario_device *device)
{
    const uint32_t last = scenario_last_function_offset(device->endpoint) >> 8;
    const struct scenario_place *place =
        device->endpoint->sriov != NULL ? &device->endpoint->sriov->place : &device->place;

    if (last > UINT8_MAX) {
        walk->parse->identifiable = false; /* reported with their numbers */
        return;
    }
    for (uint32_t i = 0; i < last && !walk->out_of_buses; i++) {
        take_bus(walk, place);
    }
}

/* A device at the other end of a link, on the bus below a port. */
static void number_device(struct walk *walk, struct scenario_device *device, uint8_t bus)
{
    struct scenario *scenario = walk->parse->scenario;

    if (device->empty) {
        return;
    }
    device->bdf.bus = bus;
    device->index = scenario->device_count;
    scenario->devices[scenario->device_count++] = device;
    if (device->sw != NULL) {
        number_switch(walk, device);
    } else if (device->bridge != NULL) {
        number_bridge(walk, device);
    } else if (device->multifunction != NULL) {
        number_parts(walk, device);
    } else if (device->endpoint != NULL) {
        number_virtual(walk, device);
    }
}

/* The parts of a device take function numbers in the order of the file. */
static void number_parts(struct walk *walk, struct scenario_device *device)
{
    uint32_t number = 0;

    for (size_t i = 0; i < device->below_count && !walk->out_of_buses; i++) {
        struct scenario_device *part = &device->below[i];
        const uint32_t functions = part->endpoint != NULL ? part->endpoint->functions : 1;

        if (number + functions > FUNCTIONS) {
            diagnostic_set_hint(parse_error_at(walk->parse, &part->place,
                                               "E1406 device `%.63s` would have more than %u functions", device->name,
                                               FUNCTIONS),
                                "a switch takes one number, an endpoint as many as its `functions`");
            walk->parse->identifiable = false;
            return;
        }
        part->bdf.function = (uint8_t)number;
        number_device(walk, part, device->bdf.bus);
        number += functions;
    }
}

static void number_switch(struct walk *walk, struct scenario_device *device)
{
    struct numbered *ports;

    device->sw->secondary_bus = take_bus(walk, &device->place);
    ports = scenario_arena_take(walk->parse->arena, device->below_count, sizeof(*ports));
    for (size_t i = 0; i < device->below_count; i++) {
        struct scenario_device *child = &device->below[i];

        ports[i].port = &child->port;
        ports[i].device = child;
        ports[i].device_given = parse_is_given(&scenario_table_port, &child->port, "device");
        ports[i].function_given = parse_is_given(&scenario_table_port, &child->port, "function");
    }
    if (!number_ports(walk->parse, ports, device->below_count, device->sw->multifunction_ports)) {
        return;
    }
    for (size_t i = 0; i < device->below_count && !walk->out_of_buses; i++) {
        set_port_bdf(ports[i].port, device->sw->secondary_bus);
        ports[i].port->secondary_bus = take_bus(walk, &ports[i].device->place);
        number_device(walk, ports[i].device, ports[i].port->secondary_bus);
        ports[i].port->subordinate_bus = last_taken(walk);
    }
    device->sw->subordinate_bus = last_taken(walk);
}

/* Gives the devices of a conventional bus the numbers that were not written. Returns whether there are enough. */
static bool number_slots(struct parse *parse, struct scenario_device *bridge)
{
    uint32_t used = 0;

    for (size_t i = 0; i < bridge->below_count; i++) {
        const struct scenario_device *device = &bridge->below[i];

        if (!parse_is_given(&scenario_table_device, device, "slot")) {
            continue;
        }
        if ((used >> device->slot & 1) != 0) {
            parse_error_at(parse, &device->place, "E1414 two devices on the bus of `%.63s` have number %" PRIu32,
                           bridge->name, device->slot);
        }
        used |= 1u << device->slot;
    }
    for (size_t i = 0; i < bridge->below_count; i++) {
        struct scenario_device *device = &bridge->below[i];

        if (parse_is_given(&scenario_table_device, device, "slot")) {
            continue;
        }
        if (used == UINT32_MAX) {
            parse_error_at(parse, &device->place, "E1414 too many devices on the bus of `%.63s`: %u at most",
                           bridge->name, DEVICES_PER_BUS);
            parse->identifiable = false;
            return false;
        }
        device->slot = (uint32_t)__builtin_ctz(~used);
        used |= 1u << device->slot;
    }
    return true;
}

/* The devices of a conventional bus are enumerated by their numbers. */
static void number_bridge(struct walk *walk, struct scenario_device *device)
{
    device->bridge->secondary_bus = take_bus(walk, &device->place);
    device->bridge->subordinate_bus = device->bridge->secondary_bus;
    if (!number_slots(walk->parse, device)) {
        return;
    }
    for (uint32_t slot = 0; slot < DEVICES_PER_BUS; slot++) {
        for (size_t i = 0; i < device->below_count; i++) {
            if (device->below[i].slot == slot) {
                device->below[i].bdf.device = (uint8_t)slot;
                number_device(walk, &device->below[i], device->bridge->secondary_bus);
            }
        }
    }
}

static void number_root_complex(struct walk *walk)
{
    struct scenario_root_complex *root_complex = walk->root_complex;
    struct numbered *ports;

    ports = scenario_arena_take(walk->parse->arena, root_complex->root_port_count, sizeof(*ports));
    for (size_t i = 0; i < root_complex->root_port_count; i++) {
        struct scenario_root_port *root_port = &root_complex->root_ports[i];

        ports[i].port = &root_port->port;
        ports[i].root_port = root_port;
        ports[i].device_given = parse_is_given(&scenario_table_root_port, root_port, "device");
        ports[i].function_given = parse_is_given(&scenario_table_root_port, root_port, "function");
    }
    if (!number_ports(walk->parse, ports, root_complex->root_port_count, false)) {
        return;
    }
    walk->next_bus = root_complex->first_bus;
    take_bus(walk, &root_complex->place);
    for (size_t i = 0; i < root_complex->root_port_count && !walk->out_of_buses; i++) {
        struct scenario_root_port *root_port = ports[i].root_port;

        set_port_bdf(&root_port->port, (uint8_t)root_complex->first_bus);
        root_port->port.secondary_bus = take_bus(walk, &root_port->port.place);
        if (root_port->below_count != 0) {
            number_device(walk, &root_port->below[0], root_port->port.secondary_bus);
        }
        root_port->port.subordinate_bus = last_taken(walk);
    }
}

/* Sets what a device below a switch inherits. */
static void adopt_below_switch(struct parse *parse, struct scenario_device *device)
{
    const struct scenario_device *parent = device->parent;

    device->port.name = scenario_arena_format(parse->arena, "%s.dsp-%s", parent->name, device->name);
    if (!parse_is_given(&scenario_table_port, &device->port, "acs")) {
        device->port.acs = parent->sw->acs;
    }
    if (device->port.place.line == 0) {
        device->port.place = device->place;
    }
}

/* A device right below a root port shares the root port's link and has no port of its own. */
static void adopt_below_root_port(struct parse *parse, struct scenario_device *device)
{
    const struct scenario_root_port *root_port = device->root_port;

    if (parse_is_given(&scenario_table_device, device, "link")) {
        diagnostic_set_hint(parse_error_at(parse, &device->link.place,
                                           "E1403 the link above `%.63s` is that of root port "
                                           "`%.63s`",
                                           device->name, root_port->port.name),
                            "write `link` at the root port");
    }
    if (parse_is_given(&scenario_table_device, device, "port")) {
        diagnostic_set_hint(parse_error_at(parse, &device->port.place,
                                           "E1403 the port above `%.63s` is root port `%.63s`", device->name,
                                           root_port->port.name),
                            "write its `acs`, `device` and `function` at the root port");
    }
    device->link = root_port->link;
}

/* A conventional device has neither a link nor a port of its own, and no extended capabilities. */
static void adopt_below_bridge(struct parse *parse, struct scenario_device *device)
{
    if (parse_is_given(&scenario_table_device, device, "link")) {
        diagnostic_set_hint(
            parse_error_at(parse, &device->link.place, "E1403 there is no link above `%.63s`", device->name),
            "the devices below a bridge share its bus: see `clock` and `width` of the bridge");
    }
    if (parse_is_given(&scenario_table_device, device, "port")) {
        diagnostic_set_hint(
            parse_error_at(parse, &device->port.place, "E1403 there is no port above `%.63s`", device->name),
            "its device number on the bus is `slot`");
    }
    if (device->endpoint == NULL) {
        parse_error_at(parse, &device->place, "E1414 below a bridge only endpoints can stand: `%.63s` is none",
                       device->name);
    } else {
        parse_check_conventional(parse, device);
    }
}

/* A part of a device shares the device's link and has no port of its own. */
static void adopt_in_device(struct parse *parse, struct scenario_device *device)
{
    const struct scenario_endpoint *endpoint = device->endpoint;

    if (parse_is_given(&scenario_table_device, device, "link")) {
        diagnostic_set_hint(parse_error_at(parse, &device->link.place,
                                           "E1403 `%.63s` shares the link of device `%.63s`", device->name,
                                           device->parent->name),
                            "write `link` at the device, or at the root port above it");
    }
    if (parse_is_given(&scenario_table_device, device, "port")) {
        diagnostic_set_hint(
            parse_error_at(parse, &device->port.place, "E1403 `%.63s` has no port of its own", device->name),
            "the port above is that of device `%.63s`", device->parent->name);
    }
    device->link = device->parent->link;
    if (device->bridge != NULL || device->multifunction != NULL) {
        parse_error_at(parse, &device->place, "E1407 a device has switches and endpoints for parts: `%.63s` is neither",
                       device->name);
    }
    if (endpoint != NULL && (endpoint->sriov != NULL || endpoint->ari || endpoint->phantom_bits > 0 ||
                             parse_is_given(&scenario_table_endpoint, endpoint, "dma-alias"))) {
        diagnostic_set_hint(
            parse_error_at(parse, &device->place,
                           "E1407 `%.63s` shares its function numbers with other parts of device `%.63s`", device->name,
                           device->parent->name),
            "`sr-iov`, `ari`, `phantom-functions` and `dma-alias` are for endpoints that have them to "
            "themselves");
    }
}

/* What is below a link of several channels or has no parts cannot be a device. */
static void check_device(struct parse *parse, const struct scenario_device *device)
{
    if (device->below_count == 0) {
        diagnostic_set_hint(parse_error_at(parse, &device->place, "E1402 device `%.63s` has no parts", device->name),
                            "write below: {dma: {endpoint: {}}}");
    }
    if (device->link.virtual_channels > 1) {
        parse_error_at(parse, &device->place, "E1407 the link of device `%.63s` can have only one virtual channel",
                       device->name);
    }
}

/* Fills in what SR-IOV takes from the endpoint. */
static void adopt_virtual(struct parse *parse, struct scenario_device *device)
{
    struct scenario_endpoint *endpoint = device->endpoint;
    struct scenario_sriov *sriov = endpoint->sriov;

    if (!parse_is_given(&scenario_table_sriov, sriov, "enabled")) {
        sriov->enabled = sriov->vfs;
    }
    if (!parse_is_given(&scenario_table_sriov, sriov, "first-offset")) {
        sriov->first_offset = endpoint->functions;
    }
    if (!parse_is_given(&scenario_table_sriov, sriov, "stride")) {
        sriov->stride = endpoint->functions;
    }
    if (sriov->enabled > sriov->vfs) {
        parse_error_at(parse, &sriov->place, "E1411 `enabled` is more than the %" PRIu32 " VFs that there are",
                       sriov->vfs);
        sriov->enabled = sriov->vfs;
    }
    parse_check_virtual(parse, device);
}

static void adopt(struct parse *parse, struct scenario_device *devices, size_t count,
                  const struct scenario_device *parent, const struct scenario_root_port *root_port)
{
    for (size_t i = 0; i < count; i++) {
        struct scenario_device *device = &devices[i];

        device->parent = parent;
        device->root_port = root_port;
        device->root_complex = root_port->root_complex;
        check_kind(parse, device);
        if (device->endpoint != NULL) {
            parse_check_aliases(parse, device);
            parse_check_layout(parse, device);
        }
        if (device->endpoint != NULL && device->endpoint->sriov != NULL) {
            adopt_virtual(parse, device);
        }
        if (parse_is_given(&scenario_table_device, device, "slot") && (parent == NULL || parent->bridge == NULL)) {
            parse_error_at(parse, &device->place, "E1414 `slot` of `%.63s`: it does not stand below a bridge",
                           device->name);
        }
        if (parent != NULL && parent->bridge != NULL) {
            adopt_below_bridge(parse, device);
        } else if (parent != NULL && parent->multifunction != NULL) {
            adopt_in_device(parse, device);
        } else if (parent != NULL) {
            adopt_below_switch(parse, device);
        } else {
            adopt_below_root_port(parse, device);
        }
        if (device->multifunction != NULL) {
            check_device(parse, device);
        }
        if (device->sw != NULL && device->sw->upstream_acs.present &&
            (parent == NULL || parent->multifunction == NULL)) {
            diagnostic_set_hint(
                parse_error_at(parse, &device->place,
                               "E1408 the upstream port of `%.63s` is its device's only function, which "
                               "has no Access Control Services",
                               device->name),
                "`upstream-acs` is for switches in a `multifunction` device");
        }
        if (device->sw != NULL) {
            device->sw->upstream_name = scenario_arena_format(parse->arena, "%s.usp", device->name);
        }
        adopt(parse, device->below, device->below_count, device, root_port);
    }
}

static void adopt_root_port(struct parse *parse, struct scenario_root_complex *root_complex,
                            struct scenario_root_port *root_port)
{
    root_port->root_complex = root_complex;
    if (root_port->below_count > 1) {
        diagnostic_set_hint(
            parse_error_at(parse, &root_port->below[1].place,
                           "E1421 a root port has one link, so one device below it: `%.63s` is the second",
                           root_port->below[1].name),
            "put a switch between, or add a root port");
    }
    adopt(parse, root_port->below, root_port->below_count, NULL, root_port);
}

void parse_resolve_pcie(struct parse *parse)
{
    struct scenario *scenario = parse->scenario;
    size_t total = 0;

    for (size_t i = 0; i < scenario->root_complex_count; i++) {
        struct scenario_root_complex *root_complex = &scenario->root_complexes[i];

        if (root_complex->first_bus > root_complex->last_bus) {
            parse_error_at(parse, &root_complex->place, "E1405 `first-bus` %u is beyond `last-bus` %u",
                           root_complex->first_bus, root_complex->last_bus);
            root_complex->last_bus = 255;
        }
        root_complex->ecam.size = (uint64_t)(root_complex->last_bus - root_complex->first_bus + 1) << 20;
        for (size_t j = 0; j < root_complex->root_port_count; j++) {
            adopt_root_port(parse, root_complex, &root_complex->root_ports[j]);
            total += count_devices(root_complex->root_ports[j].below, root_complex->root_ports[j].below_count);
        }
    }
    scenario->devices = scenario_arena_take(parse->arena, total, sizeof(scenario->devices[0]));
    for (size_t i = 0; i < scenario->root_complex_count; i++) {
        struct walk walk = {.parse = parse, .root_complex = &scenario->root_complexes[i]};

        number_root_complex(&walk);
    }
}
