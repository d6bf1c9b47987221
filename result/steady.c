#include "result/steady.h"

#include "sim/allocate.h"

#include <math.h>
#include <stdlib.h>

/* MSIs in a batch of MSER-5, and the least in a batch of a mean that is relied on. */
#define WARMUP_BATCH 5u
#define FEWEST       10u

/* 97.5 % points of Student's t for 1 to 31 degrees of freedom. */
static const double student_t[STEADY_BATCHES] = {0,      12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646,
                                                 2.3060, 2.2622,  2.2281, 2.2010, 2.1788, 2.1604, 2.1448, 2.1314,
                                                 2.1199, 2.1098,  2.1009, 2.0930, 2.0860, 2.0796, 2.0739, 2.0687,
                                                 2.0639, 2.0595,  2.0555, 2.0518, 2.0484, 2.0452, 2.0423, 2.0395};

/* With fewer batches neither their correlation nor their skewness can be told. */
#define FEWEST_BATCHES 10u

/* One-sided 5 % point of the lag-1 correlation of 32 independent values: 1.645 / sqrt(32). */
#define MOST_LAG 0.2908

struct steady {
    sim_time from;
    sim_time span;
    struct steady_bin bins[STEADY_BINS];
};

/* ---- The warm-up ---- */

/** A batch of MSER-5: a mean, and the bin that it begins with. */
struct batch {
    double mean;
    size_t first;
};

/** Cuts bins into batches of WARMUP_BATCH MSIs or more; what is left at the end is left out. @return how many */
static size_t cut(const struct steady_bin *bins, size_t count, struct batch *batches)
{
    struct steady_bin sum = {0, 0};
    size_t made = 0;
    size_t first = 0;

    for (size_t i = 0; i < count; i++) {
        sum.count += bins[i].count;
        sum.sum += bins[i].sum;
        if (sum.count >= WARMUP_BATCH) {
            batches[made].mean = (double)sum.sum / (double)sum.count;
            batches[made++].first = first;
            first = i + 1;
            sum = (struct steady_bin){0, 0};
        }
    }
    return made;
}

/** The mean of all batches: subtracted before squaring, so that little is lost. */
static double centre(const struct batch *batches, size_t count)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++) {
        sum += batches[i].mean;
    }
    return count == 0 ? 0 : sum / (double)count;
}

bool steady_warmup(const struct steady_bin *bins, size_t count, size_t *length)
{
    struct batch *batches = sim_allocate(count + 1, sizeof(*batches));
    const size_t made = cut(bins, count, batches);
    const double middle = centre(batches, made);
    double least = INFINITY;
    double sum = 0;
    double squares = 0;
    size_t best = 0;

    /* From the end: the last few batches are too few to have a spread that means anything. */
    for (size_t i = made; i-- > 0;) {
        const double left = (double)(made - i);
        const double value = batches[i].mean - middle;
        double error;

        sum += value;
        squares += value * value;
        error = fmax(0, squares - sum * sum / left) / (left * left);
        if (made - i >= WARMUP_BATCH && error <= least) {
            least = error;
            best = i;
        }
    }
    *length = made == 0 ? 0 : batches[best <= made / 2 ? best : made / 2].first;
    *length = *length <= count / 2 ? *length : count / 2;
    free(batches);
    return best <= made / 2;
}

/* ---- The mean ---- */

/** What a mean and its interval are made of. */
struct moments {
    double mean;
    double squares; /**< sum of the squares of deviations */
    double cubes;
    double lag; /**< correlation of each value with the next */
};

static struct moments moments_of(const double *values, size_t count)
{
    struct moments moments = {.mean = 0};
    double products = 0;

    for (size_t i = 0; i < count; i++) {
        moments.mean += values[i] / (double)count;
    }
    for (size_t i = 0; i < count; i++) {
        const double deviation = values[i] - moments.mean;

        moments.squares += deviation * deviation;
        moments.cubes += deviation * deviation * deviation;
        products += i + 1 < count ? deviation * (values[i + 1] - moments.mean) : 0;
    }
    moments.lag = moments.squares > 0 ? products / moments.squares : 0;
    return moments;
}

/** The correlation on the safe side of its estimate, which is too low by half of what is added. */
static double safe_lag(double lag, size_t count)
{
    return lag + 2 * (1 + 3 * lag) / (double)count;
}

/** Cube root by Newton's method: the C library's may differ in its last digit from machine to machine. */
static double cube_root(double value)
{
    const double size = fabs(value);
    double root = fmax(size, 1);
    double before;

    do {
        before = root;
        root = (2 * root + size / (root * root)) / 3;
    } while (root < before);
    return value < 0 ? -before : before;
}

/** A point of Student's t where the values are skewed, by Willink's cubic. */
static double skewed_point(double t, double shift)
{
    return (cube_root(1 + 6 * shift * (t - shift)) - 1) / (2 * shift);
}

/** By how much the interval is wider for correlation and skewness. */
static double widening(const struct moments *moments, size_t count)
{
    const double n = (double)count;
    const double t = student_t[count - 1];
    const double lag = fmin(safe_lag(moments->lag, count), 0.9);
    const double deviation = sqrt(moments->squares / (n - 1));
    const double skewness = n * moments->cubes / ((n - 1) * (n - 2)) / (deviation * deviation * deviation);
    const double shift = skewness / (6 * sqrt(n));
    double factor = lag > 0 ? sqrt((1 + lag) / (1 - lag)) : 1;

    if (fabs(shift) > 1e-6) {
        factor *= fmax(fabs(skewed_point(t, shift)), fabs(skewed_point(-t, shift))) / t;
    }
    return factor;
}

static double half_of(const struct moments *moments, size_t count)
{
    const double n = (double)count;
    const double half = student_t[count - 1] * sqrt(moments->squares / (n - 1) / n);

    return count < FEWEST_BATCHES || moments->squares <= 0 ? half : half * widening(moments, count);
}

double steady_half(const double *means, size_t count)
{
    const struct moments moments = moments_of(means, count);

    return count < 2 ? -1 : half_of(&moments, count);
}

struct steady_mean steady_batches(const struct steady_bin *bins, size_t count)
{
    const size_t length = count / STEADY_BATCHES;
    struct steady_mean result = {.smallest = UINT64_MAX};
    double values[STEADY_BATCHES];
    struct moments moments;

    for (unsigned i = 0; i < STEADY_BATCHES; i++) {
        struct steady_bin sum = {0, 0};

        for (size_t j = i * length; j < (i + 1) * length; j++) {
            sum.count += bins[j].count;
            sum.sum += bins[j].sum;
        }
        values[i] = sum.count == 0 ? 0 : (double)sum.sum / (double)sum.count;
        result.smallest = sum.count < result.smallest ? sum.count : result.smallest;
    }
    moments = moments_of(values, STEADY_BATCHES);
    result.mean = moments.mean;
    result.half = half_of(&moments, STEADY_BATCHES);
    result.lag = moments.lag;
    return result;
}

bool steady_is_enough(const struct steady_mean *mean, uint64_t millionths)
{
    return mean->smallest >= FEWEST && safe_lag(mean->lag, STEADY_BATCHES) < MOST_LAG &&
           mean->half * 1e6 <= mean->mean * (double)millionths;
}

/* ---- The series ---- */

struct steady *steady_create(void)
{
    struct steady *steady = sim_allocate(1, sizeof(*steady));

    steady->span = 1;
    return steady;
}

void steady_destroy(struct steady *steady)
{
    free(steady);
}

static void on_event(void *context, enum sim_event_kind kind, const struct sim_packet *packet,
                     const struct sim_component *where, sim_time time, uint32_t detail)
{
    struct steady *steady = context;
    uint64_t bin;

    (void)where;
    (void)detail;
    if (kind != SIM_EVENT_MSI_DELIVERED || packet->born < steady->from) {
        return;
    }
    bin = (packet->born - steady->from) / steady->span;
    if (bin < STEADY_BINS) {
        steady->bins[bin].count++;
        steady->bins[bin].sum += time - packet->born;
    }
}

struct sim_observer steady_observer(struct steady *steady)
{
    return (struct sim_observer){.context = steady, .event = on_event};
}

void steady_start(struct steady *steady, sim_time from, sim_time to)
{
    steady->from = from;
    steady->span = (to - from + STEADY_BINS - 1) / STEADY_BINS;
}

size_t steady_next_look(size_t bins)
{
    const size_t groups = bins / STEADY_BATCHES;

    return (groups + 1 + groups / 8 * (groups >= 8)) * STEADY_BATCHES;
}

sim_time steady_end(const struct steady *steady, size_t bins)
{
    return steady->from + bins * steady->span;
}

struct steady_look steady_look_at(const struct steady *steady, size_t bins, bool find_warmup)
{
    struct steady_look look = {.warmup_is_over = true};
    size_t length = 0;

    if (find_warmup) {
        look.warmup_is_over = steady_warmup(steady->bins, bins, &length);
        length += (bins - length) % STEADY_BATCHES;
    }
    look.warmup = length * steady->span;
    look.mean = steady_batches(steady->bins + length, bins - length);
    return look;
}
