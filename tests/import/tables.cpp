#include "tests/import/tables.h"

namespace import_test
{

Bytes &Bytes::put(uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        bytes_ += static_cast<char>(value >> 8 * i);
    }
    return *this;
}

Bytes &Bytes::add(const std::string &bytes)
{
    bytes_ += bytes;
    return *this;
}

std::string table(const char *signature, const std::string &body)
{
    std::string bytes = Bytes()
                            .add(signature)
                            .put(36 + body.size(), 4)
                            .put(6, 1)
                            .put(0, 1)
                            .add("DOORBL")
                            .add("TESTTEST")
                            .put(1, 4)
                            .add("DOOR")
                            .put(1, 4)
                            .add(body)
                            .get();
    uint8_t sum = 0;

    for (char c : bytes) {
        sum = static_cast<uint8_t>(sum + static_cast<uint8_t>(c));
    }
    bytes[9] = static_cast<char>(-sum);
    return bytes;
}

Node its_group(const std::vector<uint32_t> &identifiers)
{
    Bytes body;

    body.put(identifiers.size(), 4);
    for (uint32_t identifier : identifiers) {
        body.put(identifier, 4);
    }
    return {0, 1, body.get(), {}};
}

Node smmu_v3(uint64_t base, const std::vector<Mapping> &mappings)
{
    /* flags, reserved, VATOS, model, four interrupts (wired), proximity, mapping of its own */
    return {4, 4,
            Bytes()
                .put(base, 8)
                .put(0, 4)
                .put(0, 4)
                .put(0, 8)
                .put(0, 4)
                .put(1, 4)
                .put(2, 4)
                .put(3, 4)
                .put(4, 4)
                .put(0, 4)
                .put(0, 4)
                .get(),
            mappings};
}

Node root_complex(uint32_t segment, const std::vector<Mapping> &mappings, uint64_t memory_flags)
{
    return {2, 3, Bytes().put(0, 7).put(memory_flags, 1).put(1, 4).put(segment, 4).put(48, 4).get(), mappings};
}

Node reserved_range(uint32_t flags, uint64_t base, uint64_t size, const std::vector<Mapping> &mappings)
{
    return {6, 3, Bytes().put(flags, 4).put(1, 4).put(28, 4).put(base, 8).put(size, 8).put(0, 4).get(), mappings};
}

std::string iort(const std::vector<Node> &nodes)
{
    std::vector<size_t> offsets;
    size_t at = 48;
    Bytes body;

    for (const Node &node : nodes) {
        offsets.push_back(at);
        at += 16 + node.body.size() + 20 * node.mappings.size();
    }
    body.put(nodes.size(), 4).put(48, 4).put(0, 4);
    for (size_t i = 0; i < nodes.size(); i++) {
        const Node &node = nodes[i];

        body.put(node.type, 1)
            .put(16 + node.body.size() + 20 * node.mappings.size(), 2)
            .put(node.revision, 1)
            .put(i, 4)
            .put(node.mappings.size(), 4)
            .put(16 + node.body.size(), 4)
            .add(node.body);
        for (const Mapping &mapping : node.mappings) {
            body.put(mapping.input, 4)
                .put(mapping.more, 4)
                .put(mapping.output, 4)
                .put(offsets[mapping.target], 4)
                .put(mapping.flags, 4);
        }
    }
    return table("IORT", body.get());
}

std::string mcfg(uint64_t base, unsigned segment, unsigned first, unsigned last)
{
    return table("MCFG", Bytes().put(0, 8).put(base, 8).put(segment, 2).put(first, 1).put(last, 1).put(0, 4).get());
}

std::string madt(unsigned pes, uint64_t redistributors, const std::vector<uint64_t> &itss)
{
    Bytes body;

    body.put(0, 8);
    for (unsigned i = 0; i < pes; i++) {
        body.put(0x0b, 1).put(80, 1).put(0, 2).put(i, 4).put(i, 4).put(1, 4).add(std::string(64, '\0'));
    }
    body.put(0x0e, 1).put(16, 1).put(0, 2).put(redistributors, 8).put(0x100000, 4);
    for (size_t i = 0; i < itss.size(); i++) {
        body.put(0x0f, 1).put(20, 1).put(0, 2).put(i, 4).put(itss[i], 8).put(0, 4);
    }
    return table("APIC", body.get());
}

} // namespace import_test
