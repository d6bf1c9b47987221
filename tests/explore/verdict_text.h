// Verdicts as text, to compare all that they say.
#ifndef DOORBELL_TESTS_EXPLORE_VERDICT_TEXT_H
#define DOORBELL_TESTS_EXPLORE_VERDICT_TEXT_H

#include "host/assumptions.h"

#include <string>

namespace explore_test
{

inline std::string text_of_verdicts(const verdict_list &list)
{
    std::string text;

    for (size_t i = 0; i < list.count; i++) {
        const verdict &one = list.items[i];

        text += std::string(one.name) + ": " + verdict_outcome_name(one.outcome) + ", " + one.summary + "\n";
        for (size_t j = 0; j < one.evidence_count; j++) {
            text += std::string("  ") + one.evidence[j].subject + ": " + one.evidence[j].detail;
            for (size_t k = 0; k < one.evidence[j].device_count; k++) {
                const verdict_device &device = one.evidence[j].devices[k];

                text += std::string(k == 0 ? " [" : ", ") + device.name + " " + std::to_string(device.stream_id) + " " +
                        std::to_string(device.device_id) + " " + std::to_string(device.doorbell);
            }
            text += "]\n";
        }
    }
    return text;
}

// What a check of a system says.
inline std::string text_of_check(const assumption_system *system)
{
    verdict_list list = {};
    std::string text;

    assumptions_check(system, &list);
    text = text_of_verdicts(list);
    verdict_list_clear(&list);
    return text;
}

} // namespace explore_test

#endif
