#include "explore/explore.h"

#include "explore/sample.h"
#include "sim/allocate.h"

#include <stdlib.h>
#include <string.h>

/* Judgements between two reports of progress. */
#define REPORT_PERIOD 5000u

/* Draws in a row that brought nothing new, after which a size counts as drawn dry. */
#define DRY_DRAWS 1000u

/** A canonical system in few bytes. */
struct key {
    uint8_t bytes[EXPLORE_TEXT + 2 * EXPLORE_ENDPOINTS];
};

/** Systems that were drawn already. */
struct drawn {
    struct key *keys; /**< a power of two; the first byte of a free place is 0, which no text begins with */
    size_t size;
};

struct exploration {
    const struct explore_request *request;
    struct explore_result *result;
    struct host_error *error;
    struct explore_board *boards[EXPLORE_SOFTWARE]; /**< one for each software */
    const struct explore_shape *shape;
    struct explore_class *class;
    uint64_t judged;
    uint64_t next_report;
    bool failed;
    bool stopped; /**< by progress() */
};

/* ---- One system ---- */

static unsigned platform_parts(const struct explore_labels *labels)
{
    return (unsigned)labels->smmus + labels->itses;
}

/** Whether a system is smaller than another; see explore(). */
static bool is_smaller(const struct explore_shape *shape, const struct explore_labels *labels,
                       const struct explore_found *than)
{
    const int size = shape->endpoints + shape->switches - (than->shape.endpoints + than->shape.switches);
    const int parts = (int)platform_parts(labels) - (int)platform_parts(&than->labels);

    if (size != 0) {
        return size < 0;
    }
    if (parts != 0) {
        return parts < 0;
    }
    if (shape->endpoints != than->shape.endpoints) {
        return shape->endpoints < than->shape.endpoints;
    }
    return memcmp(shape->text, than->shape.text,
                  shape->length < than->shape.length ? shape->length : than->shape.length) < 0;
}

static void note_violation(struct exploration *exploration, const struct explore_labels *labels, unsigned software)
{
    struct explore_result *result = exploration->result;

    exploration->class->violations++;
    if (!result->violated || is_smaller(exploration->shape, labels, &result->smallest)) {
        result->violated = true;
        result->smallest.shape = *exploration->shape;
        result->smallest.labels = *labels;
        result->smallest.software = software;
    }
}

static bool judge(struct exploration *exploration, const struct explore_labels *labels, unsigned software)
{
    struct explore_board *board = exploration->boards[software];
    enum verdict_outcome outcome;

    if (!explore_board_set_labels(board, labels, exploration->error)) {
        exploration->failed = true;
        return false;
    }
    outcome = explore_board_judge(board, exploration->request->assumption);
    exploration->result->outcomes[outcome]++;
    exploration->result->tallies[software].outcomes[outcome]++;
    if (outcome == VERDICT_VIOLATED) {
        note_violation(exploration, labels, software);
    }
    return true;
}

/** @return whether to go on */
static bool report_progress(struct exploration *exploration)
{
    const struct explore_request *request = exploration->request;

    if (request->progress == NULL || exploration->judged < exploration->next_report) {
        return true;
    }
    exploration->next_report = exploration->judged + REPORT_PERIOD;
    exploration->stopped = !request->progress(request->context, exploration->judged);
    return !exploration->stopped;
}

static bool visit_labels(void *context, const struct explore_labels *labels, uint64_t ways)
{
    struct exploration *exploration = context;
    const unsigned count = exploration->request->software_count;

    for (unsigned i = 0; i < count; i++) {
        if (!judge(exploration, labels, i)) {
            return false;
        }
    }
    exploration->judged += count;
    exploration->class->judged += count;
    exploration->class->covered += ways * count;
    return report_progress(exploration);
}

static bool take_shape(struct exploration *exploration, const struct explore_shape *shape)
{
    exploration->shape = shape;
    for (unsigned i = 0; !exploration->failed && i < exploration->request->software_count; i++) {
        exploration->failed = !explore_board_set_shape(exploration->boards[i], shape, exploration->error);
    }
    return !exploration->failed;
}

/* ---- All of a size ---- */

static bool visit_shape(void *context, const struct explore_shape *shape)
{
    struct exploration *exploration = context;

    return take_shape(exploration, shape) &&
           explore_labellings(shape, &exploration->request->bounds, visit_labels, exploration);
}

static void exhaust(struct exploration *exploration)
{
    const struct explore_class *class = exploration->class;

    exploration->class->exhausted =
        explore_shapes(class->endpoints, class->switches, &exploration->request->bounds, visit_shape, exploration);
}

/* ---- Some of a size ---- */

static void make_key(const struct explore_shape *shape, const struct explore_labels *labels, struct key *key)
{
    memset(key, 0, sizeof(*key));
    memcpy(key->bytes, shape->text, shape->length);
    memcpy(key->bytes + EXPLORE_TEXT, labels->smmu, EXPLORE_ENDPOINTS);
    memcpy(key->bytes + EXPLORE_TEXT + EXPLORE_ENDPOINTS, labels->its, EXPLORE_ENDPOINTS);
}

/** FNV-1a. */
static size_t hash(const struct key *key)
{
    uint64_t value = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < sizeof(key->bytes); i++) {
        value = (value ^ key->bytes[i]) * UINT64_C(0x100000001b3);
    }
    return (size_t)(value ^ value >> 32);
}

/** @return whether the key is new; it is not any more then */
static bool remember(struct drawn *drawn, const struct key *key)
{
    size_t at = hash(key) & (drawn->size - 1);

    while (drawn->keys[at].bytes[0] != 0) {
        if (memcmp(&drawn->keys[at], key, sizeof(*key)) == 0) {
            return false;
        }
        at = (at + 1) & (drawn->size - 1);
    }
    drawn->keys[at] = *key;
    return true;
}

static bool goes_on(const struct exploration *exploration)
{
    return !exploration->failed && !exploration->stopped;
}

static void draw_some(struct exploration *exploration, struct sim_random *random, uint64_t count)
{
    const struct explore_bounds *bounds = &exploration->request->bounds;
    struct explore_class *class = exploration->class;
    const unsigned each = exploration->request->software_count;
    struct drawn drawn = {.size = 1};
    unsigned dry = 0;

    while (drawn.size < 2 * (count / each + 1)) {
        drawn.size *= 2;
    }
    drawn.keys = sim_allocate(drawn.size, sizeof(*drawn.keys));
    while (class->judged + each <= count && class->covered < class->total && dry < DRY_DRAWS && goes_on(exploration)) {
        struct explore_shape shape;
        struct explore_labels labels;
        const uint64_t ways = explore_sample(random, bounds, class->endpoints, class->switches, &shape, &labels);
        struct key key;

        make_key(&shape, &labels, &key);
        dry = remember(&drawn, &key) ? 0 : dry + 1;
        if (dry == 0) {
            if (take_shape(exploration, &shape)) {
                visit_labels(exploration, &labels, ways);
            }
        }
    }
    class->exhausted = class->covered == class->total;
    free(drawn.keys);
}

/* ---- The whole ---- */

static uint64_t times(uint64_t one, uint64_t other)
{
    uint64_t product;

    return __builtin_mul_overflow(one, other, &product) ? UINT64_MAX : product;
}

/** Lists the sizes, the least first. */
static void list_classes(const struct explore_request *request, struct explore_result *result)
{
    const struct explore_bounds *bounds = &request->bounds;

    for (unsigned size = 1; size <= bounds->endpoints + bounds->switches; size++) {
        for (unsigned e = 1; e <= bounds->endpoints && e <= size; e++) {
            struct explore_class *class = &result->classes[result->class_count];

            if (size - e > bounds->switches) {
                continue;
            }
            class->endpoints = (uint8_t)e;
            class->switches = (uint8_t)(size - e);
            class->total = times(explore_count(e, size - e, bounds), request->software_count);
            result->total = result->total > UINT64_MAX - class->total ? UINT64_MAX : result->total + class->total;
            result->class_count++;
        }
    }
}

/** Exhausts what certainly fits: there are at most as many systems up to symmetry as there are with names. */
static uint64_t exhaust_small(struct exploration *exploration, unsigned *left)
{
    struct explore_result *result = exploration->result;
    uint64_t budget = exploration->request->limit;

    *left = 0;
    for (unsigned i = 0; i < result->class_count && goes_on(exploration); i++) {
        exploration->class = &result->classes[i];
        if (*left == 0 && exploration->class->total <= budget) {
            exhaust(exploration);
            budget -= exploration->class->judged;
        } else {
            (*left)++;
        }
    }
    return budget;
}

static void sample_rest(struct exploration *exploration, uint64_t budget, unsigned left)
{
    struct explore_result *result = exploration->result;
    struct sim_random random;

    sim_random_init(&random, exploration->request->seed, "explore");
    for (unsigned i = result->class_count - left; left > 0 && goes_on(exploration); i++, left--) {
        exploration->class = &result->classes[i];
        draw_some(exploration, &random, budget / left);
        budget -= exploration->class->judged;
    }
}

bool explore(const struct explore_request *request, struct explore_result *result, struct host_error *error)
{
    struct exploration exploration = {.request = request, .result = result, .error = error};
    unsigned left = 0;
    uint64_t budget;

    memset(result, 0, sizeof(*result));
    list_classes(request, result);
    for (unsigned i = 0; i < request->software_count; i++) {
        exploration.boards[i] = explore_board_create(&request->bounds, &request->software[i]);
    }
    budget = exhaust_small(&exploration, &left);
    sample_rest(&exploration, budget, left);
    for (unsigned i = 0; i < request->software_count; i++) {
        explore_board_destroy(exploration.boards[i]);
    }
    result->interrupted = exploration.stopped;
    result->exhausted = true;
    for (unsigned i = 0; i < result->class_count; i++) {
        result->judged += result->classes[i].judged;
        result->covered += result->classes[i].covered;
        result->exhausted = result->exhausted && result->classes[i].exhausted;
    }
    return !exploration.failed;
}

static bool check_bound(const char *name, uint64_t value, uint64_t least, uint64_t most, struct host_error *error)
{
    return (value >= least && value <= most) ||
           host_error_set(error, "%s: %llu is not between %llu and %llu", name, (unsigned long long)value,
                          (unsigned long long)least, (unsigned long long)most);
}

static bool check_software(const struct explore_request *request, struct host_error *error)
{
    for (unsigned i = 0; i < request->software_count; i++) {
        const struct explore_software *software = &request->software[i];

        if (!explore_use_is_known(software)) {
            return host_error_set(error, "software: %s has no such use of devices as %s", software->rules->name,
                                  explore_use_name(software->use));
        }
        if (!check_bound("guest-doorbells", software->guest_doorbells, 1, EXPLORE_DOORBELLS, error) ||
            !check_bound("identity-pages", software->identity_pages, 0, EXPLORE_IDENTITY_PAGES, error)) {
            return false;
        }
    }
    return true;
}

bool explore_check_request(const struct explore_request *request, struct host_error *error)
{
    const struct explore_bounds *bounds = &request->bounds;

    return check_bound("endpoints", bounds->endpoints, 1, EXPLORE_ENDPOINTS, error) &&
           check_bound("switches", bounds->switches, 0, EXPLORE_SWITCHES, error) &&
           check_bound("its", bounds->its, 1, EXPLORE_ITS, error) &&
           check_bound("smmus", bounds->smmus, 0, EXPLORE_SMMUS, error) &&
           check_bound("acs", bounds->acs, 1, EXPLORE_ACS_LEVELS, error) &&
           check_bound("functions", bounds->functions, 1, EXPLORE_FUNCTIONS, error) &&
           (!bounds->unmapped || check_bound("smmus with unmapped", bounds->smmus, 1, EXPLORE_SMMUS, error)) &&
           check_bound("limit", request->limit, 1, EXPLORE_LIMIT, error) &&
           check_bound("software", request->software_count, 1, EXPLORE_SOFTWARE, error) &&
           check_software(request, error);
}
