#!/usr/bin/env bash
# What does the second target do worse than the first? Both get the same requests.
#
#   release-gate.sh last-release next-release [options of receiptspec run]
#   ALLOW="TC-GEN-01 TC-GMR-12" release-gate.sh around through --profile smoke
#
# Exit status: 0 nothing got worse, 1 something did; 2 to 6 as `receiptspec run`: a target came to no
# verdict, so nothing is compared.
set -euo pipefail
before=$1 after=$2
shift 2

for target in "$before" "$after"; do
    status=0
    receiptspec run --target "$target" --seed "${SEED:-7}" --report "gate/$target" "$@" || status=$?
    [ "$status" -le 1 ] || exit "$status"
done

allowed=()
for name in ${ALLOW:-}; do allowed+=(--allow "$name"); done
receiptspec compare "gate/$before/report.json" "gate/$after/report.json" \
    --html gate/difference.html --json gate/difference.json ${allowed[@]+"${allowed[@]}"}
