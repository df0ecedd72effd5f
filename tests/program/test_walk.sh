#!/usr/bin/env bash
# A newcomer's walk: every command that a page prints, README.md and docs/*.md, is run as it is printed, in the order of its
# page, each page in a folder of its own. A command that fails, or that is neither run nor in the table of those that cannot
# be run here, fails the test; so does output that is shown beside a command and has another shape.
# By hand: bash tests/program/test_walk.sh [PAGE ...]
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
[[ -e ${FASHION_MNIST:-/usr/share/datasets/fashion-mnist} ]] || skip "no Fashion-MNIST, which most commands train on"

# ---- the tables --------------------------------------------------------------------------------------------------

# What cannot be run here: pattern of "PAGE: COMMAND", and the reason.
cannot=(
    "*: ./bootstrap *|installs packages and builds; it is what starts the tests"
    "*: sbatch *|needs a batch system; tests/slurm runs these scripts on one"
    "*: module *|needs environment modules"
    "*: cmake *|configures, builds or installs; test_install.sh does"
    "*cpack*|builds a package; tests/platforms/package.sh does"
    "*: datasets/bible.sh*|loads a package from the network"
    "*: datasets/german-english.sh*|loads packages from the network"
    "*: find /dev/shm *|removes what other jobs of this user may be using; test_doctor.sh runs it on a folder"
    "*: rm -rf /tmp/ompi*|removes what other jobs of this user may be using"
    "*: mpirun -n 64 *|needs 64 cores"
    "*: build/release/tests/unit_tests*|is a test of its own"
    "*: ctest *|is a test of its own"
    "*bash tests/*|is a test of its own"
    "*tests/campaign/fuzz.py*|is a test of its own"
    "*load_in_pytorch.py*|needs PyTorch; test_export.sh runs it where there is one"
    "*import*onnxruntime*|needs onnxruntime; test_export.sh runs an export where there is one"
)

# What takes longer, or needs what does: for the long tier.
slow=(
    "docs/results.md: *"
    "*tren verify *" "*tren scale *" "*tren plan *" "*tren sweep *" "*tren lr-find *"
    "*tren lab run *" "*tren lab report *"
    "*train examples/fashion-cnn.yaml*" "*train my-network.yaml" "*init_from*" "*bible-gpt*" "*train examples/german-english.yaml*"
    "*train --data docs.h5 *" "*--tensorboard*"
)

# Options that the program is given behind those that are printed, so that a walk takes no day.
shorten() {
    case "$*" in
        "data import idx "*) echo --take "${TAKE:-1200}" ;;
        "train "*" --dry-run"*) ;;
        "train "*resnet18*) echo --max_steps 10 ;; # an epoch
        "train "* | "sweep "*) echo --max_steps 20 ;;
        "lr-find "*) echo --steps 20 ;;
        "verify "*) echo --steps 2 ;;
        "scale compare "*) ;;
        "scale "*) echo --ranks 1,2 --steps 10 --repeats 2 --max-repeats 2 ;;
        "lab run all "*) echo --seeds 1 --data datasets/large.h5 ;;
        "lab run "*) echo --seeds 1 ;;
    esac
}

# What a page takes for granted, beside what it makes itself.
prepare() {
    datasets/fashion-mnist.sh
    printf 'a,b\n1,2\n3,4\n' >new.csv
    awk -v OFS='\t' 'NF > 5 && !/\t/ { print NR % 2 ? "good" : "bad", $0 }' docs/*.md >reviews.tsv
    cp reviews.tsv later.tsv
    cut -f2 reviews.tsv >sentences.txt
    sed 's/^out:.*//; s/^shards:.*/shards: 4/' examples/fashion-mnist.yaml >run.yaml
    tren data import text README.md docs/*.md --documents blank-lines --tokens 64 --vocabulary 300 --out datasets/bible.h5
    for ((i = 0; i < ${TREN_LONG:+3}500; i++)); do printf 'eins zwei %d drei\tone two %d three\n' "$i" "$i"; done >pairs.tsv
    tren data import pairs pairs.tsv --out datasets/german-english.h5
    tren config examples/fashion-mnist.yaml --expand | sed "/^out:/d" >my-network.yaml
    tren train examples/fashion-mnist.yaml --plots false
    for lambda in 1 20; do
        tren train examples/fashion-mnist.yaml --plots false --optimizer.lambda $lambda --out runs/sweep/$lambda
    done
    tren train my-network.yaml --plots false --out runs/my-network
    tren export runs/my-network --to safetensors --out weights.safetensors
    rm -r runs/my-network
    [[ ! ${TREN_LONG:-} ]] || TAKE=20000 datasets/fashion-mnist.sh --out datasets/large.h5 # for all of the laboratory
    [[ ! ${TREN_LONG:-} ]] || tren scale examples/fashion-mnist.yaml --no-weak --out runs/scaling-before
    [[ ! ${TREN_LONG:-} ]] || cp -r runs/scaling-before runs/scaling-after
}

# ---- running what is printed -------------------------------------------------------------------------------------

page='' n_run=0 n_slow=0 n_cannot=0
: >"$scratch/blamed"

blame() { # COMMAND REASON
    printf '%s: %s\n    %s\n' "$page" "${1%%$'\n'*}" "$2" | tee -a "$scratch/blamed"
    [[ ! -s $scratch/log ]] || { head -n 6 "$scratch/log" && echo ... && tail -n 4 "$scratch/log"; } | sed 's/^/    | /' |
        tee -a "$scratch/blamed"
}

listed() { # COMMAND PATTERN ...   The patterns may have a reason behind a bar.
    local text="$page: ${1%$'\n'}" pattern
    text=${text//$'\n'/ }
    shift
    for pattern in "$@"; do
        # shellcheck disable=SC2053
        [[ $text != ${pattern%%|*} ]] || return 0
    done
    return 1
}

# Numbers and digests are those of one run; the words between them are not.
shape() { sed -E 's/[0-9a-f]{16}/#/g; s/[0-9]+([.][0-9]+)?/#/g; s/[[:space:]]+/ /g; s/ $//'; }

# The lines that are shown stand in the log, in their order; "..." is any number of lines.
has_shape() { # SHOWN
    local wanted at=1 found
    while IFS= read -r wanted; do
        [[ $wanted != ... && -n $wanted ]] || continue
        found=$(shape <"$scratch/log" | tail -n "+$at" | grep -nxFm 1 -- "$(shape <<<"$wanted")" | cut -d: -f1) || true
        [[ -n $found ]] || { blame "$command" "its output has no line such as: $wanted" && return; }
        at=$((at + found))
    done <<<"$1"
}

run() { # COMMAND [SHOWN]
    local command=$1 shown=${2:-} code=0 since=$SECONDS
    [[ $command =~ [^[:space:]] && ! $command =~ ^[[:space:]]*#[^$'\n']*$'\n'*$ ]] || return 0
    if listed "$command" "${cannot[@]}"; then n_cannot=$((n_cannot + 1)) && return; fi
    if [[ ! ${TREN_LONG:-} ]] && listed "$command" "${slow[@]}"; then n_slow=$((n_slow + 1)) && return; fi
    n_run=$((n_run + 1))
    eval "$command" >"$scratch/log" 2>&1 </dev/null || code=$?
    printf '%4d s  %s: %.100s\n' $((SECONDS - since)) "$page" "${command%%$'\n'*}"
    # An error that is shown has its code, and a killed command that of the kill.
    if [[ $code -ne 0 && $shown != "tren "*:* && "$code $command" != "137 timeout -s KILL "* ]]; then
        blame "$command" "exit code $code"
    fi
    [[ -z $shown ]] || has_shape "$shown"
    # A comment that is a file's name tells what is written.
    if [[ $command =~ \#[[:space:]]+([A-Za-z0-9_./-]+\.[a-z0-9]+)[[:space:]]*$ && ! -e ${BASH_REMATCH[1]} ]]; then
        blame "$command" "there is no ${BASH_REMATCH[1]}"
    fi
}

# Commands of one line or several.
run_shell() {
    local line command=''
    while IFS= read -r line; do
        command+=$line$'\n'
        if [[ $line == *\\ ]] || ! bash -n <<<"$command" 2>/dev/null; then continue; fi
        run "$command"
        command=''
    done
    [[ ! $command =~ [^[:space:]] ]] || blame "$command" "is no whole command"
}

# "$ " begins a command and "> " goes on with it; all else is its output.
run_console() {
    local line command='' shown=''
    while IFS= read -r line; do
        case $line in
            '$ '*)
                run "$command" "$shown"
                command=${line#'$ '}$'\n' shown=''
                ;;
            '> '*) command+=${line#'> '}$'\n' ;;
            *) shown+=$line$'\n' ;;
        esac
    done
    run "$command" "$shown"
}

run_python() {
    local text
    text=$(cat)
    if [[ $text == *h5py* ]] && ! python3 -c 'import h5py' 2>/dev/null; then
        echo "$page: not run without h5py: ${text%%$'\n'*}"
        return
    fi
    run "python3 -c $(printf %q "$text")"
}

run_block() { # LANGUAGE BLOCK
    case $1 in
        sh | bash) run_shell <<<"$2" ;;
        console) run_console <<<"$2" ;;
        python) run_python <<<"$2" ;;
        # The first line may be the name of the file that the block is.
        yaml) [[ ! $2 =~ ^'# '([a-z-]+\.yaml)$'\n' ]] || printf %s "$2" >"${BASH_REMATCH[1]}" ;;
        "") [[ $2 != '$ '* && $2 != *$'\n$ '* ]] || run_console <<<"$2" ;;
        *) blame "\`\`\`$1" "a block of a language that the walk does not know" ;;
    esac
}

walk() { # PAGE FILE
    local line language='' block='' within=''
    page=$1
    while IFS= read -r line; do
        if [[ ! $within && $line =~ ^[[:space:]]*\`\`\`([a-z]*) ]]; then
            within=1 language=${BASH_REMATCH[1]} block=''
        elif [[ $within && $line =~ ^[[:space:]]*\`\`\` ]]; then
            within=''
            run_block "$language" "$block"
        elif [[ $within ]]; then
            block+=$line$'\n'
        fi
    done <"$2"
}

# ---- the program, and what lies around it ------------------------------------------------------------------------

mkdir -p base/build/release base/datasets base/runs
{
    echo '#!/usr/bin/env bash'
    declare -f shorten
    # shellcheck disable=SC2016
    printf 'read -ra more <<<"$(shorten "$@" "")"\nexec %q "$@" "${more[@]}"\n' "$tren"
} >base/build/release/tren
chmod +x base/build/release/tren
for file in "$TREN_SOURCE"/datasets/*.{sh,sha256,packages,py}; do cp "$file" base/datasets/; done
for folder in examples slurm docs README.md; do cp -r "$TREN_SOURCE/$folder" base/; done
for folder in bench tests; do ln -s "$TREN_SOURCE/$folder" base/; done
if ! python3 -c 'import h5py' 2>/dev/null && /usr/bin/python3 -c 'import h5py' 2>/dev/null; then
    ln -s /usr/bin/python3 "$scratch/.bin/python3"
fi
in_folder() { # FOLDER COMMAND ...
    (
        cd "$1" || exit
        PATH=$PWD/build/release:$PATH
        shift
        set +e
        "$@"
        printf '%d %d %d\n' $n_run $n_slow $n_cannot >>"$scratch/counts"
    )
}

# ---- the walk sees what it is for --------------------------------------------------------------------------------

# Each of these pages has one fault.
see() { # FAULT
    mkdir -p "$scratch/fault/build/release"
    ln -sf "$tren" "$scratch/fault/build/release/tren"
    cat >"$scratch/fault/page.md"
    : >"$scratch/blamed"
    in_folder "$scratch/fault" walk fault page.md >/dev/null
    grep -qF -- "$1" "$scratch/blamed" || fail "the walk does not see '$1', but: $(cat "$scratch/blamed")"
    [[ $(grep -c '^fault: ' "$scratch/blamed") -eq 1 ]] || fail "not one fault: $(cat "$scratch/blamed")"
}
see "exit code 2" <<'END'
```sh
tren help                # good
for i in 1 2; do
  tren trian \
      run.yaml
done
```
END
see "exit code 127" <<<$'```sh\nno-such-command\n```'
see "its output has no line such as: 4 words" <<<$'```console\n$ echo 3 words\n3 words\n4 words\n$ echo 5 words\n7 words\n```'
see "there is no gone.h5" <<<$'```sh\ntrue   # gone.h5\n```'
see "is no whole command" <<<$'```sh\nfor i in 1 2; do\n```'
rm "$scratch/counts"
: >"$scratch/blamed"

# ---- the walk ----------------------------------------------------------------------------------------------------

in_folder base prepare >prepare.log 2>&1
for file in weights.safetensors runs/sweep/20/result.json ${TREN_LONG:+runs/scaling-after/scaling.json}; do
    [[ -e base/$file ]] || fail "what pages take for granted is not there, $file: $(tail -n 30 prepare.log)"
done
pages=("$@")
[[ $# -gt 0 ]] || mapfile -t pages < <(cd "$TREN_SOURCE" && printf '%s\n' README.md docs/*.md)
: >"$scratch/counts"
for file in "${pages[@]}"; do
    cp -r base here
    in_folder here walk "$file" "$TREN_SOURCE/$file"
    rm -rf here
done
[[ ! -s $scratch/blamed ]] || fail "commands that do not work as they are printed:"$'\n'"$(cat "$scratch/blamed")"
awk '{ a += $1; b += $2; c += $3 } END { print a " commands run, " b " left to the long tier, " c " that cannot be run here"
    exit a < 40 }' "$scratch/counts" || [[ $# -gt 0 ]] || fail "hardly a command was found"
