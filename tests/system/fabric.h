// Systems of random shape whose functions send real requests to each other, one at a time, and what became of each.
#ifndef DOORBELL_TESTS_SYSTEM_FABRIC_H
#define DOORBELL_TESTS_SYSTEM_FABRIC_H

#include "host/pci_tree.h"
#include "host/reach.h"
#include "scenario/system.h"
#include "sim/packet.h"
#include "tests/system/whole.h"

#include <cstdint>
#include <string>
#include <vector>

namespace fabric
{

struct Limits {
    unsigned root_complexes = 2;
    unsigned root_ports = 3; // of each
    unsigned depth = 3;      // of nested switches
    unsigned ports = 3;      // of a switch
    unsigned functions = 12; // of all endpoints together, more or less
    bool bridges = true;     // to conventional buses
};

/** The text of a scenario: another one for each seed. */
std::string random_text(uint64_t seed, const Limits &limits);

/** What became of one request, seen at the components it could come to. */
struct Outcome {
    uint64_t at_roots;      // requests that root complexes sent to the SMMU
    uint64_t served;        // requests that the target's device answered or took
    uint64_t served_others; // the same of all other devices
    uint64_t refused;       // by ports: ACS violations and unsupported requests; on buses: that nobody claimed
    bool written;           // the target's bytes are those that were sent
    bool answered;          // reads: with data
    bool failed;            // reads: with an error
    bool over;              // nothing is under way any more
};

/** A system that was brought up, with random egress control vectors written to its ports. */
class Fabric
{
  public:
    Fabric(const std::string &text, uint64_t seed, system_options options);
    ~Fabric();
    Fabric(const Fabric &) = delete;
    Fabric &operator=(const Fabric &) = delete;

    /** One word from a function to the last BAR of another, or from there. Functions as system_function() has them. */
    Outcome send(size_t source, size_t target, bool read, sim_address_type at);

    size_t functions() const
    {
        return system_function_count(system_);
    }
    uint32_t in_tree(size_t function) const
    {
        return system_function(system_, function)->tree_index;
    }
    const pci_tree *tree() const
    {
        return &system_software(system_)->found.tree;
    }
    pci_tree *tree()
    {
        return &system_software(system_)->found.tree;
    }
    const struct software *software() const
    {
        return system_software(system_);
    }
    // Whether the SMMU passes what the function sends to a BAR: with page tables nothing is mapped there; and a
    // function whose StreamID is another's has no IOMMU (A21): nothing is set up for its own requester ID.
    bool delivers(size_t source, bool read) const;
    bool conventional(size_t function) const; // on a bus below a bridge
    std::string name(size_t function) const
    {
        return system_function_name(system_, function);
    }
    uint64_t buses() const // conventional ones
    {
        return buses_;
    }
    uint64_t vectors() const // egress control vectors that were written
    {
        return vectors_;
    }

  private:
    struct Counts {
        uint64_t at_roots, served, served_others, refused, reads_done, read_errors;
    };

    void write_egress_vectors(uint64_t seed);
    Counts count(size_t source, size_t target) const;

    system_test::Scenario scenario_;
    struct system *system_ = nullptr;
    uint64_t sent_ = 0;
    uint64_t vectors_ = 0;
    uint64_t buses_ = 0;
};

} // namespace fabric

#endif
