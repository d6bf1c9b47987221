#include "scenario/schema/keys_table.h"

static bool msi_is_burst(const void *structure)
{
    return ((const struct scenario_msi_traffic *)structure)->arrivals == SCENARIO_ARRIVALS_BURST;
}

static bool msi_is_closed_loop(const void *structure)
{
    return ((const struct scenario_msi_traffic *)structure)->arrivals == SCENARIO_ARRIVALS_WHEN_HANDLED;
}

static bool msi_is_open_loop(const void *structure)
{
    return !msi_is_closed_loop(structure);
}

static bool msi_may_have_rate(const void *structure)
{
    return !msi_is_closed_loop(structure) && !msi_is_burst(structure);
}

static bool msi_shows_rate(const void *structure)
{
    return ((const struct scenario_msi_traffic *)structure)->rate != 0;
}

static bool msi_shows_period(const void *structure)
{
    return !msi_is_closed_loop(structure) && !msi_shows_rate(structure);
}

static const struct scenario_key msi_keys[] = {
    {.name = "vectors",
     KEY_WHOLE,
     .type = &scenario_type_vectors,
     .standard = "all",
     .doc = "`all`, or a list of vectors: of MSI-X if the function has that, else of MSI; with `ims: yes`, entries of "
            "its own store. Successive MSIs take them in turn."},
    {.name = "ims",
     KEY_FIELD(scenario_msi_traffic, ims),
     .type = &scenario_type_boolean,
     .standard = "no",
     .doc = "Whether the messages come from the device's own store (`ims` of the endpoint)."},
    {.name = "arrivals",
     KEY_FIELD(scenario_msi_traffic, arrivals),
     .type = &scenario_type_choice,
     .choices = (const char *const[]){"periodic", "poisson", "burst", "when-handled", NULL},
     .standard = "periodic",
     .doc = "When MSIs arise: evenly, at random (Poisson), several at once, or each when the handler of the one before "
            "has ended."},
    {.name = "rate",
     KEY_FIELD(scenario_msi_traffic, rate),
     .type = &scenario_type_frequency,
     .automatic = "either `rate` or `period` must be written",
     .minimum = "1 Hz",
     .maximum = "100 GHz",
     .applies = msi_may_have_rate,
     .needs = "`arrivals: periodic` or `arrivals: poisson`",
     .shown = msi_shows_rate,
     .doc = "MSIs per second of this stream, over all its vectors."},
    {.name = "period",
     KEY_FIELD(scenario_msi_traffic, period),
     .type = &scenario_type_time,
     .automatic = "either `rate` or `period` must be written",
     .minimum = "1 ps",
     .maximum = "1000 s",
     .applies = msi_is_open_loop,
     .needs = "`arrivals: periodic`, `poisson` or `burst`",
     .shown = msi_shows_period,
     .doc = "Mean time from one MSI to the next, or from the start of one burst to the next."},
    {.name = "burst",
     KEY_FIELD(scenario_msi_traffic, burst),
     .type = &scenario_type_number,
     .standard = "1",
     .minimum = "1",
     .maximum = "1000000",
     .unit_name = "MSIs",
     .applies = msi_is_burst,
     .needs = "`arrivals: burst`",
     .doc = "MSIs that arise at once."},
    {.name = "think-time",
     KEY_FIELD(scenario_msi_traffic, think_time),
     .type = &scenario_type_time,
     .standard = "0 ns",
     .minimum = "0 ns",
     .maximum = "1000 s",
     .applies = msi_is_closed_loop,
     .needs = "`arrivals: when-handled`",
     .doc = "From the end of a handler to the next MSI."},
    {.name = "start",
     KEY_FIELD(scenario_msi_traffic, start),
     .type = &scenario_type_time,
     .standard = "0 ns",
     .minimum = "0 ns",
     .maximum = "1000 s",
     .doc = "Of the first arrival, counted from the start of traffic. Poisson arrivals begin to be drawn then."},
    {.name = "traffic-class",
     KEY_FIELD(scenario_msi_traffic, traffic_class),
     .type = &scenario_type_number,
     .standard = "0",
     .maximum = "7",
     .doc = "Traffic class. While no virtual channel has it, TC0 goes in its place."},
    {.name = "relaxed-ordering",
     KEY_FIELD(scenario_msi_traffic, relaxed),
     .type = &scenario_type_boolean,
     .standard = "no",
     .doc = "Whether the MSIs carry the attribute RO, which they must not: a defect that lets them overtake data."},
};
const struct scenario_table scenario_table_msi = {.name = "msi",
                                                  .path = "traffic.NAME.N.msi",
                                                  .doc = "A stream of MSIs.",
                                                  TABLE_KEYS(msi_keys),
                                                  TABLE_PLAIN(scenario_msi_traffic)};

static bool dma_is_burst(const void *structure)
{
    return ((const struct scenario_dma_traffic *)structure)->arrivals == SCENARIO_ARRIVALS_BURST;
}

static bool dma_has_rate(const void *structure)
{
    return !dma_is_burst(structure) &&
           ((const struct scenario_dma_traffic *)structure)->arrivals != SCENARIO_ARRIVALS_WHEN_DONE;
}

static bool dma_has_period(const void *structure)
{
    return ((const struct scenario_dma_traffic *)structure)->arrivals != SCENARIO_ARRIVALS_WHEN_DONE;
}

static bool dma_shows_rate(const void *structure)
{
    return ((const struct scenario_dma_traffic *)structure)->rate != 0;
}

static bool dma_shows_period(const void *structure)
{
    return dma_has_period(structure) && !dma_shows_rate(structure);
}

static const struct scenario_key dma_keys[] = {
    {.name = "size",
     KEY_FIELD(scenario_dma_traffic, size),
     .type = &scenario_type_size,
     .standard = "256 B",
     .source = SCENARIO_ASSUMPTION,
     .minimum = "4 B",
     .maximum = "64 KiB",
     .alignment = 4,
     .doc = "Bytes of each request; more than Max_Payload_Size (Max_Read_Request_Size) takes several packets."},
    {.name = "arrivals",
     KEY_FIELD(scenario_dma_traffic, arrivals),
     .type = &scenario_type_choice,
     .choices = (const char *const[]){"periodic", "poisson", "burst", "when-done", NULL},
     .standard = "periodic",
     .doc = "When requests arise, as for MSIs; or each read when the one before it has all its data."},
    {.name = "rate",
     KEY_FIELD(scenario_dma_traffic, rate),
     .type = &scenario_type_bandwidth,
     .automatic = "either `rate` or `period` must be written",
     .minimum = "1 B/s",
     .maximum = "1000 GB/s",
     .applies = dma_has_rate,
     .needs = "`arrivals: periodic` or `arrivals: poisson`",
     .shown = dma_shows_rate,
     .doc = "Bytes per second of this stream."},
    {.name = "period",
     KEY_FIELD(scenario_dma_traffic, period),
     .type = &scenario_type_time,
     .automatic = "either `rate` or `period` must be written",
     .minimum = "1 ps",
     .maximum = "1000 s",
     .shown = dma_shows_period,
     .applies = dma_has_period,
     .needs = "`arrivals: periodic`, `poisson` or `burst`",
     .doc = "Mean time from one request to the next, or from the start of one burst to the next."},
    {.name = "burst",
     KEY_FIELD(scenario_dma_traffic, burst),
     .type = &scenario_type_number,
     .standard = "1",
     .minimum = "1",
     .maximum = "1000000",
     .unit_name = "requests",
     .applies = dma_is_burst,
     .needs = "`arrivals: burst`",
     .doc = "Requests that arise at once."},
    {.name = "start",
     KEY_FIELD(scenario_dma_traffic, start),
     .type = &scenario_type_time,
     .standard = "0 ns",
     .minimum = "0 ns",
     .maximum = "1000 s",
     .doc = "Of the first arrival, counted from the start of traffic."},
    {.name = "traffic-class",
     KEY_FIELD(scenario_dma_traffic, traffic_class),
     .type = &scenario_type_number,
     .standard = "0",
     .maximum = "7",
     .doc = "Traffic class. While no virtual channel has it, TC0 goes in its place."},
    {.name = "relaxed-ordering",
     KEY_FIELD(scenario_dma_traffic, relaxed),
     .type = &scenario_type_boolean,
     .standard = "no",
     .doc = "Whether requests carry the attribute RO."},
    {.name = "id-ordering",
     KEY_FIELD(scenario_dma_traffic, id_ordered),
     .type = &scenario_type_boolean,
     .standard = "no",
     .doc = "Whether requests carry the attribute IDO, if `software.id-ordering` lets them."},
    {.name = "no-snoop",
     KEY_FIELD(scenario_dma_traffic, no_snoop),
     .type = &scenario_type_boolean,
     .standard = "no",
     .doc = "Whether requests carry the attribute No Snoop. It changes nothing: memory has no caches."},
    {.name = "buffer",
     KEY_FIELD(scenario_dma_traffic, buffer),
     .type = &scenario_type_size,
     .standard = "64 KiB",
     .source = SCENARIO_ASSUMPTION,
     .minimum = "4 B",
     .maximum = "1 GiB",
     .doc = "Size of the buffer, a multiple of `stride`."},
    {.name = "stride",
     KEY_FIELD(scenario_dma_traffic, stride),
     .type = &scenario_type_size,
     .automatic = "`size`",
     .minimum = "4 B",
     .maximum = "1 GiB",
     .alignment = 4,
     .doc = "From the address of one place in the buffer to that of the next; each has room for one request."},
    {.name = "pattern",
     KEY_FIELD(scenario_dma_traffic, pattern),
     .type = &scenario_type_choice,
     .choices = (const char *const[]){"sequential", "random", NULL},
     .standard = "sequential",
     .doc = "Requests go through the places of the buffer from end to end, again and again; or each to any of them."},
    {.name = "to",
     KEY_FIELD(scenario_dma_traffic, target_written),
     .type = &scenario_type_function,
     .standard = "memory",
     .doc = "Where the buffer is: `memory`, or the last BAR of the function of that name (peer-to-peer): `epB`, "
            "`epB/1`, `epB/vf1`. It must have two BARs or more: the first holds its MSI-X table."},
    {.name = "ats",
     KEY_FIELD(scenario_dma_traffic, ats),
     .type = &scenario_type_boolean,
     .automatic = "`yes` if the endpoint has `ats` and the buffer is in memory",
     .doc = "Whether requests go through the endpoint's translation cache while ATS is enabled. Software maps a peer's "
            "buffer into the domain for that; translated requests go straight there where ACS has DT on."},
    {.name = "pasid",
     KEY_FIELD(scenario_dma_traffic, pasid),
     .type = &scenario_type_number,
     .standard = "0",
     .maximum = "1048575",
     .doc = "PASID that requests carry: software maps the buffer in an address space of that PASID. 0: none."},
    {.name = "pages",
     KEY_FIELD(scenario_dma_traffic, pages),
     .type = &scenario_type_choice,
     .choices = (const char *const[]){"pinned", "on-demand", NULL},
     .standard = "pinned",
     .doc = "`pinned`: software maps the buffer before the traffic starts. `on-demand`: it maps a page when the device "
            "asks for it with a page request (`pri` of the endpoint)."},
};
const struct scenario_table scenario_table_dma_write = {.name = "dma-write",
                                                        .path = "traffic.NAME.N.dma-write",
                                                        .doc = "A stream of DMA writes.",
                                                        TABLE_KEYS(dma_keys),
                                                        TABLE_PLAIN(scenario_dma_traffic)};
const struct scenario_table scenario_table_dma_read = {.name = "dma-read",
                                                       .path = "traffic.NAME.N.dma-read",
                                                       .doc = "A stream of DMA reads; the keys of `dma-write`.",
                                                       TABLE_KEYS(dma_keys),
                                                       TABLE_PLAIN(scenario_dma_traffic)};

static const struct scenario_key stream_keys[] = {
    {.name = "msi",
     KEY_MAYBE(scenario_stream, msi),
     .table = &scenario_table_msi,
     .doc = "A stream of MSIs. An item has exactly one of the three."},
    {.name = "dma-write",
     KEY_MAYBE(scenario_stream, dma_write),
     .table = &scenario_table_dma_write,
     .doc = "A stream of DMA writes."},
    {.name = "dma-read",
     KEY_MAYBE(scenario_stream, dma_read),
     .table = &scenario_table_dma_read,
     .doc = "A stream of DMA reads."},
};
static const struct scenario_table stream_table = {.name = "stream",
                                                   .path = "traffic.NAME.N",
                                                   .doc = "One item of an endpoint's list: one stream.",
                                                   TABLE_KEYS(stream_keys),
                                                   TABLE_PLAIN(scenario_stream)};

static const struct scenario_key traffic_keys[] = {
    {.name = "streams",
     KEY_ARRAY(KEY_LIST, scenario_traffic, streams, stream_count),
     .table = &stream_table,
     .doc = "The streams of one function."},
};
const struct scenario_table scenario_table_traffic = {.name = "traffic",
                                                      .path = "traffic.NAME",
                                                      .doc = "What each endpoint does: a list of streams.",
                                                      TABLE_KEYS(traffic_keys),
                                                      .size = sizeof(struct scenario_traffic),
                                                      .place_offset = offsetof(struct scenario_traffic, place),
                                                      .given_offset = offsetof(struct scenario_traffic, given),
                                                      .name_offset = offsetof(struct scenario_traffic, name),
                                                      .index_offset = SCENARIO_NO_OFFSET};
