#!/usr/bin/env bash
# All tests: Swift's own, then the official clients against the built binary.
# Runs all parts even if one fails, and ends in a summary of each.
set -uo pipefail
cd "$(dirname "$0")/.."

results=()
failed=0
part() {
    local name=$1 started=$SECONDS
    shift
    printf '\n==> %s\n' "$name"
    if "$@"; then
        results+=("passed  $name ($((SECONDS - started)) s)")
    else
        results+=("FAILED  $name ($((SECONDS - started)) s)")
        failed=1
    fi
}

# One build serves both: tests use no more than what is `package`, so they
# run against the release build that users get.
part "build" swift build -c release --build-tests
# One at a time: they open hundreds of sockets and wait for real time limits;
# side by side on two cores they would test the scheduler.
part "Swift tests" swift test -c release --skip-build --no-parallel
part "official clients" Tests/Clients/run.sh

printf '\nSummary\n'
printf '  %s\n' "${results[@]}"
exit $failed
