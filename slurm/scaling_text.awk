# The table for people: where the seconds went, in percent of the phases together.
BEGIN { FS = "," }

NR == 1 {
    printf "%-7s %5s %12s %8s %6s ", "mode", "ranks", "samples/s", "speed-up", "eff."
    for (i = 6; i <= NF - 2; i++) { sub("checkpoint", "checkp.", $i); printf " %8s", $i }
    printf "  %s\n", "digest"
    next
}

{
    sum = 0
    for (i = 6; i <= NF - 2; i++) sum += $i
    if (sum == 0) sum = 1
    printf "%-7s %5d %12d %8.2f %5.0f%% ", $1, $2, $3, $4, 100 * $5
    for (i = 6; i <= NF - 2; i++) printf " %7.1f%%", 100 * $i / sum
    printf "  %s\n", $NF
}
