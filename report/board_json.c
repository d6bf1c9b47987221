#include "report/board_json.h"

#include "report/verdict_json.h"

#include <inttypes.h>

static json_t *hex(uint64_t value)
{
    return json_sprintf("0x%" PRIx64, value);
}

static json_t *hex_if(bool known, uint64_t value)
{
    return known ? hex(value) : json_null();
}

static json_t *controller_name(const struct board_result *result, size_t controller)
{
    return verdict_json_text(controller == BOARD_NONE ? NULL : result->controllers[controller].name);
}

static json_t *iommu_name(const struct board_result *result, size_t iommu)
{
    return verdict_json_text(iommu == BOARD_NONE ? NULL : result->iommus[iommu].name);
}

static void set(json_t *object, const char *key, json_t *value)
{
    json_object_set_new(object, key, value);
}

static json_t *controllers_json(const struct board_result *result)
{
    json_t *array = json_array();

    for (size_t i = 0; i < result->controller_count; i++) {
        const struct board_controller *controller = &result->controllers[i];
        json_t *object = json_object();

        set(object, "name", verdict_json_text(controller->name));
        set(object, "compatible", verdict_json_text(controller->compatible));
        set(object, "its", json_boolean(controller->is_its));
        set(object, "available", json_boolean(controller->available));
        set(object, "msi-controller", json_boolean(controller->msi_controller));
        set(object, "base", hex_if(controller->base_known, controller->base));
        set(object, "doorbell", hex_if(controller->doorbell_known, controller->doorbell));
        set(object, "msi-cells", controller->cells_known ? json_integer(controller->cells) : json_null());
        set(object, "pre-its",
            controller->pre_its
                ? json_pack("{s:o, s:o}", "base", hex(controller->pre_its_base), "size", hex(controller->pre_its_size))
                : json_null());
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *users_json(const struct board_result *result, const struct board_iommu *iommu)
{
    json_t *array = json_array();

    for (size_t i = 0; i < iommu->user_count; i++) {
        const struct board_user *user = &iommu->users[i];
        json_t *object = json_object();

        set(object, "host", verdict_json_text(result->hosts[user->host].name));
        set(object, "first", hex(user->first));
        set(object, "last", hex(user->last));
        set(object, "msi-controller", controller_name(result, user->controller));
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *iommus_json(const struct board_result *result)
{
    json_t *array = json_array();

    for (size_t i = 0; i < result->iommu_count; i++) {
        const struct board_iommu *iommu = &result->iommus[i];
        json_t *object = json_object();
        json_t *controllers = json_array();

        for (size_t j = 0; j < iommu->controller_count; j++) {
            json_array_append_new(controllers, controller_name(result, iommu->controllers[j]));
        }
        set(object, "name", verdict_json_text(iommu->name));
        set(object, "compatible", verdict_json_text(iommu->compatible));
        set(object, "kind", verdict_json_text(iommu->kind));
        set(object, "available", json_boolean(iommu->available));
        set(object, "base", hex_if(iommu->base_known, iommu->base));
        set(object, "iommu-cells", iommu->cells_known ? json_integer(iommu->cells) : json_null());
        set(object, "requesters", users_json(result, iommu));
        set(object, "msi-controllers", controllers);
        json_array_append_new(array, object);
    }
    return array;
}

/* An identifier of a run: that of its first RID, and the rule that gives the others. */
static json_t *id_json(bool known, const struct board_id *id, uint32_t first)
{
    if (!known) {
        return json_null();
    }
    return json_pack("{s:o, s:o, s:o}", "first", hex(board_id_of(id, first)), "mask", hex(id->mask), "offset",
                     hex(id->offset));
}

static json_t *more_cells_json(const uint32_t *more, uint32_t cells)
{
    json_t *array = json_array();

    for (uint32_t i = 1; i < cells; i++) {
        json_array_append_new(array, hex(more[i - 1]));
    }
    return array;
}

static json_t *linux_json(const struct board_result *result, const struct board_range *range)
{
    json_t *object = json_object();

    set(object, "how", verdict_json_text(range->msi_how));
    set(object, "msi-map-error", verdict_json_text(range->msi_fault));
    set(object, "msi-controller", controller_name(result, range->controller));
    set(object, "its",
        range->controller == BOARD_NONE ? json_null() : json_boolean(result->controllers[range->controller].is_its));
    set(object, "device-id", id_json(range->device_id_known, &range->device_id, range->first));
    set(object, "doorbell", hex_if(range->doorbell_known, range->doorbell));
    set(object, "iommu-how", verdict_json_text(range->iommu_how));
    set(object, "iommu", iommu_name(result, range->iommu));
    set(object, "stream-id", id_json(range->stream_cells > 0, &range->stream, range->first));
    set(object, "stream-more-cells", more_cells_json(range->stream_more, range->stream_cells));
    return object;
}

static json_t *spec_json(const struct board_result *result, const struct board_host *host, size_t index, uint32_t first,
                         bool iommu)
{
    const struct board_spec *spec;
    json_t *items = json_array();

    if (index == BOARD_NONE) {
        json_decref(items);
        return json_null();
    }
    spec = &host->specs[index];
    for (size_t i = 0; i < spec->kept; i++) {
        const struct board_spec_item *item = &spec->items[i];
        json_t *object = json_object();

        if (item->fault != NULL) {
            set(object, "error", verdict_json_text(item->fault));
        } else {
            set(object, "target", iommu ? iommu_name(result, item->target) : controller_name(result, item->target));
            set(object, "id", id_json(item->cells > 0, &item->id, first));
            set(object, "more-cells", more_cells_json(item->more, item->cells));
        }
        json_array_append_new(items, object);
    }
    return json_pack("{s:I, s:o}", "total", (json_int_t)spec->total, "entries", items);
}

static json_t *ranges_json(const struct board_result *result, const struct board_host *host)
{
    json_t *array = json_array();

    for (size_t i = 0; i < host->range_count; i++) {
        const struct board_range *range = &host->ranges[i];
        json_t *object = json_object();

        set(object, "first", hex(range->first));
        set(object, "last", hex(range->last));
        set(object, "linux", linux_json(result, range));
        set(object, "spec",
            json_pack("{s:o, s:o}", "msi", spec_json(result, host, range->spec_msi, range->first, false), "iommu",
                      spec_json(result, host, range->spec_iommu, range->first, true)));
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *hosts_json(const struct board_result *result)
{
    json_t *array = json_array();

    for (size_t i = 0; i < result->host_count; i++) {
        const struct board_host *host = &result->hosts[i];
        json_t *object = json_object();

        set(object, "name", verdict_json_text(host->name));
        set(object, "compatible", verdict_json_text(host->compatible));
        set(object, "available", json_boolean(host->available));
        set(object, "segment", json_integer(host->segment));
        set(object, "segment-given", json_boolean(host->segment_given));
        set(object, "buses",
            json_pack("{s:o, s:o, s:b}", "first", hex(host->bus_first), "last", hex(host->bus_last), "given",
                      (int)host->bus_given));
        set(object, "iommu-map-mask", hex_if(host->iommu_mask_given, host->iommu_mask));
        set(object, "msi-map-mask", hex_if(host->msi_mask_given, host->msi_mask));
        set(object, "repeats-every", hex_if(host->period > 0, host->period));
        set(object, "ranges", ranges_json(result, host));
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *findings_json(const struct board_result *result)
{
    json_t *array = json_array();

    for (size_t i = 0; i < result->finding_count; i++) {
        const struct board_finding *finding = &result->findings[i];
        json_t *object = json_object();

        set(object, "name", verdict_json_text(finding->name));
        set(object, "rule", verdict_json_text(finding->rule));
        set(object, "subject", verdict_json_text(finding->subject));
        set(object, "detail", verdict_json_text(finding->detail));
        json_array_append_new(array, object);
    }
    return array;
}

json_t *board_json(const struct board_result *result)
{
    json_t *document = json_object();

    set(document, "file", verdict_json_text(result->file));
    set(document, "model", verdict_json_text(result->model));
    set(document, "msi-controllers", controllers_json(result));
    set(document, "iommus", iommus_json(result));
    set(document, "iommus-left-out", json_integer((json_int_t)result->other_iommu_count));
    set(document, "hosts", hosts_json(result));
    set(document, "verdicts", verdict_json(&result->verdicts));
    set(document, "findings", findings_json(result));
    return document;
}

bool board_json_write(FILE *out, const struct board_result *result)
{
    json_t *document = board_json(result);
    bool written;

    if (document == NULL) {
        return false;
    }
    written = json_dumpf(document, out, JSON_INDENT(2)) == 0 && fputc('\n', out) != EOF;
    json_decref(document);
    return written;
}
