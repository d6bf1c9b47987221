#include "host/pci_tree.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *resize(void *array, size_t count, size_t size)
{
    void *resized = realloc(array, count * size);

    if (resized == NULL) {
        fputs("doorbell: out of memory\n", stderr);
        abort();
    }
    return resized;
}

/* ---- Names ---- */

#define NAMES_BYTES ((size_t)2000)

/** Names of bridges and functions, one after the other. They stay where they are until the tree is emptied. */
struct pci_tree_names {
    struct pci_tree_names *next; /**< filled before this one */
    size_t used;
    size_t size;
    char text[];
};

static void add_names(struct pci_tree *tree, size_t size)
{
    struct pci_tree_names *names = resize(NULL, 1, sizeof(*names) + size);

    names->next = tree->names;
    names->used = 0;
    names->size = size;
    tree->names = names;
}

static char *copy_name(struct pci_tree *tree, const char *text)
{
    const size_t size = strlen(text) + 1;
    char *copy;

    if (tree->names == NULL || size > tree->names->size - tree->names->used) {
        add_names(tree, size > NAMES_BYTES ? size : NAMES_BYTES);
    }
    copy = &tree->names->text[tree->names->used];
    tree->names->used += size;
    memcpy(copy, text, size);
    return copy;
}

/** @param kept blocks of memory that are left */
static void forget_names(struct pci_tree *tree, unsigned kept)
{
    while (tree->names != NULL && (kept == 0 || tree->names->next != NULL)) {
        struct pci_tree_names *names = tree->names;

        tree->names = names->next;
        free(names);
    }
    if (tree->names != NULL) {
        tree->names->used = 0;
    }
}

/* ---- Making and releasing ---- */

uint32_t pci_tree_add_host_bridge(struct pci_tree *tree, const char *name, uint16_t segment, uint8_t first_bus,
                                  uint8_t last_bus)
{
    uint32_t index = tree->host_bridge_count++;
    struct pci_tree_host_bridge *bridge;

    if (index == tree->host_bridge_limit) {
        tree->host_bridge_limit++;
        tree->host_bridges = resize(tree->host_bridges, tree->host_bridge_limit, sizeof(*tree->host_bridges));
    }
    bridge = &tree->host_bridges[index];
    bridge->name = copy_name(tree, name);
    bridge->segment = segment;
    bridge->first_bus = first_bus;
    bridge->last_bus = last_bus;
    bridge->peer_to_peer = false;
    return index;
}

void pci_tree_function_init(struct pci_tree_function *function, enum pci_tree_type type, uint16_t rid)
{
    memset(function, 0, sizeof(*function));
    function->type = type;
    function->rid = rid;
    function->parent = PCI_TREE_NONE;
    function->below = PCI_TREE_NONE;
    function->beside = PCI_TREE_NONE;
    function->physical_function = PCI_TREE_NONE;
    function->real_dma_function = PCI_TREE_NONE;
}

void pci_tree_add_phantoms(struct pci_tree_function *function, unsigned bits)
{
    for (unsigned i = 1; i < 1u << bits; i++) {
        unsigned devfn = (function->rid & 0xffu) | i << (3 - bits);

        function->alias_devfns[devfn / 64] |= UINT64_C(1) << devfn % 64;
    }
}

uint32_t pci_tree_add_function(struct pci_tree *tree, const struct pci_tree_function *function)
{
    uint32_t index = tree->function_count++;
    struct pci_tree_function *copy;

    if (index == tree->function_limit) {
        tree->function_limit = index < 16 ? 16 : 2 * index;
        tree->functions = resize(tree->functions, tree->function_limit, sizeof(*tree->functions));
    }
    tree->ports_only = false;
    copy = &tree->functions[index];
    *copy = *function;
    copy->parent = PCI_TREE_NONE;
    if (function->name != NULL) {
        copy->name = copy_name(tree, function->name);
    } else {
        char address[PCI_TREE_ADDRESS_SIZE];
        bool known = function->host_bridge < tree->host_bridge_count;

        pci_tree_format_address(address, known ? tree->host_bridges[function->host_bridge].segment : 0, function->rid);
        copy->name = copy_name(tree, address);
    }
    return index;
}

void pci_tree_clear(struct pci_tree *tree)
{
    forget_names(tree, 0);
    free(tree->host_bridges);
    free(tree->functions);
    free(tree->by_rid);
    free(tree->keys);
    memset(tree, 0, sizeof(*tree));
}

void pci_tree_reset(struct pci_tree *tree)
{
    forget_names(tree, 1);
    tree->host_bridge_count = 0;
    tree->function_count = 0;
    tree->ports_only = false;
}

uint16_t pci_tree_segment(const struct pci_tree *tree, uint32_t function)
{
    return tree->host_bridges[tree->functions[function].host_bridge].segment;
}

bool pci_tree_is_bridge(const struct pci_tree_function *function)
{
    switch (function->type) {
    case PCI_TREE_ROOT_PORT:
    case PCI_TREE_UPSTREAM_PORT:
    case PCI_TREE_DOWNSTREAM_PORT:
    case PCI_TREE_PCIE_TO_PCI_BRIDGE:
    case PCI_TREE_PCI_TO_PCIE_BRIDGE:
    case PCI_TREE_CONVENTIONAL_BRIDGE:
        return true;
    case PCI_TREE_ENDPOINT:
    case PCI_TREE_LEGACY_ENDPOINT:
    case PCI_TREE_RC_ENDPOINT:
    case PCI_TREE_RC_EVENT_COLLECTOR:
    case PCI_TREE_CONVENTIONAL_DEVICE:
        break;
    }
    return false;
}

bool pci_tree_is_pcie(const struct pci_tree_function *function)
{
    return function->type != PCI_TREE_CONVENTIONAL_DEVICE && function->type != PCI_TREE_CONVENTIONAL_BRIDGE;
}

bool pci_tree_is_requester(const struct pci_tree_function *function)
{
    return !pci_tree_is_bridge(function) && function->type != PCI_TREE_RC_EVENT_COLLECTOR;
}

bool pci_tree_is_below(const struct pci_tree *tree, uint32_t function, uint32_t bridge)
{
    uint32_t above = tree->functions[function].parent;

    while (above != PCI_TREE_NONE) {
        if (above == bridge) {
            return true;
        }
        above = tree->functions[above].parent;
    }
    return false;
}

const char *pci_tree_type_name(enum pci_tree_type type)
{
    switch (type) {
    case PCI_TREE_ENDPOINT:
        return "endpoint";
    case PCI_TREE_LEGACY_ENDPOINT:
        return "legacy endpoint";
    case PCI_TREE_ROOT_PORT:
        return "root port";
    case PCI_TREE_UPSTREAM_PORT:
        return "switch upstream port";
    case PCI_TREE_DOWNSTREAM_PORT:
        return "switch downstream port";
    case PCI_TREE_PCIE_TO_PCI_BRIDGE:
        return "PCIe-to-PCI bridge";
    case PCI_TREE_PCI_TO_PCIE_BRIDGE:
        return "PCI-to-PCIe bridge";
    case PCI_TREE_RC_ENDPOINT:
        return "root complex integrated endpoint";
    case PCI_TREE_RC_EVENT_COLLECTOR:
        return "root complex event collector";
    case PCI_TREE_CONVENTIONAL_DEVICE:
        return "conventional PCI device";
    case PCI_TREE_CONVENTIONAL_BRIDGE:
        return "conventional PCI bridge";
    }
    return "function of an unknown type";
}

char *pci_tree_format_address(char *text, uint16_t segment, uint16_t rid)
{
    static const char form[] = "ssss:bb:dd.f";
    static const char digits[] = "0123456789abcdef";
    const uint64_t number =
        (uint64_t)segment << 20 | (uint64_t)(rid >> 8) << 12 | (uint64_t)(rid >> 3 & 0x1f) << 4 | (rid & 0x7u);
    unsigned shift = 36;

    /* Every function of every system that is explored has a name: this is worth more than a line of printf. */
    for (size_t i = 0; i < sizeof(form); i++) {
        text[i] = form[i];
        if (form[i] >= 'a') {
            shift -= 4;
            text[i] = digits[number >> shift & 0xf];
        }
    }
    return text;
}

uint32_t pci_tree_find_name(const struct pci_tree *tree, const char *name)
{
    for (uint32_t i = 0; i < tree->function_count; i++) {
        if (strcmp(tree->functions[i].name, name) == 0) {
            return i;
        }
    }
    return PCI_TREE_NONE;
}

/* Segment and requester ID as one number that sorts as the index does. */
static uint32_t sort_key(const struct pci_tree *tree, uint32_t function)
{
    return (uint32_t)pci_tree_segment(tree, function) << 16 | tree->functions[function].rid;
}

/* First position in by_rid whose key is not below @p key: in the index, whose functions need not be touched for it. */
static size_t lower_bound(const struct pci_tree *tree, uint64_t key)
{
    size_t low = 0;
    size_t high = tree->function_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (tree->keys[middle] >> 32 < key) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

uint32_t pci_tree_find(const struct pci_tree *tree, uint16_t segment, uint16_t rid)
{
    uint32_t key = (uint32_t)segment << 16 | rid;
    size_t at = lower_bound(tree, key);

    if (at < tree->function_count && tree->keys[at] >> 32 == key) {
        return tree->by_rid[at];
    }
    return PCI_TREE_NONE;
}

size_t pci_tree_bus_of(const struct pci_tree *tree, uint32_t function, size_t *count)
{
    uint64_t first = sort_key(tree, function) & ~(uint64_t)0xff;
    size_t begin = lower_bound(tree, first);

    *count = lower_bound(tree, first + 0x100) - begin;
    return begin;
}

/* pci_tree_finish() and its parts: each check returns false with the sentence written. */

struct finish {
    struct pci_tree *tree;
    char *error;
    size_t size;
};

__attribute__((format(printf, 3, 4))) static bool wrong(const struct finish *finish, uint32_t function,
                                                        const char *format, ...)
{
    const struct pci_tree_function *at = &finish->tree->functions[function];
    char address[PCI_TREE_ADDRESS_SIZE];
    va_list arguments;
    int length;

    length = snprintf(finish->error, finish->size, "%s (%s, %s) ", at->name,
                      pci_tree_format_address(address, pci_tree_segment(finish->tree, function), at->rid),
                      pci_tree_type_name(at->type));
    if (length >= 0 && (size_t)length < finish->size) {
        va_start(arguments, format);
        vsnprintf(finish->error + length, finish->size - (size_t)length, format, arguments);
        va_end(arguments);
    }
    return false;
}

static bool check_host_bridges(const struct finish *finish)
{
    const struct pci_tree *tree = finish->tree;

    for (uint32_t i = 0; i < tree->host_bridge_count; i++) {
        const struct pci_tree_host_bridge *one = &tree->host_bridges[i];

        if (one->first_bus > one->last_bus) {
            snprintf(finish->error, finish->size, "host bridge %s ends at bus 0x%02x before it begins at 0x%02x",
                     one->name, one->last_bus, one->first_bus);
            return false;
        }
        for (uint32_t j = 0; j < i; j++) {
            const struct pci_tree_host_bridge *other = &tree->host_bridges[j];

            if (one->segment == other->segment && one->first_bus <= other->last_bus &&
                other->first_bus <= one->last_bus) {
                snprintf(finish->error, finish->size, "host bridges %s and %s share bus numbers of segment %u",
                         other->name, one->name, (unsigned)one->segment);
                return false;
            }
        }
    }
    for (uint32_t i = 0; i < tree->function_count; i++) {
        if (tree->functions[i].host_bridge >= tree->host_bridge_count) {
            snprintf(finish->error, finish->size, "%s names host bridge %" PRIu32 " of %" PRIu32,
                     tree->functions[i].name, tree->functions[i].host_bridge, tree->host_bridge_count);
            return false;
        }
    }
    return true;
}

/* Merge sort: no comparison callback that would need a global. */
static void sort_keys(uint64_t *items, uint64_t *spare, size_t count)
{
    size_t half = count / 2;
    size_t left = 0;
    size_t right = half;

    if (count < 2) {
        return;
    }
    sort_keys(items, spare, half);
    sort_keys(items + half, spare, count - half);
    if (items[half - 1] <= items[half]) {
        return;
    }
    for (size_t out = 0; out < count; out++) {
        if (right == count || (left < half && items[left] <= items[right])) {
            spare[out] = items[left++];
        } else {
            spare[out] = items[right++];
        }
    }
    memcpy(items, spare, count * sizeof(*items));
}

static bool build_index(const struct finish *finish)
{
    struct pci_tree *tree = finish->tree;

    if (tree->function_count == 0) {
        return true;
    }
    if (tree->index_limit < tree->function_count) {
        tree->index_limit = tree->function_limit;
        tree->by_rid = resize(tree->by_rid, tree->index_limit, sizeof(*tree->by_rid));
        tree->keys = resize(tree->keys, 2 * (size_t)tree->index_limit, sizeof(*tree->keys));
    }
    for (uint32_t i = 0; i < tree->function_count; i++) {
        tree->keys[i] = (uint64_t)sort_key(tree, i) << 32 | i;
    }
    sort_keys(tree->keys, tree->keys + tree->index_limit, tree->function_count);
    for (uint32_t i = 0; i < tree->function_count; i++) {
        tree->by_rid[i] = (uint32_t)tree->keys[i];
    }
    for (uint32_t i = 1; i < tree->function_count; i++) {
        if (tree->keys[i] >> 32 == tree->keys[i - 1] >> 32) {
            return wrong(finish, tree->by_rid[i], "has the requester ID of %s",
                         tree->functions[tree->by_rid[i - 1]].name);
        }
    }
    return true;
}

static bool check_bus_numbers(const struct finish *finish, uint32_t index)
{
    const struct pci_tree_function *at = &finish->tree->functions[index];
    const struct pci_tree_host_bridge *host = &finish->tree->host_bridges[at->host_bridge];
    uint8_t bus = pci_tree_rid_bus(at->rid);

    if (bus < host->first_bus || bus > host->last_bus) {
        return wrong(finish, index, "is on bus 0x%02x, outside 0x%02x to 0x%02x of host bridge %s", bus,
                     host->first_bus, host->last_bus, host->name);
    }
    if (!pci_tree_is_bridge(at)) {
        return true;
    }
    if (at->secondary > at->subordinate || at->subordinate > host->last_bus || at->secondary <= host->first_bus) {
        return wrong(finish, index, "forwards buses 0x%02x to 0x%02x, no range below host bridge %s", at->secondary,
                     at->subordinate, host->name);
    }
    if (at->secondary <= bus && bus <= at->subordinate) {
        return wrong(finish, index, "forwards buses 0x%02x to 0x%02x, which hold its own", at->secondary,
                     at->subordinate);
    }
    return true;
}

/* The bridge with that secondary bus; the caller has made sure that VFs are not asked about. */
static void link_parents(struct pci_tree *tree)
{
    for (uint32_t i = 0; i < tree->function_count; i++) {
        tree->functions[i].parent = PCI_TREE_NONE;
    }
    for (uint32_t i = 0; i < tree->function_count; i++) {
        const struct pci_tree_function *bridge = &tree->functions[i];
        uint32_t first = (uint32_t)pci_tree_segment(tree, i) << 16 | (uint32_t)bridge->secondary << 8;

        if (!pci_tree_is_bridge(bridge)) {
            continue;
        }
        for (size_t at = lower_bound(tree, first); at < tree->function_count; at++) {
            uint32_t child = tree->by_rid[at];

            if (tree->keys[at] >> 32 >= (uint64_t)first + 0x100) {
                break;
            }
            if (!tree->functions[child].is_vf) {
                tree->functions[child].parent = i;
            }
        }
    }
}

/* A VF sits beside its PF, whatever bus number its routing ID has: the buses that SR-IOV adds have no bridge. */
static bool link_virtual_functions(const struct finish *finish)
{
    struct pci_tree *tree = finish->tree;

    for (uint32_t i = 0; i < tree->function_count; i++) {
        struct pci_tree_function *at = &tree->functions[i];

        if (!at->is_vf) {
            continue;
        }
        if (at->physical_function >= tree->function_count || tree->functions[at->physical_function].is_vf ||
            tree->functions[at->physical_function].host_bridge != at->host_bridge) {
            return wrong(finish, i, "is a VF and names no PF of its host bridge");
        }
        at->parent = tree->functions[at->physical_function].parent;
    }
    return true;
}

/* Lists what is below each bridge, in the order in which it was added. */
static void link_siblings(struct pci_tree *tree)
{
    tree->top = PCI_TREE_NONE;
    for (uint32_t i = 0; i < tree->function_count; i++) {
        tree->functions[i].below = PCI_TREE_NONE;
    }
    for (uint32_t i = tree->function_count; i-- > 0;) {
        struct pci_tree_function *at = &tree->functions[i];
        uint32_t *first = at->parent == PCI_TREE_NONE ? &tree->top : &tree->functions[at->parent].below;

        at->beside = *first;
        *first = i;
    }
}

static bool check_place(const struct finish *finish, uint32_t index)
{
    const struct pci_tree *tree = finish->tree;
    const struct pci_tree_function *at = &tree->functions[index];
    const struct pci_tree_function *above = at->parent == PCI_TREE_NONE ? NULL : &tree->functions[at->parent];
    const struct pci_tree_host_bridge *host = &tree->host_bridges[at->host_bridge];
    bool wants_root =
        at->type == PCI_TREE_ROOT_PORT || at->type == PCI_TREE_RC_ENDPOINT || at->type == PCI_TREE_RC_EVENT_COLLECTOR;

    if (above == NULL && !at->is_vf && pci_tree_rid_bus(at->rid) != host->first_bus) {
        return wrong(finish, index, "is on bus 0x%02x, which no bridge forwards to", pci_tree_rid_bus(at->rid));
    }
    if (wants_root && above != NULL) {
        return wrong(finish, index, "is below %s and not on a root bus", above->name);
    }
    if (at->type == PCI_TREE_DOWNSTREAM_PORT && (above == NULL || above->type != PCI_TREE_UPSTREAM_PORT)) {
        return wrong(finish, index, "is not below a switch upstream port");
    }
    if (at->type == PCI_TREE_UPSTREAM_PORT &&
        (above == NULL || (above->type != PCI_TREE_ROOT_PORT && above->type != PCI_TREE_DOWNSTREAM_PORT &&
                           above->type != PCI_TREE_PCI_TO_PCIE_BRIDGE))) {
        return wrong(finish, index, "is not below a port");
    }
    if (above != NULL && (above->host_bridge != at->host_bridge)) {
        return wrong(finish, index, "and %s above it name different host bridges", above->name);
    }
    if (above != NULL && pci_tree_is_bridge(at) &&
        (at->secondary < above->secondary || at->subordinate > above->subordinate)) {
        return wrong(finish, index, "forwards buses 0x%02x to 0x%02x, more than %s above it", at->secondary,
                     at->subordinate, above->name);
    }
    return true;
}

static bool check_siblings(const struct finish *finish, uint32_t index)
{
    const struct pci_tree *tree = finish->tree;
    const struct pci_tree_function *at = &tree->functions[index];

    if (!pci_tree_is_bridge(at)) {
        return true;
    }
    for (uint32_t i = at->parent == PCI_TREE_NONE ? tree->top : tree->functions[at->parent].below; i != index;
         i = tree->functions[i].beside) {
        const struct pci_tree_function *other = &tree->functions[i];

        if (pci_tree_is_bridge(other) && other->host_bridge == at->host_bridge && at->secondary <= other->subordinate &&
            other->secondary <= at->subordinate) {
            return wrong(finish, index, "forwards bus numbers that %s forwards too", other->name);
        }
    }
    return true;
}

static bool check_dma_function(const struct finish *finish, uint32_t index)
{
    const struct pci_tree *tree = finish->tree;
    uint32_t real = tree->functions[index].real_dma_function;

    if (real == PCI_TREE_NONE) {
        return true;
    }
    if (real >= tree->function_count || tree->functions[real].real_dma_function != PCI_TREE_NONE) {
        return wrong(finish, index, "sends its DMA as a function that cannot be");
    }
    return true;
}

static bool has_ports_only(const struct pci_tree *tree)
{
    for (uint32_t i = 0; i < tree->function_count; i++) {
        const struct pci_tree_function *at = &tree->functions[i];

        if (pci_tree_is_bridge(at) && at->type != PCI_TREE_ROOT_PORT && at->type != PCI_TREE_UPSTREAM_PORT &&
            at->type != PCI_TREE_DOWNSTREAM_PORT) {
            return false;
        }
    }
    return true;
}

bool pci_tree_finish(struct pci_tree *tree, char *error, size_t size)
{
    struct finish finish = {.tree = tree, .error = error, .size = size};

    if (!check_host_bridges(&finish) || !build_index(&finish)) {
        return false;
    }
    for (uint32_t i = 0; i < tree->function_count; i++) {
        if (!check_bus_numbers(&finish, i)) {
            return false;
        }
    }
    /* No circle of parents can pass: ranges nest (check_place), and no range holds its own bridge's bus number. */
    link_parents(tree);
    if (!link_virtual_functions(&finish)) {
        return false;
    }
    link_siblings(tree);
    for (uint32_t i = 0; i < tree->function_count; i++) {
        if (!check_place(&finish, i) || !check_siblings(&finish, i) || !check_dma_function(&finish, i)) {
            return false;
        }
    }
    tree->ports_only = has_ports_only(tree);
    return true;
}
