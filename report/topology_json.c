#include "report/topology_json.h"

#include "report/verdict_json.h"
#include "result/verdict.h"
#include "sim/allocate.h"

#include <stdlib.h>
#include <string.h>

static json_t *names_json(char *const *names, size_t count)
{
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++) {
        json_array_append_new(list, verdict_json_text(names[i]));
    }
    return list;
}

/** The name that an index stands for; null if it stands for none. */
static json_t *reference(char *const *names, size_t count, uint32_t index)
{
    return index < count ? verdict_json_text(names[index]) : json_null();
}

static json_t *function_json(const struct topology *topology, const struct topology_function *function)
{
    json_t *object = json_object();
    bool has_parent = function->parent < topology->function_count;

    json_object_set_new(object, "name", verdict_json_text(function->name));
    json_object_set_new(object, "kind", json_string(topology_kind_name(function->kind)));
    json_object_set_new(object, "parent",
                        has_parent ? verdict_json_text(topology->functions[function->parent].name) : json_null());
    json_object_set_new(object, "host", reference(topology->hosts, topology->host_count, function->host));
    json_object_set_new(object, "segment", json_integer(function->segment));
    json_object_set_new(object, "rid", verdict_json_id(function->rid));
    json_object_set_new(object, "acs", verdict_json_text(function->acs));
    json_object_set_new(object, "group",
                        function->group == TOPOLOGY_NONE ? json_null() : json_integer(function->group));
    json_object_set_new(object, "domain", verdict_json_text(function->domain));
    json_object_set_new(object, "smmu", reference(topology->smmus, topology->smmu_count, function->smmu));
    json_object_set_new(object, "stream-id", verdict_json_id(function->stream_id));
    json_object_set_new(object, "its", reference(topology->itses, topology->its_count, function->its));
    json_object_set_new(object, "device-id", verdict_json_id(function->device_id));
    json_object_set_new(object, "doorbell", verdict_json_id(function->doorbell));
    json_object_set_new(object, "vectors", json_integer(function->vectors));
    return object;
}

json_t *topology_json(const struct topology *topology)
{
    json_t *object = json_object();
    json_t *functions = json_array();

    for (size_t i = 0; i < topology->function_count; i++) {
        json_array_append_new(functions, function_json(topology, &topology->functions[i]));
    }
    json_object_set_new(object, "hosts", names_json(topology->hosts, topology->host_count));
    json_object_set_new(object, "smmus", names_json(topology->smmus, topology->smmu_count));
    json_object_set_new(object, "itses", names_json(topology->itses, topology->its_count));
    json_object_set_new(object, "functions", functions);
    return object;
}

/* ---- And back ---- */

static bool read_names(const json_t *list, char ***names, size_t *count)
{
    size_t index;
    const json_t *name;

    json_array_foreach((json_t *)(uintptr_t)list, index, name)
    {
        if (!json_is_string(name)) {
            return false;
        }
        topology_add_name(names, count, json_string_value(name));
    }
    return json_is_array(list);
}

static uint32_t find_name(const json_t *name, char *const *names, size_t count)
{
    for (size_t i = 0; i < count && json_is_string(name); i++) {
        if (strcmp(names[i], json_string_value(name)) == 0) {
            return (uint32_t)i;
        }
    }
    return TOPOLOGY_NONE;
}

static uint64_t read_id(const json_t *value)
{
    return json_is_string(value) ? strtoull(json_string_value(value), NULL, 16) : VERDICT_NO_ID;
}

static char *read_text(const json_t *value)
{
    return json_is_string(value) ? sim_copy_string(json_string_value(value)) : NULL;
}

static bool read_kind(const json_t *value, enum topology_kind *kind)
{
    for (size_t i = 0; i < TOPOLOGY_KINDS && json_is_string(value); i++) {
        if (strcmp(topology_kind_name((enum topology_kind)i), json_string_value(value)) == 0) {
            *kind = (enum topology_kind)i;
            return true;
        }
    }
    return false;
}

/** The function before this one that has that name. */
static uint32_t find_parent(const struct topology *topology, const json_t *name)
{
    for (size_t i = 0; i < topology->function_count && json_is_string(name); i++) {
        if (strcmp(topology->functions[i].name, json_string_value(name)) == 0) {
            return (uint32_t)i;
        }
    }
    return TOPOLOGY_NONE;
}

static bool read_function(struct topology *topology, const json_t *object)
{
    struct topology_function *function = &topology->functions[topology->function_count];
    const json_t *parent = json_object_get(object, "parent");
    const json_t *group = json_object_get(object, "group");

    function->name = read_text(json_object_get(object, "name"));
    function->parent = find_parent(topology, parent);
    topology->function_count++;
    function->host = find_name(json_object_get(object, "host"), topology->hosts, topology->host_count);
    function->segment = (uint32_t)json_integer_value(json_object_get(object, "segment"));
    function->rid = (uint16_t)read_id(json_object_get(object, "rid"));
    function->acs = read_text(json_object_get(object, "acs"));
    function->group = json_is_integer(group) ? (uint32_t)json_integer_value(group) : TOPOLOGY_NONE;
    function->domain = read_text(json_object_get(object, "domain"));
    function->smmu = find_name(json_object_get(object, "smmu"), topology->smmus, topology->smmu_count);
    function->stream_id = read_id(json_object_get(object, "stream-id"));
    function->its = find_name(json_object_get(object, "its"), topology->itses, topology->its_count);
    function->device_id = read_id(json_object_get(object, "device-id"));
    function->doorbell = read_id(json_object_get(object, "doorbell"));
    function->vectors = (uint32_t)json_integer_value(json_object_get(object, "vectors"));
    return function->name != NULL && function->host != TOPOLOGY_NONE &&
           read_kind(json_object_get(object, "kind"), &function->kind) &&
           (json_is_null(parent) || function->parent != TOPOLOGY_NONE);
}

bool topology_from_json(const json_t *document, struct topology *topology)
{
    const json_t *functions = json_object_get(document, "functions");
    bool good = read_names(json_object_get(document, "hosts"), &topology->hosts, &topology->host_count) &&
                read_names(json_object_get(document, "smmus"), &topology->smmus, &topology->smmu_count) &&
                read_names(json_object_get(document, "itses"), &topology->itses, &topology->its_count) &&
                json_is_array(functions);

    topology->functions = sim_allocate(json_array_size(functions) + 1, sizeof(*topology->functions));
    for (size_t i = 0; i < json_array_size(functions) && good; i++) {
        good = read_function(topology, json_array_get(functions, i));
    }
    return good;
}
