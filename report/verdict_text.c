#include "report/verdict_text.h"

#include "report/format.h"

#include <inttypes.h>
#include <string.h>

#define COLUMNS 100

/** Writes words, broken into lines; the first line has `used` columns already, the others are indented. */
static void write_words(FILE *out, const char *text, size_t used, size_t indent)
{
    size_t column = used;

    while (*text != '\0') {
        size_t length = strcspn(text, " ");

        if (column > indent && column + 1 + length > COLUMNS) {
            fprintf(out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (column > used || (column > indent && column != used)) {
            fputc(' ', out);
            column++;
        }
        fwrite(text, 1, length, out);
        column += length;
        text += length;
        text += strspn(text, " ");
    }
    fputc('\n', out);
}

static void write_device(FILE *out, const struct verdict_device *device)
{
    char text[256];
    int length = snprintf(text, sizeof(text), "%s", device->name != NULL ? device->name : "?");

    length +=
        snprintf(text + length, sizeof(text) - (size_t)length, "  %s", report_rid(device->segment, device->rid).text);
    if (device->stream_id != VERDICT_NO_ID) {
        length += snprintf(text + length, sizeof(text) - (size_t)length, "  StreamID 0x%" PRIx64 " at %s",
                           device->stream_id, device->smmu != NULL ? device->smmu : "?");
    }
    if (device->device_id != VERDICT_NO_ID) {
        length += snprintf(text + length, sizeof(text) - (size_t)length, "  DeviceID 0x%" PRIx64 " at %s",
                           device->device_id, device->its != NULL ? device->its : "?");
    }
    fprintf(out, "        %s\n", text);
    if (device->doorbell != VERDICT_NO_ID && device->its != NULL) {
        fprintf(out, "            doorbell 0x%" PRIx64, device->doorbell);
        if (device->msi_count > 0) {
            fprintf(out, ", hit by %" PRIu64 " MSI%s, the first is packet %016" PRIx64, device->msi_count,
                    device->msi_count == 1 ? "" : "s", device->first_packet);
        }
        fputc('\n', out);
    }
}

static void write_verdict(FILE *out, const struct verdict *verdict)
{
    fprintf(out, "  %-14s  %-21s ", verdict_outcome_name(verdict->outcome), verdict->name);
    write_words(out, verdict->summary, 40, 40);
    if (verdict->outcome != VERDICT_VIOLATED) {
        return;
    }
    for (size_t i = 0; i < verdict->evidence_count; i++) {
        const struct verdict_evidence *evidence = &verdict->evidence[i];

        fprintf(out, "      %s: ", evidence->subject);
        write_words(out, evidence->detail, 8 + strlen(evidence->subject), 8);
        for (size_t j = 0; j < evidence->device_count; j++) {
            write_device(out, &evidence->devices[j]);
        }
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
