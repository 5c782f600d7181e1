#!/usr/bin/env bash
# The official Python clients against the built binary: what `make test` calls.
# Arguments go to pytest: run.sh -k cancellation -x
#
# Takes the binary from HOLDFAST_BIN, else .build/release/holdfast.
set -euo pipefail
cd "$(dirname "$0")/../.."
repo=$PWD
tests=$repo/Tests/Clients
venv=$repo/.holdfast/test-venv

export HOLDFAST_BIN="${HOLDFAST_BIN:-$repo/.build/release/holdfast}"
if [[ ! -x $HOLDFAST_BIN ]]; then
    echo "holdfast: $HOLDFAST_BIN is not there; build it with: swift build -c release --product holdfast" >&2
    exit 1
fi

# setup.sh leaves there which Python can make virtual environments.
python=python3
[[ -s $repo/.holdfast/python ]] && python="$(<"$repo/.holdfast/python")"

# The copy of the requirements is written last, so that an environment that
# was interrupted half way is made again.
if ! cmp -s "$tests/requirements.txt" "$venv/requirements.txt" || ! "$venv/bin/python" -I -c '' 2>/dev/null; then
    echo "==> Making the clients' virtual environment (about 40 MB, once)" >&2
    mkdir -p "$repo/.holdfast"
    chmod 700 "$repo/.holdfast"
    rm -rf "$venv"
    "$python" -I -m venv "$venv"
    "$venv/bin/python" -I -m pip --disable-pip-version-check install --quiet --requirement "$tests/requirements.txt"
    cp "$tests/requirements.txt" "$venv/requirements.txt"
fi

# Downloads nothing where the engine and the model are in place.
"$python" -I Scripts/fetch_engine.py

# The clients take addresses, keys and proxies from the environment, too.
unset OPENAI_API_KEY OPENAI_BASE_URL OPENAI_ORG_ID OPENAI_PROJECT_ID OPENAI_LOG
unset ANTHROPIC_API_KEY ANTHROPIC_AUTH_TOKEN ANTHROPIC_BASE_URL ANTHROPIC_LOG
unset HTTP_PROXY HTTPS_PROXY ALL_PROXY http_proxy https_proxy all_proxy
export NO_PROXY=127.0.0.1 PYTHONDONTWRITEBYTECODE=1

# Ports, engine and memory are shared by all tests: no parallel runs.
exec "$venv/bin/python" -m pytest -c "$tests/pytest.ini" --rootdir "$tests" -p no:cacheprovider "$@" "$tests"
