/* ACPI tables made by hand, byte by byte, for tests and fuzz seeds. */
#ifndef DOORBELL_TESTS_IMPORT_TABLES_H
#define DOORBELL_TESTS_IMPORT_TABLES_H

#include <cstdint>
#include <string>
#include <vector>

namespace import_test
{

/** Bytes in the making, little-endian. */
class Bytes
{
  public:
    Bytes &put(uint64_t value, unsigned size);
    Bytes &add(const std::string &bytes);
    const std::string &get() const
    {
        return bytes_;
    }

  private:
    std::string bytes_;
};

/** A table: header with length and checksum, then the body. */
std::string table(const char *signature, const std::string &body);

/** One ID mapping of an IORT node. `target` is a node's position in the list given to iort(). */
struct Mapping {
    uint32_t input;
    uint32_t more; /**< number of identifiers, less one */
    uint32_t output;
    unsigned target;
    uint32_t flags;
};

/** One IORT node: type, revision, what follows the header, mappings. */
struct Node {
    uint8_t type;
    uint8_t revision;
    std::string body;
    std::vector<Mapping> mappings;
};

Node its_group(const std::vector<uint32_t> &identifiers);
Node smmu_v3(uint64_t base, const std::vector<Mapping> &mappings);
/** @param memory_flags of its memory access properties: CPM 1, DACS 2, CANWBS 4 */
Node root_complex(uint32_t segment, const std::vector<Mapping> &mappings, uint64_t memory_flags = 3);
Node reserved_range(uint32_t flags, uint64_t base, uint64_t size, const std::vector<Mapping> &mappings);

std::string iort(const std::vector<Node> &nodes);

/** MCFG of one segment. */
std::string mcfg(uint64_t base, unsigned segment, unsigned first, unsigned last);

/** MADT with so many PEs, a region of redistributors, and ITSs 0, 1, ... at these addresses. */
std::string madt(unsigned pes, uint64_t redistributors, const std::vector<uint64_t> &itss);

} // namespace import_test

#endif
