/* Options of commands that take no config. The help is tested on the program. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "cli/args.h"

/* A command line with an option of every type. */
typedef struct fixture {
    bool fast;
    const char *out;
    tren_arg_texts files;
    int n;
    int64_t large;
    uint64_t seed;
    double rate, time;
    const char *positional[2];
    tren_args args;
} fixture;

static tren_status parse(fixture *f, int argc, char **argv) {
    *f = (fixture){.n = 3, .seed = 1};
    const tren_arg options[] = {
        {.name = "fast", .type = TREN_ARG_FLAG, .at = &f->fast},
        {.name = "out", .type = TREN_ARG_TEXT, .at = &f->out, .metavar = "FILE.h5"},
        {.name = "file", .type = TREN_ARG_TEXTS, .at = &f->files, .metavar = "FILE"},
        {.name = "n-rows", .type = TREN_ARG_INT, .at = &f->n, .metavar = "N", .min = 1, .max = 5},
        {.name = "large",
         .type = TREN_ARG_INT64,
         .at = &f->large,
         .metavar = "N",
         .min = 1,
         .max = INFINITY},
        {.name = "seed", .type = TREN_ARG_SEED, .at = &f->seed, .metavar = "N"},
        {.name = "rate",
         .type = TREN_ARG_REAL,
         .at = &f->rate,
         .metavar = "X",
         .min = -1,
         .max = 1},
        {.name = "time", .type = TREN_ARG_SECONDS, .at = &f->time, .metavar = "TIME"},
        {.name = NULL}};
    f->args = (tren_args){.command = "try",
                          .synopsis = "A B",
                          .summary = "Tries.",
                          .options = options,
                          .positional = f->positional,
                          .max_positional = 2};
    tren_status st = tren_args_parse(&f->args, argc, argv);
    f->args.options = NULL;
    return st;
}

/* Splits a line at blanks. */
static tren_status parse_line(fixture *f, const char *line) {
    static char words[256];
    char *argv[32] = {"try"};
    int argc = 1;
    snprintf(words, sizeof words, "%s", line);
    for (char *word = strtok(words, " "); word; word = strtok(NULL, " ")) argv[argc++] = word;
    argv[argc] = NULL;
    return parse(f, argc, argv);
}

Test(args, reads_every_type_in_both_notations) {
    fixture f;
    cr_assert_eq(parse_line(&f,
                            "a --fast --out o.h5 --file x --file=y --n_rows=5 --large 5000000000 b "
                            "--seed 18446744073709551615 --rate -0.5 --time 2m"),
                 TREN_OK, "%s", tren_error_text());
    cr_assert(f.fast && f.n == 5 && f.large == 5000000000 && f.seed == UINT64_MAX);
    cr_assert(f.rate == -0.5 && f.time == 120);
    cr_assert_str_eq(f.out, "o.h5");
    cr_assert(f.files.n == 2 && strcmp(f.files.at[1], "y") == 0);
    cr_assert(f.args.n_positional == 2 && strcmp(f.positional[1], "b") == 0);
}

Test(args, keeps_defaults_and_turns_flags_off) {
    fixture f;
    cr_assert_eq(parse_line(&f, ""), TREN_OK);
    cr_assert(f.n == 3 && f.seed == 1 && !f.out && !f.fast && f.args.n_positional == 0);
    cr_assert_eq(parse_line(&f, "--fast --no-fast"), TREN_OK);
    cr_assert_not(f.fast);
    cr_assert_eq(parse_line(&f, "--fast false a"), TREN_OK);
    cr_assert(!f.fast && f.args.n_positional == 1);
    cr_assert_eq(parse_line(&f, "--fast a"), TREN_OK);
    cr_assert(f.fast && f.args.n_positional == 1);
}

Test(args, two_dashes_end_the_options) {
    fixture f;
    cr_assert_eq(parse_line(&f, "-- --fast -x"), TREN_OK);
    cr_assert(!f.fast && f.args.n_positional == 2);
    cr_assert_str_eq(f.positional[0], "--fast");
}

Test(args, refuses_what_is_wrong) {
    static const char *const bad[][2] = {
        {"--fats", "unknown option '--fats'; did you mean '--fast'?"},
        {"--n-row=3", "unknown option '--n-row'; did you mean '--n-rows'?"},
        {"--qqq", "unknown option '--qqq'; 'tren try --help' lists all"},
        {"-f", "options begin with two dashes"},
        {"--out", "option '--out' needs a value: FILE.h5"},
        {"--out --fast", "option '--out' needs a value"},
        {"--fast=maybe", "--fast: 'maybe' is neither true nor false"},
        {"--n-rows x", "--n-rows: 'x' is not a whole number; give one from 1 to 5"},
        {"--n-rows 6", "--n-rows: '6' is out of range; give one from 1 to 5"},
        {"--n-rows 4294967297", "is out of range"},
        {"--large 0", "--large: '0' is out of range; give at least 1"},
        {"--large 99999999999999999999", "is out of range"},
        {"--seed -1", "--seed: '-1' does not fit"},
        {"--rate nan", "--rate: 'nan' is not a number"},
        {"--rate 1.5", "--rate: '1.5' is out of range; give one from -1 to 1"},
        {"--time soon", "--time: 'soon' is not a time"},
        {"a b c", "'c' is one argument too many; usage: tren try A B"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        fixture f;
        cr_assert_eq(parse_line(&f, bad[i][0]), TREN_ERR_USAGE, "'%s' passed", bad[i][0]);
        cr_assert_not_null(strstr(tren_error_text(), bad[i][1]), "'%s': %s", bad[i][0],
                           tren_error_text());
    }
}

Test(args, tells_whether_an_option_was_given) {
    char *argv[] = {"try", "--n_rows=3", "x", "--", "--fast", NULL};
    cr_assert(tren_args_given("n-rows", 5, argv));
    cr_assert_not(tren_args_given("fast", 5, argv));
    cr_assert_not(tren_args_given("x", 5, argv));
}
