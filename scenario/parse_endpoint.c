/* Endpoints: what their capabilities ask of each other, and of the first BAR. */
#include "scenario/parse_resolve.h"
#include "scenario/parse_table.h"

#include <inttypes.h>

#define ENTRY_BYTES 16u

/* In a BAR of four of these or more, MSI-X table and pending bits have pages of their own (models/pcie/endpoint.h). */
#define OWN_PAGE UINT64_C(4096)

/** The message store lies at the start of the first BAR, what MSI-X has at its end. */
static void check_store(struct parse *parse, const struct scenario_device *device)
{
    const struct scenario_endpoint *endpoint = device->endpoint;
    const uint64_t size = endpoint->bars.count > 0 ? endpoint->bars.sizes[0] : 0;
    uint64_t need = (uint64_t)endpoint->msix_vectors * ENTRY_BYTES * 2;
    char text[32];

    if (need > 0 && need < 2 * OWN_PAGE && size >= 4 * OWN_PAGE) {
        need = 2 * OWN_PAGE;
    }
    need += (uint64_t)endpoint->ims_entries * ENTRY_BYTES;
    if (endpoint->ims_entries == 0 || size >= need) {
        return;
    }
    if (size == 0) {
        diagnostic_set_hint(
            parse_error_at(parse, &device->place, "E1410 `%.63s` has no BAR to hold its message store", device->name),
            "give it bars: [64 KiB]");
        return;
    }
    units_format(UNITS_SIZE, size, text, sizeof(text));
    diagnostic_set_hint(
        parse_error_at(parse, &device->place, "E1410 the first BAR of `%.63s`, %s, is too small for its message store",
                       device->name, text),
        "%" PRIu32 " entries of 16 bytes and what MSI-X needs: %" PRIu64 " bytes", endpoint->ims_entries, need);
}

static void resolve_msi(struct parse *parse, struct scenario_msi_capability *msi)
{
    if (!parse_is_given(&scenario_table_endpoint_msi, msi, "granted")) {
        msi->granted = msi->vectors;
    } else if (msi->granted > msi->vectors) {
        diagnostic_set_hint(parse_error_at(parse, &msi->place,
                                           "E1419 `granted` %" PRIu32 " is more than `vectors` %" PRIu32, msi->granted,
                                           msi->vectors),
                            "a function must not be given more messages than it asks for");
    }
}

void parse_resolve_endpoints(struct parse *parse)
{
    struct scenario *scenario = parse->scenario;

    for (size_t i = 0; i < scenario->device_count; i++) {
        const struct scenario_device *device = scenario->devices[i];
        struct scenario_endpoint *endpoint = device->endpoint;

        if (endpoint == NULL) {
            continue;
        }
        if (endpoint->msi != NULL) {
            resolve_msi(parse, endpoint->msi);
        }
        if (endpoint->pri != NULL && endpoint->ats == NULL) {
            diagnostic_set_hint(
                parse_error_at(parse, &endpoint->pri->place,
                               "E1420 `%.63s` has page requests but no translations to use what they bring",
                               device->name),
                "add ats: {}");
        }
        check_store(parse, device);
    }
}
