#include "explore/board.h"

#include "explore/plan.h"
#include "host/domain.h"
#include "host/firmware.h"
#include "host/groups.h"
#include "host/placement.h"
#include "scenario/scenario.h"
#include "sim/allocate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A port for every node, and for every switch its upstream port besides. */
#define FUNCTIONS (2 * EXPLORE_NODES + EXPLORE_SWITCHES)

/* As a root complex has it unless its file says otherwise. */
#define MMIO_BASE UINT64_C(0x10000000)
#define MMIO_SIZE UINT64_C(0x10000000)

#define BAR_SIZE UINT64_C(4096)

struct explore_board {
    struct explore_bounds bounds;
    struct explore_software software;
    struct pci_tree tree;
    struct group_assignment groups;
    uint32_t function_of[EXPLORE_ENDPOINTS]; /**< of each endpoint, in the tree */
    unsigned endpoints;
    struct domain domains[FUNCTIONS];
    uint32_t domain_count;
    struct assumption_function functions[FUNCTIONS];
    struct assumption_domain views[FUNCTIONS];
    struct assumption_mapping doorbells[FUNCTIONS][EXPLORE_ITS];
    char names[FUNCTIONS][EXPLORE_SMMUS][32]; /**< of domains, by group and SMMU; none is there without either */
    const char *smmu_names[EXPLORE_SMMUS];
    const char *its_names[EXPLORE_ITS];
    struct assumption_system system;
    struct explore_plan *plan; /**< of the software; NULL: ITS, no consumer, all mapped */
};

const char *explore_name(const char *kind, unsigned number, char *text)
{
    char *end = stpncpy(text, kind, 5);

    if (number >= 10) {
        *end++ = (char)('0' + number / 10 % 10);
    }
    *end++ = (char)('0' + number % 10);
    *end = '\0';
    return text;
}

const char *explore_endpoint_name(const struct explore_shape *shape, unsigned endpoint, char *text)
{
    const struct explore_node *node = shape->nodes;

    while (node->is_switch || endpoint >= (unsigned)node->endpoint + node->functions) {
        node++;
    }
    explore_name("ep", node->endpoint, text);
    if (endpoint != node->endpoint) {
        const size_t end = strlen(text);

        text[end] = '/';
        text[end + 1] = (char)('0' + (endpoint - node->endpoint) % 10);
        text[end + 2] = '\0';
    }
    return text;
}

const char *explore_its_name(unsigned its)
{
    static const char *const names[EXPLORE_ITS] = {"A", "B", "C", "D"};

    return names[its];
}

const char *explore_smmu_name(unsigned smmu)
{
    static const char *const names[EXPLORE_SMMUS] = {"S", "T", "U", "V"};

    return names[smmu];
}

uint64_t explore_its_base(unsigned its)
{
    return UINT64_C(0x08080000) + its * UINT64_C(0x40000);
}

uint64_t explore_pre_its_base(unsigned its)
{
    return UINT64_C(0x58000000) + its * UINT64_C(0x100000);
}

uint64_t explore_frame_base(unsigned frame)
{
    return UINT64_C(0x08020000) + frame * UINT64_C(0x1000);
}

uint32_t explore_first_spi(unsigned frame)
{
    return 64 + frame * EXPLORE_SPIS;
}

uint16_t explore_acs_capability(enum explore_acs acs)
{
    switch (acs) {
    case EXPLORE_ACS_FULL:
        return SCENARIO_ACS_FULL;
    case EXPLORE_ACS_NO_FORWARDING:
        return PCI_TREE_ACS_SV | PCI_TREE_ACS_RR | PCI_TREE_ACS_CR;
    default:
        return 0;
    }
}

static void name_domains(struct explore_board *board)
{
    for (unsigned group = 0; group < FUNCTIONS; group++) {
        for (unsigned smmu = 0; smmu < EXPLORE_SMMUS; smmu++) {
            snprintf(board->names[group][smmu], sizeof(board->names[group][smmu]), "of group %u at %s", group,
                     explore_smmu_name(smmu));
        }
    }
}

struct explore_board *explore_board_create(const struct explore_bounds *bounds, const struct explore_software *software)
{
    struct explore_board *board = sim_allocate(1, sizeof(*board));

    board->bounds = *bounds;
    board->software = *software;
    for (unsigned i = 0; i < EXPLORE_SMMUS; i++) {
        board->smmu_names[i] = explore_smmu_name(i);
    }
    for (unsigned i = 0; i < EXPLORE_ITS; i++) {
        board->its_names[i] = explore_its_name(i);
    }
    name_domains(board);
    board->system.tree = &board->tree;
    board->system.groups = &board->groups;
    board->system.kernel = software->rules->kernel;
    board->system.reach.devices_send_all_up = true;
    board->system.functions = board->functions;
    board->system.domains = board->views;
    board->system.smmu_names = board->smmu_names;
    board->system.its_names = board->its_names;
    board->system.ordering = ASSUMPTION_ORDER_UNUSED;
    /* What is made in memory here is the simplest case only, where groups are those of the shape. */
    if (!explore_use_is_default(software->use) || software->controller != EXPLORE_CONTROLLER_ITS ||
        software->pasids != EXPLORE_PASIDS_NONE || bounds->unmapped) {
        board->plan = explore_plan_create(bounds, software);
    }
    return board;
}

/** Forgets what software made of the last labels. */
static void release(struct explore_board *board)
{
    if (board->plan != NULL) {
        explore_plan_take_back(board->plan, &board->tree);
    }
    for (uint32_t i = 0; i < board->domain_count; i++) {
        domain_forget(&board->domains[i]);
    }
    board->domain_count = 0;
}

void explore_board_destroy(struct explore_board *board)
{
    if (board == NULL) {
        return;
    }
    release(board);
    for (unsigned i = 0; i < FUNCTIONS; i++) {
        domain_release(&board->domains[i]);
    }
    explore_plan_destroy(board->plan);
    group_assignment_clear(&board->groups);
    pci_tree_clear(&board->tree);
    free(board);
}

/* ---- The tree, as a scan would find it ---- */

struct scan {
    struct explore_board *board; /**< NULL: only requester IDs are wanted */
    const struct explore_shape *shape;
    uint16_t *rids; /**< of endpoints; NULL: not wanted */
    uint8_t next_bus;
    unsigned ports;
    unsigned switches;
};

static uint32_t add(const struct scan *scan, const struct pci_tree_function *function)
{
    return pci_tree_add_function(&scan->board->tree, function);
}

/** @return index in the tree, so that bus numbers can be filled in */
static uint32_t add_port(const struct scan *scan, const struct explore_node *node, uint16_t rid, unsigned number)
{
    const bool is_root = node->parent == EXPLORE_NONE;
    const uint16_t capability = explore_acs_capability((enum explore_acs)node->acs);
    struct pci_tree_function port;
    char name[8];

    pci_tree_function_init(&port, is_root ? PCI_TREE_ROOT_PORT : PCI_TREE_DOWNSTREAM_PORT, rid);
    port.name = is_root ? (char *)(uintptr_t)explore_name("rp", number, name) : NULL;
    port.port_number = (uint8_t)(number + 1);
    port.acs.present = capability != 0;
    port.acs.capability = capability;
    port.acs.control = capability & PCI_TREE_ACS_ISOLATING;
    return add(scan, &port);
}

static void add_endpoint(struct scan *scan, const struct explore_node *node, unsigned number, uint8_t bus)
{
    const unsigned index = node->endpoint + number;
    const uint16_t capability = node->isolated ? explore_acs_capability(EXPLORE_ACS_FULL) : 0;
    struct pci_tree_function endpoint;
    char name[8];

    if (scan->rids != NULL) {
        scan->rids[index] = pci_tree_rid(bus, 0, number);
    }
    if (scan->board == NULL) {
        return;
    }
    pci_tree_function_init(&endpoint, PCI_TREE_ENDPOINT, pci_tree_rid(bus, 0, number));
    endpoint.name = (char *)(uintptr_t)explore_endpoint_name(scan->shape, index, name);
    endpoint.multifunction = node->functions > 1;
    endpoint.acs.present = capability != 0;
    endpoint.acs.capability = capability;
    endpoint.acs.control = capability & PCI_TREE_ACS_ISOLATING;
    endpoint.msix_vectors = 1;
    endpoint.bars[0].size = BAR_SIZE;
    endpoint.pasid = scan->board->software.pasids != EXPLORE_PASIDS_NONE;
    endpoint.pasid_width = endpoint.pasid ? EXPLORE_PASID_BITS : 0;
    scan->board->function_of[index] = add(scan, &endpoint);
}

static void scan_bus(struct scan *scan, uint8_t parent, uint8_t bus);

static void scan_switch(struct scan *scan, uint8_t index, uint8_t bus)
{
    const uint8_t secondary = ++scan->next_bus;
    uint32_t at = 0;

    if (scan->board != NULL) {
        struct pci_tree_function upstream;
        char name[8];

        pci_tree_function_init(&upstream, PCI_TREE_UPSTREAM_PORT, pci_tree_rid(bus, 0, 0));
        upstream.name = (char *)(uintptr_t)explore_name("sw", scan->switches++, name);
        upstream.secondary = secondary;
        at = add(scan, &upstream);
    }
    scan_bus(scan, index, secondary);
    if (scan->board != NULL) {
        scan->board->tree.functions[at].subordinate = scan->next_bus;
    }
}

/** The ports on a bus, one device each, and what is below them. */
static void scan_bus(struct scan *scan, uint8_t parent, uint8_t bus)
{
    unsigned device = 0;

    for (uint8_t i = 0; i < scan->shape->node_count; i++) {
        const struct explore_node *node = &scan->shape->nodes[i];
        uint32_t port = 0;
        uint8_t below;

        if (node->parent != parent) {
            continue;
        }
        if (scan->board != NULL) {
            port = add_port(scan, node, pci_tree_rid(bus, device, 0), device);
        }
        device++;
        below = ++scan->next_bus;
        if (node->is_switch) {
            scan_switch(scan, i, below);
        }
        for (unsigned function = 0; function < node->functions; function++) {
            add_endpoint(scan, node, function, below);
        }
        if (scan->board != NULL) {
            scan->board->tree.functions[port].secondary = below;
            scan->board->tree.functions[port].subordinate = scan->next_bus;
        }
    }
}

void explore_rids(const struct explore_shape *shape, uint16_t *rids)
{
    struct scan scan = {.shape = shape, .rids = rids};

    scan_bus(&scan, EXPLORE_NONE, 0);
}

/** The requester IDs that a map speaks of for an endpoint: its bus, or its own where others are on that too. */
static struct explore_entry range_of(const uint16_t *rids, unsigned endpoints, unsigned endpoint, uint8_t target)
{
    const uint16_t rid = rids[endpoint];
    const bool shares = (rid & 0xff) != 0 || (endpoint + 1 < endpoints && rids[endpoint + 1] == rid + 1);

    return (struct explore_entry){.first = rid, .count = shares ? 1 : 0x100, .target = target};
}

unsigned explore_map(const uint8_t *targets, const uint16_t *rids, unsigned endpoints, struct explore_entry *entries)
{
    unsigned count = 0;
    uint32_t at = 0;

    for (unsigned i = 0; i < endpoints; i++) {
        if (targets[i] != 0 && targets[i] != EXPLORE_UNMAPPED) {
            entries[count++] = range_of(rids, endpoints, i, targets[i]);
        }
    }
    /* Buses are numbered in the order of endpoints. */
    for (unsigned i = 0; i < endpoints; i++) {
        const struct explore_entry left_out = range_of(rids, endpoints, i, 0);

        if (targets[i] == EXPLORE_UNMAPPED) {
            entries[count] = (struct explore_entry){at, left_out.first - at, 0};
            count += left_out.first > at ? 1 : 0;
            at = left_out.first + left_out.count;
        }
    }
    entries[count++] = (struct explore_entry){at, 0x10000 - at, 0};
    return count;
}

static void form_groups(struct explore_board *board)
{
    uint32_t order[FUNCTIONS];
    struct group_options options = {.rule = board->software.grouping,
                                    .kernel = board->system.kernel,
                                    .reach = board->system.reach,
                                    .probe_order = order};

    options.probe_count = board->bounds.smmus > 0 ? board->tree.function_count : 0;
    for (uint32_t i = 0; i < board->tree.function_count; i++) {
        order[i] = i;
    }
    group_assign(&board->tree, &options, &board->groups);
}

/** Tells the plan which functions the consumer gets. */
static void name_devices(struct explore_board *board)
{
    uint16_t rids[EXPLORE_ENDPOINTS];

    for (unsigned i = 0; i < board->endpoints; i++) {
        rids[i] = board->tree.functions[board->function_of[i]].rid;
    }
    explore_plan_set_devices(board->plan, rids, board->endpoints);
}

bool explore_board_set_shape(struct explore_board *board, const struct explore_shape *shape, struct host_error *error)
{
    struct scan scan = {.board = board, .shape = shape};

    release(board);
    pci_tree_reset(&board->tree);
    pci_tree_add_host_bridge(&board->tree, "rc0", 0, 0, 255);
    scan_bus(&scan, EXPLORE_NONE, 0);
    board->endpoints = shape->endpoints;
    if (!pci_tree_finish(&board->tree, error->text, sizeof(error->text)) ||
        !placement_assign(&board->tree, 0, MMIO_BASE, MMIO_SIZE, error)) {
        return false;
    }
    if (board->plan != NULL) {
        name_devices(board);
    } else {
        form_groups(board);
    }
    return true;
}

/* ---- Identifiers and domains ---- */

/** The domain of a group at an SMMU, made if there is none. */
static uint32_t domain_for(struct explore_board *board, uint32_t group, uint32_t smmu)
{
    struct domain *domain;

    for (uint32_t i = 0; i < board->domain_count; i++) {
        if (board->domains[i].group == group && board->domains[i].smmu_index == smmu) {
            return i;
        }
    }
    domain = &board->domains[board->domain_count];
    domain_init_planned(domain, board->software.use == EXPLORE_USE_IDENTITY ? DOMAIN_IDENTITY : DOMAIN_DMA);
    domain->group = group;
    domain->smmu_index = smmu;
    return board->domain_count++;
}

/** Ports stay with the first SMMU: whatever a map says of single endpoints, the rest of its range goes there. */
static void attach(struct explore_board *board, uint32_t index, uint32_t smmu)
{
    struct assumption_function *function = &board->functions[index];

    assumption_function_init(function);
    function->messages_off = true;
    function->message_leads_to = VERDICT_NO_ID;
    if (board->bounds.smmus > 0) {
        function->smmu = smmu;
        function->stream_id = board->tree.functions[index].rid;
        function->domain = domain_for(board, board->groups.group_of[index], smmu);
    }
}

/** Sends an endpoint's messages to an ITS. */
static void enable_messages(struct explore_board *board, uint32_t index, uint8_t its)
{
    struct assumption_function *function = &board->functions[index];
    struct host_error error;
    uint64_t address = 0;

    function->its = its;
    function->device_id = board->tree.functions[index].rid;
    function->doorbell = explore_its_base(its) + FIRMWARE_ITS_DOORBELL;
    if (function->domain == ASSUMPTION_NONE) {
        address = function->doorbell;
    } else if (!domain_map_doorbell(&board->domains[function->domain], function->doorbell, &address, &error)) {
        return;
    }
    function->messages_off = false;
    function->message_known = true;
    function->message_leads_to = address;
    if (function->domain != ASSUMPTION_NONE &&
        !domain_resolve(&board->domains[function->domain], address, &function->message_leads_to)) {
        function->message_leads_to = VERDICT_NO_ID;
    }
}

static void show_domain(struct explore_board *board, uint32_t index)
{
    const struct domain *from = &board->domains[index];
    struct assumption_domain *view = &board->views[index];

    *view =
        (struct assumption_domain){.name = board->names[from->group][from->smmu_index],
                                   .translation = domain_translates(from) ? ASSUMPTION_TRANSLATED : ASSUMPTION_BYPASS,
                                   .doorbells = board->doorbells[index],
                                   .doorbell_count = from->doorbell_count};
    for (size_t i = 0; i < from->doorbell_count; i++) {
        board->doorbells[index][i] = (struct assumption_mapping){.iova = from->doorbells[i].iova,
                                                                 .pa = from->doorbells[i].physical,
                                                                 .size = ASSUMPTION_PAGE_SIZE,
                                                                 .writable = true};
    }
}

bool explore_board_set_labels(struct explore_board *board, const struct explore_labels *labels,
                              struct host_error *error)
{
    uint8_t smmu_of[FUNCTIONS] = {0};

    release(board);
    if (board->plan != NULL) {
        return explore_plan_make(board->plan, labels, &board->tree, error);
    }
    for (unsigned i = 0; i < board->endpoints; i++) {
        smmu_of[board->function_of[i]] = labels->smmu[i];
    }
    for (uint32_t i = 0; i < board->tree.function_count; i++) {
        attach(board, i, smmu_of[i]);
    }
    for (unsigned i = 0; i < board->endpoints; i++) {
        enable_messages(board, board->function_of[i], labels->its[i]);
    }
    for (uint32_t i = 0; i < board->domain_count; i++) {
        show_domain(board, i);
    }
    board->system.domain_count = board->domain_count;
    board->system.smmu_count = labels->smmus;
    board->system.its_count = labels->itses;
    return true;
}

enum verdict_outcome explore_board_judge(struct explore_board *board, unsigned assumption)
{
    return assumptions_outcome(explore_board_system(board), assumption);
}

const struct assumption_system *explore_board_system(const struct explore_board *board)
{
    return board->plan != NULL ? explore_plan_system(board->plan) : &board->system;
}
