/*
 * Where a running kernel sends interrupts -> the PE of each vector: from lines that name a function's vector and its
 * effective affinity, or, if that is all there is, from the counts of /proc/interrupts (docs/import.md).
 */
#ifndef DOORBELL_IMPORT_INTERRUPTS_H
#define DOORBELL_IMPORT_INTERRUPTS_H

#include "import/machine.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Reads two kinds of lines, and passes everything else over. A line that is neither quite is passed over too. The text
 * is untrusted.
 *
 *   0000:03:00.0 irq=34 hwirq=1572864 eff=8 ...     a vector: which interrupt of its chip, mask of the CPU that has it.
 *                                                   Lines of a function that follow each other replace earlier ones
 *    34:    0    0    0   16   ITS-MSI 1572864 ...  of /proc/interrupts, below its line of CPUs: a vector that one CPU
 *                                                   alone has handled is taken to be that CPU's. The last table counts
 *
 * Numbers of interrupts are those of Linux: requester ID and vector in one (ITS-MSI), or the vector, behind a chip
 * that is named after the function (ITS-PCI-MSI, since 6.9).
 */
void import_interrupts_read(const char *text, size_t length, struct import_machine *machine);

/** Whether a text has such a line. */
bool import_interrupts_recognise(const char *text, size_t length);

#ifdef __cplusplus
}
#endif

#endif
