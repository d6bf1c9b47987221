#include "host/firmware.h"

#include "result/board.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *firmware_fault_text(enum firmware_fault fault)
{
    switch (fault) {
    case FIRMWARE_FAULT_NONE:
        break;
    case FIRMWARE_FAULT_BASE_OUTSIDE_MASK:
        return "error: rid-base has bits outside the mask";
    case FIRMWARE_FAULT_DANGLING:
        return "error: phandle names no node";
    case FIRMWARE_FAULT_SHORT:
        return "error: property ends inside an entry";
    case FIRMWARE_FAULT_NO_CELLS:
        return "error: target has no #iommu-cells";
    case FIRMWARE_FAULT_MANY_CELLS:
        return "error: target's specifier has too many cells";
    case FIRMWARE_FAULT_WIDE_RANGE:
        return "error: range of RIDs with a specifier of several cells";
    }
    return "";
}

static char *copy_text(const char *text, size_t length)
{
    char *copy = board_array_grow(NULL, 0, length + 1);

    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

struct firmware_msi_controller *firmware_add_controller(struct firmware *firmware, const char *name)
{
    struct firmware_msi_controller *controller;

    firmware->controllers =
        board_array_grow(firmware->controllers, firmware->controller_count, sizeof(*firmware->controllers));
    controller = &firmware->controllers[firmware->controller_count++];
    memset(controller, 0, sizeof(*controller));
    controller->name = copy_text(name, strlen(name));
    controller->available = true;
    controller->msi_controller = true;
    return controller;
}

struct firmware_iommu *firmware_add_iommu(struct firmware *firmware, const char *name)
{
    struct firmware_iommu *iommu;

    firmware->iommus = board_array_grow(firmware->iommus, firmware->iommu_count, sizeof(*firmware->iommus));
    iommu = &firmware->iommus[firmware->iommu_count++];
    memset(iommu, 0, sizeof(*iommu));
    iommu->name = copy_text(name, strlen(name));
    iommu->kind = FIRMWARE_IOMMU_OTHER;
    iommu->available = true;
    return iommu;
}

static void init_map(struct firmware_map *map)
{
    memset(map, 0, sizeof(*map));
    map->mask = UINT32_MAX;
}

struct firmware_host *firmware_add_host(struct firmware *firmware, const char *name)
{
    struct firmware_host *host;

    firmware->hosts = board_array_grow(firmware->hosts, firmware->host_count, sizeof(*firmware->hosts));
    host = &firmware->hosts[firmware->host_count++];
    memset(host, 0, sizeof(*host));
    host->name = copy_text(name, strlen(name));
    host->available = true;
    host->bus_last = 0xff;
    host->self_controller = FIRMWARE_NONE;
    init_map(&host->iommu_map);
    init_map(&host->msi_map);
    return host;
}

struct firmware_other_map *firmware_add_other(struct firmware *firmware, const char *name)
{
    struct firmware_other_map *other;

    firmware->others = board_array_grow(firmware->others, firmware->other_count, sizeof(*firmware->others));
    other = &firmware->others[firmware->other_count++];
    memset(other, 0, sizeof(*other));
    other->name = copy_text(name, strlen(name));
    other->available = true;
    init_map(&other->iommu_map);
    init_map(&other->msi_map);
    return other;
}

void firmware_add_note(struct firmware *firmware, const char *where, const char *format, ...)
{
    struct firmware_note *note;
    char text[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    firmware->notes = board_array_grow(firmware->notes, firmware->note_count, sizeof(*firmware->notes));
    note = &firmware->notes[firmware->note_count++];
    note->where = copy_text(where, strlen(where));
    note->what = copy_text(text, strlen(text));
}

struct firmware_map_entry *firmware_map_add(struct firmware_map *map)
{
    struct firmware_map_entry *entry;

    map->present = true;
    map->entries = board_array_grow(map->entries, map->count, sizeof(*map->entries));
    entry = &map->entries[map->count++];
    memset(entry, 0, sizeof(*entry));
    entry->target = FIRMWARE_NONE;
    return entry;
}

struct firmware_msi_parent *firmware_host_add_msi_parent(struct firmware_host *host)
{
    struct firmware_msi_parent *parent;

    host->msi_parents = board_array_grow(host->msi_parents, host->msi_parent_count, sizeof(*host->msi_parents));
    parent = &host->msi_parents[host->msi_parent_count++];
    memset(parent, 0, sizeof(*parent));
    parent->controller = FIRMWARE_NONE;
    return parent;
}

struct firmware_window *firmware_host_add_window(struct firmware_host *host)
{
    struct firmware_window *window;

    host->windows = board_array_grow(host->windows, host->window_count, sizeof(*host->windows));
    window = &host->windows[host->window_count++];
    memset(window, 0, sizeof(*window));
    return window;
}

void firmware_strings_add(struct firmware_strings *strings, const char *text, size_t length)
{
    strings->items = board_array_grow(strings->items, strings->count, sizeof(*strings->items));
    strings->items[strings->count++] = copy_text(text, length);
}

static bool segment_taken(const struct firmware *firmware, size_t upto, uint32_t segment)
{
    for (size_t i = 0; i < firmware->host_count; i++) {
        const struct firmware_host *host = &firmware->hosts[i];

        if ((host->segment_given || i < upto) && host->segment == segment) {
            return true;
        }
    }
    return false;
}

void firmware_number_segments(struct firmware *firmware)
{
    for (size_t i = 0; i < firmware->host_count; i++) {
        struct firmware_host *host = &firmware->hosts[i];
        uint32_t segment = 0;

        if (host->segment_given) {
            continue;
        }
        while (segment_taken(firmware, i, segment)) {
            segment++;
        }
        host->segment = segment;
    }
}

static void clear_strings(struct firmware_strings *strings)
{
    for (size_t i = 0; i < strings->count; i++) {
        free(strings->items[i]);
    }
    free(strings->items);
}

static void clear_host(struct firmware_host *host)
{
    free(host->name);
    clear_strings(&host->compatible);
    free(host->iommu_map.entries);
    free(host->msi_map.entries);
    free(host->msi_parents);
    free(host->windows);
}

void firmware_clear(struct firmware *firmware)
{
    free(firmware->model);
    clear_strings(&firmware->compatible);
    for (size_t i = 0; i < firmware->host_count; i++) {
        clear_host(&firmware->hosts[i]);
    }
    free(firmware->hosts);
    for (size_t i = 0; i < firmware->controller_count; i++) {
        free(firmware->controllers[i].name);
        clear_strings(&firmware->controllers[i].compatible);
    }
    free(firmware->controllers);
    for (size_t i = 0; i < firmware->iommu_count; i++) {
        free(firmware->iommus[i].name);
        clear_strings(&firmware->iommus[i].compatible);
    }
    free(firmware->iommus);
    for (size_t i = 0; i < firmware->other_count; i++) {
        free(firmware->others[i].name);
        clear_strings(&firmware->others[i].compatible);
        free(firmware->others[i].iommu_map.entries);
        free(firmware->others[i].msi_map.entries);
    }
    free(firmware->others);
    for (size_t i = 0; i < firmware->note_count; i++) {
        free(firmware->notes[i].where);
        free(firmware->notes[i].what);
    }
    free(firmware->notes);
    memset(firmware, 0, sizeof(*firmware));
}
