#include "report/claims.h"

#include <stddef.h>
#include <string.h>

static const struct {
    const char *name;
    const char *claim;
    const char *consequence;
} claims[] = {
    {"doorbell-per-group",
     "All devices of an IOMMU group write their interrupts to the same doorbell page, so one "
     "mapping serves the group.",
     "Software that maps one doorbell for a whole group loses the interrupts of every device that writes to another "
     "one; software that maps each doorbell, or each device, loses none."},
    {"doorbell-per-domain",
     "All devices that share a translation domain write their interrupts to the same doorbell page.",
     "Code that maps a single doorbell in a domain serves only the devices that use this one."},
    {"group-covers-reach",
     "Functions that can reach each other without passing an SMMU are in one IOMMU group, so that one owner has them.",
     "A device that was given to a guest can read and write a device of somebody else, and no SMMU sees it."},
    {"doorbell-mapped",
     "Every doorbell that a device writes to is mapped in the translation that its interrupts take, "
     "as long as it is used.",
     "The write that is the interrupt faults at the SMMU, and the interrupt is lost."},
    {"msi-window-free", "Nothing else is mapped, and no other device answers, where interrupts are written to.",
     "Data lands where interrupts are meant to go, or interrupts land in data."},
    {"msi-in-primary-domain",
     "Interrupts carry no PASID, so their doorbell is mapped in the device's own domain, not "
     "only in an auxiliary one.",
     "The interrupt takes a translation in which its doorbell is not mapped, and is lost."},
    {"pasid-consistent", "A PASID of a device means one address space, whoever asked for it.",
     "A device reaches memory of a process that it was not meant to reach."},
    {"one-viommu-per-smmu",
     "What a guest invalidates through its virtual SMMU reaches every physical SMMU that may hold the translation.",
     "A device goes on using a page after the guest was told that it is gone."},
    {"guest-owned-msi",
     "Interrupts that a guest programs itself reach its own virtual ITS page and its own virtual interrupt only.",
     "A guest's interrupts go nowhere, or to another guest."},
    {"msi-isolated", "No device can raise an interrupt that belongs to a device of another group.",
     "A device can raise interrupts in the name of another one."},
    {"data-before-interrupt",
     "When an interrupt's handler runs, everything that the device wrote before is visible in memory.",
     "The handler reads memory that the device has not yet written."},
};

#define CLAIMS (sizeof(claims) / sizeof(claims[0]))

/** The row of an assumption; the number of rows if there is none. */
static size_t find(const char *assumption)
{
    size_t row = 0;

    while (row < CLAIMS && strcmp(claims[row].name, assumption) != 0) {
        row++;
    }
    return row;
}

const char *report_claim(const char *assumption)
{
    size_t row = find(assumption);

    return row < CLAIMS ? claims[row].claim : NULL;
}

const char *report_consequence(const char *assumption)
{
    size_t row = find(assumption);

    return row < CLAIMS ? claims[row].consequence : NULL;
}
