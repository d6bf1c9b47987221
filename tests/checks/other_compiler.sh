#!/bin/sh
# other_compiler.sh ROOT BUILD WORK ID CMAKE GENERATOR LAUNCHER: builds all but tests and benchmarks with the other of
# GCC and Clang, under the same warnings, every one an error. What it built must do to the byte what that of BUILD does:
# a scenario on each engine, and the platforms of examples/. Exits 77, "skipped", where the other compiler is absent.
set -eu

root=$1
build=$2
work=$3
id=$4
cmake=$5
generator=$6
launcher=$7

# first PROGRAM...: the first of them that there is.
first() {
    for program in "$@"; do
        if command -v "$program"; then
            return
        fi
    done
}

case $id in
Clang)
    cc=$(first gcc)
    cxx=$(first g++)
    ;;
*)
    cc=$(first clang clang-14 clang-15 clang-16 clang-17 clang-18)
    cxx=$(first clang++ clang++-14 clang++-15 clang++-16 clang++-17 clang++-18)
    ;;
esac
if [ -z "$cc" ] || [ -z "$cxx" ]; then
    echo "skipped: this was built by $id, and the other compiler is absent (Debian packages gcc, g++, clang)"
    exit 77
fi

# Not optimised: it is about what the compiler says, and about what the program does.
mkdir -p "$work"
"$cmake" -S "$root" -B "$work" -G "$generator" -DCMAKE_C_COMPILER="$cc" -DCMAKE_CXX_COMPILER="$cxx" \
    -DCMAKE_C_COMPILER_LAUNCHER="$launcher" -DCMAKE_CXX_COMPILER_LAUNCHER="$launcher" -DCMAKE_BUILD_TYPE=Debug \
    -DCMAKE_C_FLAGS_DEBUG=-O0 -DCMAKE_CXX_FLAGS_DEBUG=-O0 -DDOORBELL_TESTS=OFF -DDOORBELL_BENCH=OFF \
    -DDOORBELL_PACKAGE=OFF >"$work/configure.log" 2>&1 || { cat "$work/configure.log" && exit 1; }
"$cmake" --build "$work" --parallel 2 >"$work/build.log" 2>&1 || { grep -v '^\[' "$work/build.log" && exit 1; }

# same NAME COMMAND...: what a command prints, once with BUILD's and once with the other's program, is the same.
same() {
    name=$1
    shift
    program=$1
    shift
    "$build/$program" "$@" >"$work/$name.ours"
    "$work/$program" "$@" >"$work/$name.other"
    cmp "$work/$name.ours" "$work/$name.other"
}

engines='native every-cycle'
if "$build/doorbell" version | grep -q 'systemc (SystemC'; then
    engines="$engines systemc"
fi
for engine in $engines; do
    same "$engine" doorbell run --engine "$engine" --json "$root/scenarios/seeds/two-its-split.yaml"
done
count=0
for example in "$build"/examples/example_*; do
    if [ -x "$example" ]; then
        same "$(basename "$example")" "examples/$(basename "$example")"
        count=$((count + 1))
    fi
done
echo "$(basename "$cc") builds it without a warning; engines the same: $engines; examples the same: $count"
