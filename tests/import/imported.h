/* Imports for tests: sources in, scenario and plan out. */
#ifndef DOORBELL_TESTS_IMPORT_IMPORTED_H
#define DOORBELL_TESTS_IMPORT_IMPORTED_H

#include "host/pci_tree.h"
#include "import/import.h"
#include "scenario/plan.h"
#include "scenario/scenario.h"
#include "tests/support/folder.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace import_test
{

using test_support::Folder;

/** Configuration space of one function, to be filled in. */
class Config
{
  public:
    Config(uint16_t vendor, uint16_t device, uint32_t class_code);
    Config &put(size_t at, uint32_t value, unsigned bytes);
    Config &bridge(unsigned primary, unsigned secondary, unsigned subordinate);
    Config &pcie(unsigned type);
    Config &msix(unsigned vectors);
    /** Extended capabilities; `next` lies 0x40 behind. */
    Config &extended(unsigned id, size_t at, bool last);
    Config &acs(uint16_t capability, uint16_t control);
    /** The lines that `lspci -xxxx` prints. */
    std::string dump(const std::string &place) const;
    std::string bytes() const
    {
        return bytes_;
    }

  private:
    std::string bytes_ = std::string(4096, '\0');
};

/** What came of an import. */
struct Imported {
    explicit Imported(const std::vector<std::string> &paths);
    ~Imported();
    Imported(const Imported &) = delete;
    Imported &operator=(const Imported &) = delete;

    /** The finding about a function of the machine; fails the test if there is none. */
    const software_function &at(unsigned rid) const;
    bool has(unsigned rid) const;
    /** Messages that a function can send. */
    unsigned vectors(unsigned rid) const;
    /** The PE that `software.affinity` gives a vector; -1: it says nothing of it. */
    int pe(unsigned rid, unsigned vector) const;
    /** Groups, as sets of requester IDs. */
    std::set<std::set<unsigned>> groups() const;

    bool good = false;
    std::string text;
    std::string errors;
    struct scenario *scenario = nullptr;
    scenario_plan plan = {};
    bool planned = false;
};

} // namespace import_test

#endif
