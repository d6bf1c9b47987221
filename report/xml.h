/*
 * Text in XML: SVG drawings, HTML pages and JUnit reports are made of it.
 */
#ifndef DOORBELL_REPORT_XML_H
#define DOORBELL_REPORT_XML_H

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Writes text as character data of XML 1.0 (section 2.4). Control characters, which XML cannot hold, become "?"; tabs
 * and ends of lines stay.
 */
void xml_write_text(FILE *stream, const char *text);

/** The same inside of double quotes, where an end of line is written as a reference, or readers see a blank (3.3.3). */
void xml_write_attribute(FILE *stream, const char *text);

#ifdef __cplusplus
}
#endif

#endif
