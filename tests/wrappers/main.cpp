/* The kernel's library wants an sc_main(); the tests have a main() of their own. */
#include "tests/wrappers/kernel.h"

#include <systemc>

int sc_main(int, char *[])
{
    return 0;
}

/* See no_leak_check.cpp: tests without threads are checked. */
extern "C" {
int __lsan_is_turned_off(); // NOLINT: the sanitizer's name

int __lsan_is_turned_off() // NOLINT
{
    return wrappers_test::had_threads() ? 1 : 0;
}
}
