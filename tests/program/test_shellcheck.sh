#!/usr/bin/env bash
# The scripts are clean in the eyes of shellcheck.
set -euo pipefail
cd "${TREN_SOURCE:-.}"
command -v shellcheck >/dev/null || { echo "skipped: shellcheck is not installed"; exit 77; }
mapfile -t scripts < <(find bootstrap .ci datasets tests slurm bench examples packaging -type f \
    \( -name '*.sh' -o -name '*.sbatch' -o -name run -o -name bootstrap -o -name '*.bash' \) | sort)
shellcheck --severity=warning "${scripts[@]}"
echo "${#scripts[@]} scripts are clean"
