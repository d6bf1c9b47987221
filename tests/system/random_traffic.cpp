/* The traffic of random systems: messages, data to memory and to peers, and what may overtake what. */
#include "tests/system/random_system.h"

namespace system_test
{

namespace
{

std::string number(uint64_t value)
{
    return std::to_string(value);
}

} // namespace

/** Attributes and traffic class of a stream. RO of a message, and a class that data has not, are defects. */
std::string RandomSystem::order_keys(bool message)
{
    std::string keys;

    if (features_.relaxed && chance(message ? 20 : 60)) {
        keys += ", relaxed-ordering: yes";
        features_.defect = features_.defect || message;
    }
    if (features_.channels && chance(40)) {
        keys += ", traffic-class: " + number(1 + below(2));
        features_.defect = true;
    }
    if (!message && features_.relaxed && chance(30)) {
        keys += ", id-ordering: yes";
    }
    return keys;
}

void RandomSystem::write_streams(const Function &function)
{
    const bool has_messages = vectors_of(function) > 0;
    const bool writes = chance(30);
    std::vector<std::string> peers;

    for (const Function &other : functions_) {
        if (other.name != function.name && devices_[other.device].two_bars) {
            peers.push_back(other.name);
        }
    }
    const bool to_peer = !peers.empty() && chance(25);

    if (!has_messages && !to_peer) {
        return;
    }
    line(1, function.name + ":");
    /* Data that takes so long that what may overtake it does: on a narrow link, or into a slow memory. */
    const std::string data = features_.channels && chance(60) ? "size: 256 B, arrivals: burst, burst: 16, period: 4 us"
                             : slow_                          ? "size: 256 B, period: 2 us"
                                                              : "size: 64 B, period: 1 us";
    const bool bursts = data.find("burst") != std::string::npos;
    const std::string period =
        bursts || slow_ ? data.substr(data.find("period: ") + 8, 4) : number(1 + below(3)) + " us";

    if (has_messages) {
        /* Data before the first message, so that even a function of which one handler runs shows their order. */
        line(2, "- msi: { vectors: all, period: " + period +
                    (!writes  ? ""
                     : bursts ? ", start: 5 us"
                     : slow_  ? ", start: 2300 ns"
                              : ", start: 1500 ns") +
                    order_keys(true) + " }");
    }
    if (has_messages && writes) {
        line(2, "- dma-write: { " + data + ", buffer: 4 KiB" + order_keys(false) +
                    (devices_[function.device].pri && !in_machine(function.name) && chance(50) ? ", pages: on-demand"
                                                                                               : "") +
                    " }");
    }
    if (to_peer) {
        line(2, "- dma-write: { size: 64 B, period: 1 us, buffer: 4 KiB, to: " + any(peers) + order_keys(false) + " }");
        features_.peers = true;
    }
}

void RandomSystem::write_traffic()
{
    const size_t before = text_.size();

    line(0, "traffic:");
    const size_t empty = text_.size();

    for (const Function &function : functions_) {
        write_streams(function);
    }
    if (text_.size() == empty) {
        text_.resize(before);
    }
}

} // namespace system_test
