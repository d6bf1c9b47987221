/* What the tests of the board check share: fixtures, blobs in memory, and C structures that release themselves. */
#ifndef DOORBELL_TESTS_BOARD_FIXTURE_H
#define DOORBELL_TESTS_BOARD_FIXTURE_H

#include "host/board_check.h"
#include "host/firmware.h"
#include "host/rid_map.h"
#include "scenario/devicetree.h"
#include "scenario/devicetree_check.h"

#include <cstdint>
#include <string>
#include <vector>

/** A blob. operator new aligns it for any type, which the reader needs. */
using Blob = std::vector<uint8_t>;

/** A description read from a blob. */
struct Description {
    firmware data{};
    board_error error{};
    board_status status;

    explicit Description(const Blob &blob, const std::string &name = "test.dtb");
    ~Description();
    Description(const Description &) = delete;
    Description &operator=(const Description &) = delete;

    /** The host with that path; fails the test and aborts if there is none. */
    const firmware_host &host(const std::string &path) const;
};

/** A checked board. */
struct Board {
    board_result data{};
    board_error error{};
    board_status status;

    explicit Board(const Blob &blob, const std::string &name = "test.dtb");
    explicit Board(const firmware &description, const std::string &name = "test");
    ~Board();
    Board(const Board &) = delete;
    Board &operator=(const Board &) = delete;

    const board_host &host(const std::string &path) const;
    const verdict &assumption(const char *name) const;
    /** Findings of that name on that subject. */
    std::vector<std::string> findings(const std::string &name, const std::string &subject) const;
};

/** Builds trees with libfdt's writing half, so that fixtures need no compiler. */
class Tree
{
  public:
    Tree();
    ~Tree();
    Tree(const Tree &) = delete;
    Tree &operator=(const Tree &) = delete;
    Tree &begin(const std::string &name);
    Tree &end();
    Tree &cells(const std::string &name, const std::vector<uint32_t> &values);
    Tree &text(const std::string &name, const std::string &value);
    Tree &bytes(const std::string &name, const std::vector<uint8_t> &value);
    Tree &empty(const std::string &name);
    /** Closes the tree. */
    Blob finish();

    /** An ITS with phandle; its doorbell is base + 0x10040. */
    Tree &its(uint32_t phandle, uint32_t base, bool enabled = true);
    /** An SMMUv3 with one specifier cell. */
    Tree &smmu(uint32_t phandle, uint32_t base, bool enabled = true);
    /** Opens a host bridge with buses 0..last. */
    Tree &host(uint32_t base, uint32_t last_bus = 255);

  private:
    std::vector<uint8_t> buffer_;
    void require(int status);
};

/** Path of a file under tests/data/dt. */
std::string fixture_path(const std::string &name);

/** Whether the program dtc can be run. */
bool have_dtc();

/** Reads a whole file; empty if it cannot. */
Blob read_file(const std::string &path);

#endif
