/*
 * Short forms for the rows of the key tables. Only the files keys_*.c use this header.
 */
#ifndef DOORBELL_SCENARIO_SCHEMA_KEYS_TABLE_H
#define DOORBELL_SCENARIO_SCHEMA_KEYS_TABLE_H

#include "scenario/scenario.h"
#include "scenario/schema/keys.h"

#define KEY_SIZE_OF(structure, member) sizeof(((struct structure *)NULL)->member)

/* A value in a member. */
#define KEY_FIELD(structure, member)                                                                                   \
    .kind = KEY_VALUE, .offset = offsetof(struct structure, member), .size = KEY_SIZE_OF(structure, member)

/* A value that fills several members of the structure. */
#define KEY_WHOLE .kind = KEY_VALUE, .offset = 0

/* A map in a member that is a structure. */
#define KEY_PART(structure, member) .kind = KEY_TABLE, .offset = offsetof(struct structure, member)

/* A map in a member that is a pointer to a structure. */
#define KEY_MAYBE(structure, member) .kind = KEY_OPTIONAL, .offset = offsetof(struct structure, member)

/* Maps in an array. */
#define KEY_ARRAY(array_kind, structure, member, count_member)                                                         \
    .kind = (array_kind), .offset = offsetof(struct structure, member),                                                \
    .count_offset = offsetof(struct structure, count_member)

/* A time in cycles of a clock, at least so many. */
#define KEY_CYCLES(least) .type = &scenario_type_cycles, .minimum = (least), .maximum = "1000000 cycles"

/* A clock's frequency. */
#define KEY_CLOCK .type = &scenario_type_clock, .minimum = "1 MHz", .maximum = "10 GHz"

#define TABLE_KEYS(array) .keys = (array), .count = sizeof(array) / sizeof((array)[0])

#define TABLE_PRESETS(array) .presets = (array), .preset_count = sizeof(array) / sizeof((array)[0])

/* A structure without a name. */
#define TABLE_PLAIN(structure)                                                                                         \
    .size = sizeof(struct structure), .place_offset = offsetof(struct structure, place),                               \
    .given_offset = offsetof(struct structure, given), .name_offset = SCENARIO_NO_OFFSET,                              \
    .index_offset = SCENARIO_NO_OFFSET

/* A structure with a name and a position in its array. */
#define TABLE_NAMED(structure)                                                                                         \
    .size = sizeof(struct structure), .place_offset = offsetof(struct structure, place),                               \
    .given_offset = offsetof(struct structure, given), .name_offset = offsetof(struct structure, name),                \
    .index_offset = offsetof(struct structure, index)

#endif
