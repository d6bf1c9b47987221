/* Frames that messages are written to beside those of ITSs. */
#include "scenario/schema/keys_table.h"

static const struct scenario_key pre_its_keys[] = {
    {.name = "base",
     KEY_FIELD(scenario_pre_its, base),
     .type = &scenario_type_hexadecimal,
     .required = true,
     .maximum = "0xffff_ffff_ffff",
     .alignment = 0x1000,
     .doc = "First address of the window. The doorbell of a device is at base + 4 * DeviceID; SynQuacer has it at "
            "0x5800_0000."},
    {.name = "size",
     KEY_FIELD(scenario_pre_its, size),
     .type = &scenario_type_size,
     .standard = "256 KiB",
     .source = "4 bytes for each of 16 DeviceID bits, as Linux's description of the part has it; SynQuacer: 2 MiB",
     .minimum = "4 KiB",
     .maximum = "16 GiB",
     .power_of_two = true,
     .doc = "Size of the window: 4 bytes for each DeviceID."},
    {.name = "cycles",
     KEY_FIELD(scenario_pre_its, cycles),
     .type = &scenario_type_cycles,
     .standard = "2 cycles",
     .source = SCENARIO_ASSUMPTION,
     .minimum = "0 cycles",
     .maximum = "1000000 cycles",
     .doc = "From the window to the translation, in cycles of the ITS's clock."},
};
const struct scenario_table scenario_table_pre_its = {
    .name = "pre-its",
    .path = "platform.its.NAME.pre-its",
    .doc =
        "A window in front of an ITS that turns the address of a write into its DeviceID, as on SynQuacer and TI K3. "
        "A direct write to GITS_TRANSLATER then comes from DeviceID 0.",
    TABLE_KEYS(pre_its_keys),
    TABLE_PLAIN(scenario_pre_its)};
