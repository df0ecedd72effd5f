#!/usr/bin/env bash
# tren completion: bash and zsh complete commands, options, keys of the config and their values; nothing that was typed is run.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

"$tren" completion bash >tren.bash
"$tren" completion zsh >_tren
expect 2 "give bash or zsh" "$tren" completion fish
expect 2 "the shell is missing" "$tren" completion

# What is typed, a colon, and what must be among the words that come out (- in front: must not be).
cat >cases <<'END'
tren tr:train
tren r:runs -launch
tren train --opt:--optimizer.name --optimizer.learning_rate -data
tren train --res:--resume
tren train --no-p:--no-plots
tren train --optimizer.name a:adam adamw -sgd
tren train --model.name :mlp cnn resnet18 layers
tren train conf.yaml --loss.name h:half_squares huber -absolute
tren sweep grid.yaml --keep:--keep-runs
tren sweep grid.yaml --see:--seed
tren eval --wh:--which
tren eval run --which :best last
tren export --which :best last
tren export run --to onnx --which :best last
tren export run --to :onnx npz
tren lab worksheet --lang :en es
tren lab worksheet W1 --lang e:en es
tren lab worksheet W:W1 W2
tren help opt:optimizer optimizer.name -train
tren help t:train tensorboard -layers
tren help lay:layers
tren train --:--seed --resume --json
tren data :import make info check preview
tren data import :csv idx text -sinusoid
tren data make s:sinusoid -csv
tren data make --out:--out
tren data import csv --lab:--label
tren lab run W:W1 W2
tren bench :gemm allreduce
tren completion :bash zsh
tren runs --dif:--differ
tren --ver:--version
END

check_case() { # SHELL LINE WORDS ...
    local shell=$1 line=$2 word
    shift 2
    for word in "$@"; do
        if [[ $word == -[a-z]* ]]; then
            ! grep -qxF -- "${word#-}" words || fail "$shell: '$line' offers ${word#-}"
        else
            grep -qxF -- "$word" words || fail "$shell: '$line' does not offer $word, but: $(paste -sd ' ' words)"
        fi
    done
}

export PATH=$TREN_BIN:$PATH
# shellcheck source=/dev/null
source tren.bash
complete -p tren | grep -q _tren || fail "bash is not told of the completion"
in_bash() { # LINE
    local last=''
    read -ra COMP_WORDS <<<"$1"
    [[ $1 != *" " ]] || COMP_WORDS+=("$last")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMPREPLY=()
    _tren || true
    printf '%s\n' "${COMPREPLY[@]}" >words
}
while IFS=: read -r line words; do
    in_bash "$line"
    [[ -z $(sort words | uniq -d) ]] || fail "bash: '$line' offers twice $(sort words | uniq -d)"
    read -ra words <<<"$words"
    check_case bash "$line" "${words[@]}"
done <cases
COMP_WORDS=(tren train --loss.name "=" h) COMP_CWORD=4 && { _tren || true; } # bash has cut --loss.name=h
[[ ${COMPREPLY[*]} == "half_squares huber" ]] || fail "bash: --loss.name=h gives ${COMPREPLY[*]}"
# shellcheck disable=SC2016
COMP_WORDS=(tren '$(touch ran)' '`touch ran`' --a) COMP_CWORD=3 && { _tren || true; }
[[ ! -e ran ]] || fail "bash: what was typed is run"
bash --norc -c "source ./tren.bash && complete -p tren64 >/dev/null" || fail "bash: tren64 is not completed"
if command -v shellcheck >/dev/null; then shellcheck tren.bash || fail "shellcheck has something to say"; fi

if ! command -v zsh >/dev/null; then
    echo "bash completes; zsh is not tried: it is not installed"
    exit 0
fi
# A terminal of zsh's own: the words of its list, one a line.
cat >in_zsh <<'END'
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PS1= PROMPT= TERM=dumb; cd $PWD; fpath=($PWD \$fpath); autoload -Uz compinit; compinit -u -D; zstyle ':completion:*' list-colors ''"
zpty -w shell "compadd() { if [[ \$1 == -- ]]; then shift; print -rl -- BEGIN \${(M)@:#\$PREFIX*} END >>$PWD/zsh.out; fi; builtin compadd \"\$@\" }"
zpty -w shell "bindkey '^I' complete-word"
sleep 2
zpty -n -w shell "$1"$'\t'
for ((i = 0; i < 100; i++)); do grep -q END $PWD/zsh.out 2>/dev/null && break; sleep 0.1; done
zpty -d shell
END
in_zsh() {
    : >zsh.out
    zsh -f in_zsh "$1" >/dev/null 2>&1 || true
    sed '/^BEGIN$/d; /^END$/d' zsh.out >words
}
zsh -n _tren || fail "zsh does not understand the script"
n=0
while IFS=: read -r line words; do
    n=$((n + 1))
    [[ ${TREN_LONG:-} || $n -eq 1 || $n -eq 6 || $n -eq 14 ]] || continue
    in_zsh "$line"
    read -ra words <<<"$words"
    check_case zsh "$line" "${words[@]}"
done <cases
echo "bash and zsh complete"
