/* A sysfs tree, or a copy of one -> PCI functions. */
#ifndef DOORBELL_IMPORT_SYSFS_H
#define DOORBELL_IMPORT_SYSFS_H

#include "import/machine.h"
#include "scenario/diagnostics.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Reads the file `config` of every folder at or below @p path that is named like a function ("0000:00:02.0"), as
 * /sys/bus/pci/devices and /sys/devices have them. A symbolic link is followed if it bears such a name. A function that
 * is found twice counts once. The bytes are untrusted.
 * @return false, with errors in @p diagnostics, if something cannot be read, or a configuration space is cut off where
 *         capabilities begin (sysfs without the rights to read it). Finding no function is none of these
 */
bool import_sysfs_read(const char *path, struct import_machine *machine, struct diagnostics *diagnostics);

/**
 * Takes one function's configuration space, as that file has it.
 * @param name the folder's: "0000:00:02.0"
 * @param file for messages
 */
bool import_sysfs_add(const char *name, const char *file, const void *bytes, size_t length,
                      struct import_machine *machine, struct diagnostics *diagnostics);

#ifdef __cplusplus
}
#endif

#endif
