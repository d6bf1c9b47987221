/* Names become pointers. */
#include "scenario/parse_resolve.h"
#include "host/action.h"
#include "scenario/functions.h"
#include "scenario/parse_table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------------------------- all components */

static size_t count_below(const struct scenario_device *devices, size_t count)
{
    size_t total = count;

    for (size_t i = 0; i < count; i++) {
        total += count_below(devices[i].below, devices[i].below_count);
    }
    return total;
}

static size_t count_components(const struct scenario *scenario)
{
    size_t total = scenario->platform.its_count + scenario->platform.v2m_count + scenario->platform.smmu_count +
                   scenario->root_complex_count;

    for (size_t i = 0; i < scenario->root_complex_count; i++) {
        const struct scenario_root_complex *root_complex = &scenario->root_complexes[i];

        total += root_complex->root_port_count;
        for (size_t j = 0; j < root_complex->root_port_count; j++) {
            total += count_below(root_complex->root_ports[j].below, root_complex->root_ports[j].below_count);
        }
    }
    return total;
}

static void add(struct scenario *scenario, const char *name, enum scenario_class kind,
                const struct scenario_place *place, const void *object)
{
    struct scenario_component *component = &scenario->components[scenario->component_count++];

    component->name = name;
    component->kind = kind;
    component->place = *place;
    component->object = object;
}

static enum scenario_class class_of(const struct scenario_device *device)
{
    if (device->sw != NULL) {
        return SCENARIO_CLASS_SWITCH;
    }
    if (device->multifunction != NULL) {
        return SCENARIO_CLASS_MULTIFUNCTION;
    }
    return device->bridge != NULL ? SCENARIO_CLASS_BRIDGE : SCENARIO_CLASS_ENDPOINT;
}

static void add_devices(struct scenario *scenario, const struct scenario_device *devices, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct scenario_device *device = &devices[i];

        if (device->empty) {
            continue;
        }
        add(scenario, device->name, class_of(device), &device->place, device);
        add_devices(scenario, device->below, device->below_count);
    }
}

static void add_all(struct scenario *scenario)
{
    const struct scenario_platform *platform = &scenario->platform;

    for (size_t i = 0; i < platform->its_count; i++) {
        add(scenario, platform->its[i].name, SCENARIO_CLASS_ITS, &platform->its[i].place, &platform->its[i]);
    }
    for (size_t i = 0; i < platform->v2m_count; i++) {
        add(scenario, platform->v2m[i].name, SCENARIO_CLASS_V2M, &platform->v2m[i].place, &platform->v2m[i]);
    }
    for (size_t i = 0; i < platform->smmu_count; i++) {
        add(scenario, platform->smmu[i].name, SCENARIO_CLASS_SMMU, &platform->smmu[i].place, &platform->smmu[i]);
    }
    for (size_t i = 0; i < scenario->root_complex_count; i++) {
        const struct scenario_root_complex *root_complex = &scenario->root_complexes[i];

        add(scenario, root_complex->name, SCENARIO_CLASS_ROOT_COMPLEX, &root_complex->place, root_complex);
        for (size_t j = 0; j < root_complex->root_port_count; j++) {
            const struct scenario_root_port *root_port = &root_complex->root_ports[j];

            add(scenario, root_port->port.name, SCENARIO_CLASS_ROOT_PORT, &root_port->port.place, root_port);
            add_devices(scenario, root_port->below, root_port->below_count);
        }
    }
}

static int compare_components(const void *left, const void *right)
{
    const struct scenario_component *a = left;
    const struct scenario_component *b = right;
    int order = strcmp(a->name, b->name);

    if (order != 0) {
        return order;
    }
    if (a->place.line != b->place.line) {
        return a->place.line < b->place.line ? -1 : 1;
    }
    return a->place.column < b->place.column ? -1 : a->place.column > b->place.column;
}

static const char *class_name(enum scenario_class kind)
{
    static const char *const names[] = {"ITS",      "SMMU",   "root complex", "root port",   "switch",
                                        "endpoint", "bridge", "device",       "GICv2m frame"};

    return names[kind];
}

/** Whether a name is that of a PE or of its redistributor: pe0, rd12. */
static bool is_pe_name(const char *name)
{
    size_t digits;

    if (strncmp(name, "pe", 2) != 0 && strncmp(name, "rd", 2) != 0) {
        return false;
    }
    digits = strspn(name + 2, "0123456789");
    return digits > 0 && name[2 + digits] == '\0';
}

/** Whether a name means something in a scenario, or is that of a component that every platform has. */
static bool is_reserved(const char *name)
{
    static const char *const reserved[] = {"none", "all",    "memory",   "interconnect",
                                           "host", "events", "software", "distributor"};

    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
        if (strcmp(reserved[i], name) == 0) {
            return true;
        }
    }
    return is_pe_name(name);
}

static void check_names(struct parse *parse)
{
    const struct scenario *scenario = parse->scenario;

    for (size_t i = 0; i < scenario->component_count; i++) {
        const struct scenario_component *component = &scenario->components[i];

        if (is_reserved(component->name)) {
            parse_error_at(parse, &component->place, "E1202 `%s` has a meaning of its own: choose another name",
                           component->name);
        }
        if (i > 0 && strcmp(component[-1].name, component->name) == 0) {
            diagnostic_set_hint(
                parse_error_at(parse, &component->place, "E1203 two components have the name `%.63s`", component->name),
                "the other is the %s on line %u", class_name(component[-1].kind), component[-1].place.line);
        }
    }
}

const struct scenario_component *scenario_find_component(const struct scenario *scenario, const char *name)
{
    size_t low = 0;
    size_t high = scenario->component_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(name, scenario->components[middle].name);

        if (order == 0) {
            return &scenario->components[middle];
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return NULL;
}

const struct scenario_device *scenario_find_device(const struct scenario *scenario, const char *name)
{
    const struct scenario_component *component = scenario_find_component(scenario, name);

    if (component == NULL ||
        (component->kind != SCENARIO_CLASS_SWITCH && component->kind != SCENARIO_CLASS_BRIDGE &&
         component->kind != SCENARIO_CLASS_MULTIFUNCTION && component->kind != SCENARIO_CLASS_ENDPOINT)) {
        return NULL;
    }
    return component->object;
}

/* ------------------------------------------------------------------------------------------- references */

/* Reports a name that does not name a component of that class, with the nearest that does. */
static void report_wrong_name(struct parse *parse, const struct scenario_place *place, const char *name,
                              enum scenario_class kind)
{
    const struct scenario *scenario = parse->scenario;
    const struct scenario_component *found = scenario_find_component(scenario, name);
    const char **names;
    struct diagnostic *entry;
    const char *nearest;
    size_t count = 0;

    if (parse->diagnostics->error_count >= DIAGNOSTICS_MAX_ERRORS) {
        /* It will not be shown: the search for the nearest name can be spared. */
        parse_error_at(parse, place, "E1204 there is no %s `%.63s`", class_name(kind), name);
        return;
    }
    names = scenario_arena_take(parse->arena, scenario->component_count, sizeof(*names));
    for (size_t i = 0; i < scenario->component_count; i++) {
        if (scenario->components[i].kind == kind) {
            names[count++] = scenario->components[i].name;
        }
    }
    if (found != NULL) {
        entry =
            parse_error_at(parse, place, "E1205 `%.63s` is no %s: it is a%s %s", name, class_name(kind),
                           strchr("AEISae", class_name(found->kind)[0]) != NULL ? "n" : "", class_name(found->kind));
    } else {
        entry = parse_error_at(parse, place, "E1204 there is no %s `%.63s`", class_name(kind), name);
    }
    nearest = parse_nearest(name, names, count);
    if (nearest != NULL) {
        diagnostic_set_hint(entry, "did you mean `%s`?", nearest);
    } else if (count == 0) {
        diagnostic_set_hint(entry, "the scenario has none");
    } else {
        diagnostic_set_hint(entry, "there is `%s`%s%s%s%s", names[0], count > 1 ? ", `" : "", count > 1 ? names[1] : "",
                            count > 1 ? "`" : "", count > 2 ? ", ..." : "");
    }
}

static const void *find_reference(struct parse *parse, const struct scenario_place *place, const char *name,
                                  enum scenario_class kind)
{
    const struct scenario_component *component = scenario_find_component(parse->scenario, name);

    if (component == NULL || component->kind != kind) {
        report_wrong_name(parse, place, name, kind);
        return NULL;
    }
    return component->object;
}

static const struct scenario_its *default_its(const struct scenario *scenario,
                                              const struct scenario_root_complex *root_complex)
{
    const struct scenario_platform *platform = &scenario->platform;
    const struct scenario_its *shared = NULL;

    for (size_t i = 0; i < platform->its_count; i++) {
        if (platform->its[i].beside == root_complex) {
            return &platform->its[i];
        }
        if (platform->its[i].beside == NULL && shared == NULL) {
            shared = &platform->its[i];
        }
    }
    return shared != NULL || platform->its_count == 0 ? shared : &platform->its[0];
}

/* One entry: every requester ID, unchanged. */
static void set_identity(struct parse *parse, struct scenario_map *map, const struct scenario_smmu *smmu,
                         const struct scenario_its *its)
{
    if (smmu == NULL && its == NULL) {
        return;
    }
    map->entries = scenario_arena_take(parse->arena, 1, sizeof(*map->entries));
    map->count = 1;
    map->entries[0].smmu = smmu;
    map->entries[0].its = its;
    map->entries[0].target_name = smmu != NULL ? smmu->name : its->name;
    map->entries[0].length = 0x10000;
}

static void check_mask(struct parse *parse, const struct scenario_map *map, const char *name)
{
    for (size_t i = 0; i < map->count; i++) {
        const struct scenario_map_entry *entry = &map->entries[i];

        if ((entry->rid_base & ~map->mask) != 0) {
            diagnostic_set_hint(parse_error_at(parse, &entry->place,
                                               "E1415 RID base 0x%04x has bits outside `%s-mask`, "
                                               "0x%04" PRIx32,
                                               entry->rid_base, name, map->mask),
                                "a requester ID is ANDed with the mask first, so this base can never match");
        }
    }
}

/* An entry of an msi-map names an ITS, or a GICv2m frame. */
static void resolve_controller(struct parse *parse, struct scenario_map_entry *entry)
{
    const struct scenario_component *component = scenario_find_component(parse->scenario, entry->target_name);

    if (component != NULL && component->kind == SCENARIO_CLASS_V2M) {
        entry->v2m = component->object;
    } else {
        entry->its = find_reference(parse, &entry->target_place, entry->target_name, SCENARIO_CLASS_ITS);
    }
}

static void resolve_maps(struct parse *parse, struct scenario_root_complex *root_complex)
{
    const struct scenario *scenario = parse->scenario;
    const struct scenario_platform *platform = &scenario->platform;

    for (size_t i = 0; i < root_complex->iommu_map.count; i++) {
        struct scenario_map_entry *entry = &root_complex->iommu_map.entries[i];

        entry->smmu = find_reference(parse, &entry->target_place, entry->target_name, SCENARIO_CLASS_SMMU);
    }
    for (size_t i = 0; i < root_complex->msi_map.count; i++) {
        struct scenario_map_entry *entry = &root_complex->msi_map.entries[i];

        resolve_controller(parse, entry);
    }
    if (!parse_is_given(&scenario_table_root_complex, root_complex, "iommu-map")) {
        set_identity(parse, &root_complex->iommu_map, platform->smmu_count == 0 ? NULL : &platform->smmu[0], NULL);
    }
    if (!parse_is_given(&scenario_table_root_complex, root_complex, "msi-map")) {
        set_identity(parse, &root_complex->msi_map, NULL, default_its(scenario, root_complex));
    }
    check_mask(parse, &root_complex->iommu_map, "iommu-map");
    check_mask(parse, &root_complex->msi_map, "msi-map");
}

uint64_t scenario_redistributor_bytes(const struct scenario *scenario)
{
    return scenario->platform.redistributor.version != SCENARIO_GIC_V3 ? 0x40000 : 0x20000;
}

uint64_t scenario_its_bytes(const struct scenario *scenario, const struct scenario_its *its)
{
    bool virtual_sgis = scenario->platform.redistributor.version == SCENARIO_GIC_V4_1 && its->virtual_lpis;

    return virtual_sgis ? 0x30000 : 0x20000;
}

uint32_t scenario_device_id_bits(const struct scenario_its *its)
{
    uint32_t window = its->pre_its != NULL ? 61u - (uint32_t)__builtin_clzll(its->pre_its->size) : UINT32_MAX;

    return its->device_id_bits < window ? its->device_id_bits : window;
}

const struct scenario_map_entry *scenario_map_find(const struct scenario_map *map, uint16_t rid, uint32_t *output)
{
    uint32_t masked = rid & map->mask;

    for (size_t i = 0; i < map->count; i++) {
        const struct scenario_map_entry *entry = &map->entries[i];

        if (masked >= entry->rid_base && masked - entry->rid_base < entry->length) {
            if (output != NULL) {
                *output = entry->output_base + (masked - entry->rid_base);
            }
            return entry;
        }
    }
    return NULL;
}

void parse_resolve_names(struct parse *parse)
{
    struct scenario *scenario = parse->scenario;

    scenario->components = scenario_arena_take(parse->arena, count_components(scenario), sizeof(*scenario->components));
    add_all(scenario);
    qsort(scenario->components, scenario->component_count, sizeof(*scenario->components), compare_components);
    check_names(parse);
    for (size_t i = 0; i < scenario->platform.its_count; i++) {
        struct scenario_its *its = &scenario->platform.its[i];

        if (its->beside_written.name != NULL) {
            its->beside = find_reference(parse, &its->beside_written.place, its->beside_written.name,
                                         SCENARIO_CLASS_ROOT_COMPLEX);
        }
    }
    for (size_t i = 0; i < scenario->root_complex_count; i++) {
        resolve_maps(parse, &scenario->root_complexes[i]);
    }
}

/* What stands behind the endpoint's name: "/1", "/vf2", "/1/vf2". Returns whether it is one of those. */
static bool read_function(const char *text, uint32_t *physical, uint32_t *vf)
{
    char *end;

    *physical = 0;
    *vf = 0;
    if (text[1] >= '1' && text[1] <= '7') {
        *physical = (uint32_t)(text[1] - '0');
        text += 2;
        if (*text == '\0') {
            return true;
        }
    }
    if (strncmp(text, "/vf", 3) != 0 || text[3] < '1' || text[3] > '9' || strlen(text) > 8) {
        return false;
    }
    *vf = (uint32_t)strtoul(text + 3, &end, 10);
    return *end == '\0';
}

/* Holds a function's number against what the endpoint has. Returns whether it is there. */
static bool check_function(struct parse *parse, const struct scenario_place *place,
                           const struct scenario_device *device, uint32_t physical, uint32_t vf)
{
    const struct scenario_endpoint *endpoint = device->endpoint;

    if (physical >= endpoint->functions) {
        parse_error_at(parse, place, "E1206 endpoint `%.63s` has %" PRIu32 " function%s: there is no function %" PRIu32,
                       device->name, endpoint->functions, endpoint->functions == 1 ? "" : "s", physical);
        return false;
    }
    if (vf != 0 && endpoint->sriov == NULL) {
        diagnostic_set_hint(
            parse_error_at(parse, place, "E1206 endpoint `%.63s` has no virtual functions", device->name),
            "give it some, for example sr-iov: {vfs: 4}");
        return false;
    }
    if (vf != 0 && vf > endpoint->sriov->enabled) {
        parse_error_at(parse, place, "E1206 software enables %" PRIu32 " VF%s of `%.63s`: there is no VF %" PRIu32,
                       endpoint->sriov->enabled, endpoint->sriov->enabled == 1 ? "" : "s", device->name, vf);
        return false;
    }
    return true;
}

const struct scenario_device *parse_find_function(struct parse *parse, const char *name,
                                                  const struct scenario_place *place, uint32_t *function)
{
    const char *slash = strchr(name, '/');
    const struct scenario_device *device;
    uint32_t physical = 0;
    uint32_t vf = 0;

    *function = 0;
    if (slash != NULL) {
        if (!read_function(slash, &physical, &vf)) {
            diagnostic_set_hint(parse_error_at(parse, place, "E1206 `%.63s` names no function", name),
                                "write epA for function 0, epA/1 to epA/7 for the others, epA/vf1 and so on for VFs");
            return NULL;
        }
        name = scenario_arena_copy(parse->arena, name, (size_t)(slash - name));
    }
    device = find_reference(parse, place, name, SCENARIO_CLASS_ENDPOINT);
    if (device == NULL || device->endpoint == NULL || !check_function(parse, place, device, physical, vf)) {
        return NULL;
    }
    *function = vf != 0 ? scenario_virtual_function(device->endpoint, physical, vf) : physical;
    return device;
}

/** Whether a step is an action, or that software notices what somebody did whom nobody told it of. */
static bool is_step_of(const struct scenario_action *action, const char *step)
{
    const size_t length = strlen(action->name);

    return strncmp(step, action->name, length) == 0 &&
           (step[length] == '\0' || (action->kind == ACTION_SURPRISE_REMOVE && strcmp(step + length, ".noticed") == 0));
}

/* An action that an expectation speaks of must be there. */
static void check_action(struct parse *parse, const struct scenario_expectation *expectation)
{
    const char *prefix = "timeline.";
    const char **names = scenario_arena_take(parse->arena, parse->scenario->action_count + 1, sizeof(*names));
    const char *nearest;
    struct diagnostic *entry;

    if (expectation->step == NULL || strncmp(expectation->step, prefix, strlen(prefix)) != 0) {
        return;
    }
    for (size_t i = 0; i < parse->scenario->action_count; i++) {
        names[i] = parse->scenario->actions[i].name;
        if (is_step_of(&parse->scenario->actions[i], expectation->step + strlen(prefix))) {
            return;
        }
    }
    entry = parse_error_at(parse, &expectation->key_place, "E1901 the timeline has no action `%.60s`",
                           expectation->step + strlen(prefix));
    nearest = parse_nearest(expectation->step + strlen(prefix), names, parse->scenario->action_count);
    if (nearest != NULL) {
        diagnostic_set_hint(entry, "did you mean `%s`?", nearest);
    }
}

void parse_resolve_expectations(struct parse *parse)
{
    for (size_t i = 0; i < parse->scenario->expectation_count; i++) {
        struct scenario_expectation *expectation = &parse->scenario->expectations[i];

        check_action(parse, expectation);
        if (expectation->device_name != NULL) {
            expectation->device =
                parse_find_function(parse, expectation->device_name, &expectation->key_place, &expectation->function);
        }
    }
}
