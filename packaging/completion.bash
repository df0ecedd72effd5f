# Completion of tren's commands and options for bash; both are what `tren --help` and `tren COMMAND --help` print.
# shellcheck shell=bash
_tren() {
    local current=${COMP_WORDS[COMP_CWORD]} program=${COMP_WORDS[0]}
    local -a words=() command=()
    if [[ $COMP_CWORD -eq 1 ]]; then
        mapfile -t words < <("$program" --help 2>/dev/null | sed -n 's/^  \([a-z][a-z]*\)  .*/\1/p')
    elif [[ $current == -* ]]; then
        command=("${COMP_WORDS[1]}")
        case ${command[0]} in data | lab | bench) command+=("${COMP_WORDS[@]:2:1}") ;; esac
        mapfile -t words < <("$program" "${command[@]}" --help 2>/dev/null | grep -oE -- '--[A-Za-z][A-Za-z0-9_.-]*' | sort -u)
    fi
    mapfile -t COMPREPLY < <(compgen -W "${words[*]}" -- "$current")
}
complete -o default -F _tren tren tren64
