#include "report/junit.h"

static void write_escaped(FILE *stream, const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        const unsigned char byte = (unsigned char)*c;

        switch (*c) {
        case '&':
            fputs("&amp;", stream);
            break;
        case '<':
            fputs("&lt;", stream);
            break;
        case '>':
            fputs("&gt;", stream);
            break;
        case '"':
            fputs("&quot;", stream);
            break;
        case '\n':
            fputs("&#10;", stream);
            break;
        default:
            fputc(byte < 0x20 && *c != '\t' ? '?' : *c, stream);
            break;
        }
    }
}

static size_t count_of(const struct junit_case *cases, size_t count, enum junit_outcome outcome)
{
    size_t found = 0;

    for (size_t i = 0; i < count; i++) {
        found += cases[i].outcome == outcome;
    }
    return found;
}

static void write_case(FILE *stream, const char *suite, const struct junit_case *entry)
{
    const char *element = entry->outcome == JUNIT_FAILED ? "failure" : "error";

    fputs("    <testcase classname=\"", stream);
    write_escaped(stream, suite);
    fputs("\" name=\"", stream);
    write_escaped(stream, entry->name);
    if (entry->outcome == JUNIT_PASSED) {
        fputs("\"/>\n", stream);
        return;
    }
    fprintf(stream, "\">\n      <%s message=\"", element);
    write_escaped(stream, entry->message == NULL ? "" : entry->message);
    fputs("\">", stream);
    write_escaped(stream, entry->details == NULL ? "" : entry->details);
    fprintf(stream, "</%s>\n    </testcase>\n", element);
}

bool junit_write(FILE *stream, const char *suite, const struct junit_case *cases, size_t count)
{
    const size_t failures = count_of(cases, count, JUNIT_FAILED);
    const size_t errors = count_of(cases, count, JUNIT_ERROR);

    fprintf(stream, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"");
    write_escaped(stream, suite);
    fprintf(stream, "\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\">\n", count, failures, errors);
    for (size_t i = 0; i < count; i++) {
        write_case(stream, suite, &cases[i]);
    }
    fputs("  </testsuite>\n</testsuites>\n", stream);
    return !ferror(stream);
}
