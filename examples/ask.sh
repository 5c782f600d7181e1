#!/usr/bin/env bash
# Asks a route in OpenAI's format, and prints who answered and what:
#
#     ask.sh [ROUTE] [stream]
#
# ROUTE is `assistant` unless it is named. With `stream` the answer is streamed,
# and shown as it arrived.
set -euo pipefail

route=${1:-assistant}
stream=false
[[ ${2:-} != stream ]] || stream=true

curl --silent --show-error --no-buffer --include --max-time 120 http://127.0.0.1:8080/v1/chat/completions \
    --header 'content-type: application/json' \
    --data "{\"model\": \"$route\", \"stream\": $stream, \"max_tokens\": 100,
             \"messages\": [{\"role\": \"user\", \"content\": \"What is a holdfast?\"}]}" |
    tr -d '\r' |
    grep --ignore-case --extended-regexp '^(HTTP/|x-holdfast-|x-request-id|data: |\{)'
