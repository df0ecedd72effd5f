# The result.json of each run, named MODE-RANKS/result.json, as one CSV table. Runs of a mode follow each other; the
# first of them is what the others are compared with.
BEGIN {
    n_phases = split("data forward backward reduce update evaluate checkpoint", phase, " ")
    printf "mode,ranks,samples_per_second,speed_up,efficiency"
    for (i = 1; i <= n_phases; i++) printf ",%s", phase[i]
    print ",wall_seconds,digest"
}

FNR == 1 {
    n = split(FILENAME, part, "/")
    split(part[n - 1], name, "-")
}

# "key": value,   or, of a phase,   "key": {"min": .., "mean": .., "max": ..}
match($0, /"[a-z_]+": /) {
    key = substr($0, RSTART + 1, RLENGTH - 4)
    text = substr($0, RSTART + RLENGTH)
    if (match(text, /"mean": [0-9.e+-]+/)) text = substr(text, RSTART + 8, RLENGTH - 8)
    gsub(/[",]/, "", text)
    value[key] = text
}

/^}/ {
    rate = value["samples_per_second"]
    if (name[1] != mode) { mode = name[1]; first_rate = rate; first_ranks = value["ranks"] }
    speed_up = rate / first_rate * first_ranks
    printf "%s,%d,%.0f,%.3f,%.3f", mode, value["ranks"], rate, speed_up, speed_up / value["ranks"]
    for (i = 1; i <= n_phases; i++) printf ",%.4f", value[phase[i]]
    printf ",%.3f,%s\n", value["wall_seconds"], value["digest"]
}
