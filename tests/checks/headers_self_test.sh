#!/bin/sh
# headers_self_test.sh HEADERS_SH COMPILER OPTION...: headers.sh must pass a good tree, fail one with a header that
# leans on another, name that header, and fail an empty tree.
set -eu

headers=$1
shift
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT

fail() {
    echo "headers.sh: $*"
    exit 1
}

mkdir "$tree/sim"
if sh "$headers" "$tree" "$@"; then
    fail "passed a tree without headers"
fi
printf '#include <stdint.h>\nstruct good {\n    uint64_t time;\n};\n' >"$tree/sim/good.h"
sh "$headers" "$tree" "$@" || fail "failed a good tree"
printf 'struct leaning {\n    uint64_t time;\n};\n' >"$tree/sim/leaning.h"
if sh "$headers" "$tree" "$@" >"$tree/log" 2>&1; then
    fail "passed a header that needs another before it"
fi
grep -q '^does not compile alone: sim/leaning.h$' "$tree/log" || fail "did not name the header"
