#include "report/format.h"

#include "result/verdict.h"

#include <inttypes.h>
#include <stdio.h>

struct report_text report_duration(sim_time time)
{
    static const struct {
        const char *name;
        sim_time unit;
    } units[] = {{"s", SIM_S}, {"ms", SIM_MS}, {"us", SIM_US}, {"ns", SIM_NS}};
    struct report_text result = {"-"};
    unsigned i = 0;
    unsigned digits = 1;
    uint64_t scale = 10;
    uint64_t value;

    if (time == SIM_TIME_NEVER) {
        return result;
    }
    while (i < 3 && time < units[i].unit) {
        i++;
    }
    /* Four significant digits: one, two or three of them behind the point. */
    if (time / units[i].unit < 100) {
        digits = time / units[i].unit < 10 ? 3 : 2;
        scale = digits == 3 ? 1000 : 100;
    }
    value = time / (units[i].unit / 1000) * scale / 1000;
    if (time < SIM_PS && time > 0) {
        value = 1;
    }
    snprintf(result.text, sizeof(result.text), "%" PRIu64 ".%0*" PRIu64 " %s", value / scale, (int)digits,
             value % scale, units[i].name);
    return result;
}

struct report_text report_exact_duration(sim_time time)
{
    struct report_text result = {"-"};
    int length;

    if (time == SIM_TIME_NEVER) {
        return result;
    }
    length = snprintf(result.text, sizeof(result.text), "%" PRIu64 ".%06" PRIu64, time / SIM_NS, time % SIM_NS);
    while (length > 1 && result.text[length - 1] == '0') {
        length--;
    }
    if (result.text[length - 1] == '.') {
        length--;
    }
    snprintf(result.text + length, sizeof(result.text) - (size_t)length, " ns");
    return result;
}

struct report_text report_hex(uint64_t value)
{
    struct report_text result = {"-"};

    if (value != VERDICT_NO_ID) {
        snprintf(result.text, sizeof(result.text), "0x%" PRIx64, value);
    }
    return result;
}

struct report_text report_rid(uint32_t segment, uint64_t rid)
{
    struct report_text result;

    snprintf(result.text, sizeof(result.text), "%04" PRIx32 ":%02x:%02x.%x", segment, (unsigned)(rid >> 8 & 0xff),
             (unsigned)(rid >> 3 & 0x1f), (unsigned)(rid & 7));
    return result;
}
