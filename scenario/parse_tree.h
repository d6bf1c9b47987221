/*
 * The YAML tree of a scenario, with the place of every node.
 *
 * The tree is our own, made from the parser's events: a scenario file needs maps, lists and scalars only, so anchors,
 * aliases, tags and further documents are refused (a few lines of aliases can stand for gigabytes), and depth and size
 * are limited. Trees of several files are merged (overrides.h), and each node still knows where it was written.
 */
#ifndef DOORBELL_SCENARIO_PARSE_TREE_H
#define DOORBELL_SCENARIO_PARSE_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "scenario/diagnostics.h"
#include "scenario/parse_arena.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TREE_MAX_BYTES ((size_t)8 * 1024 * 1024)
#define TREE_MAX_NODES 400000u
#define TREE_MAX_DEPTH 64u

/** A text that nodes come from: a file, or one --set. */
struct tree_source {
    const char *name; /**< for messages */
    const char *text; /**< NUL-terminated; holds no other NUL once tree_parse() accepted it */
    size_t length;
};

/** A place in a source. */
struct tree_mark {
    const struct tree_source *source; /**< NULL: a default, written nowhere */
    unsigned line;                    /**< from 1 */
    unsigned column;                  /**< from 1, in characters */
    unsigned span;                    /**< characters */
};

enum tree_kind {
    TREE_SCALAR,
    TREE_MAP,
    TREE_LIST,
};

/** A node. The children of a map have keys; keys of one map differ. */
struct tree_node {
    enum tree_kind kind;
    struct tree_mark mark;
    const char *text;          /**< scalar: its content, NUL-terminated, quotes and escapes resolved; else NULL */
    bool plain;                /**< scalar: written without quotes */
    const char *key;           /**< child of a map: its key; else NULL */
    struct tree_mark key_mark; /**< child of a map */
    struct tree_node *parent;  /**< NULL at the root */
    struct tree_node *first;
    struct tree_node *last;
    struct tree_node *next;
    size_t count; /**< children */
};

/**
 * Makes a source.
 * @param name copied; @param text @p length bytes, copied
 */
struct tree_source *tree_source_new(struct scenario_arena *arena, const char *name, const char *text, size_t length);

/**
 * Reads YAML.
 * @param line_column the text starts at this column of line 1 of the source (for an override's value): 0 for a whole
 * file
 * @return the root; NULL if there was any error, which is then in @p diagnostics. An empty file is an error.
 */
struct tree_node *tree_parse(struct scenario_arena *arena, const struct tree_source *source, size_t line_column,
                             struct diagnostics *diagnostics);

/**
 * Reports a source that is too large or holds anything but UTF-8 text. tree_parse() does so itself. @return if it is
 * good
 */
bool tree_check_text(const struct tree_source *source, struct diagnostics *diagnostics);

/** The child of a map with that key; NULL if there is none, or the node is not a map or NULL. */
struct tree_node *tree_find(const struct tree_node *map, const char *key);

/** Appends a child to a map or list. */
void tree_append(struct tree_node *parent, struct tree_node *child);

/** A copy of a tree that can be changed. Texts and keys stay where they are. */
struct tree_node *tree_copy(struct scenario_arena *arena, const struct tree_node *node);

/** Takes a child out of its parent. */
void tree_remove(struct tree_node *child);

/** Whether a node is `null`, `~`, or empty: what an override writes to take something away. */
bool tree_is_null(const struct tree_node *node);

/** "a map", "a list", "a single value". */
const char *tree_kind_name(enum tree_kind kind);

/** Fills in what a diagnostic shows of a place. */
struct diagnostic_where tree_where(const struct tree_mark *mark);

/** Path of a node as --set would write it, for messages, in arena memory: "platform.smmu.S.tlb". Root: "". */
const char *tree_path(struct scenario_arena *arena, const struct tree_node *node);

#ifdef __cplusplus
}
#endif

#endif
