/*
 * The window in which software places doorbells for devices (rule C13), against the addresses that a PCIe hierarchy
 * claims for itself. A switch without ACS redirection sends a write to a peer whose BAR matches, before any IOMMU
 * sees it: so no BAR may lie at an address that devices use for MSIs. BARs lie within the host bridge's memory windows.
 */
#include "host/board_internal.h"

#include <stdlib.h>
#include <string.h>

/* Where Linux offers doorbells to devices of assigned groups behind an Arm SMMU (rule C13). */
#define SW_MSI_BASE 0x8000000u
#define SW_MSI_SIZE 0x100000u

static bool overlaps(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
    return a < b ? b - a < a_size : a - b < b_size;
}

/* Whether a function of the host sits behind an SMMU, so that the programmable window is used. */
static bool uses_window(const struct board_result *result, const struct board_host *host)
{
    for (size_t i = 0; host->available && i < host->range_count; i++) {
        if (host->ranges[i].iommu != BOARD_NONE && strcmp(result->iommus[host->ranges[i].iommu].kind, "other") != 0) {
            return true;
        }
    }
    return false;
}

static bool judge_programmable(const struct firmware_host *from, const struct board_host *host, struct verdict *verdict)
{
    bool broken = false;

    for (size_t i = 0; i < from->window_count; i++) {
        const struct firmware_window *window = &from->windows[i];

        if (overlaps(window->pci_address, window->size, SW_MSI_BASE, SW_MSI_SIZE)) {
            verdict_add_evidence(verdict, host->name,
                                 "its memory window 0x%llx..0x%llx (PCI addresses) covers part of 0x%x..0x%x, where "
                                 "software places the doorbells of assigned devices: a BAR may lie there",
                                 (unsigned long long)window->pci_address,
                                 (unsigned long long)(window->pci_address + window->size - 1), SW_MSI_BASE,
                                 SW_MSI_BASE + SW_MSI_SIZE - 1);
            broken = true;
        }
    }
    return broken;
}

/* In an identity domain devices write to the doorbell's physical address (rule C2). */
static bool judge_physical(const struct board_result *result, const struct firmware_host *from,
                           const struct board_host *host, struct verdict *verdict)
{
    bool broken = false;

    for (size_t i = 0; i < from->window_count; i++) {
        const struct firmware_window *window = &from->windows[i];

        for (size_t j = 0; j < result->controller_count; j++) {
            const struct board_controller *its = &result->controllers[j];

            if (its->used && its->doorbell_known && overlaps(window->pci_address, window->size, its->doorbell, 4)) {
                verdict_add_evidence(verdict, host->name,
                                     "its memory window 0x%llx..0x%llx (PCI addresses) covers the doorbell 0x%llx of "
                                     "%s, which devices of an identity domain write to: a BAR may lie there",
                                     (unsigned long long)window->pci_address,
                                     (unsigned long long)(window->pci_address + window->size - 1),
                                     (unsigned long long)its->doorbell, its->name);
                broken = true;
            }
        }
    }
    return broken;
}

void board_judge_msi_window(const struct firmware *firmware, struct board_result *result)
{
    struct verdict *verdict = verdict_list_add(&result->verdicts, "msi-window-free", VERDICT_NOT_APPLICABLE, "%s", "");
    bool judged = false;
    bool broken = false;

    for (size_t i = 0; i < result->host_count; i++) {
        const struct board_host *host = &result->hosts[i];

        if (!uses_window(result, host) || firmware->hosts[i].window_count == 0) {
            continue;
        }
        judged = true;
        broken |= judge_programmable(&firmware->hosts[i], host, verdict);
        broken |= judge_physical(result, &firmware->hosts[i], host, verdict);
    }
    free(verdict->summary);
    if (!judged) {
        verdict->summary = board_copy_string("no available PCIe host with known memory windows is behind an SMMU");
    } else if (broken) {
        verdict->outcome = VERDICT_VIOLATED;
        verdict->summary = board_copy_string("a peer's BAR could claim the address of a doorbell");
    } else {
        verdict->outcome = VERDICT_HOLDS;
        verdict->summary = board_copy_string("no memory window of a host bridge covers an address used for doorbells");
    }
}
