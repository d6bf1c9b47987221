#include "host/software_sharing.h"

#include "host/groups_alias.h"
#include "host/messages.h"
#include "host/reach.h"
#include "host/rid_map.h"

#include <string.h>

/* ---- StreamIDs ---- */

/** A StreamID that a function has been given. */
struct claim {
    bool used;
    uint32_t iommu;
    uint32_t stream_id;
};

struct claims {
    struct claim *table; /**< open addressing; `size` is a power of two and never half full */
    size_t size;
};

/** A walk over the aliases of one function. */
struct walk {
    const struct software *software;
    const struct firmware_host *host;
    struct claims *claims;
    uint32_t index;
};

static const struct firmware_host *host_of(const struct software *software, uint32_t index)
{
    return &software->config.firmware->hosts[software->found.tree.functions[index].host_bridge];
}

static bool visit(const struct software *software, uint32_t index, group_alias_visitor visitor, void *context)
{
    return group_alias_walk(&software->found.tree, index, software->config.kernel, visitor, context);
}

/** Whether it is the function's own requester ID, which the maps were asked for already. */
static bool is_own(const struct walk *walk, const struct group_alias *alias)
{
    return alias->rid == walk->software->found.tree.functions[walk->index].rid;
}

static bool is_unmapped(void *context, const struct group_alias *alias)
{
    const struct walk *walk = context;
    struct rid_choice choice;

    if (is_own(walk, alias)) {
        return false;
    }
    rid_map_choose_iommu(walk->software->config.firmware, walk->host, alias->rid, &choice);
    return choice.iommu_route != RID_IOMMU_MAPPED;
}

bool software_aliases_are_mapped(const struct software *software, uint32_t index)
{
    struct walk walk = {.software = software, .host = host_of(software, index), .index = index};

    return !visit(software, index, is_unmapped, &walk);
}

/** The place of a StreamID: its claim, or where that would stand. */
static struct claim *find_claim(const struct claims *claims, uint32_t iommu, uint32_t stream_id)
{
    size_t at = (stream_id * UINT32_C(2654435761) + iommu * UINT32_C(40503)) & (claims->size - 1);

    while (claims->table[at].used && (claims->table[at].iommu != iommu || claims->table[at].stream_id != stream_id)) {
        at = (at + 1) & (claims->size - 1);
    }
    return &claims->table[at];
}

/** The claim of an alias' StreamID. Aliases at another SMMU are programmed into the function's own (rule B7). */
static struct claim *claim_of(const struct walk *walk, const struct group_alias *alias, uint32_t *stream_id)
{
    const struct software_function *mine = &walk->software->functions[walk->index];
    struct rid_choice choice;

    if (is_own(walk, alias)) {
        *stream_id = mine->stream_id;
    } else {
        rid_map_choose_iommu(walk->software->config.firmware, walk->host, alias->rid, &choice);
        *stream_id = rid_id_of(&choice.stream, alias->rid);
    }
    return find_claim(walk->claims, mine->iommu, *stream_id);
}

static bool is_claimed(void *context, const struct group_alias *alias)
{
    const struct walk *walk = context;
    uint32_t stream_id;

    return claim_of(walk, alias, &stream_id)->used;
}

static bool claim_one(void *context, const struct group_alias *alias)
{
    const struct walk *walk = context;
    uint32_t stream_id = 0;
    struct claim *claim = claim_of(walk, alias, &stream_id);

    *claim =
        (struct claim){.used = true, .iommu = walk->software->functions[walk->index].iommu, .stream_id = stream_id};
    return false;
}

static bool count_alias(void *context, const struct group_alias *alias)
{
    size_t *count = context;

    (void)alias;
    (*count)++;
    return false;
}

/** Room for all StreamIDs that all functions could have. */
static void make_claims(struct software *software, struct claims *claims)
{
    size_t count = 0;
    size_t size = 64;

    for (uint32_t i = 0; i < software->found.tree.function_count; i++) {
        visit(software, i, count_alias, &count);
    }
    while (size < 4 * count) {
        size *= 2;
    }
    claims->table = host_room_make(&software->memory.claims, size, sizeof(*claims->table));
    claims->size = size;
    memset(claims->table, 0, size * sizeof(*claims->table));
}

void software_refuse_shared_streams(struct software *software)
{
    struct claims claims;

    make_claims(software, &claims);
    for (uint32_t i = 0; i < software->found.tree.function_count; i++) {
        struct walk walk = {.software = software, .host = host_of(software, i), .claims = &claims, .index = i};

        if (software->functions[i].iommu == UINT32_MAX) {
            continue;
        }
        software->functions[i].aliased = visit(software, i, is_claimed, &walk);
        if (!software->functions[i].aliased) {
            visit(software, i, claim_one, &walk);
        }
    }
}

size_t software_domain_met(const struct software *software, uint32_t index)
{
    for (uint32_t i = 0; software->functions[index].aliased && i < software->found.tree.function_count; i++) {
        if (software->functions[i].domain != SIZE_MAX &&
            software->functions[i].iommu == software->functions[index].iommu &&
            reach_shares_rid(&software->found.tree, i, index)) {
            return software->functions[i].domain;
        }
    }
    return SIZE_MAX;
}

/* ---- DeviceIDs ---- */

struct software_events software_events_of(const struct software *software, uint32_t index)
{
    const struct software_function *mine = &software->functions[index];
    struct software_events events = {0, 0};
    uint32_t alignment;

    for (uint32_t i = 0; i < software->found.tree.function_count; i++) {
        const struct software_function *other = &software->functions[i];

        if (other->its != mine->its || other->device_id != mine->device_id) {
            continue;
        }
        alignment = messages_alignment(software, i);
        events.total = (events.total + alignment - 1) / alignment * alignment;
        if (i == index) {
            events.first = events.total;
        }
        events.total += messages_count(software, i);
    }
    return events;
}
