/* Who uses a domain, counted from the devices' side, against what the domain says. */
#ifndef DOORBELL_TESTS_SYSTEM_USERS_H
#define DOORBELL_TESTS_SYSTEM_USERS_H

#include "scenario/system_internal.h"

namespace system_test
{

/** Fails the test for each domain whose count of users is another than that of its attachments, PASIDs included. */
void expect_users(const struct software *software);

} // namespace system_test

#endif
