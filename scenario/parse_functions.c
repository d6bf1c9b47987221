/* What the functions of an endpoint ask of each other: numbers that differ, BARs that hold their tables. */
#include "scenario/functions.h"
#include "scenario/parse_resolve.h"
#include "scenario/parse_table.h"

#include <inttypes.h>

#define OFFSETS 0x10000u

/* -------------------------------------------------------------------------------------------- numbers */

static void report_same_number(struct parse *parse, const struct scenario_device *device)
{
    const uint32_t functions = device->endpoint->functions;

    diagnostic_set_hint(parse_error_at(parse, &device->endpoint->sriov->place,
                                       "E1411 two functions of `%.63s` would have one requester ID", device->name),
                        "with %" PRIu32 " function%s, `first-offset` and `stride` of %" PRIu32 " keep them apart",
                        functions, functions == 1 ? "" : "s", functions);
}

/* Below a link without ARI there is only device 0 of the link's own bus. */
static void report_unreachable(struct parse *parse, const struct scenario_device *device, uint32_t offset)
{
    diagnostic_set_hint(
        parse_error_at(parse, &device->endpoint->sriov->place,
                       "E1411 a VF of `%.63s` would be device %" PRIu32 ", function %" PRIu32
                       " of a bus behind a link, where there is only device 0",
                       device->name, offset >> 3, offset & 7),
        "ari: yes makes all eight bits a function number; or choose `first-offset` and `stride` so that "
        "VFs beyond 7 are on the next bus");
}

void parse_check_virtual(struct parse *parse, const struct scenario_device *device)
{
    const struct scenario_endpoint *endpoint = device->endpoint;
    uint8_t used[OFFSETS / 8] = {0};

    for (uint32_t i = 0; i < scenario_function_count(endpoint); i++) {
        const uint32_t offset = scenario_function_offset(endpoint, i);

        if (offset >= OFFSETS) {
            parse_error_at(parse, &endpoint->sriov->place, "E1411 the VFs of `%.63s` need more buses than there can be",
                           device->name);
            return;
        }
        if ((used[offset / 8] >> offset % 8 & 1) != 0) {
            report_same_number(parse, device);
            return;
        }
        if (offset < 256 && offset > 7 && !endpoint->ari) {
            report_unreachable(parse, device, offset);
            return;
        }
        used[offset / 8] = (uint8_t)(used[offset / 8] | 1u << offset % 8);
    }
}

/* -------------------------------------------------------------------------------------------- aliases */

void parse_check_aliases(struct parse *parse, const struct scenario_device *device)
{
    struct scenario_endpoint *endpoint = device->endpoint;
    const uint32_t room = 8u >> endpoint->phantom_bits;

    endpoint->has_dma_alias = parse_is_given(&scenario_table_endpoint, endpoint, "dma-alias");
    if (endpoint->phantom_bits == 0) {
        return;
    }
    if (endpoint->functions > room) {
        parse_error_at(parse, &endpoint->place,
                       "E1412 `phantom-functions` of %" PRIu32 " bits leaves numbers for %" PRIu32
                       " function%s, and `%.63s` "
                       "has %" PRIu32,
                       endpoint->phantom_bits, room, room == 1 ? "" : "s", device->name, endpoint->functions);
    }
    if (endpoint->ari || endpoint->sriov != NULL || endpoint->has_dma_alias) {
        parse_error_at(parse, &endpoint->place, "E1412 `%.63s` cannot have phantom functions together with `%s`",
                       device->name,
                       endpoint->ari             ? "ari"
                       : endpoint->sriov != NULL ? "sr-iov"
                                                 : "dma-alias");
    }
}

void parse_check_conventional(struct parse *parse, const struct scenario_device *device)
{
    const struct scenario_endpoint *endpoint = device->endpoint;
    const struct {
        const char *name;
        bool there;
    } keys[] = {
        {"acs", endpoint->acs.present},      {"ari", endpoint->ari},
        {"ats", endpoint->ats != NULL},      {"pri", endpoint->pri != NULL},
        {"pasid", endpoint->pasid_bits > 0}, {"phantom-functions", endpoint->phantom_bits > 0},
        {"sr-iov", endpoint->sriov != NULL}, {"dma-alias", endpoint->has_dma_alias},
    };

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (keys[i].there) {
            parse_error_at(parse, &endpoint->place,
                           "E1414 `%.63s` stands below a bridge, and conventional PCI has no `%s`", device->name,
                           keys[i].name);
        }
    }
}

/* -------------------------------------------------------------------------------------------- BARs */

/* The first BAR holds the MSI-X table and the pending bits. */
static void check_bars(struct parse *parse, const struct scenario_place *place, const char *whose,
                       const struct scenario_bars *bars, uint32_t vectors)
{
    uint64_t need = (uint64_t)vectors * 16 * 2;
    char text[32];

    if (vectors == 0) {
        return;
    }
    if (bars->count == 0) {
        diagnostic_set_hint(parse_error_at(parse, place, "E1410 %s has MSI-X but no BAR to hold its table", whose),
                            "give it bars: [64 KiB], or msi-x: 0");
    } else if (bars->sizes[0] < need) {
        units_format(UNITS_SIZE, bars->sizes[0], text, sizeof(text));
        diagnostic_set_hint(
            parse_error_at(parse, place, "E1410 the first BAR of %s, %s, is too small for its MSI-X table and PBA",
                           whose, text),
            "%" PRIu32 " vectors need %" PRIu64 " bytes: half for the table, half for the PBA", vectors, need);
    }
}

void parse_check_functions(struct parse *parse, const struct scenario_device *device)
{
    const struct scenario_endpoint *endpoint = device->endpoint;
    const char *whose = scenario_arena_format(parse->arena, "`%.63s`", device->name);

    check_bars(parse, &device->place, whose, &endpoint->bars, endpoint->msix_vectors);
    if (endpoint->sriov != NULL) {
        whose = scenario_arena_format(parse->arena, "a VF of `%.63s`", device->name);
        check_bars(parse, &endpoint->sriov->place, whose, &endpoint->sriov->bars, endpoint->sriov->msix_vectors);
    }
}
