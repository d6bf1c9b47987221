/*
 * What a compiler cannot know without having seen the program run: which functions every packet goes through.
 *
 * Together these are some 20 KiB of instructions, which fit into the first level of a processor's instruction cache, if
 * they lie side by side and what hardly ever happens lies elsewhere. Among a megabyte of other functions they do not.
 */
#ifndef DOORBELL_SIM_ATTRIBUTES_H
#define DOORBELL_SIM_ATTRIBUTES_H

/** On a function's definition: it is on the way of every packet. The linker puts such functions together. */
#define SIM_HOT __attribute__((hot))

/** On a function's declaration: it hardly ever runs, and neither does what leads to its calls. */
#define SIM_COLD __attribute__((cold))

/**
 * On a function's definition: what it does few packets need. It stays a function of its own, so that the instructions
 * that all of them need lie together, and its callers have fewer registers to save.
 */
#define SIM_APART __attribute__((noinline))

/** A condition that holds for few packets: what it leads to is laid behind what all of them do. */
#define SIM_SELDOM(condition) __builtin_expect(!!(condition), 0)

#endif
