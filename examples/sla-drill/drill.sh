#!/usr/bin/env bash
# A drill that can be run from cron: pulls the first candidate of a route under
# load, keeps the report, and ends with the drill's exit code (0 passed, 1 failed,
# 2 nothing can be said).
#
#     drill.sh [ROUTE]
#
# HOLDFAST_DRILL_LOAD and HOLDFAST_DRILL_TIME change how much and how long.
set -euo pipefail

route=${1:-assistant}
reports=.holdfast/drill-reports
mkdir -p "$reports"
report=$reports/$(date -u +%Y-%m-%dT%H%M%SZ)-$route.json

code=0
holdfast drill pull "$route" --as withdrawn --at-token 5 \
    --load "${HOLDFAST_DRILL_LOAD:-5rps}" --for "${HOLDFAST_DRILL_TIME:-10s}" --json >"$report" || code=$?
echo "$report: exit code $code"
exit "$code"
