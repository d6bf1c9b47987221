#include "report/board_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

/* Rows of a table, or of one piece of evidence, before the rest is only counted. */
#define MAX_RANGE_ROWS  32u
#define MAX_DEVICE_ROWS 8u

static size_t new_line(FILE *out, size_t indent)
{
    fprintf(out, "\n%*s", (int)indent, "");
    return indent;
}

/*
 * A paragraph: words, with the blanks between them, are put into lines of at most BOARD_TEXT_COLUMNS, all but the
 * first of them indented. A word that is too long for any line, as the path of a deep node may be, is broken.
 */
static void paragraph(FILE *out, size_t column, size_t indent, const char *text)
{
    size_t blanks = strspn(text, " ");
    const char *word = text + blanks;

    while (*word != '\0') {
        size_t length = strcspn(word, " ");

        if (column + blanks + length > BOARD_TEXT_COLUMNS && column > indent &&
            (blanks > 0 || length <= BOARD_TEXT_COLUMNS - indent)) {
            column = new_line(out, indent);
            blanks = 0;
        }
        fprintf(out, "%*s", (int)blanks, "");
        column += blanks;
        for (size_t room; length > (room = BOARD_TEXT_COLUMNS - column); word += room, length -= room) {
            fprintf(out, "%.*s", (int)room, word);
            column = new_line(out, indent);
        }
        fprintf(out, "%.*s", (int)length, word);
        column += length;
        word += length;
        blanks = strspn(word, " ");
        word += blanks;
    }
    fputc('\n', out);
}

static void put(FILE *out, size_t indent, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void put(FILE *out, size_t indent, const char *format, ...)
{
    char text[4096];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    fprintf(out, "%*s", (int)indent, "");
    paragraph(out, indent, indent + 2, text);
}

/* A row of a table; unusually wide values push the rest of it to a further line. */
static void write_row(FILE *out, size_t indent, const char *row)
{
    fprintf(out, "%*s", (int)indent, "");
    paragraph(out, indent, indent + 4, row);
}

/* The short label of a controller (M0), IOMMU (S0) or host (H0). */
struct label {
    char text[24];
};

static struct label label_of(char letter, size_t index)
{
    struct label label = {"-"};

    if (index != BOARD_NONE) {
        snprintf(label.text, sizeof(label.text), "%c%zu", letter, index);
    }
    return label;
}

static void write_controllers(FILE *out, const struct board_result *result)
{
    if (result->controller_count == 0) {
        put(out, 0, "MSI controllers: none in the description");
        return;
    }
    fputs("MSI controllers        doorbell\n", out);
    for (size_t i = 0; i < result->controller_count; i++) {
        const struct board_controller *controller = &result->controllers[i];
        char doorbell[48] = "-";

        if (controller->doorbell_known) {
            snprintf(doorbell, sizeof(doorbell), "0x%" PRIx64, controller->doorbell);
        } else if (controller->pre_its) {
            snprintf(doorbell, sizeof(doorbell), "0x%" PRIx64 "+4*ID", controller->pre_its_base);
        }
        fprintf(out, "  %-5s %-13s  %-18s ", label_of('M', i).text,
                controller->is_its ? (controller->pre_its ? "ITS, pre-ITS" : "ITS") : "not an ITS", doorbell);
        paragraph(out, 42, 42, controller->name);
        if (!controller->available) {
            put(out, 8, "%s", "disabled");
        } else if (!controller->msi_controller) {
            put(out, 8, "%s", "not declared as an MSI controller, so it gets no MSI domain");
        }
    }
}

static void write_iommu_users(FILE *out, const struct board_iommu *iommu)
{
    size_t shown = 0;

    for (size_t i = 0; i < iommu->user_count && shown < MAX_DEVICE_ROWS; i++) {
        const struct board_user *user = &iommu->users[i];

        shown++;
        fprintf(out, "        %-4s 0x%04x..0x%04x  MSI to %s\n", label_of('H', user->host).text, user->first,
                user->last, label_of('M', user->controller).text);
    }
    if (iommu->user_count > shown) {
        put(out, 8, "and %zu more runs of requester IDs", iommu->user_count - shown);
    }
}

static void write_iommus(FILE *out, const struct board_result *result)
{
    if (result->iommu_count == 0) {
        put(out, 0, "IOMMUs: none that serves PCIe");
    } else {
        fputs("IOMMUs, and the requester IDs behind them\n", out);
    }
    for (size_t i = 0; i < result->iommu_count; i++) {
        const struct board_iommu *iommu = &result->iommus[i];

        fprintf(out, "  %-5s %-13s  ", label_of('S', i).text, iommu->kind);
        paragraph(out, 23, 23, iommu->name);
        if (!iommu->available) {
            put(out, 8, "%s", "disabled");
        } else {
            write_iommu_users(out, iommu);
        }
    }
    if (result->other_iommu_count > 0) {
        put(out, 2, "%zu other IOMMUs that no PCIe host names are left out", result->other_iommu_count);
    }
}

/* The identifiers of a run: "0x100..0x1ff", "0x57" if all are the same, or the rule. */
static void format_id(const struct board_id *id, uint32_t first, uint32_t last, char *text, size_t size)
{
    uint32_t varying = first ^ last;

    /* All bits below the highest one that differs vary within the run. */
    for (uint32_t shift = 1; shift < 32; shift <<= 1) {
        varying |= varying >> shift;
    }
    if ((id->mask & varying) == 0) {
        snprintf(text, size, "0x%x", board_id_of(id, first));
    } else if ((id->mask & varying) == varying) {
        snprintf(text, size, "0x%x..0x%x", board_id_of(id, first), board_id_of(id, last));
    } else if (id->offset == 0) {
        snprintf(text, size, "RID&0x%x", id->mask);
    } else if (id->offset > INT32_MAX) {
        snprintf(text, size, "(RID&0x%x)-0x%x", id->mask, 0u - id->offset);
    } else {
        snprintf(text, size, "(RID&0x%x)+0x%x", id->mask, id->offset);
    }
}

static const char *short_how(const struct board_range *range)
{
    if (range->controller == BOARD_NONE) {
        return strncmp(range->msi_how, "error", 5) == 0 ? "error" : "none";
    }
    if (strcmp(range->msi_how, "inherited msi-parent") == 0) {
        return "msi-parent, inh.";
    }
    return strcmp(range->msi_how, "host bridge itself") == 0 ? "the host itself" : range->msi_how;
}

static const char *short_iommu(const struct board_range *range, const struct label *label)
{
    if (range->iommu != BOARD_NONE) {
        return label->text;
    }
    if (range->disabled_iommu != BOARD_NONE) {
        return "off";
    }
    return strncmp(range->iommu_how, "error", 5) == 0 ? "error" : "-";
}

static void write_range(FILE *out, const struct board_result *result, const struct board_range *range, uint32_t last)
{
    char device_id[40] = "-";
    char stream_id[40] = "-";
    char doorbell[24] = "-";
    char row[256];
    struct label iommu = label_of('S', range->iommu);

    if (range->device_id_known) {
        format_id(&range->device_id, range->first, last, device_id, sizeof(device_id));
    }
    if (range->doorbell_known && result->controllers[range->controller].pre_its) {
        snprintf(doorbell, sizeof(doorbell), "by DeviceID");
    } else if (range->doorbell_known) {
        snprintf(doorbell, sizeof(doorbell), "0x%" PRIx64, range->doorbell);
    }
    if (range->stream_cells > 0) {
        format_id(&range->stream, range->first, last, stream_id, sizeof(stream_id));
    }
    for (uint32_t i = 1; i < range->stream_cells; i++) {
        size_t used = strlen(stream_id);

        snprintf(stream_id + used, sizeof(stream_id) - used, ",0x%x", range->stream_more[i - 1]);
    }
    snprintf(row, sizeof(row), "0x%04x..0x%04x  %-17s %-4s %-19s %-13s %-5s %s", range->first, last, short_how(range),
             label_of('M', range->controller).text, device_id, doorbell, short_iommu(range, &iommu), stream_id);
    write_row(out, 2, row);
}

static bool same_id(const struct board_id *a, const struct board_id *b)
{
    return a->mask == b->mask && a->offset == b->offset;
}

/* What the bindings allow beside what Linux chooses: further entries that match, to targets that are not disabled. */
static void write_alternatives(FILE *out, const struct board_result *result, const struct board_spec *spec, bool iommu,
                               const struct board_range *range, uint32_t last)
{
    size_t chosen = iommu ? range->iommu : range->controller;
    const struct board_id *chosen_id = iommu ? &range->stream : &range->device_id;

    for (size_t i = 0; i < spec->kept; i++) {
        const struct board_spec_item *item = &spec->items[i];
        char id[40];

        if (item->fault != NULL || (item->target == chosen && same_id(&item->id, chosen_id)) ||
            !(iommu ? result->iommus[item->target].available : result->controllers[item->target].available)) {
            continue;
        }
        /* The output for a controller that is no ITS is no identifier that Linux would use. */
        if (!iommu && item->target == chosen && !range->device_id_known) {
            continue;
        }
        format_id(&item->id, range->first, last, id, sizeof(id));
        put(out, 18, "the bindings also allow %s, %s %s", label_of(iommu ? 'S' : 'M', item->target).text,
            iommu ? "StreamID" : "DeviceID", id);
    }
    if (spec->total > spec->kept) {
        put(out, 18, "and %zu more entries match", spec->total - spec->kept);
    }
}

static void write_ranges(FILE *out, const struct board_result *result, const struct board_host *host)
{
    uint32_t first = host->bus_first << 8;
    uint32_t limit = host->period > 0 ? first + host->period - 1 : UINT32_MAX;
    size_t rows = 0;

    fprintf(out, "  %-14s  %-17s %-4s %-19s %-13s %-5s %s\n", "requester IDs", "MSI by", "to", "DeviceID", "doorbell",
            "IOMMU", "StreamID");
    for (size_t i = 0; i < host->range_count && host->ranges[i].first <= limit; i++) {
        const struct board_range *range = &host->ranges[i];
        uint32_t last = range->last > limit ? limit : range->last;

        if (rows == MAX_RANGE_ROWS) {
            put(out, 2, "and %zu more ranges", host->range_count - i);
            return;
        }
        write_range(out, result, range, last);
        if (range->spec_msi != BOARD_NONE) {
            write_alternatives(out, result, &host->specs[range->spec_msi], false, range, last);
        }
        if (range->spec_iommu != BOARD_NONE) {
            write_alternatives(out, result, &host->specs[range->spec_iommu], true, range, last);
        }
        rows++;
    }
    if (host->period > 0) {
        put(out, 2, "and so on, repeating every 0x%x requester IDs up to 0x%x (masks)", host->period,
            host->bus_last << 8 | 0xff);
    }
}

static void write_hosts(FILE *out, const struct board_result *result)
{
    if (result->host_count == 0) {
        put(out, 0, "PCIe hosts: none in the description");
    }
    for (size_t i = 0; i < result->host_count; i++) {
        const struct board_host *host = &result->hosts[i];

        fprintf(out, "%sHost %s  ", i > 0 ? "\n" : "", label_of('H', i).text);
        paragraph(out, 9, 9, host->name);
        put(out, 2, "segment %" PRIu32 "%s, buses 0x%02x..0x%02x%s%s", host->segment,
            host->segment_given ? "" : " (not given)", host->bus_first, host->bus_last,
            host->bus_given ? "" : " (not given)", host->available ? "" : ", disabled: nothing below is judged");
        write_ranges(out, result, host);
    }
}

/* The label of the thing with that name, so that evidence can be read beside the tables. */
static struct label controller_label(const struct board_result *result, const char *name)
{
    for (size_t i = 0; name != NULL && i < result->controller_count; i++) {
        if (strcmp(result->controllers[i].name, name) == 0) {
            return label_of('M', i);
        }
    }
    return label_of('M', BOARD_NONE);
}

static struct label iommu_label(const struct board_result *result, const char *name)
{
    for (size_t i = 0; name != NULL && i < result->iommu_count; i++) {
        if (strcmp(result->iommus[i].name, name) == 0) {
            return label_of('S', i);
        }
    }
    return label_of('S', BOARD_NONE);
}

static struct label host_label(const struct board_result *result, const char *name)
{
    for (size_t i = 0; name != NULL && i < result->host_count; i++) {
        if (strcmp(result->hosts[i].name, name) == 0) {
            return label_of('H', i);
        }
    }
    return label_of('H', BOARD_NONE);
}

static void format_value(char *text, size_t size, uint64_t value)
{
    if (value == VERDICT_NO_ID) {
        snprintf(text, size, "-");
    } else {
        snprintf(text, size, "0x%" PRIx64, value);
    }
}

static void write_device(FILE *out, const struct board_result *result, const struct verdict_device *device)
{
    char stream_id[24];
    char device_id[24];
    char doorbell[24];
    char rids[32];
    char row[256];

    format_value(stream_id, sizeof(stream_id), device->stream_id);
    format_value(device_id, sizeof(device_id), device->device_id);
    format_value(doorbell, sizeof(doorbell), device->doorbell);
    if (device->rid_count == 1) {
        snprintf(rids, sizeof(rids), "0x%04" PRIx64, device->rid);
    } else {
        snprintf(rids, sizeof(rids), "0x%04" PRIx64 "..0x%04" PRIx64, device->rid, device->rid + device->rid_count - 1);
    }
    snprintf(row, sizeof(row), "%-3s %-14s StreamID %-8s at %-3s DeviceID %-8s at %-3s doorbell %s",
             host_label(result, device->name).text, rids, stream_id, iommu_label(result, device->smmu).text, device_id,
             controller_label(result, device->its).text, doorbell);
    write_row(out, 8, row);
}

static void write_evidence(FILE *out, const struct board_result *result, const struct verdict_evidence *evidence)
{
    put(out, 6, "%s: %s", evidence->subject, evidence->detail);
    for (size_t i = 0; i < evidence->device_count && i < MAX_DEVICE_ROWS; i++) {
        write_device(out, result, &evidence->devices[i]);
    }
    if (evidence->device_count > MAX_DEVICE_ROWS) {
        put(out, 8, "and %zu more", evidence->device_count - MAX_DEVICE_ROWS);
    }
}

static void write_verdict(FILE *out, const struct board_result *result, const struct verdict *verdict)
{
    fprintf(out, "  %-14s  %-21s ", verdict_outcome_name(verdict->outcome), verdict->name);
    paragraph(out, 40, 40, verdict->summary);
    for (size_t i = 0; i < verdict->evidence_count; i++) {
        write_evidence(out, result, &verdict->evidence[i]);
    }
}

static void write_verdicts(FILE *out, const struct board_result *result)
{
    fputs("Assumptions, for whatever could be plugged in\n", out);
    for (size_t i = 0; i < result->verdicts.count; i++) {
        if (result->verdicts.items[i].outcome != VERDICT_NOT_APPLICABLE) {
            write_verdict(out, result, &result->verdicts.items[i]);
        }
    }
    for (size_t i = 0; i < result->verdicts.count; i++) {
        if (result->verdicts.items[i].outcome == VERDICT_NOT_APPLICABLE) {
            write_verdict(out, result, &result->verdicts.items[i]);
        }
    }
}

static void write_findings(FILE *out, const struct board_result *result)
{
    if (result->finding_count == 0) {
        return;
    }
    fputs("\nFindings\n", out);
    for (size_t i = 0; i < result->finding_count; i++) {
        const struct board_finding *finding = &result->findings[i];

        put(out, 2, "%s%s%s  %s", finding->name, finding->rule[0] != '\0' ? ", rule " : "", finding->rule,
            finding->subject);
        put(out, 6, "%s", finding->detail);
    }
}

bool board_text_write(FILE *out, const struct board_result *result)
{
    put(out, 0, "%s%s%s", result->file, result->model[0] != '\0' ? ": " : "", result->model);
    fputc('\n', out);
    write_controllers(out, result);
    fputc('\n', out);
    write_iommus(out, result);
    fputc('\n', out);
    write_hosts(out, result);
    fputc('\n', out);
    write_verdicts(out, result);
    write_findings(out, result);
    return ferror(out) == 0;
}
