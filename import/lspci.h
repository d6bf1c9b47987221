/* The text that `lspci -xxxx` prints -> PCI functions. */
#ifndef DOORBELL_IMPORT_LSPCI_H
#define DOORBELL_IMPORT_LSPCI_H

#include "import/machine.h"
#include "scenario/diagnostics.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Reads functions from text: a line with a function's place ("[ssss:]bb:dd.f ..."), then lines of its configuration
 * space ("oo: xx xx ..."). Lines of other options of lspci, and whatever else surrounds them, are passed over; places
 * without configuration space too. Lines of zeros may be missing. If a function comes twice, its first dump counts.
 * The text is untrusted.
 * @return false, with errors in @p diagnostics, if a dump is not right, or there is none, or one is cut off where
 *         capabilities begin (lspci without the rights to read them)
 */
bool import_lspci_read(const char *file, const char *text, size_t length, struct import_machine *machine,
                       struct diagnostics *diagnostics);

/** Whether a text has the place of a function and a line of configuration space below it. */
bool import_lspci_recognise(const char *text, size_t length);

#ifdef __cplusplus
}
#endif

#endif
