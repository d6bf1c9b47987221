/*
 * An endpoint alone below a raw device that stands for a root port: what the endpoint puts on its link can be looked at
 * TLP by TLP.
 */
#ifndef DOORBELL_TESTS_PCIE_PAIR_H
#define DOORBELL_TESTS_PCIE_PAIR_H

#include "models/pcie/checker.h"
#include "models/pcie/endpoint.h"
#include "tests/pcie/raw_device.h"
#include "tests/pcie/rig.h"
#include "tests/support/marks.h"

#include <memory>
#include <vector>

namespace pcie_test
{

constexpr uint16_t PAIR_RID = 0x0100;

struct Pair {
    struct sim *sim;
    std::unique_ptr<support::MarkLog> log;
    std::unique_ptr<RawDevice> root;
    endpoint *ep;
    pcie_link *link;
    pcie_checker *checker;
    uint64_t expected_violations = 0; /**< of the raw device */

    /** Uses functions[0], endpoint and link of the options. BAR 0 of function f at BAR[0] + f × its size. */
    explicit Pair(const Options &options = Options());
    ~Pair();
    Pair(const Pair &) = delete;
    Pair &operator=(const Pair &) = delete;

    void config_write(unsigned function, unsigned offset, uint32_t value, unsigned bytes);
    uint32_t config_read(unsigned function, unsigned offset, unsigned bytes);
    void memory_write(uint64_t address, uint32_t value);
    uint32_t memory_read(uint64_t address);
    void set_vector(unsigned vector, uint64_t address, uint32_t data, unsigned function = 0);
    uint64_t table_address(unsigned vector, unsigned function = 0) const;

    /** Asks for an MSI or a DMA request at the next edge; then runs. */
    void signal(unsigned vector, unsigned function = 0);
    void ask(const endpoint_job &job);
    void run();

    /** Memory writes and reads that the endpoint has sent since the last call. */
    std::vector<RawDevice::Got> requests();

  private:
    RawDevice::Got transact(const Tlp &tlp);
    size_t looked_at = 0;
};

} // namespace pcie_test

#endif
