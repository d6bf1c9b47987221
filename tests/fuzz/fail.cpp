#include "tests/fuzz/target.h"

#include <cstdio>
#include <cstdlib>

namespace fuzz
{

void fail(const char *what)
{
    std::fprintf(stderr, "fuzz target: %s\n", what);
    std::abort();
}

} // namespace fuzz
