#!/usr/bin/env bash
# The official Python clients against the built binary: what `make test` calls.
# Arguments go to pytest: run.sh -k cancellation -x
#
# `--suite agents` runs that folder's tests instead: Claude Code, LangChain and
# Pydantic AI. `--suite everyone` runs those of each folder in there, which is
# what `make test-clients-all` calls. Every suite has a virtual environment of
# its own, since these clients don't agree on what they need.
#
# `--prepare` makes the environments of the usual tests and of the agents', and
# runs nothing: they can be fetched while the program is built.
#
# Takes the binary from HOLDFAST_BIN, else .build/release/holdfast.
set -euo pipefail
cd "$(dirname "$0")/../.."
repo=$PWD
clients=$repo/Tests/Clients
suite=""
prepares=""
if [[ ${1:-} == --prepare ]]; then
    prepares=yes
    shift
elif [[ ${1:-} == --suite ]]; then
    suite=$2
    shift 2
fi

export HOLDFAST_BIN="${HOLDFAST_BIN:-$repo/.build/release/holdfast}"
if [[ -z $prepares && ! -x $HOLDFAST_BIN ]]; then
    echo "holdfast: $HOLDFAST_BIN is not there; build it with: swift build -c release --product holdfast" >&2
    exit 1
fi

# setup.sh leaves there which Python can make virtual environments.
python=python3
[[ -s $repo/.holdfast/python ]] && python="$(<"$repo/.holdfast/python")"

# Makes the environment of a folder of tests; its path is in `venv` then. What
# requirements.txt asks for may need more packages: constraints.txt pins those.
environment() {
    local tests=$1 wanted=$1/requirements.txt pins=$1/constraints.txt
    venv=${tests#"$clients"}
    venv=$repo/.holdfast/test-venv${venv//\//-}
    # The copy of both files is written last, so that an environment that was
    # interrupted half way is made again.
    if ! cat "$wanted" "$pins" | cmp -s - "$venv/wanted.txt" || ! "$venv/bin/python" -I -c '' 2>/dev/null; then
        echo "==> Making the virtual environment of ${tests#"$repo"/} (40 MB for clients, up to 1 GB for others; once)" >&2
        mkdir -p "$repo/.holdfast"
        chmod 700 "$repo/.holdfast"
        rm -rf "$venv"
        # Joined, since nothing ends a function by itself whose result is asked for.
        "$python" -I -m venv "$venv" &&
            "$venv/bin/python" -I -m pip --disable-pip-version-check install --quiet \
                --requirement "$wanted" --constraint "$pins" &&
            cat "$wanted" "$pins" >"$venv/wanted.txt"
    fi
}

if [[ -n $prepares ]]; then
    environment "$clients"
    environment "$clients/agents"
    exit
fi

# Downloads nothing where the engine and the model are in place.
"$python" -I Scripts/fetch_engine.py

# The clients take addresses, keys and proxies from the environment, too.
unset OPENAI_API_KEY OPENAI_BASE_URL OPENAI_ORG_ID OPENAI_PROJECT_ID OPENAI_LOG
unset ANTHROPIC_API_KEY ANTHROPIC_AUTH_TOKEN ANTHROPIC_BASE_URL ANTHROPIC_LOG
unset HTTP_PROXY HTTPS_PROXY ALL_PROXY http_proxy https_proxy all_proxy
export NO_PROXY=127.0.0.1 PYTHONDONTWRITEBYTECODE=1

run() {
    local tests=$1 root=$2
    shift 2
    "$venv/bin/python" -m pytest -c "$root/pytest.ini" --rootdir "$root" -p no:cacheprovider "$@" "$tests"
}

# Two files at a time: most of a test's time is waiting. Each worker has a slice
# of the ports, an engine and a scripted upstream of its own (holdfast.py).
workers=(--numprocesses "${HOLDFAST_TEST_WORKERS:-2}" --dist loadfile)

if [[ $suite == everyone ]]; then
    failed=()
    for wanted in "$clients"/everyone/*/requirements.txt; do
        tests=$(dirname "$wanted")
        printf '\n==> %s\n' "$(basename "$tests")"
        environment "$tests" && run "$tests" "$clients/everyone" "$@" || failed+=("$(basename "$tests")")
    done
    [[ ${#failed[@]} -eq 0 ]] || { echo "Failed: ${failed[*]}" >&2; exit 1; }
else
    tests=$clients${suite:+/$suite}
    environment "$tests"
    run "$tests" "$tests" "${workers[@]}" "$@"
fi
