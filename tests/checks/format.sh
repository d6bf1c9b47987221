#!/bin/sh
# format.sh ROOT CLANG_FORMAT: every C and C++ file is as clang-format 14 lays it out. Exits 77, "skipped", with another
# version, since versions differ in details.
set -eu

cd "$1"
format=$2
if ! command -v "$format" >/dev/null; then
    echo "skipped: clang-format is absent"
    exit 77
fi
version=$("$format" --version | sed 's/.*version \([0-9]*\).*/\1/')
if [ "$version" != 14 ]; then
    echo "skipped: the layout is that of clang-format 14; this is version $version"
    exit 77
fi
rooms='sim models result host scenario report cli replay calibrate import sweep explore wrappers examples tests bench'
# shellcheck disable=SC2086 # one word a room
files=$(find $rooms -name '*.[ch]' -o -name '*.cpp' | sort)
if [ -z "$files" ]; then
    echo "no files to look at in $1"
    exit 1
fi
# shellcheck disable=SC2086 # no name has blanks
"$format" --dry-run -Werror $files
echo "$files" | wc -l | xargs echo "files looked at:"
