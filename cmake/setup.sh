# shellcheck shell=sh disable=SC2034,SC2154
# What ./run and ./check share: packages, configuring and building, quietly. Sourced by POSIX sh, with `root` set to the
# source folder. Exit statuses are those of the doorbell command: 4 when the environment fails.

run_packages='cmake ninja-build gcc g++ pkg-config libsystemc-dev libfyaml-dev libjansson-dev zlib1g-dev
librandom123-dev libfdt-dev device-tree-compiler libprotobuf-c-dev protobuf-c-compiler libsqlite3-dev'
check_packages="$run_packages libgtest-dev libgmock-dev libbenchmark-dev slurm-wlm clang-format clang-tidy python3"
# Tests that look at reports in a browser, hand waveforms to a viewer, manual pages to a critic, completions to their
# shells, or the source to the other compiler are skipped without these; not every distribution has them as packages.
wanted_packages='chromium-headless-shell poppler-utils gtkwave mandoc fish zsh clang'

say() {
    printf '%s: %s\n' "$me" "$*" >&2
}

die() {
    say "$*"
    exit 4
}

# quietly LOG COMMAND...: output goes to the log; of a failure the log's end is shown.
quietly() {
    log=$1
    shift
    if ! "$@" >"$log" 2>&1 </dev/null; then
        tail -n 60 "$log" >&2
        say "failed: $*"
        say "the whole log: $log"
        return 1
    fi
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif [ -t 0 ]; then
        sudo "$@" # may ask for the password: nothing here can know it
    else
        sudo -n "$@"
    fi
}

# Debian and Ubuntu: those of the packages "$@" that dpkg does not know as installed.
missing_packages() {
    # Quietly: an unknown package is a line on standard error and a failure, and means "missing" here.
    dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2>/dev/null |
        awk -v wanted="$*" '$2 == "installed" { have[$1] = 1 }
            END { n = split(wanted, name, " "); for (i = 1; i <= n; i++) if (!(name[i] in have)) print name[i] }'
}

install_packages() {
    missing=$(missing_packages "$@" | tr '\n' ' ')
    if [ -z "${missing% }" ]; then
        return 0
    fi
    if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
        die "as root, please: apt-get install -y --no-install-recommends $missing"
    fi
    say "installing $missing"
    mkdir -p "$root/build"
    quietly "$root/build/apt-update.log" as_root apt-get -o DPkg::Lock::Timeout=300 update ||
        die "the package lists cannot be fetched"
    # shellcheck disable=SC2086 # one word a package
    quietly "$root/build/apt-install.log" as_root env DEBIAN_FRONTEND=noninteractive apt-get \
        -o DPkg::Lock::Timeout=300 install -y --no-install-recommends $missing || die "cannot install: $missing"
}

# want PACKAGES: installs what can be had of them without asking anybody, and goes on without the rest.
want() {
    if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
        return 0
    fi
    # shellcheck disable=SC2086 # one word a package
    for package in $(missing_packages $1); do
        mkdir -p "$root/build"
        say "installing $package"
        if [ "$(id -u)" -eq 0 ]; then
            rights=env
        else
            rights='sudo -n env'
        fi
        # shellcheck disable=SC2086 # several words
        $rights apt-get -o DPkg::Lock::Timeout=300 update >"$root/build/apt-update.log" 2>&1 </dev/null || :
        # shellcheck disable=SC2086
        $rights DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends \
            "$package" >"$root/build/apt-install-$package.log" 2>&1 </dev/null ||
            say "cannot install $package: tests that want it are skipped"
    done
}

# Any other system: names what is not there.
name_missing() {
    absent=
    for tool in cmake ninja cc c++ pkg-config dtc; do
        command -v "$tool" >/dev/null || absent="$absent $tool"
    done
    if command -v pkg-config >/dev/null; then
        for library in "$@"; do
            pkg-config --exists "$library" || absent="$absent $library"
        done
    fi
    if command -v cc >/dev/null; then
        for header in libfdt.h Random123/philox.h; do
            printf '#include <%s>\n' "$header" | cc -E - >/dev/null 2>&1 || absent="$absent <$header>"
        done
    fi
    if [ -n "$absent" ]; then
        say "this is neither Debian nor Ubuntu: please install what provides$absent"
        die "(tools by command, libraries by pkg-config name or header; SystemC 2.3.4 is optional)"
    fi
}

# need PACKAGES PKG_CONFIG_NAMES: makes sure of what a build needs; both are lists in one word.
need() {
    # shellcheck disable=SC2086
    if command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
        install_packages $1
    else
        name_missing $2
    fi
    version=$(cmake --version | awk 'NR == 1 { print $3 }')
    if ! printf '3.25\n%s\n' "$version" | sort -C -V; then
        die "CMake 3.25 or newer is needed (Debian 12, Ubuntu 24.04); this is $version"
    fi
}

# build PRESET: configures once and builds what is out of date, under a lock, so that two calls at once do not collide.
build() (
    cd "$root" || exit 4
    mkdir -p build
    exec 9>build/.lock
    if command -v flock >/dev/null; then
        flock 9
    fi
    if [ ! -f "build/$1/build.ninja" ]; then
        say "configuring build/$1"
        quietly "build/configure-$1.log" cmake --preset "$1" || exit 4
    fi
    if ! ninja -C "build/$1" -n 2>/dev/null | grep -q 'no work to do'; then
        say "building build/$1"
    fi
    quietly "build/build-$1.log" cmake --build --preset "$1" || exit 4
)
