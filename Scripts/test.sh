#!/usr/bin/env bash
# All tests: Swift's own, then the official clients and agents against the built
# binary.
# Runs all parts even if one fails, and ends in a summary of each.
set -uo pipefail
cd "$(dirname "$0")/.."

results=()
failed=0
printed=$(mktemp)
failures=$(mktemp)
trap 'rm -f "$printed" "$failures"' EXIT
part() {
    local name=$1 started=$SECONDS
    shift
    printf '\n==> %s\n' "$name"
    if "$@" 2>&1 | tee "$printed"; then
        results+=("passed  $name ($((SECONDS - started)) s)")
    else
        results+=("FAILED  $name ($((SECONDS - started)) s)")
        failed=1
        # Lines of Swift Testing, of pytest, and of the compiler: named again at
        # the end, where a reader of a long output looks.
        # Without colours, which some of them print into a pipe as well.
        sed 's/\x1b\[[0-9;]*m//g' "$printed" |
            grep -aE '^✘ |^(FAILED|ERROR) |: (fatal )?error: |^Fatal error|with unexpected signal' |
            cut -c -400 | head -n 40 >>"$failures"
    fi
}

# Encrypted weights are made and opened with Debian's age. Without root, and
# without it, those tests are skipped, which they say.
if ! command -v age >/dev/null && [[ $EUID -eq 0 ]] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get install --yes --no-install-recommends age >/dev/null 2>&1 ||
        { apt-get update && apt-get install --yes --no-install-recommends age; } >/dev/null 2>&1 || true
fi

# One build serves both: tests use no more than what is `package`, so they
# run against the release build that users get.
# Both parts run the real engine.
part "engine" "$(<.holdfast/python)" -I Scripts/fetch_engine.py
# Packages are fetched beside the build. Where that fails, the tests that need
# them try again, and say why.
Tests/Clients/run.sh --prepare >/dev/null 2>&1 &
preparing=$!
part "build" swift build -c release --build-tests
# One at a time: they open hundreds of sockets and wait for real time limits;
# side by side on two cores they would test the scheduler.
wait "$preparing"
part "Swift tests" swift test -c release --skip-build --no-parallel
part "official clients" Tests/Clients/run.sh
part "agents" Tests/Clients/run.sh --suite agents

# Callers' requests and providers' answers, mutated, under the address
# sanitizer: in a build of its own. Not under the thread sanitizer, which
# reports a contended Mutex as a race: see docs/threat-model.md.
if [[ -n ${HOLDFAST_SANITIZED_SECONDS:-} ]]; then
    sanitized() {
        # Leaks aren't looked for: XCTest has some of its own.
        HOLDFAST_CHECKED=1 ASAN_OPTIONS=detect_leaks=0 HOLDFAST_FUZZING_ONLY=1 HOLDFAST_FUZZ_SECONDS=$HOLDFAST_SANITIZED_SECONDS \
            swift test -c release --sanitize=address --scratch-path .build-sanitized --no-parallel --filter FuzzTests
    }
    part "fuzzing, address sanitizer" sanitized
fi

if [[ -s $failures ]]; then
    printf '\nFailures\n'
    sed 's/^/  /' "$failures"
fi
printf '\nSummary\n'
printf '  %s\n' "${results[@]}"
exit $failed
