#include "host/action.h"
#include "scenario/schema/keys_table.h"

static enum action_kind kind_of(const void *structure)
{
    return (enum action_kind)((const struct scenario_action *)structure)->kind;
}

static bool has_consumer(const void *structure)
{
    return kind_of(structure) == ACTION_ATTACH || kind_of(structure) == ACTION_ATTACH_PASID;
}

static bool is_replacement(const void *structure)
{
    return kind_of(structure) == ACTION_REPLACE;
}

static bool is_move(const void *structure)
{
    return kind_of(structure) == ACTION_MOVE_INTERRUPT;
}

static bool has_pasid(const void *structure)
{
    return kind_of(structure) == ACTION_ATTACH_PASID || kind_of(structure) == ACTION_DETACH_PASID;
}

static bool has_process(const void *structure)
{
    return kind_of(structure) == ACTION_BIND_PROCESS || kind_of(structure) == ACTION_UNBIND_PROCESS;
}

static bool has_base(const void *structure)
{
    return kind_of(structure) == ACTION_MAP || kind_of(structure) == ACTION_UNMAP ||
           kind_of(structure) == ACTION_LOAD || kind_of(structure) == ACTION_SET_APERTURE;
}

static bool has_size(const void *structure)
{
    return has_base(structure) && kind_of(structure) != ACTION_UNMAP;
}

static bool is_load(const void *structure)
{
    return kind_of(structure) == ACTION_LOAD;
}

static const struct scenario_key action_keys[] = {
    {.name = "at",
     KEY_FIELD(scenario_action, at),
     .type = &scenario_type_time,
     .required = true,
     .minimum = "0 ns",
     .maximum = "1000 s",
     .doc = "When it begins, counted from the start of traffic. Actions take time, and the next waits for the one "
            "before."},
    {.name = "name",
     KEY_FIELD(scenario_action, name),
     .type = &scenario_type_text,
     .automatic = "the action and its position in the list, `attach-1`",
     .doc = "By which `expect` speaks of it: `timeline.NAME: EBUSY`."},
    {.name = "action",
     KEY_FIELD(scenario_action, kind),
     .type = &scenario_type_choice,
     .choices = action_kind_names,
     .required = true,
     .doc = "What is done (docs/software.md)."},
    {.name = "device",
     KEY_FIELD(scenario_action, device),
     .type = &scenario_type_functions,
     .required = true,
     .doc = "To which function."},
    {.name = "consumer",
     KEY_FIELD(scenario_action, consumer_written),
     .type = &scenario_type_name,
     .applies = has_consumer,
     .needs = "`action: attach` or `attach-pasid`",
     .doc = "Whose it shall be, or whose domain is attached."},
    {.name = "translation",
     KEY_FIELD(scenario_action, replacement),
     .type = &scenario_type_choice,
     .choices = (const char *const[]){"same", "stage-1", "stage-2", "nested", NULL},
     .standard = "same",
     .applies = is_replacement,
     .needs = "`action: replace`",
     .doc = "What the device's group shall go through: another domain of the same kind, or one with one stage of that "
            "format; where a guest translates, its stage 1 (`nested`) or the one below alone (`stage-2`)."},
    {.name = "vector",
     KEY_FIELD(scenario_action, vector),
     .type = &scenario_type_number,
     .standard = "0",
     .maximum = "2047",
     .applies = is_move,
     .needs = "`action: move-interrupt`",
     .doc = "Which of the device's vectors."},
    {.name = "pe",
     KEY_FIELD(scenario_action, pe),
     .type = &scenario_type_number,
     .standard = "0",
     .maximum = "59",
     .applies = is_move,
     .needs = "`action: move-interrupt`",
     .doc = "To which PE."},
    {.name = "pasid",
     KEY_FIELD(scenario_action, pasid),
     .type = &scenario_type_number,
     .standard = "1",
     .maximum = "1048575",
     .applies = has_pasid,
     .needs = "`action: attach-pasid` or `detach-pasid`",
     .doc = "Which PASID."},
    {.name = "process",
     KEY_FIELD(scenario_action, process),
     .type = &scenario_type_number,
     .standard = "0",
     .maximum = "15",
     .applies = has_process,
     .needs = "`action: bind-process` or `unbind-process`",
     .doc = "Whose address space is shared."},
    {.name = "base",
     KEY_FIELD(scenario_action, base),
     .type = &scenario_type_hexadecimal,
     .standard = "0x2_0000_0000",
     .source = SCENARIO_ASSUMPTION,
     .maximum = "0x7f_ffff_f000",
     .alignment = 4096,
     .applies = has_base,
     .needs = "`action: map`, `unmap`, `load` or `set-aperture`",
     .doc = "I/O virtual address."},
    {.name = "size",
     KEY_FIELD(scenario_action, size),
     .type = &scenario_type_size,
     .standard = "4 KiB",
     .minimum = "4 KiB",
     .maximum = "16 MiB",
     .alignment = 4096,
     .applies = has_size,
     .needs = "`action: map`, `load` or `set-aperture`",
     .doc = "How much is mapped, or of the aperture."},
    {.name = "count",
     KEY_FIELD(scenario_action, count),
     .type = &scenario_type_number,
     .standard = "1",
     .minimum = "1",
     .maximum = "1000000",
     .applies = is_load,
     .needs = "`action: load`",
     .doc = "How often it is mapped and unmapped again."},
};
const struct scenario_table scenario_table_action = {.name = "action",
                                                     .path = "timeline.N",
                                                     .doc = "One action of the software.",
                                                     TABLE_KEYS(action_keys),
                                                     TABLE_PLAIN(scenario_action)};
