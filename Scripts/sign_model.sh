#!/usr/bin/env bash
# Signs the default model with development keys, and anew where the model or
# the engine is another than last time: `Scripts/sign_model.sh HOLDFAST`.
#
# It shows what custody is like. These keys lie beside what they sign, so they
# prove nothing to anybody: docs/custody.md says how it is done in earnest.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '==> %s\n' "$*" >&2; }

holdfast=$1
model=.holdfast/models/smollm2-135m.gguf
keys=.holdfast/development-keys
engine=.holdfast/engine.sha256
signer=(--public-key "$keys/publisher.pub")
custodians=(--custodian "$keys/custodian-1.pub" --custodian "$keys/custodian-2.pub")

if [[ ! -s $keys/custodian-2.pub ]]; then
    rm -rf "$keys"
    (umask 077 && mkdir -p "$keys")
    for name in publisher custodian-1 custodian-2; do "$holdfast" weights key "$keys/$name" >/dev/null; done
fi

"$holdfast" weights engine >"$engine.partial"
is_signed() {
    cmp -s "$engine.partial" "$engine" && "$holdfast" weights verify "$model" "${signer[@]}" \
        --custody "$model.custody" "${custodians[@]}" --model-id smollm2-135m >/dev/null 2>&1
}
if ! is_signed; then
    rm -f "$model.sig" "$model.custody"
    "$holdfast" weights sign "$model" --private-key "$keys/publisher.key" >/dev/null
    # A tenth of the weights a day. An epoch that goes up: the time.
    bits=$(($(stat --format=%s "$model") * 8 / 10))
    "$holdfast" weights custody "$model" "${signer[@]}" --model-id smollm2-135m --role primary \
        --epoch "$(date +%s)" --not-after 365d --egress-bits-per-day "$bits" --mappings "$engine.partial" \
        --private-key "$keys/custodian-1.key" --private-key "$keys/custodian-2.key" >/dev/null
    say "Signed the default model, and what its engine executes"
fi
mv "$engine.partial" "$engine"
say "The default model is signed with development keys ($keys): made here, so they prove nothing to others"
