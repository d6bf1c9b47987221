#!/bin/sh
# headers.sh ROOT COMPILER OPTION...: compiles every header of the rooms alone. Names each that fails. Those of
# wrappers/ and examples/, and what includes <systemc>, are C++ and need SystemC: they are left out in C, and where
# there is none.
set -eu

root=$1
shift

cd "$root"
count=0
bad=0
rooms="sim models result host scenario report cli import replay calibrate sweep explore"
kernel=no
case "$*" in
*'-x c++'*)
    if echo '#include <tlm>' | "$@" -fsyntax-only - 2>/dev/null; then
        rooms="$rooms wrappers examples"
        kernel=yes
    fi
    ;;
esac
# shellcheck disable=SC2086 # one word a room
for header in $(find $rooms -name '*.h' 2>/dev/null | sort); do
    if [ "$kernel" = no ] && grep -q '^#include <systemc>' "$header"; then
        continue
    fi
    count=$((count + 1))
    if ! "$@" -I. -D_POSIX_C_SOURCE=200809L -fsyntax-only -include "$header" /dev/null; then
        echo "does not compile alone: $header"
        bad=$((bad + 1))
    fi
done
echo "$count headers, $bad do not compile alone: $*"
[ "$count" -gt 0 ] && [ "$bad" -eq 0 ]
