#include "report/xml.h"

#include <stdbool.h>

static void write_character(FILE *stream, char character, bool in_attribute)
{
    switch (character) {
    case '&':
        fputs("&amp;", stream);
        return;
    case '<':
        fputs("&lt;", stream);
        return;
    case '>':
        fputs("&gt;", stream);
        return;
    case '"':
        fputs("&quot;", stream);
        return;
    case '\n':
        fputs(in_attribute ? "&#10;" : "\n", stream);
        return;
    case '\t':
        fputc('\t', stream);
        return;
    default:
        fputc((unsigned char)character < ' ' ? '?' : character, stream);
        return;
    }
}

void xml_write_text(FILE *stream, const char *text)
{
    for (; *text != '\0'; text++) {
        write_character(stream, *text, false);
    }
}

void xml_write_attribute(FILE *stream, const char *text)
{
    for (; *text != '\0'; text++) {
        write_character(stream, *text, true);
    }
}
