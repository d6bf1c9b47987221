/*
 * Case files: a folder of YAML files, one of which may hold the bases that the cases of all of them build on. Each case
 * comes out with its setup merged with its bases, as the format's rules say.
 */
#ifndef DOORBELL_TESTS_CONFORMANCE_CASE_FILE_H
#define DOORBELL_TESTS_CONFORMANCE_CASE_FILE_H

#include "tests/conformance/value.h"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace conformance
{

struct Case {
    std::string id;
    std::string unit;
    std::string title;
    std::vector<std::string> bases;     /**< all that the setup builds on, inherited ones too */
    std::vector<std::string> requires_; /**< features the case lists */
    Value setup;                        /**< merged with the bases; `ste` and `cd` are lists */
    std::set<std::string> own_idr;      /**< fields of `idr` that the case itself sets, and so needs */
    Value note;                         /**< the setup's */
    /** How to build what the case leaves open: --option NAME=VALUE. */
    std::map<std::string, std::string> options;
    Value stimulus; /**< a list of steps */
    Value expected; /**< a list of entries */
    Place place;
};

struct Suite {
    std::vector<Case> cases;
    std::vector<std::string> problems; /**< one text each, ending with a newline */
    size_t files = 0;
};

/**
 * Reads every .yaml and .yml file of a folder, or one file with the format files beside it.
 * What cannot be understood is in `problems`; cases without a problem are in `cases`.
 */
Suite read_suite(const std::vector<std::string> &paths);

} // namespace conformance

#endif
