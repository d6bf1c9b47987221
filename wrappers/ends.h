/*
 * Where a channel of the simulation ends in the platform. An outlet is a channel that a model writes, an inlet one that
 * a model reads; the other end is a socket. To the model they are channels like any other: what it pushes is on its way
 * at once, annotated with the time of its arrival, and what the platform sends is seen at an edge of the model's clock
 * later than now.
 */
#ifndef DOORBELL_WRAPPERS_ENDS_H
#define DOORBELL_WRAPPERS_ENDS_H

#include "wrappers/simulation.h"

#include <functional>
#include <string>

namespace doorbell
{

/** The component that stands for the platform at the far end of a model's channels. */
class gate
{
  public:
    /**
     * @param name unique in the simulation
     * @param act  what to do at the times that wake() asked for
     */
    gate(simulation &whole, const std::string &name, std::function<void()> act = nullptr);
    gate(const gate &) = delete;
    gate &operator=(const gate &) = delete;

    sim_component *component()
    {
        return &body_->component;
    }

    /** Which of the simulation's components it is: names this end in cookies. */
    uint32_t index() const
    {
        return body_->component.index;
    }

    /** Asks to act at a time later than now. */
    void wake(sim_time at)
    {
        sim_wake(&body_->component, at);
    }

  private:
    /** Memory of the simulation, which may outlive this. */
    struct body {
        sim_component component;
        gate *self;
    };

    static sim_time evaluate(sim_component *component, sim_time now);

    body *body_;
    std::function<void()> act_;
};

/** From a model to the platform: one packet at a time. */
class outlet
{
  public:
    /** What to do with a packet that arrives at a time, later than now. It belongs to the callee. */
    using taker = std::function<void(sim_packet *packet, sim_time arrival)>;

    /**
     * @param writer  the model
     * @param latency flight time, fs; 0: one cycle of the writer
     */
    outlet(simulation &whole, gate &end, const std::string &name, sim_component *writer, sim_time latency, taker take);
    outlet(const outlet &) = delete;
    outlet &operator=(const outlet &) = delete;

    sim_channel *channel()
    {
        return channel_;
    }

    /** The platform has accepted the packet: the model may send the next one at @p at, or at its next edge if later. */
    void release(sim_time at);

  private:
    static void push(sim_channel *channel, sim_packet *packet, sim_time arrival, uint32_t units);
    static const sim_channel_transport transport;

    simulation &whole_;
    sim_channel *channel_ = nullptr;
    taker take_;
};

/** From the platform to a model. */
class inlet
{
  public:
    /** What to do when the model has taken a packet, whose place is free from a time on. */
    using listener = std::function<void(sim_packet *packet, sim_time free_at)>;

    /** @param slots packets that the model's end holds */
    inlet(simulation &whole, gate &end, const std::string &name, sim_component *reader, unsigned slots,
          listener popped);
    inlet(const inlet &) = delete;
    inlet &operator=(const inlet &) = delete;

    sim_channel *channel()
    {
        return channel_;
    }

    /** Whether a packet can be sent: its place is empty, or will be by a time. */
    bool has_room() const
    {
        return channel_->tail->packet == nullptr;
    }

    /** Packets that can be sent one after another. */
    unsigned room() const;

    /** From when on there is room, if has_room(); it may have passed. */
    sim_time room_at() const
    {
        return channel_->tail->free_at;
    }

    /** Sends a packet that is there at @p at: the model sees it at its first edge from then on, later than now. */
    void push(sim_packet *packet, sim_time at, uint32_t units = 0);

  private:
    static void pop(sim_channel *channel, sim_time free_at);
    static const sim_channel_transport transport;

    simulation &whole_;
    sim_channel *channel_ = nullptr;
    listener popped_;
};

} // namespace doorbell

#endif
