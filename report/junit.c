#include "report/junit.h"

#include "report/xml.h"

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
    xml_write_attribute(stream, suite);
    fputs("\" name=\"", stream);
    xml_write_attribute(stream, entry->name);
    if (entry->outcome == JUNIT_PASSED) {
        fputs("\"/>\n", stream);
        return;
    }
    fprintf(stream, "\">\n      <%s message=\"", element);
    xml_write_attribute(stream, entry->message == NULL ? "" : entry->message);
    fputs("\">", stream);
    xml_write_text(stream, entry->details == NULL ? "" : entry->details);
    fprintf(stream, "</%s>\n    </testcase>\n", element);
}

bool junit_write(FILE *stream, const char *suite, const struct junit_case *cases, size_t count)
{
    const size_t failures = count_of(cases, count, JUNIT_FAILED);
    const size_t errors = count_of(cases, count, JUNIT_ERROR);

    fprintf(stream, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"");
    xml_write_attribute(stream, suite);
    fprintf(stream, "\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\">\n", count, failures, errors);
    for (size_t i = 0; i < count; i++) {
        write_case(stream, suite, &cases[i]);
    }
    fputs("  </testsuite>\n</testsuites>\n", stream);
    return !ferror(stream);
}
