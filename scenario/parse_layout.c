/* Where an endpoint's capabilities lie. */
#include "models/pcie/config_space.h"
#include "scenario/parse_resolve.h"
#include "scenario/parse_table.h"

#include <inttypes.h>
#include <string.h>

#define STANDARD_FIRST 0x40u
#define STANDARD_END   0x100u
#define EXTENDED_END   0x1000u

static const struct {
    const char *name;
    bool extended;
    uint16_t id;
} names[] = {
    {"pm", false, PCIE_CAP_ID_POWER_MANAGEMENT}, {"msi", false, PCIE_CAP_ID_MSI},
    {"pcie", false, PCIE_CAP_ID_PCI_EXPRESS},    {"msi-x", false, PCIE_CAP_ID_MSIX},
    {"aer", true, PCIE_EXT_CAP_ID_AER},          {"acs", true, PCIE_EXT_CAP_ID_ACS},
    {"ari", true, PCIE_EXT_CAP_ID_ARI},          {"ats", true, PCIE_EXT_CAP_ID_ATS},
    {"sr-iov", true, PCIE_EXT_CAP_ID_SRIOV},     {"pri", true, PCIE_EXT_CAP_ID_PRI},
    {"pasid", true, PCIE_EXT_CAP_ID_PASID},
};

#define NAMES (sizeof(names) / sizeof(names[0]))

static const char *name_of(const struct scenario_layout_item *item)
{
    for (size_t i = 0; i < NAMES; i++) {
        if (names[i].extended == item->extended && names[i].id == item->id) {
            return names[i].name;
        }
    }
    return "?";
}

static uint32_t end_of(const struct scenario_layout_item *item)
{
    return item->offset + ((uint32_t)pcie_capability_bytes(item->extended, item->id) + 3) / 4 * 4;
}

/* -------------------------------------------------------------------------------------------- one entry */

static bool find_name(struct parse *parse, const struct tree_node *node, struct scenario_layout_item *item)
{
    const char *known[NAMES];
    struct diagnostic *entry;
    const char *nearest;

    for (size_t i = 0; i < NAMES; i++) {
        known[i] = names[i].name;
        if (node->kind == TREE_SCALAR && strcmp(node->text, names[i].name) == 0) {
            item->extended = names[i].extended;
            item->id = names[i].id;
            return true;
        }
    }
    entry = parse_error(parse, &node->mark, "E1413 `%.40s` is no capability",
                        node->kind == TREE_SCALAR ? node->text : "a list or map");
    nearest = node->kind == TREE_SCALAR ? parse_nearest(node->text, known, NAMES) : NULL;
    if (nearest != NULL) {
        diagnostic_set_hint(entry, "did you mean `%s`?", nearest);
    } else {
        diagnostic_set_hint(entry, "pm, msi, pcie, msi-x, aer, acs, ari, ats, sr-iov, pri or pasid");
    }
    return false;
}

static bool parse_item(struct parse *parse, const struct tree_node *node, struct scenario_layout_item *item)
{
    uint64_t offset;
    uint32_t first;
    uint32_t last;

    if (node->kind != TREE_LIST || node->count != 2) {
        diagnostic_set_hint(parse_error(parse, &node->mark, "E1112 an entry of `capabilities` is a list of two"),
                            "the capability and its offset, for example [msi-x, 0x70]");
        return false;
    }
    if (!find_name(parse, node->first, item) ||
        !parse_quantity(parse, UNITS_NUMBER, node->first->next, "offset", &offset)) {
        return false;
    }
    first = item->extended ? STANDARD_END : STANDARD_FIRST;
    last = (item->extended ? EXTENDED_END : STANDARD_END) - pcie_capability_bytes(item->extended, item->id);
    if (offset < first || offset > last || offset % 4 != 0) {
        diagnostic_set_hint(parse_error(parse, &node->first->next->mark,
                                        "E1413 capability `%s` cannot lie at 0x%" PRIx64, name_of(item), offset),
                            "a multiple of 4 from 0x%" PRIx32 " to 0x%" PRIx32, first, last & ~3u);
        return false;
    }
    item->offset = (uint16_t)offset;
    return true;
}

/* -------------------------------------------------------------------------------------------- the list */

/* Holds an entry against those before it. */
static bool check_item(struct parse *parse, const struct tree_node *node, const struct scenario_layout *layout,
                       const struct scenario_layout_item *item)
{
    bool first = item->extended;

    for (size_t i = 0; i < layout->count; i++) {
        const struct scenario_layout_item *other = &layout->items[i];

        first = first && !other->extended;
        if (other->extended == item->extended && other->id == item->id) {
            parse_error(parse, &node->mark, "E1413 capability `%s` is written twice", name_of(item));
            return false;
        }
        if (item->offset < end_of(other) && other->offset < end_of(item)) {
            diagnostic_set_hint(parse_error(parse, &node->mark, "E1413 capability `%s` at 0x%x overlaps `%s` at 0x%x",
                                            name_of(item), item->offset, name_of(other), other->offset),
                                "`%s` has %u bytes in its longest form", name_of(other),
                                (unsigned)(end_of(other) - other->offset));
            return false;
        }
    }
    if (first && item->offset != STANDARD_END) {
        diagnostic_set_hint(parse_error(parse, &node->mark, "E1413 the chain of extended capabilities begins at 0x100"),
                            "the first one in the list must lie there");
        return false;
    }
    return true;
}

static bool layout_parse(struct parse *parse, const struct scenario_key *key, const struct tree_node *node, void *field)
{
    struct scenario_layout *layout = field;

    layout->count = 0;
    if (!parse_expect_kind(parse, node, TREE_LIST, key->name)) {
        return false;
    }
    for (const struct tree_node *child = node->first; child != NULL; child = child->next) {
        struct scenario_layout_item item = {0};

        if (!parse_item(parse, child, &item) || !check_item(parse, child, layout, &item)) {
            return false;
        }
        layout->items[layout->count++] = item; /* no more than there are names: none is there twice */
    }
    return true;
}

static void layout_print(FILE *stream, const struct scenario_key *key, const void *field)
{
    const struct scenario_layout *layout = field;

    (void)key;
    fputc('[', stream);
    for (size_t i = 0; i < layout->count; i++) {
        fprintf(stream, "%s[%s, 0x%02x]", i == 0 ? "" : ", ", name_of(&layout->items[i]), layout->items[i].offset);
    }
    fputc(']', stream);
}

#define NAME_SCHEMA                                                                                                    \
    "{\"enum\": [\"pm\", \"msi\", \"pcie\", \"msi-x\", \"aer\", \"acs\", \"ari\", \"ats\", \"sr-iov\", \"pri\", "      \
    "\"pasid\"]}"
#define OFFSET_SCHEMA                                                                                                  \
    "{\"anyOf\": [{\"type\": \"integer\", \"minimum\": 64}, {\"type\": \"string\", \"pattern\": "                      \
    "\"^(0[xX][0-9a-fA-F][0-9a-fA-F_]*|[0-9][0-9_]*)$\"}]}"

const struct scenario_value_type scenario_type_layout = {
    .name = "list of pairs",
    .parse = layout_parse,
    .print = layout_print,
    .schema = "{\"type\": \"array\", \"items\": {\"type\": \"array\", \"minItems\": 2, \"maxItems\": 2, "
              "\"prefixItems\": [" NAME_SCHEMA ", " OFFSET_SCHEMA "]}}"};

/* -------------------------------------------------------------------------------------------- what there is */

static bool has_capability(const struct scenario_endpoint *endpoint, const struct scenario_layout_item *item)
{
    const struct {
        const char *name;
        bool there;
    } optional[] = {
        {"msi", endpoint->msi != NULL}, {"msi-x", endpoint->msix_vectors > 0}, {"acs", endpoint->acs.present},
        {"ari", endpoint->ari},         {"ats", endpoint->ats != NULL},        {"sr-iov", endpoint->sriov != NULL},
        {"pri", endpoint->pri != NULL}, {"pasid", endpoint->pasid_bits > 0},
    };

    for (size_t i = 0; i < sizeof(optional) / sizeof(optional[0]); i++) {
        if (strcmp(optional[i].name, name_of(item)) == 0) {
            return optional[i].there;
        }
    }
    return true;
}

void parse_check_layout(struct parse *parse, const struct scenario_device *device)
{
    const struct scenario_layout *layout = &device->endpoint->layout;
    const bool conventional = device->parent != NULL && device->parent->bridge != NULL;

    for (size_t i = 0; i < layout->count; i++) {
        const struct scenario_layout_item *item = &layout->items[i];

        if (!has_capability(device->endpoint, item)) {
            parse_error_at(parse, &device->endpoint->place,
                           "E1413 `capabilities` places `%s`, which `%.63s` does not have", name_of(item),
                           device->name);
        } else if (conventional && (item->extended || item->id == PCIE_CAP_ID_PCI_EXPRESS)) {
            parse_error_at(parse, &device->endpoint->place,
                           "E1414 `%.63s` stands below a bridge, and conventional PCI has no capability `%s`",
                           device->name, name_of(item));
        }
    }
}
