#include "sim/systemc/systemc_engine.h"

#include "sim/channel_internal.h"
#include "sim/systemc/far_wakes.h"
#include "sim/systemc/kernel_time.h"
#include "sim/trace_internal.h"

#include <array>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <systemc>
#include <tlm>
#include <unistd.h>
#include <vector>

namespace
{

/** Carries a packet in a generic payload. */
struct packet_extension : tlm::tlm_extension<packet_extension> {
    sim_packet *packet = nullptr;
    uint32_t units = 0;

    tlm::tlm_extension_base *clone() const override
    {
        return new packet_extension(*this);
    }

    void copy_from(const tlm::tlm_extension_base &other) override
    {
        *this = static_cast<const packet_extension &>(other);
    }
};

/**
 * A payload and its extension, which its owner finds without the library's help. In this order, what changes with each
 * packet is one line of the host's cache. Its references are not counted anew for each: its owner never lets go of it,
 * and whoever receives it is done with it when the response returns.
 */
struct alignas(64) packet_payload : packet_extension, tlm::tlm_generic_payload {
    packet_payload()
    {
        set_extension(static_cast<packet_extension *>(this));
        set_byte_enable_ptr(nullptr);
        set_dmi_allowed(false);
        set_streaming_width(UINT32_MAX); /* nothing streams, whatever its length */
    }

    ~packet_payload() override
    {
        clear_extension(static_cast<packet_extension *>(this)); /* which the payload would delete */
    }

    packet_payload(const packet_payload &) = delete;
    packet_payload &operator=(const packet_payload &) = delete;
};

/** The command of a payload, by enum sim_packet_type. What is neither a read nor a write, a payload calls ignored. */
constexpr std::array<tlm::tlm_command, SIM_PACKET_GIC + 1> make_commands()
{
    std::array<tlm::tlm_command, SIM_PACKET_GIC + 1> result = {};

    for (tlm::tlm_command &command : result) {
        command = tlm::TLM_IGNORE_COMMAND;
    }
    result[SIM_PACKET_READ] = tlm::TLM_READ_COMMAND;
    result[SIM_PACKET_CONFIG_READ] = tlm::TLM_READ_COMMAND;
    result[SIM_PACKET_WRITE] = tlm::TLM_WRITE_COMMAND;
    result[SIM_PACKET_CONFIG_WRITE] = tlm::TLM_WRITE_COMMAND;
    return result;
}

constexpr auto kCommands = make_commands();

/** SystemC object names know no dots, spaces or arrows. */
std::string object_name(const char *name)
{
    std::string result;

    for (; *name != '\0'; name++) {
        result += std::isalnum(static_cast<unsigned char>(*name)) != 0 ? *name : '_';
    }
    return sc_core::sc_gen_unique_name(result.c_str());
}

/** The signals of a trace, for the kernel's own writer: copies that change when an instant is done. */
class tracer : public sc_core::sc_module
{
  public:
    tracer(const sc_core::sc_module_name &module_name, sim_trace *the_trace)
        : sc_core::sc_module(module_name), trace(the_trace), values(trace->count)
    {
        SC_HAS_PROCESS(tracer);
        SC_METHOD(refresh);
        sensitive << due << opens;
        dont_initialize();
        if (mkdtemp(folder.data()) == nullptr) {
            sim_panic(trace->sim, nullptr, nullptr, "no temporary folder for a waveform");
        }
        file = sc_core::sc_create_vcd_trace_file((folder + "/trace").c_str());
        file->set_time_unit(1, sc_core::SC_FS);
        for (size_t i = 0; i < trace->count; i++) {
            const sim_signal &signal = trace->signals[i];

            sc_core::sc_trace(file, values[i], std::string(signal.scope) + "." + signal.name,
                              static_cast<int>(signal.width));
        }
        trace->engine_data = this;
        trace->opened = [](sim_trace *opened) { static_cast<tracer *>(opened->engine_data)->open(); };
        trace->finish = [](sim_trace *closed) { static_cast<tracer *>(closed->engine_data)->finish(); };
    }

    tracer(const tracer &) = delete;
    tracer &operator=(const tracer &) = delete;

    /** Components have been evaluated: looks again when all that are due at this instant have. */
    void instant()
    {
        const sim_time now = kernel_now();

        if (now >= trace->from && now < trace->to) {
            due.notify(sc_core::SC_ZERO_TIME);
        }
    }

  private:
    /* Values as they are before the window opens. */
    void open()
    {
        const sim_time now = kernel_now();

        if (trace->from > now) {
            opens.notify(kernel_time(trace->from - 1 - now));
        }
    }

    void refresh()
    {
        for (size_t i = 0; i < values.size(); i++) {
            values[i] = sim_signal_value(&trace->signals[i]);
        }
    }

    /* The kernel's file goes to the trace's stream, without the date, which would be another one each time. */
    void finish()
    {
        const std::string path = folder + "/trace.vcd";

        if (sc_core::sc_get_status() == sc_core::SC_PAUSED) {
            /* It writes what an instant brought when time goes on. */
            sc_core::sc_start(kernel_time(1));
        }
        sc_core::sc_close_vcd_trace_file(file);
        std::ifstream lines(path);
        bool in_date = false;
        for (std::string line; std::getline(lines, line);) {
            in_date = in_date || line.rfind("$date", 0) == 0;
            if (!in_date) {
                std::fprintf(trace->stream, "%s\n", line.c_str());
            }
            in_date = in_date && line.rfind("$end", 0) != 0;
        }
        std::remove(path.c_str());
        rmdir(folder.c_str());
    }

    sim_trace *trace;
    std::vector<sc_dt::uint64> values;
    sc_core::sc_event due;
    sc_core::sc_event opens;
    sc_core::sc_trace_file *file = nullptr;
    std::string folder = (std::filesystem::temp_directory_path() / "doorbell-XXXXXX").string();
};

/** A component as a module: one method, sensitive to one event. */
class component_module : public sc_core::sc_module
{
  public:
    component_module(const sc_core::sc_module_name &module_name, sim_component *the_component, far_wakes *the_far)
        : sc_core::sc_module(module_name), component(the_component), far(the_far)
    {
        SC_HAS_PROCESS(component_module);
        if (the_component->sim->config.shuffle || the_component->sim->trace != nullptr) {
            SC_METHOD(evaluate_attended);
        } else {
            SC_METHOD(evaluate);
        }
        sensitive << due;
        dont_initialize();
    }

    void evaluate()
    {
        /* The kernel's time too: what was due later has been notified anew. */
        const sim_time now = component->due;

        component->sim->hot.now = now;
        component->due = SIM_TIME_NEVER;
        go_to_sleep(sim_evaluate(component->sim, component), component->sim->hot.now);
    }

    /** sim_wake() at an instant that the kernel is at. */
    void wake_at_instant(sim_time time, sim_time now)
    {
        if (time < component->due) {
            wake_earlier(component, time, now);
        }
    }

    /** The same where that is earlier than it is due. @param whose the module's component */
    void wake_earlier(sim_component *whose, sim_time time, sim_time now)
    {
        whose->sim->awake += whose->due == SIM_TIME_NEVER;
        whose->due = time;
        wake(time, now);
    }

    void wake(sim_time time, sim_time now)
    {
        if (time - now < far_wakes::kNear) {
            due.notify(kernel_time_quickly(time - now));
        } else {
            far->set(component, time, now);
        }
    }

  private:
    /** It has been evaluated, and is to be so again at @p time. Up to here it has counted as awake. */
    void go_to_sleep(sim_time time, sim_time now)
    {
        if (component->due != SIM_TIME_NEVER) {
            component->sim->awake--; /* it woke itself meanwhile, and was counted again */
            wake_at_instant(time, now);
        } else if (time != SIM_TIME_NEVER) {
            component->due = time;
            wake(time, now);
        } else if (--component->sim->awake == 0) {
            /* The kernel may still owe calls to what would look for far dues: time stands where it is. */
            sc_core::sc_pause();
        }
    }

    /** With what is asked for seldom. */
    void evaluate_attended()
    {
        const sim *simulation = component->sim;

        if (simulation->config.shuffle && waits_some_deltas()) {
            next_trigger(sc_core::SC_ZERO_TIME);
            return;
        }
        if (simulation->trace != nullptr) {
            static_cast<tracer *>(simulation->trace->engine_data)->instant();
        }
        evaluate();
    }

    /*
     * What is due at one instant the kernel calls in an order of its own; to have another one, each lets a number of
     * delta cycles pass that is drawn anew every time.
     */
    bool waits_some_deltas()
    {
        if (deltas == 0) {
            deltas = 1 + static_cast<unsigned>(sim_shuffle_draw(component->sim) % 4);
        }
        return --deltas > 0;
    }

    sc_core::sc_event due;
    sim_component *component;
    far_wakes *far;
    unsigned deltas = 0; /**< still to pass, and this one; 0: not drawn */
};

/** A channel as a pair of sockets, with the generic payloads that it needs: one for each slot. */
class channel_sockets : public sc_core::sc_module,
                        private tlm::tlm_fw_transport_if<>,
                        private tlm::tlm_bw_transport_if<>,
                        private tlm::tlm_mm_interface
{
  public:
    channel_sockets(const sc_core::sc_module_name &module_name, sim_channel *the_channel)
        : sc_core::sc_module(module_name), writer("writer"), reader("reader"), channel(the_channel),
          payloads(std::make_unique<packet_payload[]>(the_channel->capacity)), reading(end_of(the_channel->reader))
    {
        writer.bind(static_cast<tlm::tlm_bw_transport_if<> &>(*this));
        reader.bind(static_cast<tlm::tlm_fw_transport_if<> &>(*this));
        writer.bind(reader);
        for (uint32_t i = 0; i < channel->capacity; i++) {
            payloads[i].set_mm(static_cast<tlm::tlm_mm_interface *>(this));
            payloads[i].acquire(); /* its slot's own: it stays */
            channel->slots[i].carrier = i;
        }
    }

    channel_sockets(const channel_sockets &) = delete;
    channel_sockets &operator=(const channel_sockets &) = delete;

    /** Writer's side: sends a packet as a request. */
    void push(sim_packet *packet, sim_time arrival, uint32_t units)
    {
        packet_payload &payload = payloads[channel->tail->carrier];
        tlm::tlm_phase phase = tlm::BEGIN_REQ;
        sc_core::sc_time delay = kernel_time_quickly(arrival - channel->sim->hot.now);

        describe(&payload, packet);
        payload.packet = packet;
        payload.units = units;
        if (forward->nb_transport_fw(payload, phase, delay) != tlm::TLM_UPDATED || phase != tlm::END_REQ) {
            sim_panic(channel->sim, channel->writer, packet, "%s refused a request", channel->name);
        }
    }

    /** Reader's side: answers the oldest request, which returns its credit. */
    void pop(sim_time free_at)
    {
        packet_payload &payload = payloads[channel->head->carrier];
        tlm::tlm_phase phase = tlm::BEGIN_RESP;
        sc_core::sc_time delay = kernel_time_quickly(free_at - channel->sim->hot.now);

        payload.set_response_status(tlm::TLM_OK_RESPONSE);
        if (backward->nb_transport_bw(payload, phase, delay) != tlm::TLM_COMPLETED) {
            sim_panic(channel->sim, channel->reader, nullptr, "%s refused a response", channel->name);
        }
    }

  private:
    static void describe(tlm::tlm_generic_payload *payload, sim_packet *packet)
    {
        payload->set_command(kCommands[packet->type]);
        payload->set_address(packet->address);
        payload->set_data_ptr(packet->data);
        payload->set_data_length(packet->length > 0 ? packet->length : 1);
        payload->set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    }

    /** Who is at an end of the channel, known without looking it up through it. */
    struct end {
        sim_component *component;
        component_module *module;
    };

    static end end_of(sim_component *component)
    {
        return {component, static_cast<component_module *>(component->engine_data)};
    }

    /** While the kernel runs, its time is that of the simulation. */
    static void wake(const end &who, sim_time time, sim_time now)
    {
        if (time >= who.component->due) {
            return;
        }
        if (who.component->sim->runs && time > now) {
            who.module->wake_earlier(who.component, time, now);
        } else {
            sim_wake(who.component, time);
        }
    }

    /* Apart, because few writers wait: what calls it has fewer registers to save. */
    __attribute__((noinline)) void wake_writer(sim_time time, sim_time now) const
    {
        wake(end_of(channel->writer), time, now);
    }

    tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
                                       sc_core::sc_time &delay) override
    {
        const packet_extension &extension = static_cast<packet_payload &>(payload);
        const sim_time now = channel->sim->hot.now;
        const sim_time arrival = now + delay.value();

        if (!channel->foreseen) {
            channel->tail->units = extension.units;
            sim_channel_put(channel, extension.packet, arrival);
            wake(reading, arrival, now);
        } else {
            sim_channel_push_local(channel, extension.packet, arrival, extension.units);
        }
        phase = tlm::END_REQ;
        return tlm::TLM_UPDATED;
    }

    tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload &, tlm::tlm_phase &phase,
                                       sc_core::sc_time &delay) override
    {
        const sim_time now = channel->sim->hot.now;
        const sim_time free_at = now + delay.value();

        if (sim_channel_take(channel, free_at)) {
            wake_writer(free_at, now);
        }
        phase = tlm::END_RESP;
        return tlm::TLM_COMPLETED;
    }

    /* Nobody else is bound to these sockets, and nothing else is sent. */
    void b_transport(tlm::tlm_generic_payload &, sc_core::sc_time &) override
    {
        sim_panic(channel->sim, channel->reader, nullptr, "%s: a blocking call", channel->name);
    }

    bool get_direct_mem_ptr(tlm::tlm_generic_payload &, tlm::tlm_dmi &) override
    {
        return false;
    }

    unsigned transport_dbg(tlm::tlm_generic_payload &) override
    {
        return 0;
    }

    void invalidate_direct_mem_ptr(sc_dt::uint64, sc_dt::uint64) override
    {
    }

    void free(tlm::tlm_generic_payload *payload) override
    {
        /* Not in use: it would be its slot's hold that has been let go. */
        sim_panic(channel->sim, channel->reader, static_cast<packet_payload *>(payload)->packet,
                  "%s: a payload has been released once too often", channel->name);
    }

    void end_of_elaboration() override
    {
        forward = writer.operator->();
        backward = reader.operator->();
    }

    tlm::tlm_initiator_socket<> writer;
    tlm::tlm_target_socket<> reader;
    /* Last: beside what the calls through the sockets look up, the interfaces, which the compiler lays behind. */
    alignas(64) sim_channel *channel;
    std::unique_ptr<packet_payload[]> payloads; /**< a slot's `carrier` says which is its */
    const end reading;
    /* Of the interfaces only what is called: from the whole to this part is another look into the host's memory. */
    tlm::tlm_fw_nonblocking_transport_if<> *forward = nullptr;  /**< to where the writer's socket is bound */
    tlm::tlm_bw_nonblocking_transport_if<> *backward = nullptr; /**< to where the reader's is */
};

/** The modules of the one simulation that this process' kernel can elaborate. */
struct elaboration {
    std::unique_ptr<far_wakes> far;
    std::vector<std::unique_ptr<component_module>> components;
    std::vector<std::unique_ptr<channel_sockets>> channels;
    std::unique_ptr<tracer> waveform;
};

channel_sockets *sockets_of(const sim_channel *channel)
{
    return static_cast<channel_sockets *>(channel->engine_data);
}

void send(sim_channel *channel, sim_packet *packet, sim_time now, sim_time service)
{
    /* A slot is the smaller part: its payload takes more of the host's cache. */
    sockets_of(channel)->push(packet, sim_channel_depart(channel, packet, now, service, 1), 0);
}

sim_packet *take(sim_channel *channel, sim_time now)
{
    sim_packet *packet = sim_channel_arrived(channel, now);

    sockets_of(channel)->pop(sim_channel_credit_at_best(channel, now));
    return packet;
}

const sim_channel_transport transport = {
    [](sim_channel *channel, sim_packet *packet, sim_time arrival, uint32_t units) {
        sockets_of(channel)->push(packet, arrival, units);
    },
    [](sim_channel *channel, sim_time free_at) { sockets_of(channel)->pop(free_at); },
    send,
    take,
};

/** The kernel's reports go to standard error: standard output belongs to results. */
void report(const sc_core::sc_report &report, const sc_core::sc_actions &)
{
    if (std::strcmp(report.get_msg_type(), "tracing timescale unit set") == 0) {
        return; /* as it was asked to */
    }
    std::fprintf(stderr, "systemc: %s: %s\n", report.get_msg_type(), report.get_msg());
    if (report.get_severity() >= sc_core::SC_ERROR) {
        std::abort();
    }
}

bool start(sim *simulation)
{
    if (sc_core::sc_get_status() != sc_core::SC_ELABORATION || kernel_now() != 0) {
        return false;
    }
    /* Outlives the simulation: the kernel refers to its modules until the process ends, and is one a process. */
    static elaboration *const modules = new elaboration;

    setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 0);
    sc_core::sc_report_handler::set_handler(report);
    sc_core::sc_set_time_resolution(1, sc_core::SC_FS);
    if (!kernel_time_is_a_word()) {
        sim_panic(simulation, nullptr, nullptr, "this SystemC library's time is not a 64-bit word");
    }
    modules->far =
        std::make_unique<far_wakes>("far_wakes", simulation, [](sim_component *component, sim_time time, sim_time now) {
            static_cast<component_module *>(component->engine_data)->wake(time, now);
        });
    for (size_t i = 0; i < simulation->components.count; i++) {
        auto *component = static_cast<sim_component *>(simulation->components.items[i]);
        std::string name = object_name(component->name);

        modules->components.push_back(std::make_unique<component_module>(name.c_str(), component, modules->far.get()));
        component->engine_data = modules->components.back().get();
    }
    for (size_t i = 0; i < simulation->channels.count; i++) {
        auto *channel = static_cast<sim_channel *>(simulation->channels.items[i]);
        std::string name = object_name(channel->name);

        modules->channels.push_back(std::make_unique<channel_sockets>(name.c_str(), channel));
        channel->engine_data = modules->channels.back().get();
        sim_channel_set_transport(channel, &transport);
    }
    simulation->engine_data = modules;
    if (simulation->trace != nullptr) {
        modules->waveform = std::make_unique<tracer>("waveform", simulation->trace);
    }
    for (size_t i = 0; i < simulation->components.count; i++) {
        auto *component = static_cast<sim_component *>(simulation->components.items[i]);

        if (component->due != SIM_TIME_NEVER) {
            static_cast<component_module *>(component->engine_data)->wake(component->due, kernel_now());
        }
    }
    return true;
}

void wake(sim_component *component, sim_time time)
{
    const sim *simulation = component->sim;

    static_cast<component_module *>(component->engine_data)
        ->wake(time, simulation->runs ? simulation->hot.now : kernel_now());
}

void run(sim *simulation, sim_time end)
{
    sim_time now = kernel_now();
    sim_time most = sc_core::sc_max_time().value() - now;
    /* One more, because the kernel holds back what is due exactly at the end. */
    sim_time duration = end < now ? 0 : end - now < most ? end - now + 1 : most;

    /* A kernel that has nothing to do in that time says so, at length: it is not asked. */
    if (duration > 0 && simulation->awake > 0 && sc_core::sc_time_to_pending_activity() < kernel_time(duration)) {
        simulation->runs = true;
        sc_core::sc_start(kernel_time(duration), sc_core::SC_EXIT_ON_STARVATION);
        /* Paused: what else is due at this instant, in later deltas, belongs to it, as on the other engines. */
        while ((simulation->stop || simulation->awake == 0) && sc_core::sc_pending_activity_at_current_time()) {
            sc_core::sc_start(sc_core::SC_ZERO_TIME);
        }
        simulation->runs = false;
    }
}

void stop(sim *)
{
    sc_core::sc_pause();
}

const sim_engine_ops engine = {"systemc", start, run, wake, stop};

} // namespace

const sim_engine_ops *sim_systemc_engine(void)
{
    return &engine;
}

const char *sim_systemc_version(void)
{
    return sc_core::sc_version_string.c_str();
}

/* The kernel's library refers to it; programs that have one of their own replace it. */
__attribute__((weak)) int sc_main(int, char *[])
{
    return 0;
}
