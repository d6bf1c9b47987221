#include "report/replay_text.h"

#include "report/format.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define NAME_COLUMNS  30
#define CHECK_COLUMNS 48

static void write_words(FILE *out, FILE *stream, char **text, size_t used, size_t indent)
{
    fclose(stream);
    report_words(out, *text, used, indent);
    free(*text);
}

static FILE *open_text(char **text, size_t *size)
{
    FILE *stream = open_memstream(text, size);

    if (stream == NULL) {
        fputs("doorbell: out of memory\n", stderr);
        abort();
    }
    return stream;
}

static void write_head(FILE *out, const struct replay_result *result)
{
    char *text = NULL;
    size_t size = 0;
    FILE *line = open_text(&text, &size);

    fprintf(line, "%s: %s%s%s%s%s%s", result->directory, result->name == NULL ? "a recording" : "recording ",
            result->name == NULL ? "" : result->name, result->software == NULL ? "" : ", ",
            result->software == NULL ? "" : result->software, result->hardware == NULL ? "" : ", on QEMU ",
            result->hardware == NULL ? "" : result->hardware);
    fprintf(line, ", %u processors, %" PRIu64 " stopped moments%s", result->processors, result->snapshots,
            result->interrupted ? ", INTERRUPTED: partial results" : "");
    write_words(out, line, &text, 0, 0);
    fputc('\n', out);
}

/** "SYNC 16794, TLBI_NH_VA 16664" behind a row's name and count. */
static void write_mix(FILE *out, const struct replay_tallies *tallies)
{
    char *text = NULL;
    size_t size = 0;
    FILE *line = open_text(&text, &size);

    for (size_t i = 0; i < tallies->count; i++) {
        fprintf(line, "%s%s %" PRIu64, i == 0 ? "" : ", ", tallies->items[i].name, tallies->items[i].count);
    }
    write_words(out, line, &text, NAME_COLUMNS + 12, NAME_COLUMNS + 12);
}

/** What a row of the table of files is made of; NULL if that is not told. */
static const struct replay_tallies *mix_of(const struct replay_result *result, const char *name)
{
    const struct {
        const char *name;
        const struct replay_tallies *tallies;
    } mixes[] = {
        {"register accesses", &result->registers},
        {"SMMU commands", &result->smmu_commands},
        {"ITS commands", &result->its_commands},
        {"accesses denied", &result->faults},
    };

    for (size_t i = 0; i < sizeof(mixes) / sizeof(mixes[0]); i++) {
        if (strcmp(mixes[i].name, name) == 0 && mixes[i].tallies->count != 0) {
            return mixes[i].tallies;
        }
    }
    return NULL;
}

static void write_recorded(FILE *out, const struct replay_result *result)
{
    fputs("Recorded\n", out);
    for (size_t i = 0; i < result->files.count; i++) {
        const struct replay_tally *row = &result->files.items[i];
        const struct replay_tallies *mix = mix_of(result, row->name);

        fprintf(out, "  %-*s%8" PRIu64, NAME_COLUMNS, row->name, row->count);
        if (mix == NULL) {
            fputc('\n', out);
        } else {
            fputs("  ", out);
            write_mix(out, mix);
        }
    }
    fputc('\n', out);
}

static void write_streams(FILE *out, const struct replay_result *result)
{
    fputs("Devices\n  StreamID    translated    denied      MSIs  EventIDs  stream table entry\n", out);
    for (size_t i = 0; i < result->stream_count; i++) {
        const struct replay_stream *stream = &result->streams[i];

        fprintf(out, "  0x%-8x  %10" PRIu64 "  %8" PRIu64 "  %8" PRIu64 "  %8u  %s\n", stream->id, stream->accesses,
                stream->faults, stream->msis, stream->events, stream->config[0] == '\0' ? "none" : stream->config);
    }
    fputc('\n', out);
}

static void write_checks(FILE *out, const struct replay_result *result)
{
    fprintf(out, "%-*s%12s%12s%12s%12s\n", CHECK_COLUMNS + 2, "Compared", "compared", "equal", "different", "known");
    for (unsigned i = 0; i < REPLAY_CHECKS; i++) {
        const struct replay_count *count = &result->checks[i];

        if (count->compared == 0 && count->different == 0) {
            continue;
        }
        fprintf(out, "  %-*s%12" PRIu64 "%12" PRIu64 "%12" PRIu64 "%12" PRIu64 "\n", CHECK_COLUMNS,
                replay_check_title((enum replay_check)i), count->compared,
                count->compared - (count->different < count->compared ? count->different : count->compared) -
                    count->known,
                count->different, count->known);
    }
    if (result->skipped_registers != 0) {
        fprintf(out, "  not replayed: %" PRIu64 " writes of registers that no model has (GICD, SGI frames)\n",
                result->skipped_registers);
    }
    fputc('\n', out);
}

static void write_mismatch(FILE *out, const struct replay_mismatch *mismatch)
{
    char *text = NULL;
    size_t size = 0;
    FILE *line = open_text(&text, &size);

    fprintf(line, "%s %" PRIu64 ": %s: expected %s, got %s", mismatch->has_seq ? "seq" : "snapshot", mismatch->seq,
            mismatch->subject, mismatch->expected, mismatch->got);
    fputs("  ", out);
    write_words(out, line, &text, 2, 4);
}

static void write_mismatches(FILE *out, const struct replay_result *result, bool known)
{
    const uint64_t all = known ? replay_result_known(result) : replay_result_different(result);
    uint64_t listed = 0;

    if (all == 0) {
        return;
    }
    fprintf(out, "%s\n",
            known ? "Known differences: the recorded hardware wrote no event, the architecture asks for one"
                  : "Differences");
    for (size_t i = 0; i < result->mismatch_count; i++) {
        if (result->mismatches[i].known == known) {
            write_mismatch(out, &result->mismatches[i]);
            listed++;
        }
    }
    if (listed < all) {
        fprintf(out, "  and %" PRIu64 " more\n", all - listed);
    }
    fputc('\n', out);
}

bool replay_text_write(FILE *out, const struct replay_result *result)
{
    write_head(out, result);
    write_recorded(out, result);
    write_streams(out, result);
    write_checks(out, result);
    write_mismatches(out, result, true);
    write_mismatches(out, result, false);
    fprintf(out, "%" PRIu64 " mismatches in %" PRIu64 " comparisons, %" PRIu64 " known differences%s\n",
            replay_result_different(result), replay_result_compared(result), replay_result_known(result),
            result->interrupted ? " (interrupted: partial)" : "");
    return ferror(out) == 0;
}
