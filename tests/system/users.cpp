#include "tests/system/users.h"

#include <gtest/gtest.h>

#include <map>

namespace system_test
{

void expect_users(const struct software *software)
{
    std::map<const struct domain *, uint32_t> users;

    for (uint32_t i = 0; i < software->found.tree.function_count; i++) {
        const attachment &attachment = software->functions[i].attachment;

        if (attachment.domain != nullptr) {
            users[attachment.domain]++;
        }
        for (size_t j = 0; j < attachment.pasid_count; j++) {
            users[attachment.pasids[j].domain]++;
        }
    }
    for (size_t i = 0; i < software->domain_count; i++) {
        EXPECT_EQ(software->domains[i].attached, users[&software->domains[i]]) << "domain " << i;
    }
}

} // namespace system_test
