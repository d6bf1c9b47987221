/* Interrupts and how long they take: losses, latencies by device as table and distribution, where the time went. */
#include "report/html_internal.h"
#include "sim/allocate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/** Devices that a plot can hold so that they are told apart; where there are more, the slowest and all together. */
#define MOST_SHARES 7

/** Devices whose histograms are on the page. */
#define MOST_HISTOGRAMS 64

/** Times further apart than this, as a ratio, are on a logarithmic axis. */
#define FAR_APART 6

static const json_t *member(const json_t *object, const char *key)
{
    return json_object_get(object, key);
}

/** Devices that pictures show: those of interest first, and how many of them are. */
struct shown {
    struct html_share *shares; /**< of every device that has latencies */
    size_t count;
    size_t first;          /**< as many are in every picture */
    struct html_share all; /**< all devices together; no `msi`: each of them is in every picture */
};

static double latency_of(const struct html_share *share, const char *key)
{
    return html_number(member(share->msi, "latency"), key);
}

static int by_slowness(const void *a, const void *b)
{
    const struct html_share *one = a;
    const struct html_share *other = b;
    const double less = latency_of(one, "p99-fs") - latency_of(other, "p99-fs");

    if (less < 0 || less > 0) {
        return less > 0 ? -1 : 1;
    }
    return strcmp(one->name, other->name);
}

static void choose_shown(const json_t *document, struct shown *shown)
{
    const json_t *devices = member(document, "devices");
    size_t index;
    const json_t *device;

    shown->shares = sim_allocate(json_array_size(devices) + 1, sizeof(*shown->shares));
    json_array_foreach((json_t *)(uintptr_t)devices, index, device)
    {
        const struct html_share share = {html_member(device, "name"), member(device, "msi")};

        if (latency_of(&share, "count") > 0) {
            shown->shares[shown->count++] = share;
        }
    }
    shown->first = shown->count;
    if (shown->count > MOST_SHARES) {
        qsort(shown->shares, shown->count, sizeof(*shown->shares), by_slowness);
        shown->first = MOST_SHARES - 1;
        shown->all = (struct html_share){"all devices", document};
    }
}

/** A device of every picture; the one behind the last is all of them together. @return whether there is one */
static bool share_at(const struct shown *shown, size_t index, struct html_share *share)
{
    *share = index < shown->first ? shown->shares[index] : shown->all;
    return index < shown->first || (index == shown->first && shown->all.msi != NULL);
}

/* ---- Distribution ---- */

/**
 * The share of MSIs up to each latency, as a line: from none at the least latency on, a step where a bin ends.
 * @return its points, to be freed; NULL if there are none
 */
static double *cdf_of(const struct html_share *share, double **parts, size_t *count)
{
    const json_t *histogram = member(share->msi, "histogram");
    const size_t bins = json_array_size(histogram);
    const double least = latency_of(share, "min-fs");
    const double most = fmax(least, latency_of(share, "max-fs"));
    double *times;
    double total = 0;
    double sum = 0;

    *count = 0;
    if (bins == 0) {
        return NULL;
    }
    times = sim_allocate(bins + 1, sizeof(*times));
    *parts = sim_allocate(bins + 1, sizeof(**parts));
    for (size_t i = 0; i < bins; i++) {
        total += html_value(json_array_get(json_array_get(histogram, i), 2));
    }
    times[0] = least;
    for (size_t i = 0; i < bins; i++) {
        const json_t *bin = json_array_get(histogram, i);

        sum += html_value(json_array_get(bin, 2));
        times[i + 1] = fmax(times[i], fmin(most, html_value(json_array_get(bin, 1))));
        (*parts)[i + 1] = total > 0 ? sum / total : 0;
    }
    *count = bins + 1;
    return times;
}

static bool are_far_apart(const struct html_line *lines, size_t count)
{
    double low = INFINITY;
    double high = 0;

    for (size_t i = 0; i < count; i++) {
        low = fmin(low, lines[i].x[0]);
        high = fmax(high, lines[i].x[lines[i].count - 1]);
    }
    return low > 0 && high / low >= FAR_APART;
}

static void write_cdf(struct html_page *page, const struct shown *shown)
{
    struct html_line lines[MOST_SHARES + 1];
    struct html_share share;
    struct html_plot plot = {.title = "Share of interrupts that arrive within a time, by device (CDF)",
                             .x_name = "latency, birth to handler",
                             .y_name = "share of MSIs",
                             .x_time = true,
                             .y_percent = true,
                             .steps = true,
                             .lines = lines};

    for (size_t i = 0; share_at(shown, i, &share); i++) {
        double *parts = NULL;
        size_t count;
        double *times = cdf_of(&share, &parts, &count);

        if (times != NULL) {
            lines[plot.line_count++] = (struct html_line){.name = share.name, .x = times, .y = parts, .count = count};
        }
    }
    plot.x_log = are_far_apart(lines, plot.line_count);
    if (plot.line_count > 0) {
        html_draw_plot(page, &plot);
    }
    for (size_t i = 0; i < plot.line_count; i++) {
        free((void *)(uintptr_t)lines[i].x);
        free((void *)(uintptr_t)lines[i].y);
    }
}

static void write_histograms(struct html_page *page, const struct shown *shown)
{
    const size_t drawn = shown->count < MOST_HISTOGRAMS ? shown->count : MOST_HISTOGRAMS;

    html_draw_histograms(page, shown->shares, shown->first);
    if (drawn > shown->first) {
        fprintf(page->stream, "<details><summary>Histograms of %zu more devices, the slowest first</summary>\n",
                drawn - shown->first);
        html_draw_histograms(page, shown->shares + shown->first, drawn - shown->first);
        if (shown->count > drawn) {
            fprintf(page->stream,
                    "<p>%zu devices that are faster have none here: their figures are in the table.</p>\n",
                    shown->count - drawn);
        }
        fputs("</details>\n", page->stream);
    }
}

/* ---- Hop by hop ---- */

#define MOST_STAGES 400

/** Where a stage is in a list; @p count if it is not there. */
static size_t place_of(const char *const *stages, size_t count, const char *stage)
{
    size_t place = 0;

    while (place < count && strcmp(stages[place], stage) != 0) {
        place++;
    }
    return place;
}

/**
 * The stages that any of them has, at most @p limit, in the order of the way: what a later one has in place of what is
 * listed stands behind what both have before it.
 * @return how many
 */
static size_t list_stages(const struct shown *shown, const char **stages, size_t limit)
{
    size_t count = 0;
    struct html_share share;

    for (size_t i = 0; share_at(shown, i, &share) && share.msi != shown->all.msi; i++) {
        size_t next = 0;
        size_t at;
        const json_t *hop;

        json_array_foreach((json_t *)(uintptr_t)member(share.msi, "hops"), at, hop)
        {
            const char *stage = html_member(hop, "stage");
            const size_t place = place_of(stages, count, stage);

            if (place < count) {
                next = place + 1;
            } else if (count < limit) {
                memmove(&stages[next + 1], &stages[next], (count - next) * sizeof(*stages));
                stages[next++] = stage;
                count++;
            }
        }
    }
    return count;
}

/** Where the time of a device's MSIs went: mean over all its MSIs, so that the parts add up to its mean latency. */
static void fill_parts(const struct html_share *share, const char *const *stages, size_t stage_count, double *parts)
{
    const double measured = latency_of(share, "count");
    size_t at;
    const json_t *hop;

    json_array_foreach((json_t *)(uintptr_t)member(share->msi, "hops"), at, hop)
    {
        for (size_t i = 0; i < stage_count; i++) {
            if (strcmp(stages[i], html_member(hop, "stage")) == 0 && measured > 0) {
                parts[i] += html_number(hop, "mean-fs") * html_number(hop, "count") / measured;
            }
        }
    }
}

/** Whether a document's topology lists a name, as far as a blank, under a key. */
static bool is_listed(const json_t *document, const char *key, const char *stage)
{
    const size_t length = strcspn(stage, " ");
    size_t index;
    const json_t *name;

    json_array_foreach((json_t *)(uintptr_t)member(member(document, "topology"), key), index, name)
    {
        const char *text = json_string_value(name);

        if (text != NULL && strlen(text) == length && strncmp(text, stage, length) == 0) {
            return true;
        }
    }
    return false;
}

/** Whether a stage is called by two letters and a number. */
static bool is_numbered(const char *stage, const char *prefix)
{
    return strncmp(stage, prefix, 2) == 0 && stage[2] != '\0' && strspn(stage + 2, "0123456789") == strlen(stage + 2);
}

/** Whether ports of the topology belong to a stage: sw0.usp to sw0. */
static bool is_switch(const json_t *document, const char *stage)
{
    const size_t length = strlen(stage);
    size_t index;
    const json_t *function;

    json_array_foreach((json_t *)(uintptr_t)member(member(document, "topology"), "functions"), index, function)
    {
        const char *name = html_member(function, "name");

        if (length > 0 && strncmp(name, stage, length) == 0 && name[length] == '.' &&
            strstr(html_member(function, "kind"), "port") != NULL) {
            return true;
        }
    }
    return false;
}

/** What a stage is, for whoever does not know the names; "" if it is not known. */
static const char *meaning_of(const json_t *document, const char *stage)
{
    const json_t *function = html_function_named(document, stage);

    if (strstr(stage, ".up.") != NULL || strstr(stage, ".down.") != NULL) {
        return "PCI Express link";
    }
    if (strstr(stage, "->") != NULL) {
        return "wires";
    }
    if (is_listed(document, "smmus", stage)) {
        return strstr(stage, " config") != NULL ? "SMMU: reading the stream's configuration"
               : strstr(stage, " walk") != NULL ? "SMMU: walking translation tables"
                                                : "SMMU";
    }
    if (function != NULL) {
        return "device";
    }
    if (is_switch(document, stage)) {
        return "switch";
    }
    return strcmp(stage, "interconnect") == 0    ? "interconnect: between SMMUs, ITSs and memory"
           : is_listed(document, "itses", stage) ? "ITS"
           : is_listed(document, "hosts", stage) ? "root complex"
           : is_numbered(stage, "rd")            ? "redistributor: one for each core"
           : is_numbered(stage, "pe")            ? "core (PE)"
                                                 : "";
}

static void write_hops(struct html_page *page, const json_t *document, const struct shown *shown)
{
    const char **stages = sim_allocate(MOST_STAGES + 1, sizeof(*stages));
    struct html_part *hops = sim_allocate(MOST_STAGES, sizeof(*hops));
    size_t stage_count = list_stages(shown, stages, MOST_STAGES);
    struct html_bar bars[MOST_SHARES];
    double *parts = sim_allocate(MOST_SHARES * (stage_count + 1), sizeof(*parts));

    for (size_t i = 0; i < shown->first; i++) {
        bars[i] = (struct html_bar){shown->shares[i].name, &parts[i * stage_count]};
        fill_parts(&shown->shares[i], stages, stage_count, &parts[i * stage_count]);
    }
    for (size_t i = 0; i < stage_count; i++) {
        hops[i] = (struct html_part){stages[i], meaning_of(document, stages[i])};
    }
    if (shown->first > 0 && stage_count > 0) {
        html_draw_bars(page,
                       "Where the mean latency goes, hop by hop: over all interrupts of a device, so that parts add up",
                       hops, stage_count, bars, shown->first);
    }
    free((void *)stages);
    free(hops);
    free(parts);
}

/* ---- Figures ---- */

static void write_row(struct html_page *page, const json_t *device)
{
    static const char *const keys[] = {"min-fs", "mean-fs", "p50-fs", "p99-fs", "p99.9-fs", "max-fs"};
    const json_t *msi = member(device, "msi");
    const json_t *latency = member(msi, "latency");

    fputs("<tr><th scope=\"row\"><code>", page->stream);
    html_text(page, html_member(device, "name"));
    fprintf(page->stream, "</code></th><td class=\"n\">%.0f</td><td class=\"n\">%.0f</td><td class=\"n\">%.0f</td>",
            html_number(msi, "count"), html_number(msi, "delivered") + html_number(msi, "merged"),
            html_number(msi, "lost"));
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        fputs("<td class=\"n\">", page->stream);
        if (html_number(latency, "count") > 0) {
            html_duration(page, html_number(latency, keys[i]));
        }
        fputs("</td>", page->stream);
    }
    fputs("</tr>\n", page->stream);
}

static void write_table(struct html_page *page, const json_t *devices)
{
    const bool folded = json_array_size(devices) > 2 * (size_t)MOST_SHARES;
    size_t index;
    const json_t *device;

    if (folded) {
        fprintf(page->stream, "<details><summary>The figures of all %zu devices</summary>\n", json_array_size(devices));
    }
    fputs("<div class=\"scroll\"><table>\n<thead><tr><th>device</th><th class=\"n\">raised</th><th "
          "class=\"n\">handled</th><th class=\"n\">lost</th><th class=\"n\">fastest</th><th class=\"n\">mean</th><th "
          "class=\"n\">half within</th><th class=\"n\">99 % within</th><th class=\"n\">99.9 % within</th><th "
          "class=\"n\">slowest</th></tr></thead>\n<tbody>\n",
          page->stream);
    json_array_foreach((json_t *)(uintptr_t)devices, index, device)
    {
        write_row(page, device);
    }
    fprintf(page->stream, "</tbody></table></div>\n%s", folded ? "</details>\n" : "");
}

static void write_losses(struct html_page *page, const json_t *devices)
{
    size_t index;
    const json_t *device;

    json_array_foreach((json_t *)(uintptr_t)devices, index, device)
    {
        const char *reason;
        const json_t *count;

        json_object_foreach((json_t *)(uintptr_t)member(member(device, "msi"), "lost-because"), reason, count)
        {
            fputs("<p class=\"verdict violated\"><strong>Lost:</strong> ", page->stream);
            fprintf(page->stream, "%.0f interrupts of <code>", html_value(count));
            html_text(page, html_member(device, "name"));
            fputs("</code>: <code>", page->stream);
            html_text(page, reason);
            fputs("</code></p>\n", page->stream);
        }
    }
}

void html_latency_section(struct html_page *page, const json_t *document)
{
    const json_t *devices = member(document, "devices");
    struct shown shown = {.shares = NULL};

    if (json_array_size(devices) == 0) {
        return;
    }
    choose_shown(document, &shown);
    fputs("<section>\n<h2>Interrupts</h2>\n", page->stream);
    write_losses(page, devices);
    if (shown.all.msi != NULL) {
        fprintf(
            page->stream,
            "<p>Of %zu devices the pictures show the %zu slowest (by the time that 99 %% arrive within), and all of "
            "them together.</p>\n",
            shown.count, shown.first);
    }
    if (html_number(document, "warmup-fs") > 0) {
        fputs("<p>Latencies are of the interrupts that were raised after the first ", page->stream);
        html_duration(page, html_number(document, "warmup-fs"));
        fputs(": before, caches are cold.</p>\n", page->stream);
    }
    write_table(page, devices);
    write_cdf(page, &shown);
    write_histograms(page, &shown);
    write_hops(page, document, &shown);
    fputs("</section>\n", page->stream);
    free(shown.shares);
}
