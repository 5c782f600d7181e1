#!/usr/bin/env bash
# From a fresh clone to a running Holdfast: what `make run` does. Every step
# finds out by itself whether it was done before.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '==> %s\n' "$*" >&2; }

Scripts/setup.sh

say "Building (the first time takes some minutes)"
swift build -c release --product holdfast >&2
swift build -c release --product holdfast-verify >&2
holdfast=.build/release/holdfast

"$(<.holdfast/python)" -I Scripts/fetch_engine.py
Scripts/sign_model.sh "$holdfast"

config=holdfast.yaml
if [[ ! -e $config ]]; then
    say "Writing a first $config; edit it, a running Holdfast follows"
    cp Scripts/holdfast.sample.yaml "$config.partial"
    mv "$config.partial" "$config"
fi

# Holdfast stores keys hashed and shows each only once. This first one is kept,
# readable by its owner only, so that later runs can print the same commands.
key=.holdfast/first-key
if [[ ! -s $key || ! -e .holdfast/keys.yaml ]]; then
    if (umask 077 && "$holdfast" keys create --name first --quiet --config "$config" >"$key.partial"); then
        mv "$key.partial" "$key"
        say "Made a first key; it is kept in $key, delete that file when you no longer need it"
    else
        rm -f "$key.partial"
        say "Made no first key; see above. Make one with: $holdfast keys create --name NAME"
    fi
fi

[[ -e .holdfast/models/minilm-supervisor.gguf ]] ||
    say "A supervisor over these models: $holdfast supervisor install (84 MB), then take the # from supervision in $config"

greeting=()
[[ -s $key ]] && greeting=(--greet-key-file "$key")
exec "$holdfast" serve --config "$config" "${greeting[@]}"
