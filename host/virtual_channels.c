#include "host/virtual_channels.h"

#include "host/pci_config.h"

#define CAPABILITY1  0x04u
#define CAPABILITY2  0x08u
#define PORT_CONTROL 0x0cu
#define RESOURCE(n)  (0x10u + 12u * (n))
#define CONTROL      0x04u
#define STATUS       0x0au
#define ENABLE       0x80000000u
#define ID_SHIFT     24
#define PENDING      0x0002u
#define LOAD_TABLE   0x0001u
#define SELECT_SHIFT 1
#define WEIGHTED_32  1u
#define PHASES       32u
#define TABLE_UNIT   16u
#define POLLS        1000u

/** One end of a link. */
struct end {
    uint64_t config;
    uint16_t capability; /**< 0: VC0 only */
    unsigned channels;
    unsigned low_priority;
};

static struct end end_of(const struct enumeration *result, struct host_access *access, uint32_t index)
{
    struct end end = {.config = result->functions[index].config, .channels = 1};

    end.capability = pci_config_find_extended(access, end.config, PCI_EXT_CAP_VC);
    if (end.capability != 0) {
        uint32_t offers = pci_config_read(access, end.config, end.capability + CAPABILITY1);

        end.channels = 1 + (offers & 7);
        end.low_priority = offers >> 4 & 7;
    }
    return end;
}

/** Traffic classes that go on a channel, a bit each. */
static uint32_t classes_of(const struct enumerate_options *options, unsigned channel, unsigned channels)
{
    uint32_t classes = 0;

    for (unsigned tc = 0; tc < ENUMERATE_TRAFFIC_CLASSES; tc++) {
        unsigned wanted = options->vc_of[tc] < channels ? options->vc_of[tc] : 0;

        classes |= wanted == channel ? 1u << tc : 0;
    }
    return classes;
}

/** Which channel has a phase. Weights whose sum divides the phases are kept exactly. */
static unsigned channel_of_phase(const struct enumerate_options *options, unsigned channels, unsigned phase)
{
    unsigned total = 0;
    unsigned place;

    for (unsigned i = 0; i < channels; i++) {
        total += options->vc_weights[i];
    }
    place = phase % total;
    for (unsigned i = 0; i < channels; i++) {
        if (place < options->vc_weights[i]) {
            return i;
        }
        place -= options->vc_weights[i];
    }
    return 0;
}

static void program_weights(struct host_access *access, const struct end *end, const struct enumerate_options *options)
{
    unsigned channels = end->low_priority + 1;
    uint32_t table = pci_config_read(access, end->config, end->capability + CAPABILITY2) >> 24;

    for (unsigned i = 0; i < PHASES / 8; i++) {
        uint32_t entries = 0;

        for (unsigned j = 0; j < 8; j++) {
            entries |= channel_of_phase(options, channels, 8 * i + j) << (4 * j);
        }
        pci_config_write(access, end->config, end->capability + table * TABLE_UNIT + 4 * i, entries);
    }
    pci_config_write16(access, end->config, end->capability + PORT_CONTROL, LOAD_TABLE | WEIGHTED_32 << SELECT_SHIFT);
}

static void program_end(struct host_access *access, const struct end *end, unsigned channels,
                        const struct enumerate_options *options)
{
    for (unsigned i = 1; i < channels; i++) {
        pci_config_write(access, end->config, end->capability + RESOURCE(i) + CONTROL,
                         ENABLE | i << ID_SHIFT | classes_of(options, i, channels));
    }
    pci_config_write(access, end->config, end->capability + RESOURCE(0) + CONTROL,
                     ENABLE | classes_of(options, 0, channels));
    if (end->low_priority > 0 && options->vc_weights[0] != 0) {
        program_weights(access, end, options);
    }
}

static bool wait_for(struct host_access *access, const struct end *end, unsigned channel)
{
    for (unsigned i = 0; i < POLLS; i++) {
        uint16_t status = pci_config_read16(access, end->config, end->capability + RESOURCE(channel) + STATUS);

        if ((status & PENDING) == 0) {
            return true;
        }
    }
    return false;
}

/** The upper end is programmed first: from then on the bridge knows the channels that its link has. */
static bool program_link(const struct enumeration *result, struct host_access *access, uint32_t below,
                         const struct enumerate_options *options, struct host_error *error)
{
    const struct pci_tree_function *function = &result->tree.functions[below];
    struct end upper = end_of(result, access, function->parent);
    struct end lower = end_of(result, access, below);
    unsigned channels = upper.channels < lower.channels ? upper.channels : lower.channels;

    if (channels == 1) {
        return true;
    }
    program_end(access, &upper, channels, options);
    program_end(access, &lower, channels, options);
    for (unsigned i = 1; i < channels; i++) {
        if (!wait_for(access, &upper, i) || !wait_for(access, &lower, i)) {
            return host_error_set(error, "virtual channel %u of the link above %s does not come up", i,
                                  function->name != NULL ? function->name : "a function");
        }
    }
    return true;
}

/** Function 0 of what is at the far end of a link speaks for it. */
static bool has_link_above(const struct pci_tree *tree, uint32_t index)
{
    const struct pci_tree_function *function = &tree->functions[index];
    const struct pci_tree_function *above;

    if (function->parent == PCI_TREE_NONE || (function->rid & 0xff) != 0 || function->is_vf) {
        return false;
    }
    above = &tree->functions[function->parent];
    return above->type == PCI_TREE_ROOT_PORT || above->type == PCI_TREE_DOWNSTREAM_PORT;
}

static bool is_wanted(const struct enumerate_options *options)
{
    for (unsigned tc = 0; tc < ENUMERATE_TRAFFIC_CLASSES; tc++) {
        if (options->vc_of[tc] != 0) {
            return true;
        }
    }
    return false;
}

bool virtual_channels_program(const struct enumeration *result, struct host_access *access,
                              const struct enumerate_options *options, struct host_error *error)
{
    if (!is_wanted(options)) {
        return true;
    }
    for (uint32_t i = 0; i < result->tree.function_count; i++) {
        if (has_link_above(&result->tree, i) && !program_link(result, access, i, options, error)) {
            return false;
        }
    }
    return true;
}
