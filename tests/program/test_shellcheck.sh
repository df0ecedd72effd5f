#!/usr/bin/env bash
# shellcheck has nothing to say about the scripts.
set -euo pipefail
cd "${TREN_SOURCE:-.}"
command -v shellcheck >/dev/null || { echo "skipped: shellcheck is not installed"; exit 77; }
mapfile -t scripts < <(find bootstrap .ci datasets tests slurm bench examples -type f \
    \( -name '*.sh' -o -name '*.sbatch' -o -name run -o -name bootstrap \) | sort)
shellcheck --severity=warning "${scripts[@]}"
echo "${#scripts[@]} scripts are clean"
