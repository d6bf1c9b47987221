#include "report/verdict_text.h"

#include "report/format.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define DEVICE_INDENT 8

/** Writes "  LABEL 0xID at NAME" where the identifier is there. */
static void add_identifier(FILE *line, const char *label, uint64_t id, const char *name)
{
    if (id != VERDICT_NO_ID) {
        fprintf(line, "  %s %s at %s", label, report_hex(id).text, name != NULL ? name : "?");
    }
}

/** Writes a line as it is if it fits, else as words. Frees it. */
static void write_line(FILE *out, char *text, unsigned indent)
{
    fprintf(out, "%*s", (int)indent, "");
    if (indent + report_width(text) <= REPORT_COLUMNS) {
        fprintf(out, "%s\n", text);
    } else {
        report_words(out, text, indent, indent + 4);
    }
    free(text);
}

static FILE *open_line(char **text, size_t *size)
{
    FILE *line = open_memstream(text, size);

    if (line == NULL) {
        fputs("doorbell: out of memory\n", stderr);
        abort();
    }
    return line;
}

/** @param counted what a run counted of it: "MSI", or "request" */
static void write_device(FILE *out, const struct verdict_device *device, const char *counted)
{
    char *text = NULL;
    size_t size = 0;
    FILE *line = open_line(&text, &size);

    fprintf(line, "%s  %s", device->name != NULL ? device->name : "?", report_rid(device->segment, device->rid).text);
    add_identifier(line, "StreamID", device->stream_id, device->smmu);
    add_identifier(line, "DeviceID", device->device_id, device->its);
    fclose(line);
    write_line(out, text, DEVICE_INDENT);
    if (device->doorbell == VERDICT_NO_ID || device->its == NULL) {
        return;
    }
    line = open_line(&text, &size);
    fprintf(line, "doorbell 0x%" PRIx64, device->doorbell);
    if (device->msi_count > 0) {
        fprintf(line, "%s%" PRIu64 " %s%s, the first is packet %016" PRIx64,
                counted[0] == 'M' ? ", hit by " : "; it reached peers with ", device->msi_count, counted,
                device->msi_count == 1 ? "" : "s", device->first_packet);
    }
    fclose(line);
    write_line(out, text, DEVICE_INDENT + 4);
}

static void write_evidence(FILE *out, const struct verdict_evidence *evidence, const char *counted)
{
    size_t used = 8 + report_width(evidence->subject);

    if (used <= REPORT_COLUMNS) {
        fprintf(out, "      %s: ", evidence->subject);
    } else {
        fprintf(out, "      ");
        report_words(out, evidence->subject, 6, 6);
        fprintf(out, "        ");
        used = 8;
    }
    report_words(out, evidence->detail, used, 8);
    for (size_t i = 0; i < evidence->device_count; i++) {
        write_device(out, &evidence->devices[i], counted);
    }
}

static void write_verdict(FILE *out, const struct verdict *verdict)
{
    const char *counted = strcmp(verdict->name, "group-covers-reach") == 0 ? "request" : "MSI";

    fprintf(out, "  %-14s  %-21s ", verdict_outcome_name(verdict->outcome), verdict->name);
    report_words(out, verdict->summary, 40, 40);
    if (verdict->outcome != VERDICT_VIOLATED) {
        return;
    }
    for (size_t i = 0; i < verdict->evidence_count; i++) {
        write_evidence(out, &verdict->evidence[i], counted);
    }
}

bool verdict_text_write(FILE *out, const struct verdict_list *verdicts)
{
    fprintf(out, "Assumptions\n");
    for (size_t i = 0; i < verdicts->count; i++) {
        if (verdicts->items[i].outcome != VERDICT_NOT_APPLICABLE) {
            write_verdict(out, &verdicts->items[i]);
        }
    }
    for (size_t i = 0; i < verdicts->count; i++) {
        if (verdicts->items[i].outcome == VERDICT_NOT_APPLICABLE) {
            write_verdict(out, &verdicts->items[i]);
        }
    }
    return ferror(out) == 0;
}
