#!/usr/bin/env bash
# Builds the documentation of every public module with the toolchain's docc, and fails if docc warns.
#
#     Docs/build-docc.sh [FOLDER]      into FOLDER, by default .build/docc; one .doccarchive for each module
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

out=${1:-.build/docc}
build=${SWIFTPM_BUILD_DIR:-.build}
# docc stands beside the compiler in the toolchain.
docc=$(dirname "$(readlink -f "$(command -v swift)")")/docc
[ -x "$docc" ] || docc=docc
mkdir -p "$out"

swift package dump-symbol-graph --minimum-access-level public --skip-synthesized-members >"$out/symbols.log" 2>&1 || {
  cat "$out/symbols.log"
  exit 1
}
graphs=$(find "$build" -type d -name symbolgraph | head -n 1)

# Comments describe the parameters that a name does not explain, not every one: docc is not to ask for the others.
status=0
for catalogue in Sources/*/*.docc; do
  module=$(basename "$catalogue" .docc)
  work=$(mktemp -d)
  # A module's own symbols, and what it adds to those of others (Module@Other.symbols.json).
  cp "$graphs/$module.symbols.json" "$graphs/$module"@*.symbols.json "$work" 2>/dev/null || true
  if ! "$docc" convert "$catalogue" --fallback-display-name "$module" --fallback-bundle-identifier "apus.$module" \
    --disable-parameters-and-returns-validation \
    --additional-symbol-graph-dir "$work" --output-path "$out/$module.doccarchive" >"$out/$module.log" 2>&1 ||
    grep -q 'warning:' "$out/$module.log"; then
    echo "$module:"
    cat "$out/$module.log"
    status=1
  else
    echo "$module: $out/$module.doccarchive"
  fi
  rm -rf "$work"
done
exit "$status"
