/*
 * A switch between raw devices: one above, one below each downstream port. Bus 1 is above, bus 2 inside, bus 3 + n
 * below port n, whose window is 1 MiB at 0xA0000000 + n MiB.
 */
#ifndef DOORBELL_TESTS_PCIE_SWITCH_RIG_H
#define DOORBELL_TESTS_PCIE_SWITCH_RIG_H

#include "models/pcie/switch.h"
#include "tests/pcie/raw_device.h"
#include "tests/support/marks.h"

#include <memory>
#include <vector>

namespace pcie_test
{

struct SwitchOptions {
    support::Engine engine = support::engines()[0];
    unsigned ports = 2;
    unsigned unlinked = 0; /**< further ports, with bus numbers and windows, but nothing below */
    pcie_switch_config config;
    pcie_link_config uplink;
    pcie_link_config downlink;
    std::vector<pcie_acs> acs;            /**< of each port; may be short */
    std::vector<uint32_t> weights;        /**< of each port; may be short */
    pcie_vc_config virtual_channels = {}; /**< of every port and link */
    bool multi_function = false;          /**< ports are functions of device 0 */

    SwitchOptions();
};

struct SwitchRig {
    struct sim *sim;
    std::unique_ptr<support::MarkLog> log;
    pcie_switch *sw;
    std::unique_ptr<RawDevice> up;
    std::vector<std::unique_ptr<RawDevice>> down;
    pcie_link *uplink;
    std::vector<pcie_link *> downlinks;
    std::vector<uint16_t> port_rid;

    explicit SwitchRig(const SwitchOptions &options = SwitchOptions());
    ~SwitchRig();
    SwitchRig(const SwitchRig &) = delete;
    SwitchRig &operator=(const SwitchRig &) = delete;

    void config_write(uint16_t rid, unsigned offset, uint32_t value);
    uint32_t config_read(uint16_t rid, unsigned offset);
    /** Requester ID and offset of the VC capability of a port: 0 is the upstream port. */
    uint16_t rid_of(unsigned port) const;
    unsigned vc_capability(unsigned port) const;
    /** Switches a virtual channel on at a port and at the device there, for one traffic class. */
    void use_vc(unsigned port, unsigned vc, unsigned traffic_class);
    void run();

    /** Address in the window of a port; requester ID of a device below it. */
    static uint64_t window(size_t port)
    {
        return 0xa0000000 + (static_cast<uint64_t>(port) << 20);
    }
    static uint16_t rid_below(size_t port)
    {
        return static_cast<uint16_t>((3 + port) << 8);
    }
};

} // namespace pcie_test

#endif
