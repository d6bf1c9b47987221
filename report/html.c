#include "report/html_internal.h"

#include "report/format.h"
#include "report/xml.h"

#include <math.h>
#include <string.h>

/*
 * The page has no script, and asks for nothing: the policy says so to the browser too. Pictures carry their shapes and
 * lines as attributes, so that a reader whose policy drops this style sheet still sees all of it.
 */
static const char head[] =
    "<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
    "<style>\n"
    ":root { color-scheme: light dark; --ink: #1b1f24; --paper: #ffffff; --soft: #57606a; --rule: #d0d7de;\n"
    "  --bad: #b3261e; --good: #1a7f37; --bad-paper: #fdecea; --good-paper: #e8f5ec; }\n"
    "@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --paper: #0d1117; --soft: #9da7b1;\n"
    "  --rule: #30363d; --bad: #ff8f87; --good: #56d364; --bad-paper: #331512; --good-paper: #10281a; } }\n"
    "body { margin: 0 auto; max-width: 76rem; padding: 1rem; font: 16px/1.5 system-ui, sans-serif;\n"
    "  color: var(--ink); background: var(--paper); }\n"
    "h1 { line-height: 1.2; } h2 { margin-top: 2.2rem; border-bottom: 1px solid var(--rule); }\n"
    "figure { margin: 1rem 0; } figcaption { color: var(--soft); }\n"
    ".small { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(20rem, 100%), 1fr)); gap: .5rem; }\n"
    ".small figure { margin: 0; break-inside: avoid; overflow-wrap: anywhere; }\n"
    /* What goes on beyond the edge has a shadow there, as long as there is more. */
    ".scroll { overflow-x: auto; background: linear-gradient(to right, var(--paper) 30%, transparent) left / 2rem "
    "100%\n"
    "  no-repeat local, linear-gradient(to left, var(--paper) 30%, transparent) right / 2rem 100% no-repeat local,\n"
    "  linear-gradient(to right, var(--soft), transparent) left / .6rem 100% no-repeat scroll,\n"
    "  linear-gradient(to left, var(--soft), transparent) right / .6rem 100% no-repeat scroll; }\n"
    "svg { height: auto; color: var(--ink); } svg.plot { max-width: 100%; } td.n { white-space: nowrap; }\n"
    "svg.topology { max-width: 100%; } .ways { padding-left: 1.2rem; } .ways li { margin: .3rem 0; }\n"
    /* The wide picture of a system on a screen that is; else the narrow one, from top to bottom. */
    ".narrow { display: none; }\n"
    "@media (max-width: 50rem) { .wide { display: none; } div.narrow { display: block; }\n"
    "  span.narrow { display: inline; } .large text { font-size: 19px; } .large .odd { display: none; } }\n"
    ".topology rect { fill: var(--paper); } .topology .mark rect { fill: none; }\n"
    ".topology .unit rect { fill: var(--rule); }\n"
    "table { border-collapse: collapse; } th, td { padding: .2rem .7rem; text-align: left;\n"
    "  border-bottom: 1px solid var(--rule); vertical-align: top; } td.n, th.n { text-align: right;\n"
    "  font-variant-numeric: tabular-nums; }\n"
    ".verdict { border-left: .4rem solid var(--rule); padding: .1rem 1rem; margin: 1rem 0; }\n"
    ".violated { border-color: var(--bad); background: var(--bad-paper); }\n"
    ".holds { border-color: var(--good); background: var(--good-paper); }\n"
    ".lost { color: var(--bad); } .verdict h3 { margin: .4rem 0; } .violated strong { color: var(--bad); } .holds "
    "strong { color: var(--good); }\n"
    "details { margin: .5rem 0; } summary { cursor: pointer; color: var(--soft); }\n"
    "code { font-family: ui-monospace, monospace; overflow-wrap: anywhere; }\n"
    "footer { margin-top: 3rem; color: var(--soft); }\n"
    /* Paper does not scroll, and nothing on it opens: all is as wide as the sheet, and what is closed is left out. */
    "@media print { :root { --ink: #000; --paper: #fff; --soft: #444; --bad: #b3261e; --good: #1a7f37;\n"
    "  --rule: #ccc; --bad-paper: #fff; --good-paper: #fff; }\n"
    "  @page { margin: 14mm; } body { max-width: none; padding: 0; font: 12px/1.4 system-ui, sans-serif; }\n"
    "  p, ul, dl { margin: .45rem 0; } .ways li { margin: 0; }\n"
    "  .scroll { overflow: visible; background: none; } .wide { display: none; } div.narrow { display: block; }\n"
    "  span.narrow { display: inline; } .narrow svg { max-height: 110mm; }\n"
    "  section > figure > svg.plot { max-width: 130mm; } .large text { font-size: 15px; }\n"
    "  th, td { padding: .1rem .4rem; } thead { display: table-header-group; }\n"
    "  .verdict, figure, tr { break-inside: avoid; } h2, h3, figcaption:first-child { break-after: avoid; }\n"
    "  .small { grid-template-columns: 1fr 1fr 1fr; } details:not([open]) { display: none; }\n"
    "  h2:has(+ details:not([open])) { display: none; } }\n"
    "</style>\n";

void html_text(struct html_page *page, const char *text)
{
    if (text != NULL) {
        xml_write_text(page->stream, text);
    }
}

const char *html_member(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text == NULL ? "" : text;
}

double html_value(const json_t *value)
{
    static const double most = 9e18;

    return fmax(-most, fmin(most, json_number_value(value)));
}

double html_number(const json_t *object, const char *key)
{
    return html_value(json_object_get(object, key));
}

sim_time html_time(double femtoseconds)
{
    return femtoseconds > 0 ? (sim_time)fmin(femtoseconds, 0x1p63) : 0;
}

void html_duration(struct html_page *page, double femtoseconds)
{
    html_text(page, report_duration(html_time(femtoseconds)).text);
}

static bool is_sweep(const json_t *document)
{
    return json_is_object(json_object_get(document, "sweep"));
}

bool html_is_result(const json_t *document)
{
    return json_is_object(document) && (is_sweep(document) || json_is_object(json_object_get(document, "verdicts")));
}

static const char *title_of(const struct html_result *result)
{
    const char *title = html_member(result->document, "title");

    return title[0] == '\0' ? result->name : title;
}

bool html_write(FILE *stream, const struct html_result *results, size_t count)
{
    struct html_page page = {.stream = stream};

    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n", stream);
    fputs(head, stream);
    fputs("<title>", stream);
    html_text(&page, count == 1 ? title_of(&results[0]) : "Doorbell results");
    fputs("</title>\n</head>\n<body>\n", stream);
    for (size_t i = 0; i < count && count > 1; i++) {
        fprintf(stream, "%s<li><a href=\"#result-%zu\">", i == 0 ? "<nav><ul>\n" : "", i);
        html_text(&page, title_of(&results[i]));
        fprintf(stream, "</a></li>\n%s", i + 1 == count ? "</ul></nav>\n" : "");
    }
    for (size_t i = 0; i < count; i++) {
        fprintf(stream, "<main id=\"result-%zu\">\n<h1>", i);
        html_text(&page, title_of(&results[i]));
        fputs("</h1>\n", stream);
        if (is_sweep(results[i].document)) {
            html_sweep_sections(&page, results[i].document);
        } else {
            html_run_sections(&page, results[i].document);
        }
        fputs("</main>\n", stream);
    }
    fputs("<footer>Made by Doorbell ", stream);
    html_text(&page, count == 0 ? "" : html_member(results[0].document, "doorbell"));
    fputs(": a simulation, cycle by cycle, of the path of message-signalled interrupts.</footer>\n</body>\n</html>\n",
          stream);
    return !ferror(stream);
}
