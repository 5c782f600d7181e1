#!/usr/bin/env bash
# Puts Holdfast's two programs where they run without the toolchain, and a
# systemd unit beside them: `Scripts/install.sh PREFIX`. What `make install`
# does. DESTDIR stands before every path, for packagers.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '==> %s\n' "$*" >&2; }

prefix=${1:?usage: Scripts/install.sh PREFIX}
[[ $prefix == /* ]] || { echo "holdfast: PREFIX must be an absolute path, not \"$prefix\"" >&2; exit 64; }
destination=${DESTDIR:-}$prefix

# In a folder of its own: the build that tests use stays as it is.
build=(swift build -c release --static-swift-stdlib --scratch-path .build-static)
say "Building with Swift's libraries inside (the first time takes some minutes)"
for program in holdfast holdfast-verify; do "${build[@]}" --product "$program" >&2; done
from=$("${build[@]}" --show-bin-path)

install -d "$destination/bin" "$destination/lib/systemd/system"
for program in holdfast holdfast-verify; do
    # Stripped beside its place, then moved: a running one keeps its file.
    install -m 0755 "$from/$program" "$destination/bin/$program.new"
    ! command -v strip >/dev/null || strip --strip-debug "$destination/bin/$program.new"
    mv "$destination/bin/$program.new" "$destination/bin/$program"
    say "$destination/bin/$program: $(du -h "$destination/bin/$program" | cut -f1), dynamic: $(
        ldd "$destination/bin/$program" | awk '{ print $1 }' | grep -v -e vdso -e ld-linux | xargs)"
done
unit=$destination/lib/systemd/system/holdfast.service
sed "s|@PREFIX@|$prefix|" Scripts/holdfast.service >"$unit.new"
mv "$unit.new" "$unit"
say "$unit: systemctl daemon-reload && systemctl enable --now holdfast"
