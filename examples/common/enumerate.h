/*
 * Enumeration of what is behind a root complex: bus numbers, windows, BARs, MSI-X; depth first, as firmware does it
 * (PCI Express Base, 7.5, 7.7.2). Runs in an SC_THREAD, by blocking accesses. Written against TLM-2.0 and PCI Express
 * alone.
 */
#ifndef DOORBELL_EXAMPLES_COMMON_ENUMERATE_H
#define DOORBELL_EXAMPLES_COMMON_ENUMERATE_H

#include "examples/common/initiator.h"

#include <vector>

namespace example
{

/** A function that is no bridge. */
struct function {
    uint16_t rid;        /**< bus, device, function */
    uint64_t bar0;       /**< address that it was given; 0: it has none */
    uint64_t msix_table; /**< address of its MSI-X table; 0: it has no MSI-X */
    uint32_t msix_capability;
};

class enumerator
{
  public:
    /** @param ecam address of bus 0's configuration space  @param window first address to give away, 1 MiB aligned */
    enumerator(initiator &pe, uint64_t ecam, uint64_t window) : pe_(pe), ecam_(ecam), next_(window)
    {
    }

    std::vector<function> scan()
    {
        scan_bus(0);
        return found_;
    }

    uint32_t read(uint16_t rid, uint32_t offset)
    {
        return pe_.read32(ecam_ + (static_cast<uint64_t>(rid) << 12) + offset);
    }

    void write(uint16_t rid, uint32_t offset, uint32_t value)
    {
        pe_.write32(ecam_ + (static_cast<uint64_t>(rid) << 12) + offset, value);
    }

    /** Lets a function send messages: table entry @p vector, and MSI-X on. */
    void enable_vector(const function &which, uint32_t vector, uint64_t address, uint32_t data)
    {
        const uint64_t entry = which.msix_table + 16 * vector;

        pe_.write32(entry, static_cast<uint32_t>(address));
        pe_.write32(entry + 4, static_cast<uint32_t>(address >> 32));
        pe_.write32(entry + 8, data);
        pe_.write32(entry + 12, 0); /* not masked */
        write(which.rid, which.msix_capability, read(which.rid, which.msix_capability) | UINT32_C(1) << 31);
    }

  private:
    static constexpr uint64_t kMegabyte = UINT64_C(1) << 20;

    void scan_bus(unsigned bus)
    {
        for (unsigned device = 0; device < 32; device++) {
            const auto rid = static_cast<uint16_t>(bus << 8 | device << 3);

            if ((read(rid, 0x00) & 0xffff) == 0xffff) {
                continue;
            }
            if ((read(rid, 0x0c) >> 16 & 0x7f) == 1) {
                scan_bridge(rid, bus);
            } else {
                scan_function(rid);
            }
        }
    }

    void scan_bridge(uint16_t rid, unsigned bus)
    {
        const unsigned secondary = next_bus_++;

        next_ = (next_ + kMegabyte - 1) & ~(kMegabyte - 1);
        const uint64_t first = next_;

        write(rid, 0x18, 0xff0000 | secondary << 8 | bus);
        write(rid, 0x24, 0x0000fff0); /* no prefetchable window */
        scan_bus(secondary);
        write(rid, 0x18, (next_bus_ - 1) << 16 | secondary << 8 | bus);
        next_ = (next_ + kMegabyte - 1) & ~(kMegabyte - 1);
        if (next_ > first) {
            const uint64_t last = next_ - 1;

            write(rid, 0x20, static_cast<uint32_t>((last & 0xfff00000) | (first >> 16 & 0xfff0)));
        }
        write(rid, 0x04, 0x6); /* memory space, bus master */
    }

    void scan_function(uint16_t rid)
    {
        function found = {rid, 0, 0, 0};
        uint64_t bars[6] = {};

        for (unsigned i = 0; i < 6; i++) {
            const uint32_t offset = 0x10 + 4 * i;

            write(rid, offset, UINT32_MAX);
            const uint32_t mask = read(rid, offset);
            const bool wide = (mask & 0x6) == 0x4;

            if (mask == 0) {
                continue;
            }
            const uint64_t size = ~(mask & ~UINT32_C(0xf)) + UINT64_C(1);
            next_ = (next_ + size - 1) & ~(size - 1);
            bars[i] = next_;
            write(rid, offset, static_cast<uint32_t>(next_));
            next_ += size;
            if (wide) {
                write(rid, offset + 4, 0);
                i++;
            }
        }
        found.bar0 = bars[0];
        for (uint32_t at = read(rid, 0x34) & 0xfc; at != 0; at = read(rid, at) >> 8 & 0xfc) {
            if ((read(rid, at) & 0xff) == 0x11) {
                const uint32_t table = read(rid, at + 4);

                found.msix_capability = at;
                found.msix_table = bars[table & 7] + (table & ~UINT32_C(7));
            }
        }
        write(rid, 0x04, 0x6);
        found_.push_back(found);
    }

    initiator &pe_;
    uint64_t ecam_;
    uint64_t next_;
    unsigned next_bus_ = 1;
    std::vector<function> found_;
};

} // namespace example

#endif
