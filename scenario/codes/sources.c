/* Codes of errors: device trees, imports, recordings and measurements. */
#include "scenario/codes/groups.h"

static const struct error_code firmware_codes[] = {
    {.code = "E2001",
     .title = "No usable device tree",
     .explanation = "The blob is damaged, hostile or of another format, or dtc refuses the source. What is wrong, "
                    "and where, is in the message.",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "head -c 100 /dev/zero > zero.dtb; doorbell check zero.dtb\n",
     .right = "doorbell check board.dts\n"},
};

const struct error_code_group error_codes_firmware = {"Device trees", firmware_codes,
                                                      sizeof(firmware_codes) / sizeof(firmware_codes[0])};

static const struct error_code import_codes[] = {
    {.code = "E2101",
     .title = "No description of a machine",
     .explanation = "The file is neither a device tree, an ACPI table (IORT, MCFG, APIC), what `lspci -xxxx` "
                    "prints, nor /proc/interrupts; a folder is no tree of sysfs.",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "doorbell import small.yaml\n",
     .right = "doorbell import board.dts\n"},
    {.code = "E2102",
     .title = "Described twice",
     .explanation = "Firmware describes a machine once: one device tree, or one ACPI table of each kind.",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "doorbell import board.dts board.dts\n",
     .right = "doorbell import board.dts\n"},
    {.code = "E2103",
     .title = "A line of lspci that cannot be read",
     .explanation = "A line of configuration space is an offset, a colon and 16 bytes in hexadecimal.",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "printf '00:01.0 Bridge\\n00: 86 80 zz\\n' > x.txt; doorbell import x.txt\n",
     .right = "doorbell import lspci.txt -o imported.yaml\n"},
    {.code = "E2104",
     .title = "Configuration space without its capabilities",
     .explanation = "What lspci or sysfs shows to ordinary users ends at 64 bytes. Root sees all of it.",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "printf '00:01.0 Bridge\\n00: 36 1b 0c 00 07 00 10 00 00 00 04 06 00 00 01 00\\n10: 00 00"
              " 00 00 00 00 00 00 00 01 01 00 00 00 00 00\\n20: 00 00 00 00 00 00 00 00 00 00 00 00 00"
              " 00 00 00\\n30: 00 00 00 00 40 00 00 00 00 00 00 00 00 00 00 00\\n' > x.txt; doorbell import x.txt\n",
     .right = "doorbell import lspci.txt -o imported.yaml\n"},
    {.code = "E2105",
     .title = "A damaged ACPI table",
     .explanation = "The length in the header is not the file's, or the bytes do not add up to 0.",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "printf 'IORT\\060\\000\\000\\000\\001\\000' > iort.bin; doorbell import iort.bin\n",
     .right = "doorbell import board.dts\n"},
    {.code = "E2106",
     .title = "A structure of an ACPI table",
     .explanation = "A structure in MCFG or APIC is shorter than its kind, or has impossible numbers.",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "{ printf 'MCFG\\074\\000\\000\\000\\001\\240'; head -c 44 /dev/zero; printf '\\005\\001'; head"
              " -c 4 /dev/zero; } > mcfg.bin\n"
              "doorbell import mcfg.bin lspci.txt\n",
     .right = "{ printf 'MCFG\\074\\000\\000\\000\\001\\240'; head -c 44 /dev/zero; printf '\\001\\005'; head"
              " -c 4 /dev/zero; } > mcfg.bin\n"
              "doorbell import mcfg.bin lspci.txt -o imported.yaml\n"},
    {.code = "E2107",
     .title = "A node of IORT",
     .explanation = "A node lies beyond the table, is shorter than its kind, or has mappings that lead nowhere.",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "{ printf 'IORT\\060\\000\\000\\000\\001\\140'; head -c 26 /dev/zero; printf '\\001\\000\\000\\00"
              "0\\060\\000\\000\\000\\000\\000\\000\\000'; } > iort.bin\n"
              "doorbell import iort.bin lspci.txt\n",
     .right = "{ printf 'IORT\\060\\000\\000\\000\\001\\141'; head -c 26 /dev/zero; printf '\\000\\000\\000\\00"
              "0\\060\\000\\000\\000\\000\\000\\000\\000'; } > iort.bin\n"
              "doorbell import iort.bin lspci.txt -o imported.yaml\n"},
    {.code = "E2108",
     .title = "A tree of sysfs",
     .explanation = "A folder of a function is named after it, as in 0000:00:01.0, and there are at most 8192.",
     .shown = ERROR_CODE_UNSHOWN,
     .wrong = "It takes a machine of more than 8192 functions: folders with other names are passed over.",
     .right = ""},
    {.code = "E2109",
     .title = "No PCIe in the machine",
     .explanation = "Nothing of what was read is a PCIe root complex with a root port, so there would be nothing to "
                    "simulate.",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "printf '/dts-v1/;\\n/ { };\\n' > empty.dts; doorbell import empty.dts\n",
     .right = "doorbell import lspci.txt -o imported.yaml\n"},
    {.code = "E2110",
     .title = "The imported scenario is wrong",
     .explanation = "What was imported makes no scenario that can be loaded. This is a fault of Doorbell.",
     .shown = ERROR_CODE_UNSHOWN,
     .wrong = "It takes a fault of Doorbell.",
     .right = ""},
};

const struct error_code_group error_codes_import = {"Import", import_codes,
                                                    sizeof(import_codes) / sizeof(import_codes[0])};

static const struct error_code recordings_codes[] = {
    {.code = "E2201",
     .title = "A file of the recording is missing",
     .explanation = "A recording is a folder with the files that docs/replay.md lists, each plain or compressed "
                    "(.gz).",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "rm recording/mmio.csv; doorbell replay recording\n",
     .right = "doorbell replay recording\n"},
    {.code = "E2202",
     .title = "A table of another shape",
     .explanation = "A table begins with the names of its columns, and every row has as many fields.",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "sed -i 's/^seq,device/seq,devise/' recording/mmio.csv; doorbell replay recording\n",
     .right = "doorbell replay recording\n"},
    {.code = "E2203",
     .title = "A field of a table",
     .explanation = "A field is no number, out of range, or none of the possible words.",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "sed -i '3s/0x/0y/' recording/mmio.csv; doorbell replay recording\n",
     .right = "doorbell replay recording\n"},
    {.code = "E2204",
     .title = "Rows out of order",
     .explanation = "Tables are in the order in which things happened.",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "sed -n '2p' recording/mmio.csv >> recording/mmio.csv; doorbell replay recording\n",
     .right = "doorbell replay recording\n"},
    {.code = "E2205",
     .title = "regs.json",
     .explanation = "The file with snapshots of registers lacks something, or describes memory that cannot be.",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "echo '{}' > recording/regs.json; doorbell replay recording\n",
     .right = "doorbell replay recording\n"},
    {.code = "E2206",
     .title = "Hardware that cannot be built",
     .explanation = "The ID registers in the recording are missing, or describe an SMMU or GIC beyond these models.",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "sed -i 's/\"IDR0\"/\"IDR7\"/' recording/regs.json; doorbell replay recording\n",
     .right = "doorbell replay recording\n"},
    {.code = "E2207",
     .title = "Compressed data are damaged",
     .explanation = "A .gz file ends too early or fails its checksum.",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "cd recording; gzip -n mmio.csv; truncate -s 60 mmio.csv.gz; cd ..; doorbell replay recording\n",
     .right = "doorbell replay recording\n"},
};

const struct error_code_group error_codes_recordings = {"Recordings", recordings_codes,
                                                        sizeof(recordings_codes) / sizeof(recordings_codes[0])};

static const struct error_code calibration_codes[] = {
    {.code = "E2301",
     .title = "A column is missing",
     .explanation = "The first line names columns, among them Cache, WinSZ, SZ, and Avg(ns) or Trans/s.",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "cd measurements; f=$(ls | head -1); sed -i 's/WinSZ/Window/' *; cd ..; doorbell calibr"
              "ate measurements\n",
     .right = "doorbell calibrate measurements || test $? = 1\n"},
    {.code = "E2302",
     .title = "A row that cannot be read",
     .explanation = "A row has fewer fields than the first line, or numbers beyond reason.",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "sed -i 's/Cold,65536.0/Cold,many/' measurements/lat*; doorbell calibrate measurements\n",
     .right = "doorbell calibrate measurements || test $? = 1\n"},
    {.code = "E2303",
     .title = "A row is missing",
     .explanation = "The fit needs certain windows, cold and warm, which the measurement has left out.",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "sed -i '/67108864/d' measurements/lat*; doorbell calibrate measurements\n",
     .right = "doorbell calibrate measurements || test $? = 1\n"},
    {.code = "E2304",
     .title = "A row cannot be simulated",
     .explanation = "A run for one row of the measurement failed.",
     .shown = ERROR_CODE_UNSHOWN,
     .wrong = "The parameters that were found make a scenario that runs; one that does not is a fault of Doorbell.",
     .right = ""},
    {.code = "E2305",
     .title = "Measurements that fit no parameters",
     .explanation = "The latencies show no IOMMU at work, or a host faster than the path in the simulator: no "
                    "parameters could give them.",
     .shown = ERROR_CODE_COMMAND,
     .wrong = "sed -i '2,$s/,[0-9.]*$/,700.0/' measurements/lat*; doorbell calibrate measurements\n",
     .right = "doorbell calibrate measurements || test $? = 1\n"},
};

const struct error_code_group error_codes_calibration = {"Calibration", calibration_codes,
                                                         sizeof(calibration_codes) / sizeof(calibration_codes[0])};
