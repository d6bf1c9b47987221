// Scenario texts at random, and a system that has been brought up.
#ifndef DOORBELL_TESTS_HOST_SOFTWARE_SYSTEM_H
#define DOORBELL_TESTS_HOST_SOFTWARE_SYSTEM_H

#include "scenario/predict.h"
#include "scenario/system.h"

#include <cstdint>
#include <string>
#include <vector>

namespace software_system
{

// A scenario with root ports, switches, endpoints of several functions, ACS of all kinds, split maps, light traffic.
std::string random_text(uint64_t seed);
// Paths of the scenarios that ship.
std::vector<std::string> shipped();

// A scenario, and on request the system that software brought up from it.
class Built
{
  public:
    static Built *from_text(const std::string &text);
    static Built *from_file(const std::string &path);
    ~Built();
    Built(const Built &) = delete;
    Built &operator=(const Built &) = delete;

    bool bring_up();

    struct scenario *scenario = nullptr;
    struct system *system = nullptr;
    struct software *software = nullptr;
    host_error error = {};
    std::string said; // by the reader

  private:
    Built() = default;
};

// The tree that the scenario predicts; false with `error`.
bool predict(const Built &built, pci_tree *tree, host_error *error);

} // namespace software_system

#endif
