#include "report/verdict_json.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

json_t *verdict_json_id(uint64_t value)
{
    return value == VERDICT_NO_ID ? json_null() : json_sprintf("0x%" PRIx64, value);
}

json_t *verdict_json_count(uint64_t value)
{
    return value <= INT64_MAX ? json_integer((json_int_t)value) : json_sprintf("%" PRIu64, value);
}

json_t *verdict_json_text(const char *text)
{
    json_t *string = text != NULL ? json_string(text) : NULL;
    char *plain;

    if (string != NULL || text == NULL) {
        return string != NULL ? string : json_null();
    }
    plain = strdup(text);
    for (char *byte = plain; byte != NULL && *byte != '\0'; byte++) {
        if ((unsigned char)*byte >= 0x80) {
            *byte = '?';
        }
    }
    string = plain != NULL ? json_string(plain) : NULL;
    free(plain);
    return string != NULL ? string : json_null();
}

static json_t *device_json(const struct verdict_device *device)
{
    json_t *object = json_object();

    json_object_set_new(object, "name", verdict_json_text(device->name));
    json_object_set_new(object, "segment", verdict_json_count(device->segment));
    json_object_set_new(object, "rid", verdict_json_id(device->rid));
    json_object_set_new(object, "rid-count", verdict_json_count(device->rid_count));
    json_object_set_new(object, "stream-id", verdict_json_id(device->stream_id));
    json_object_set_new(object, "smmu", verdict_json_text(device->smmu));
    json_object_set_new(object, "device-id", verdict_json_id(device->device_id));
    json_object_set_new(object, "its", verdict_json_text(device->its));
    json_object_set_new(object, "doorbell", verdict_json_id(device->doorbell));
    json_object_set_new(object, "msi-count", verdict_json_count(device->msi_count));
    json_object_set_new(object, "first-packet", json_sprintf("%016" PRIx64, device->first_packet));
    return object;
}

static json_t *evidence_json(const struct verdict_evidence *evidence)
{
    json_t *object = json_object();
    json_t *devices = json_array();

    for (size_t i = 0; i < evidence->device_count; i++) {
        json_array_append_new(devices, device_json(&evidence->devices[i]));
    }
    json_object_set_new(object, "subject", verdict_json_text(evidence->subject));
    json_object_set_new(object, "detail", verdict_json_text(evidence->detail));
    json_object_set_new(object, "devices", devices);
    return object;
}

json_t *verdict_json(const struct verdict_list *verdicts)
{
    json_t *all = json_object();

    for (size_t i = 0; i < verdicts->count; i++) {
        const struct verdict *verdict = &verdicts->items[i];
        json_t *object = json_object();
        json_t *evidence = json_array();

        for (size_t j = 0; j < verdict->evidence_count; j++) {
            json_array_append_new(evidence, evidence_json(&verdict->evidence[j]));
        }
        json_object_set_new(object, "outcome", json_string(verdict_outcome_name(verdict->outcome)));
        json_object_set_new(object, "summary", verdict_json_text(verdict->summary));
        json_object_set_new(object, "evidence", evidence);
        json_object_set_new(all, verdict->name, object);
    }
    return all;
}
