/* The parts held against each other. */
#include "host/smmu_driver.h"
#include "models/gic-its/distributor.h"
#include "models/gic-its/gic.h"
#include "models/gic-its/v2m.h"
#include "models/interconnect/crossbar.h"
#include "models/pcie/root_complex.h"
#include "models/pcie/switch.h"
#include "scenario/functions.h"
#include "scenario/parse_resolve.h"
#include "scenario/parse_table.h"
#include "scenario/smmu_idr.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define KIB(n) ((uint64_t)(n) << 10)
#define MIB(n) ((uint64_t)(n) << 20)

#define ADDRESS_BITS 48u

/* GITS_CTLR.ITS_Number has four bits. */
#define MAX_ITS 16u

/* -------------------------------------------------------------------------------------------- address windows */

struct window {
    uint64_t base;
    uint64_t size;
    const char *what;
    const char *name;
    const struct scenario_place *place;
};

struct windows {
    struct window *items;
    size_t count;
};

static void add_window(struct windows *windows, uint64_t base, uint64_t size, const char *what, const char *name,
                       const struct scenario_place *place)
{
    struct window *window = &windows->items[windows->count++];

    window->base = base;
    window->size = size;
    window->what = what;
    window->name = name;
    window->place = place;
}

static void collect_windows(const struct scenario *scenario, struct windows *windows)
{
    const struct scenario_platform *platform = &scenario->platform;

    add_window(windows, platform->memory.base, platform->memory.size, "memory", "", &platform->memory.place);
    add_window(windows, platform->redistributor.base, scenario_redistributor_bytes(scenario) * platform->pe.count,
               "redistributors", "", &platform->redistributor.place);
    for (size_t i = 0; i < platform->its_count; i++) {
        add_window(windows, platform->its[i].base, scenario_its_bytes(scenario, &platform->its[i]), "ITS ",
                   platform->its[i].name, &platform->its[i].place);
        if (platform->its[i].pre_its != NULL) {
            add_window(windows, platform->its[i].pre_its->base, platform->its[i].pre_its->size, "pre-ITS of ITS ",
                       platform->its[i].name, &platform->its[i].pre_its->place);
        }
    }
    if (platform->v2m_count > 0) {
        add_window(windows, platform->distributor.base, GICD_SIZE, "the distributor", "", &platform->distributor.place);
    }
    for (size_t i = 0; i < platform->v2m_count; i++) {
        add_window(windows, platform->v2m[i].base, V2M_SIZE, "GICv2m frame ", platform->v2m[i].name,
                   &platform->v2m[i].place);
    }
    for (size_t i = 0; i < platform->smmu_count; i++) {
        struct smmu_config config;

        smmu_config_defaults(&config);
        smmu_idr_apply(&platform->smmu[i], &config);
        add_window(windows, platform->smmu[i].base, smmu_window_bytes(&config), "SMMU ", platform->smmu[i].name,
                   &platform->smmu[i].place);
    }
    for (size_t i = 0; i < scenario->root_complex_count; i++) {
        const struct scenario_root_complex *root_complex = &scenario->root_complexes[i];

        add_window(windows, root_complex->ecam.base, root_complex->ecam.size, "ECAM of ", root_complex->name,
                   &root_complex->place);
        add_window(windows, root_complex->mmio.base, root_complex->mmio.size, "MMIO of ", root_complex->name,
                   root_complex->mmio.place.line == 0 ? &root_complex->place : &root_complex->mmio.place);
    }
}

static int compare_windows(const void *left, const void *right)
{
    const struct window *a = left;
    const struct window *b = right;

    if (a->base != b->base) {
        return a->base < b->base ? -1 : 1;
    }
    return a->size < b->size ? -1 : a->size > b->size;
}

/* Of two windows that meet, the one that a person wrote, and wrote last, gets the caret. */
static bool stands_later(const struct window *a, const struct window *b)
{
    return a->place->line != b->place->line ? a->place->line > b->place->line : a->place->column > b->place->column;
}

static void report_overlap(struct parse *parse, const struct window *a, const struct window *b)
{
    const struct window *first = stands_later(a, b) ? b : a;
    const struct window *second = first == a ? b : a;

    diagnostic_set_hint(
        parse_error_at(
            parse, second->place, "E1301 address window of %s%s, 0x%" PRIx64 " to 0x%" PRIx64 ", overlaps that of %s%s",
            second->what, second->name, second->base, second->base + second->size - 1, first->what, first->name),
        "%s%s has 0x%" PRIx64 " to 0x%" PRIx64, first->what, first->name, first->base, first->base + first->size - 1);
}

static void check_windows(struct parse *parse)
{
    const struct scenario *scenario = parse->scenario;
    struct windows windows = {0};
    const struct window *highest = NULL;

    windows.items = scenario_arena_take(parse->arena,
                                        3 + 2 * scenario->platform.its_count + scenario->platform.v2m_count +
                                            scenario->platform.smmu_count + 2 * scenario->root_complex_count,
                                        sizeof(*windows.items));
    collect_windows(scenario, &windows);
    qsort(windows.items, windows.count, sizeof(*windows.items), compare_windows);
    for (size_t i = 0; i < windows.count; i++) {
        const struct window *window = &windows.items[i];

        if (window->base + window->size > (uint64_t)1 << ADDRESS_BITS) {
            parse_error_at(parse, window->place, "E1302 address window of %s%s ends beyond %u bits of address",
                           window->what, window->name, ADDRESS_BITS);
        }
        if (highest != NULL && window->base < highest->base + highest->size) {
            report_overlap(parse, highest, window);
        }
        if (highest == NULL || window->base + window->size > highest->base + highest->size) {
            highest = window;
        }
    }
}

/* -------------------------------------------------------------------------------------------- caches */

static void check_cache(struct parse *parse, const struct scenario_place *place, const char *what, uint32_t entries,
                        uint32_t ways)
{
    uint32_t sets = ways == 0 ? 0 : entries / ways;

    if (entries == 0) {
        return; /* no cache */
    }
    if (sets == 0 || entries % ways != 0) {
        parse_error_at(parse, place, "E1304 %s: %" PRIu32 " entries cannot be split into %" PRIu32 " ways", what,
                       entries, ways);
    } else if ((sets & (sets - 1)) != 0) {
        diagnostic_set_hint(parse_error_at(parse, place,
                                           "E1304 %s: %" PRIu32 " entries in %" PRIu32 " ways make %" PRIu32
                                           " sets, no power of two",
                                           what, entries, ways, sets),
                            "as many ways as entries (fully associative) is always possible");
    }
}

static const struct scenario_place *either(const struct scenario_place *place, const struct scenario_place *otherwise)
{
    return place->line == 0 ? otherwise : place;
}

static void check_policy(struct parse *parse, const struct scenario_place *place, const char *what, uint32_t entries,
                         uint32_t ways, enum scenario_policy policy)
{
    if (entries > 0 && policy == SCENARIO_POLICY_PLRU && (ways > 64 || (ways & (ways - 1)) != 0)) {
        parse_error_at(parse, place, "E1304 %s: plru needs 1, 2, 4, ... 64 ways, not %" PRIu32, what, ways);
    }
}

/* Of a distributed SMMU: what needs the link, and the caches of each part. */
static void check_smmu_structure(struct parse *parse, const struct scenario_smmu *smmu)
{
    const struct {
        const struct scenario_smmu_cache *cache;
        const char *what;
        bool optional; /* its sets are counted here */
    } caches[] = {
        {&smmu->tlb, "`tlb`", false},
        {&smmu->config_cache, "`config-cache`", false},
        {&smmu->micro_tlb, "`micro-tlb`", true},
        {&smmu->tbu_tlb, "`tbu-tlb`", true},
        {&smmu->ipa_cache, "`ipa-cache`", true},
    };
    const struct scenario_walk_cache *walk = &smmu->walk_cache;
    const struct scenario_place *place = either(&walk->place, &smmu->place);

    for (size_t i = 0; i < sizeof(caches) / sizeof(caches[0]); i++) {
        const struct scenario_smmu_cache *cache = caches[i].cache;
        const struct scenario_place *there = either(&cache->place, &smmu->place);

        if (caches[i].optional) {
            check_cache(parse, there, caches[i].what, cache->entries, cache->ways);
        }
        check_policy(parse, there, caches[i].what, cache->entries, cache->ways, cache->policy);
    }
    for (unsigned i = 0; i < 6; i++) {
        const uint32_t entries = walk->entries[i / 3][i % 3];

        if (entries % walk->ways != 0) {
            parse_error_at(parse, place,
                           "E1304 `walk-cache`: %" PRIu32 " entries cannot be split into %" PRIu32 " ways", entries,
                           walk->ways);
        }
        check_policy(parse, place, "`walk-cache`", entries, walk->ways, walk->policy);
    }
    if ((smmu->to_tcu_cycles == 0) != (smmu->to_tbu_cycles == 0)) {
        parse_error_at(parse, &smmu->place, "E1305 `to-tcu` and `to-tbu` are either both 0 or neither");
    }
    if (smmu->to_tcu_cycles == 0 && smmu->micro_tlb.entries + smmu->tbu_tlb.entries > 0) {
        diagnostic_set_hint(
            parse_error_at(parse, &smmu->place, "E1305 TBUs with TLBs of their own need a link to the TCU"),
            "to-tcu: 8 cycles and to-tbu: 8 cycles, for example");
    }
    if (smmu->to_tcu_cycles == 0 && smmu->tlb.entries == 0) {
        parse_error_at(parse, &smmu->place, "E1305 without a link to the TCU `tlb` cannot have 0 entries");
    }
}

/* Features that do not go together. */
static void check_smmu_features(struct parse *parse, const struct scenario_smmu *smmu)
{
    struct smmu_config config;
    const char *error;

    smmu_config_defaults(&config);
    smmu_idr_apply(smmu, &config);
    error = smmu_config_error(&config);
    if (error != NULL) {
        parse_error_at(parse, either(&smmu->idr.place, &smmu->place), "E1306 `idr`: %s", error);
    }
}

static void check_caches(struct parse *parse)
{
    const struct scenario_platform *platform = &parse->scenario->platform;

    for (size_t i = 0; i < platform->smmu_count; i++) {
        const struct scenario_smmu *smmu = &platform->smmu[i];

        check_cache(parse, either(&smmu->tlb.place, &smmu->place), "`tlb`", smmu->tlb.entries, smmu->tlb.ways);
        check_cache(parse, either(&smmu->config_cache.place, &smmu->place), "`config-cache`",
                    smmu->config_cache.entries, smmu->config_cache.ways);
        check_smmu_structure(parse, smmu);
        check_smmu_features(parse, smmu);
        if (smmu->stream_table == SCENARIO_STREAM_TABLE_LINEAR && smmu->stream_id_bits > 20) {
            diagnostic_set_hint(parse_error_at(parse, &smmu->place,
                                               "E1307 a linear stream table for %" PRIu32 " StreamID bits is too large",
                                               smmu->stream_id_bits),
                                "at most 20 bits, or stream-table: 2-level");
        }
    }
    check_cache(parse, &platform->redistributor.place, "`config-cache`", platform->redistributor.config_cache_entries,
                platform->redistributor.config_cache_ways);
    for (size_t i = 0; i < platform->its_count; i++) {
        const struct scenario_its *its = &platform->its[i];

        check_cache(parse, &its->place, "`device-cache`", its->device_cache_entries, its->cache_ways);
        check_cache(parse, &its->place, "`event-cache`", its->event_cache_entries, its->cache_ways);
        check_cache(parse, &its->place, "`collection-cache`", its->collection_cache_entries, its->cache_ways);
    }
}

/* -------------------------------------------------------------------------------------------- endpoints */

/* At least this much of the MMIO window goes to a device: bridge windows are whole MiB. */
static uint64_t mmio_need(const struct scenario_device *device)
{
    uint64_t need = 0;

    if (device->endpoint != NULL) {
        for (uint32_t f = 0; f < scenario_function_count(device->endpoint); f++) {
            const struct scenario_bars *bars = scenario_function_bars(device->endpoint, f);

            for (size_t i = 0; i < bars->count; i++) {
                need += bars->sizes[i];
            }
        }
    }
    for (size_t i = 0; i < device->below_count; i++) {
        need += mmio_need(&device->below[i]);
    }
    return (need + MIB(1) - 1) / MIB(1) * MIB(1);
}

static void check_mmio(struct parse *parse, const struct scenario_root_complex *root_complex)
{
    uint64_t need = 0;
    char text[2][32];

    for (size_t i = 0; i < root_complex->root_port_count; i++) {
        for (size_t j = 0; j < root_complex->root_ports[i].below_count; j++) {
            need += mmio_need(&root_complex->root_ports[i].below[j]);
        }
    }
    if (root_complex->mmio.base + root_complex->mmio.size > (uint64_t)1 << 32) {
        parse_error_at(parse, either(&root_complex->mmio.place, &root_complex->place),
                       "E1303 the MMIO window of `%.63s` does not end below 4 GiB", root_complex->name);
    }
    if (need > root_complex->mmio.size) {
        units_format(UNITS_SIZE, need, text[0], sizeof(text[0]));
        units_format(UNITS_SIZE, root_complex->mmio.size, text[1], sizeof(text[1]));
        parse_error_at(parse, either(&root_complex->mmio.place, &root_complex->place),
                       "E1303 the BARs below `%.63s` need %s or more, and its MMIO window has %s", root_complex->name,
                       text[0], text[1]);
    }
}

static unsigned bits_for(uint32_t count)
{
    unsigned bits = 0;

    while (bits < 32 && (uint64_t)1 << bits < count) {
        bits++;
    }
    return bits;
}

static void check_its_capacity(struct parse *parse, const struct scenario_traffic *traffic,
                               const struct scenario_its *its, uint32_t device_id)
{
    const uint32_t vectors = scenario_message_count(traffic->device->endpoint, traffic->function);

    const uint32_t bits = scenario_device_id_bits(its);

    if (bits < 32 && device_id >> bits != 0) {
        parse_error_at(parse, &traffic->place,
                       "E1308 DeviceID 0x%" PRIx32 " of `%.63s` does not fit the %" PRIu32 " bits of %sITS `%.63s`",
                       device_id, traffic->name, bits, bits < its->device_id_bits ? "the pre-ITS of " : "", its->name);
    }
    if (bits_for(vectors) > its->event_id_bits) {
        parse_error_at(parse, &traffic->place,
                       "E1308 the %" PRIu32 " vectors of `%.63s` do not fit the %" PRIu32
                       " EventID bits of ITS `%.63s`",
                       vectors, traffic->name, its->event_id_bits, its->name);
    }
}

static bool has_msi(const struct scenario_traffic *traffic)
{
    for (size_t i = 0; i < traffic->stream_count; i++) {
        if (traffic->streams[i].msi != NULL) {
            return true;
        }
    }
    return false;
}

/* The requester ID of a function that has traffic must lead somewhere. */
static void check_identifiers(struct parse *parse, const struct scenario_traffic *traffic)
{
    const struct scenario_root_complex *root_complex = traffic->device->root_complex;
    const struct scenario_map_entry *entry;
    uint16_t rid = scenario_function_rid(traffic->device, traffic->function);
    uint32_t output;

    entry = scenario_map_find(&root_complex->iommu_map, rid, &output);
    if (entry != NULL && entry->smmu != NULL && entry->smmu->stream_id_bits < 32 &&
        output >> entry->smmu->stream_id_bits != 0) {
        parse_error_at(parse, &traffic->place,
                       "E1308 StreamID 0x%" PRIx32 " of `%.63s` does not fit the %" PRIu32 " bits of SMMU `%.63s`",
                       output, traffic->name, entry->smmu->stream_id_bits, entry->smmu->name);
    }
    if (!has_msi(traffic)) {
        return;
    }
    entry = scenario_map_find(&root_complex->msi_map, rid, &output);
    if (entry == NULL) {
        diagnostic_set_hint(parse_error_at(parse, &traffic->place,
                                           "E1309 no entry of `msi-map` covers `%.63s`, requester ID "
                                           "0x%04x: it has no ITS for its MSIs",
                                           traffic->name, rid),
                            "buses are numbered depth first: `%.63s` is at %02x:%02x.%x", traffic->name, rid >> 8,
                            rid >> 3 & 0x1fu, rid & 7u);
        return;
    }
    if (entry->its != NULL) {
        check_its_capacity(parse, traffic, entry->its, output);
    }
}

static void check_lpis(struct parse *parse)
{
    const struct scenario *scenario = parse->scenario;
    const struct scenario_redistributor *redistributor = &scenario->platform.redistributor;
    uint64_t lpis = ((uint64_t)1 << redistributor->lpi_id_bits) - 8192;
    uint64_t vectors = 0;

    for (size_t i = 0; i < scenario->device_count; i++) {
        const struct scenario_endpoint *endpoint = scenario->devices[i]->endpoint;

        for (uint32_t f = 0; endpoint != NULL && f < scenario_function_count(endpoint); f++) {
            vectors += scenario_function_exists(endpoint, f) ? scenario_message_count(endpoint, f) : 0;
        }
    }
    if (redistributor->version != SCENARIO_GIC_V3 && redistributor->lpi_id_bits > 22) {
        parse_error_at(parse, &redistributor->place, "E1310 with virtual LPIs `lpi-id-bits` is at most 22, not %u",
                       redistributor->lpi_id_bits);
    }
    if (vectors > lpis) {
        diagnostic_set_hint(parse_error_at(parse, &redistributor->place,
                                           "E1310 all endpoints together have %" PRIu64
                                           " vectors, but there are %" PRIu64 " LPIs",
                                           vectors, lpis),
                            "raise platform.redistributor.lpi-id-bits");
    }
}

static bool leads_to(const struct scenario_root_complex *root_complex, const struct scenario_smmu *smmu)
{
    for (size_t i = 0; i < root_complex->iommu_map.count; i++) {
        if (root_complex->iommu_map.entries[i].smmu == smmu) {
            return true;
        }
    }
    return false;
}

/* A root complex has a port to each SMMU of its `iommu-map` and one past them; an SMMU has one for each such user. */
static void check_smmu_ports(struct parse *parse)
{
    const struct scenario *scenario = parse->scenario;
    const struct scenario_platform *platform = &scenario->platform;

    for (size_t i = 0; i < scenario->root_complex_count; i++) {
        const struct scenario_root_complex *root_complex = &scenario->root_complexes[i];
        unsigned smmus = 0;

        for (size_t j = 0; j < platform->smmu_count; j++) {
            smmus += leads_to(root_complex, &platform->smmu[j]) ? 1 : 0;
        }
        if (smmus + 1 > ROOT_COMPLEX_MAX_MEMORY_PORTS) {
            parse_error_at(parse, &root_complex->place,
                           "E1311 `iommu-map` of `%.63s` leads to %u SMMUs; at most %u can be", root_complex->name,
                           smmus, ROOT_COMPLEX_MAX_MEMORY_PORTS - 1);
        }
        if (root_complex->root_port_count > ROOT_COMPLEX_MAX_PORTS) {
            parse_error_at(parse, &root_complex->place, "E1311 root complex `%.63s` has more than %u root ports",
                           root_complex->name, ROOT_COMPLEX_MAX_PORTS);
        }
    }
    for (size_t j = 0; j < platform->smmu_count; j++) {
        unsigned users = 0;

        for (size_t i = 0; i < scenario->root_complex_count; i++) {
            users += leads_to(&scenario->root_complexes[i], &platform->smmu[j]) ? 1 : 0;
        }
        if (users > SMMU_MAX_PORTS) {
            parse_error_at(parse, &platform->smmu[j].place,
                           "E1311 %u root complexes lead to SMMU `%.63s`, which has at most %u ports", users,
                           platform->smmu[j].name, (unsigned)SMMU_MAX_PORTS);
        }
    }
}

static void check_whole_pages(struct parse *parse, const struct scenario_consumer *consumer)
{
    const uint64_t page = parse->scenario->software.page_size;
    const struct {
        const char *name;
        uint64_t value;
    } addresses[] = {{"window-base", consumer->window_base},      {"window-size", consumer->window_size},
                     {"user-base", consumer->user_base},          {"user-size", consumer->user_size},
                     {"guest-memory", consumer->guest_memory},    {"guest-memory-base", consumer->guest_memory_base},
                     {"guest-doorbell", consumer->guest_doorbell}};

    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        if (addresses[i].value % page != 0) {
            diagnostic_set_hint(parse_error_at(parse, &consumer->place,
                                               "E1607 `%s` of `%.63s` is 0x%" PRIx64 ", not whole pages",
                                               addresses[i].name, consumer->name, addresses[i].value),
                                "pages have %" PRIu64 " KiB (`software.page-size`)", page / 1024);
        }
    }
}

/* The kernel's pages must be whole pages of every SMMU, and what users map whole pages of the kernel's. */
static void check_pages(struct parse *parse)
{
    const struct scenario *scenario = parse->scenario;
    const unsigned bits = 63u - (unsigned)__builtin_clzll(scenario->software.page_size);

    for (size_t i = 0; i < scenario->platform.smmu_count; i++) {
        const struct scenario_smmu *smmu = &scenario->platform.smmu[i];

        if (smmu_driver_granule(bits, smmu->idr.gran4k, smmu->idr.gran16k, smmu->idr.gran64k) == 0) {
            diagnostic_set_hint(
                parse_error_at(parse, &smmu->place,
                               "E1607 SMMU `%.63s` has no tables for pages of %" PRIu64 " KiB or smaller ones",
                               smmu->name, scenario->software.page_size / 1024),
                "`idr.gran4k`, `idr.gran16k` and `idr.gran64k` say what it has, `software.page-size` what is wanted");
        }
    }
    for (size_t i = 0; i < scenario->software.consumer_count; i++) {
        check_whole_pages(parse, &scenario->software.consumers[i]);
    }
    if (scenario->vm_count > 0 && bits != IO_PAGE_BITS) {
        diagnostic_set_hint(parse_error_at(parse, &scenario->vms[0].place,
                                           "E1607 hosts with virtual machines (`vms`) have pages of 4 KiB"),
                            "guests below `software.consumers` can have others");
    }
}

/* A receiver must have room for the largest TLP, or it could never be sent (PCIe base specification 2.6.1). */
static void check_credits(struct parse *parse, const struct scenario_device *device)
{
    const struct scenario_credits *credits = &device->link.credits;
    uint32_t need = (uint32_t)(parse->scenario->software.max_payload / 16);
    const struct {
        const char *name;
        uint32_t given;
    } data[] = {{"pd", credits->pd}, {"cpld", credits->cpld}};

    for (size_t i = 0; i < sizeof(data) / sizeof(data[0]); i++) {
        if (data[i].given == 0 || data[i].given >= need) {
            continue;
        }
        diagnostic_set_hint(parse_error_at(parse, either(&credits->place, &device->place),
                                           "E1417 %" PRIu32 " credits in `%s` above `%.63s` cannot hold a packet of "
                                           "`max-payload`",
                                           data[i].given, data[i].name, device->name),
                            "a credit is 16 bytes: at least %" PRIu32 ", or 0 for infinite", need);
    }
}

/* The models have so many ports and no more (build_platform.c, build_pcie.c). */
static void check_ports(struct parse *parse)
{
    const struct scenario *scenario = parse->scenario;
    const struct scenario_platform *platform = &scenario->platform;
    uint64_t shared = 1 + platform->pe.count + (uint64_t)platform->its_count + platform->smmu_count;
    uint64_t frames = platform->v2m_count > 0 ? platform->v2m_count + 1 : 0;
    uint64_t targets = shared + frames + scenario->root_complex_count;
    uint64_t masters = shared + (uint64_t)scenario->root_complex_count * (platform->smmu_count + 1);

    if (masters > CROSSBAR_MAX_MASTERS || targets > CROSSBAR_MAX_TARGETS) {
        diagnostic_set_hint(parse_error_at(parse, either(&platform->pe.place, &platform->place),
                                           "E1311 the interconnect would need %" PRIu64 " master and %" PRIu64
                                           " target ports, and a crossbar has %u and %u",
                                           masters, targets, CROSSBAR_MAX_MASTERS, CROSSBAR_MAX_TARGETS),
                            "each PE, ITS, SMMU and root complex takes one of each or more: use fewer PEs");
    }
    for (size_t i = 0; i < scenario->device_count; i++) {
        const struct scenario_device *device = scenario->devices[i];

        if (device->sw != NULL && device->below_count > PCIE_SWITCH_MAX_DOWNSTREAM) {
            parse_error_at(parse, &device->place, "E1406 switch `%.63s` has more than %u downstream ports",
                           device->name, PCIE_SWITCH_MAX_DOWNSTREAM);
        }
    }
}

/* SPIs of a frame are the distributor's, and no other frame's. */
static void check_frames(struct parse *parse)
{
    const struct scenario_platform *platform = &parse->scenario->platform;

    if (platform->v2m_count > DISTRIBUTOR_MAX_FRAMES) {
        parse_error_at(parse, &platform->v2m[DISTRIBUTOR_MAX_FRAMES].place, "E1311 more than %u GICv2m frames",
                       DISTRIBUTOR_MAX_FRAMES);
    }
    for (size_t i = 0; i < platform->v2m_count; i++) {
        const struct scenario_v2m *v2m = &platform->v2m[i];
        uint32_t last = v2m->first_spi + v2m->spi_count - 1;

        if (last >= GIC_FIRST_SPI + platform->distributor.spis) {
            diagnostic_set_hint(parse_error_at(parse, &v2m->place,
                                               "E1312 SPIs %" PRIu32 " to %" PRIu32 " of `%.63s` are not all the "
                                               "distributor's",
                                               v2m->first_spi, last, v2m->name),
                                "with `distributor.spis` %" PRIu32 " the last is %" PRIu32, platform->distributor.spis,
                                GIC_FIRST_SPI + platform->distributor.spis - 1);
        }
        for (size_t j = 0; j < i; j++) {
            const struct scenario_v2m *other = &platform->v2m[j];

            if (v2m->first_spi < other->first_spi + other->spi_count && other->first_spi <= last) {
                parse_error_at(parse, &v2m->place, "E1312 `%.63s` and `%.63s` share SPIs", v2m->name, other->name);
            }
        }
    }
}

void parse_check(struct parse *parse)
{
    const struct scenario *scenario = parse->scenario;
    size_t endpoints = 0;

    if (scenario->platform.its_count > MAX_ITS) {
        parse_error_at(parse, &scenario->platform.its[MAX_ITS].place, "E1311 more than %u ITS", MAX_ITS);
    }
    check_pages(parse);
    check_frames(parse);
    check_ports(parse);
    check_smmu_ports(parse);
    parse_check_channels(parse);
    check_windows(parse);
    check_caches(parse);
    for (size_t i = 0; i < scenario->root_complex_count; i++) {
        check_mmio(parse, &scenario->root_complexes[i]);
    }
    for (size_t i = 0; i < scenario->device_count; i++) {
        check_credits(parse, scenario->devices[i]);
        if (scenario->devices[i]->endpoint != NULL) {
            parse_check_functions(parse, scenario->devices[i]);
            endpoints++;
        }
    }
    if (endpoints == 0 && scenario->root_complex_count > 0 && parse->diagnostics->error_count == 0) {
        parse_error_at(parse, &scenario->root_complexes[0].place, "E1416 there is no endpoint: nothing would happen");
    }
    if (scenario->root_complex_count == 0 && parse->diagnostics->error_count == 0) {
        parse_error(parse, &parse->root->mark, "E1416 there is no root complex: nothing would happen");
    }
    /* Where numbering went wrong, requester IDs mean nothing. */
    for (size_t i = 0; i < scenario->traffic_count && parse->identifiable; i++) {
        if (scenario->traffic[i].device != NULL) {
            check_identifiers(parse, &scenario->traffic[i]);
        }
    }
    check_lpis(parse);
}
