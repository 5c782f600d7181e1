#!/usr/bin/env bash
# Checks that this machine can build and run Holdfast, and installs what is
# missing: as root with apt, otherwise it prints the one line to run.
# `make setup` and `make run` call it; it takes a fraction of a second when
# nothing is missing. The Python it settled on is left in .holdfast/python.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }
die() { say "holdfast: $*"; exit 1; }

# The toolchain does not come with apt.
command -v swift >/dev/null ||
    die "Swift is missing: install the 6.3 toolchain from https://www.swift.org/install/linux and put it on PATH"

missing=()
need() { missing+=("$1"); }

# Compiling the C and C++ in SwiftNIO, its TLS and its compression takes the C
# and C++ library headers, a linker, and zlib's headers. Time zones are data
# that Foundation reads.
command -v git >/dev/null || need git
command -v make >/dev/null || need make
command -v ld.gold >/dev/null || command -v ld >/dev/null || need binutils
compgen -G '/usr/include/c++/*/vector' >/dev/null || need g++
[[ -e /usr/include/stdlib.h ]] || need libc6-dev
[[ -e /usr/include/zlib.h ]] || need zlib1g-dev
# What Holdfast remembers is in SQLite.
[[ -e /usr/include/sqlite3.h ]] || need libsqlite3-dev
[[ -d /usr/share/zoneinfo ]] || need tzdata
[[ -e /etc/ssl/certs/ca-certificates.crt ]] || need ca-certificates

# Libraries that the toolchain's own programs load.
for program in swift-package swift-driver lld; do
    path="$(dirname "$(readlink -f "$(command -v swift)")")/$program"
    [[ -e $path ]] || continue
    while read -r library; do
        case $library in
            libcurl.so*) need libcurl4 ;;
            libxml2.so*) need libxml2 ;;
            libsqlite3.so*) need libsqlite3-0 ;;
            libncurses.so*) need libncurses6 ;;
            libedit.so*) need libedit2 ;;
            libz.so*) need zlib1g ;;
            libstdc++.so*) need libstdc++6 ;;
            *) die "the Swift toolchain's $program lacks $library; install it and try again" ;;
        esac
    done < <(ldd "$path" 2>/dev/null | awk '/not found/ { print $1 }')
done

# The first Python from 3.11 on that can make virtual environments. Debian's
# own cannot without python3-venv; one on PATH may be another installation.
find_python() {
    local candidate
    for candidate in "${HOLDFAST_PYTHON:-}" python3 /usr/bin/python3 python3.13 python3.12 python3.11; do
        [[ -n $candidate ]] || continue
        if "$candidate" -I -c 'import ensurepip, ssl, sys, venv
sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            # Resolved, because a shim may answer differently elsewhere.
            "$candidate" -I -c 'import sys; print(sys.executable)'
            return
        fi
    done
    return 1
}
python="$(find_python)" || { need python3; need python3-venv; }

if ((${#missing[@]})); then
    mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)
    line="apt-get install -y --no-install-recommends ${missing[*]}"
    command -v apt-get >/dev/null || die "these Debian packages, or what your system calls them, are missing: ${missing[*]}"
    if ((EUID != 0)); then
        say "holdfast: something is missing. Run this, then try again:"
        say "    sudo apt-get update && sudo $line"
        exit 1
    fi
    say "==> Installing ${missing[*]}"
    apt-get update -qq
    # shellcheck disable=SC2086 # the names are separate words
    DEBIAN_FRONTEND=noninteractive $line
    python="$(find_python)" ||
        die "Python 3.11 or newer with venv is missing, and this system's packages are older; set HOLDFAST_PYTHON to one"
fi

version="$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\)\.\([0-9]*\).*/\1 \2/p' | head -n 1)"
read -r major minor <<<"${version:-0 0}"
((major > 6 || (major == 6 && minor >= 3))) ||
    die "Swift ${major}.${minor} is too old: install the 6.3 toolchain from https://www.swift.org/install/linux"

mkdir -p .holdfast
chmod 700 .holdfast
[[ -e .holdfast/python && $(<.holdfast/python) == "$python" ]] || printf '%s\n' "$python" >.holdfast/python
