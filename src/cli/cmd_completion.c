/* tren completion: a script with which bash or zsh complete commands, options, keys of the config
 * and the words that some of them take, made from the tables that also make parsing and --help.
 * Options of single commands are asked of the program when they are needed. */
#include "base/config_table.h"
#include "cli/args.h"
#include "cli/cmd.h"
#include "cli/console.h"
#include "tren/sources.h"
#include "tren/lab.h"
#include "tren/models.h"

#include <string.h>

/* ---- what the tables say --------------------------------------------------------------------- */

static void put_commands(void) {
    size_t n;
    const tren_command *command = tren_commands(&n);
    printf("    '') echo '");
    for (size_t i = 0; i < n; i++)
        if (!command[i].hidden) printf("%s ", command[i].name);
    printf("--help --version' ;;\n");
}

/* "import|make|info ..." are words that follow the command. */
static void put_verbs(void) {
    size_t n;
    const tren_command *command = tren_commands(&n);
    for (size_t i = 0; i < n; i++)
        if (command[i].verbs) printf("    %s) echo '%s' ;;\n", command[i].name, command[i].verbs);
}

static void put_sources(void) {
    printf("    'data import') echo '");
    for (const tren_source_kind *const *kind = tren_source_kinds; *kind; kind++)
        if (!(*kind)->is_maker) printf("%s ", (*kind)->name);
    printf("' ;;\n    'data make') echo '");
    for (const tren_source_kind *const *kind = tren_source_kinds; *kind; kind++)
        if ((*kind)->is_maker) printf("%s ", (*kind)->name);
    printf("' ;;\n");
}

static void put_experiments(void) {
    printf("    'lab run' | 'lab worksheet') echo 'all ");
    for (const tren_experiment *const *at = tren_experiments; *at; at++) printf("%s ", (*at)->name);
    printf("' ;;\n");
}

/* What "tren help" explains: commands, sections and keys of the config, layers. */
static void put_topics(void) {
    size_t n;
    const tren_command *command = tren_commands(&n);
    printf("    help) echo '");
    for (size_t i = 0; i < n; i++)
        if (!command[i].hidden) printf("%s ", command[i].name);
    const tren_option *option = tren_options(&n);
    for (size_t i = 0; i < n; i++) {
        const char *key = option[i].key, *before = i > 0 ? option[i - 1].key : "";
        int section = (int)strcspn(key, ".");
        if (key[section] && strncmp(before, key, (size_t)section + 1) != 0)
            printf("%.*s ", section, key);
        printf("%s ", key);
    }
    printf("layers' ;;\n");
}

static void put_words(const char *const *word) {
    for (; *word; word++) printf("%s ", *word);
}

static void put_models(void) {
    for (int i = 0; tren_models[i]; i++) printf("%s ", tren_models[i]->name);
}

/* Keys whose values are words. */
static void put_values(void) {
    size_t n;
    const tren_option *option = tren_options(&n);
    for (size_t i = 0; i < n; i++) {
        bool flag = option[i].type == TREN_OPTION_BOOL,
             model = !strcmp(option[i].key, "model.name");
        if (!flag && !model && !option[i].choices) continue;
        printf("    --%s) echo '", option[i].key);
        if (model) put_models();
        if (flag) printf("true false ");
        if (option[i].choices) put_words(option[i].choices);
        printf("' ;;\n");
    }
}

static void put_keys(void) {
    size_t n;
    const tren_option *option = tren_options(&n);
    printf("_tren_keys='");
    for (size_t i = 0; i < n; i++) printf("--%s ", option[i].key);
    for (size_t i = 0; i < n; i++)
        if (option[i].type == TREN_OPTION_BOOL) printf("--no-%s ", option[i].key);
    printf("'\n");
}

/* Commands that take keys of the config. */
static void put_takes_keys(void) {
    size_t n;
    const tren_command *command = tren_commands(&n);
    const char *bar = "";
    printf("_tren_takes_keys() {\n    case $1 in\n    ");
    for (size_t i = 0; i < n; i++) {
        if (command[i].hidden || !strstr(command[i].synopsis, "--KEY")) continue;
        printf("%s%s", bar, command[i].name);
        bar = " | ";
    }
    printf(") return 0 ;;\n    esac\n    return 1\n}\n");
}

static void put_tables(void) {
    put_keys();
    put_takes_keys();
    printf("_tren_verbs() { # WORDS BEFORE\n    case $1 in\n");
    put_commands();
    put_verbs();
    put_sources();
    put_experiments();
    put_topics();
    printf("    esac\n}\n_tren_values() { # --KEY\n    case $1 in\n");
    put_values();
    printf("    esac\n}\n");
}

/* ---- the scripts ----------------------------------------------------------------------------- */

/* In the words that both shells understand. */
static const char common[] =
    "_tren_has() { # WORDS WORD: may it follow them?\n"
    "    [ -n \"$2\" ] || return 1\n"
    "    case \" $(_tren_verbs \"$1\") \" in *\" $2 \"*) return 0 ;; esac\n"
    "    return 1\n"
    "}\n"
    "_tren_help() { # PROGRAM WORD1 [WORD2 [WORD3]]: --help of the command that they begin with\n"
    "    if _tren_has \"$2 ${3-}\" \"${4-}\"; then\n"
    "        \"$1\" \"$2\" \"$3\" \"$4\" --help\n"
    "    elif _tren_has \"$2\" \"${3-}\"; then\n"
    "        \"$1\" \"$2\" \"$3\" --help\n"
    "    elif _tren_has '' \"$2\"; then\n"
    "        \"$1\" \"$2\" --help\n"
    "    fi 2>/dev/null\n"
    "}\n"
    "_tren_own_values() { # --OPTION, its help on stdin: words such as best|last\n"
    "    sed -n \"s/^  $1 \\([a-z]*|[a-z|]*\\)\\( .*\\)*\\$/\\1/p\" | tr '|' ' '\n"
    "}\n"
    "# What may stand here, one blank between; nothing where files may.\n"
    "_tren_candidates() { # PROGRAM CURRENT PREVIOUS NUMBER WORD1 WORD2 WORD3\n"
    "    local program=$1 current=$2 previous=$3 number=$4 values=''\n"
    "    shift 4\n"
    "    case $previous in\n"
    "    --no-*) ;;\n"
    "    --*)\n"
    "        _tren_takes_keys \"$1\" && values=$(_tren_values \"$previous\")\n"
    "        [ -n \"$values\" ] || values=$(_tren_help \"$program\" \"$@\" | _tren_own_values "
    "\"$previous\")\n"
    "        if [ -n \"$values\" ]; then\n"
    "            case $current in -*) ;; *) echo \"$values\" && return ;; esac\n"
    "        fi ;;\n"
    "    esac\n"
    "    case $current in\n"
    "    -*)\n"
    "        [ \"$number\" -gt 1 ] || { _tren_verbs '' && return; }\n"
    "        {\n"
    "            ! _tren_takes_keys \"$1\" || echo \"$_tren_keys\" | tr ' ' '\\n'\n"
    "            _tren_help \"$program\" \"$@\" | grep -oE -- "
    "'--[A-Za-z][A-Za-z0-9_-]*([.][A-Za-z0-9_-]+)*' |\n"
    "                grep -vx -e --KEY\n"
    "        } | sort -u ;;\n"
    "    *)\n"
    "        case $number in\n"
    "        1) _tren_verbs '' ;;\n"
    "        2) _tren_verbs \"$1\" ;;\n"
    "        3) _tren_verbs \"$1 ${2-}\" ;;\n"
    "        esac ;;\n"
    "    esac\n"
    "}\n";

static const char for_bash[] =
    "_tren() {\n"
    "    local current=${COMP_WORDS[COMP_CWORD]} at=$COMP_CWORD\n"
    "    # bash takes --KEY=VALUE for three words\n"
    "    if [[ $current == = ]]; then current=''; elif [[ ${COMP_WORDS[at - 1]} == = ]]; then "
    "at=$((at - 1)); fi\n"
    "    local previous=${COMP_WORDS[at - 1]} words\n"
    "    words=$(_tren_candidates \"${COMP_WORDS[0]}\" \"$current\" \"$previous\" \"$COMP_CWORD\" "
    "\"${COMP_WORDS[@]:1:3}\")\n"
    "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
    "}\n"
    "complete -o default -F _tren tren tren64\n";

static const char for_zsh[] =
    "_tren() {\n"
    "    emulate -L zsh\n"
    "    local current=${words[CURRENT]} previous=${words[CURRENT-1]} list\n"
    "    if [[ $current == --*=* ]]; then\n"
    "        previous=${current%%=*}\n"
    "        current=${current#*=}\n"
    "        compset -P '*='\n"
    "    fi\n"
    "    list=$(_tren_candidates \"${words[1]}\" \"$current\" \"$previous\" $((CURRENT - 1)) "
    "\"${words[2]}\" \"${words[3]}\" \"${words[4]}\")\n"
    "    if [[ -n $list ]]; then compadd -- ${=list}; else _files; fi\n"
    "}\n"
    "if [[ ${funcstack[1]:-} == _tren ]]; then _tren \"$@\"; else compdef _tren tren tren64; fi\n";

static tren_status print_script(const char *shell) {
    bool zsh = strcmp(shell, "zsh") == 0;
    if (!zsh && strcmp(shell, "bash") != 0)
        return tren_fail(TREN_ERR_USAGE, "no completion for '%.40s'; give bash or zsh", shell);
    if (zsh) printf("#compdef tren tren64\n");
    printf(
        "# Completion of tren %s for %s, made by 'tren completion %s'.\n# shellcheck shell=bash\n",
        TREN_VERSION, shell, shell);
    put_tables();
    fputs(common, stdout);
    fputs(zsh ? for_zsh : for_bash, stdout);
    return tren_cli_flush();
}

int tren_cmd_completion(int argc, char **argv) {
    const char *shell[1];
    const tren_arg none[] = {{.name = NULL}};
    tren_args args = {.command = "completion",
                      .synopsis = "bash|zsh",
                      .summary =
                          "Print a script that lets the shell complete commands, options, config "
                          "keys and their values. 'cmake --install' installs it where "
                          "bash-completion and zsh look for it. By hand: source <(tren completion "
                          "bash), or, after compinit, source <(tren completion zsh).",
                      .options = none,
                      .positional = shell,
                      .max_positional = 1};
    tren_status st = tren_args_parse(&args, argc, argv);
    if (st == TREN_OK && args.help) return 0;
    if (st == TREN_OK && args.n_positional == 0)
        st = tren_fail(TREN_ERR_USAGE, "the shell is missing: tren completion bash|zsh");
    if (st == TREN_OK) st = print_script(shell[0]);
    return tren_cli_fail("completion", st);
}
