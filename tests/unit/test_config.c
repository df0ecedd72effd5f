/* The options table, defaults, single values, contradictions and differences. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/config_table.h"

static tren_config defaults(void) {
    tren_config config;
    tren_config_defaults(&config);
    return config;
}

static void expect_error(tren_status st, const char *part) {
    cr_assert_eq(st, TREN_ERR_USAGE, "no error; expected \"%s\"", part);
    cr_assert_not_null(strstr(tren_error_text(), part), "\"%s\" lacks \"%s\"", tren_error_text(),
                       part);
}

/* ---- the table ------------------------------------------------------------------------------- */

Test(config, table_covers_every_member_but_padding) {
    size_t n;
    const tren_option *option = tren_options(&n);
    size_t end = 0;
    for (size_t i = 0; i < n; i++) {
        cr_assert_geq(option[i].at, end, "%s is not in the struct's order, or overlaps",
                      option[i].key);
        cr_assert_lt(option[i].at - end, 8, "a member before %s has no row", option[i].key);
        end = option[i].at + option[i].size;
    }
    cr_assert_lt(offsetof(tren_config, given) - end, 8, "the last member has no row");
}

Test(config, table_is_complete_and_sane) {
    static const size_t size[] = {0,
                                  sizeof(bool),
                                  sizeof(int),
                                  sizeof(int64_t),
                                  sizeof(uint64_t),
                                  sizeof(double),
                                  sizeof(double),
                                  sizeof(int),
                                  sizeof(tren_int_list),
                                  sizeof(tren_real_list),
                                  sizeof(tren_int_list),
                                  sizeof(tren_layers_text)};
    size_t n;
    const tren_option *option = tren_options(&n);
    for (size_t i = 0; i < n; i++) {
        const char *key = option[i].key;
        cr_assert(option[i].help && option[i].group && option[i].fallback, "%s", key);
        cr_assert_eq(option[i].help[strlen(option[i].help) - 1], '.', "%s: help is no sentence",
                     key);
        cr_assert_eq(tren_option_find(key), &option[i], "%s stands twice", key);
        cr_assert(option[i].type == TREN_OPTION_TEXT || option[i].size == size[option[i].type],
                  "%s: wrong type", key);
        if (option[i].type != TREN_OPTION_REALS) /* in whose place a word may stand */
            cr_assert_eq(option[i].choices != NULL,
                         option[i].type == TREN_OPTION_CHOICE ||
                             option[i].type == TREN_OPTION_WORDS,
                         "%s: choices", key);
    }
}

Test(config, every_default_is_valid_and_nothing_contradicts) {
    tren_config config = defaults();
    cr_assert_eq(tren_config_check(&config), TREN_OK, "%s", tren_error_text());
    size_t n;
    const tren_option *option = tren_options(&n);
    for (size_t i = 0; i < n; i++)
        cr_assert_eq(tren_config_set(&config, option[i].key, option[i].fallback, "test"), TREN_OK,
                     "%s", tren_error_text());
}

Test(config, choices_are_in_the_order_of_their_enums) {
    static const struct {
        const char *key, *text;
        int value;
    } last[] = {{"precision", "double", TREN_PRECISION_DOUBLE},
                {"model.activation", "softplus", TREN_SOFTPLUS},
                {"model.init", "pytorch", TREN_INIT_PYTORCH},
                {"loss.name", "binary_cross_entropy", 5},
                {"optimizer.name", "scg", TREN_SCG},
                {"schedule.name", "inverse_sqrt", TREN_SCHEDULE_INVERSE_SQRT},
                {"early_stopping.rule", "standard_error", TREN_STOP_STANDARD_ERROR},
                {"early_stopping.monitor", "perplexity", TREN_N_METRICS},
                {"reduction", "mpi", TREN_ENGINE_MPI},
                {"progress", "off", TREN_PROGRESS_OFF}};
    for (size_t i = 0; i < sizeof last / sizeof *last; i++) {
        tren_config config = defaults();
        const tren_option *option = tren_option_find(last[i].key);
        cr_assert_eq(tren_config_set(&config, last[i].key, last[i].text, "test"), TREN_OK);
        cr_assert_eq(*(const int *)tren_option_in(option, &config), last[i].value, "%s",
                     last[i].key);
        cr_assert_null(option->choices[last[i].value + 1], "%s has choices without an enum",
                       last[i].key);
    }
}

/* ---- values ---------------------------------------------------------------------------------- */

Test(config, sets_values_of_every_type) {
    tren_config config = defaults();
    static const char *const pair[][2] = {
        {"data", "a b.h5"},          {"seed", "18446744073709551615"}, {"shuffle", "no"},
        {"batch_size", "64"},        {"max_steps", "5000000000"},      {"max_time", "1:30:00"},
        {"optimizer.lambda", "2.5"}, {"optimizer.name", "AdamW"},      {"model.hidden", "[8, 4]"},
        {"dropout", "0.2,0.5"}};
    for (size_t i = 0; i < sizeof pair / sizeof *pair; i++)
        cr_assert_eq(tren_config_set(&config, pair[i][0], pair[i][1], "test"), TREN_OK, "%s",
                     tren_error_text());
    cr_assert_str_eq(config.data, "a b.h5");
    cr_assert_eq(config.seed, UINT64_MAX);
    cr_assert_not(config.shuffle);
    cr_assert_eq(config.batch_size, 64);
    cr_assert_eq(config.max_steps, 5000000000);
    cr_assert_eq(config.max_time, 5400);
    cr_assert_eq(config.optimizer.lambda, 2.5);
    cr_assert_eq(config.optimizer.name, TREN_ADAMW);
    cr_assert(config.model.hidden.n == 2 && config.model.hidden.at[0] == 8 &&
              config.model.hidden.at[1] == 4);
    cr_assert(config.dropout.n == 2 && config.dropout.at[0] == 0.2 && config.dropout.at[1] == 0.5);
}

Test(config, refuses_bad_values_naming_key_value_and_remedy) {
    static const char *const bad[][3] = {
        {"batch_size", "12x", "is not a whole number; give a whole number from 1 to"},
        {"batch_size", "0", "is out of range"},
        {"batch_size", "-5", "is out of range"},
        {"batch_size", "4294967297", "is out of range"},
        {"batch_size", "99999999999999999999999", "is out of range"},
        {"batch_size", "1.5", "is not a whole number"},
        {"batch_size", "", "is not a whole number"},
        {"shards", "65537", "from 1 to 65536"},
        {"seed", "-1", "is out of range"},
        {"shuffle", "maybe", "true or false"},
        {"precision", "half", "is unknown; give one of float or double"},
        {"optimizer.name", "adma", "did you mean 'adam'?"},
        {"optimizer.learning_rate", "-0.1", "at least 0"},
        {"optimizer.learning_rate", "nan", "is not a number"},
        {"optimizer.learning_rate", "1e999", "is out of range"},
        {"optimizer.epsilon", "0", "above 0"},
        {"optimizer.beta1", "1", "from 0 to below 1"},
        {"optimizer.lambda", "-1", "or null"},
        {"schedule.gamma", "1.5", "above 0 and up to 1"},
        {"schedule.period", "0", "from 1"},
        {"early_stopping.patience", "0", "from 1"},
        {"max_time", "soon", "is not a time"},
        {"max_time", "-5", "is out of range"},
        {"model.hidden", "[8, 4", "is not a list"},
        {"model.hidden", "[8, x]", "'x' is not a whole number"},
        {"model.hidden", "[8,]", "'' is not a whole number"},
        {"model.hidden", "[0]", "is out of range"},
        {"dropout", "[0.5, 1]", "'1' is out of range"},
        {"data", "a\nb", "byte 2 of 'a\nb' is a control character (0x0a); rename the file"},
        {"optimizer", "adam",
         "'optimizer' is a section, not a key; give its keys, such as 'optimizer.name'"},
        {"optimizer.lerning_rate", "1",
         "unknown key 'optimizer.lerning_rate'; did you mean 'optimizer.learning_rate'?"},
        {"qqq", "1", "unknown key 'qqq'"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        tren_config config = defaults(), before = config;
        expect_error(tren_config_set(&config, bad[i][0], bad[i][1], "here:7"), bad[i][2]);
        expect_error(TREN_ERR_USAGE, "here:7: ");
        expect_error(TREN_ERR_USAGE, bad[i][0]);
        cr_assert_eq(memcmp(&config, &before, sizeof config), 0, "%s: a refused value was kept",
                     bad[i][0]);
    }
}

Test(config, refuses_paths_and_lists_that_do_not_fit) {
    tren_config config = defaults();
    char text[4 * TREN_MAX_PATH];
    memset(text, 'a', TREN_MAX_PATH);
    text[TREN_MAX_PATH] = '\0';
    expect_error(tren_config_set(&config, "out", text, "test"),
                 "1024 bytes long; give at most 1023");
    text[TREN_MAX_PATH - 1] = '\0';
    cr_assert_eq(tren_config_set(&config, "out", text, "test"), TREN_OK);
    size_t n = 0;
    for (int i = 0; i < TREN_MAX_LIST + 1; i++) n += (size_t)sprintf(text + n, "%s1", i ? "," : "");
    expect_error(tren_config_set(&config, "model.hidden", text, "test"), "more than 64 entries");
    text[n - 2] = '\0';
    cr_assert_eq(tren_config_set(&config, "model.hidden", text, "test"), TREN_OK);
    cr_assert_eq(config.model.hidden.n, TREN_MAX_LIST);
}

Test(config, null_means_not_given) {
    tren_config config = defaults();
    cr_assert_lt(config.optimizer.lambda, 0);
    static const char *const null[] = {"null", "~", ""};
    for (size_t i = 0; i < 3; i++) {
        config.optimizer.lambda = 1;
        cr_assert_eq(tren_config_set(&config, "optimizer.lambda", null[i], "test"), TREN_OK);
        cr_assert_lt(config.optimizer.lambda, 0);
    }
    expect_error(tren_config_set(&config, "optimizer.momentum", "null", "test"), "is not a number");
}

Test(config, one_drop_rate_holds_for_hidden_layers_only) {
    tren_config config = defaults();
    cr_assert_eq(tren_config_dropout(&config, 1), 0);
    tren_config_set(&config, "dropout", "0.5", "test");
    cr_assert_eq(tren_config_dropout(&config, 0), 0);
    cr_assert_eq(tren_config_dropout(&config, 1), 0.5);
    cr_assert_eq(tren_config_dropout(&config, 2), 0.5);
    tren_config_set(&config, "dropout", "0.1, 0.3", "test");
    cr_assert_eq(tren_config_dropout(&config, 0), 0.1);
    cr_assert_eq(tren_config_dropout(&config, 1), 0.3);
    cr_assert_eq(tren_config_dropout(&config, 2), 0);
}

/* ---- nearest --------------------------------------------------------------------------------- */

Test(config, finds_the_key_that_was_meant) {
    static const char *const meant[][2] = {{"lr", "optimizer.learning_rate"},
                                           {"learning_rate", "optimizer.learning_rate"},
                                           {"optimizer.lerning_rate", "optimizer.learning_rate"},
                                           {"optimiser.learning_rate", "optimizer.learning_rate"},
                                           {"model.dropout", "dropout"},
                                           {"batch", "batch_size"},
                                           {"bacth_size", "batch_size"},
                                           {"epoch", "epochs"},
                                           {"patience", "early_stopping.patience"},
                                           {"optimizer.patience", "early_stopping.patience"},
                                           {"optimizer.rate", "optimizer.learning_rate"},
                                           {"rate", "optimizer.learning_rate"},
                                           {"optimizer.warmup", "schedule.warmup_steps"},
                                           {"optimizer.alpha", "optimizer.beta2"},
                                           {"optimizer.epochs", "epochs"},
                                           {"hiden", "model.hidden"}};
    for (size_t i = 0; i < sizeof meant / sizeof *meant; i++) {
        const char *nearest = tren_option_nearest(meant[i][0]);
        cr_assert(nearest && strcmp(nearest, meant[i][1]) == 0, "%s: %s", meant[i][0],
                  nearest ? nearest : "none");
    }
    static const char *const nothing[] = {"",     ".", "qqq", "optimizer.xyz", "optimizer.alph",
                                          "a.b.c"};
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++)
        cr_assert_null(tren_option_nearest(nothing[i]), "%s", nothing[i]);
}

/* ---- contradictions and differences ------------------------------------------------------------
 */

Test(config, refuses_contradictions) {
    static const struct {
        const char *pair[6], *part;
    } bad[] = {
        {{"optimizer.lambda", "1", "optimizer.weight_decay", "0"}, "both given"},
        {{"optimizer.nesterov", "true"}, "needs a momentum"},
        {{"optimizer.name", "adam", "optimizer.momentum", "0.9"}, "optimizer.momentum: 0.9"},
        {{"optimizer.name", "scg", "optimizer.ema", "0.9"}, "leave optimizer.ema out"},
        {{"optimizer.name", "lamb", "optimizer.trust", "0.9"}, "give optimizer.name: lars"},
        {{"optimizer.name", "adamw", "optimizer.nesterov", "true"},
         "optimizer.nesterov: true, but optimizer.name: adamw"},
        {{"dropout", "[0, 0, 0, 0]"}, "4 rates for 3 dense layers"},
        {{"dropout", "0.5", "model.hidden", "[]"}, "model.hidden is []"},
        {{"check_without_dropout", "2"}, "there is no dropout"},
        {{"augment.zoom", "[1.1, 0.9]"}, "give [0.9, 1.1]"},
        {{"augment.zoom", "1.1"}, "1 factor; give the smallest and the largest"},
        {{"augment.translation", "2", "augment.crop_padding", "4"}, "both move the images"},
        {{"loss.name", "half_squares", "loss.label_smoothing", "0.1"},
         "give loss.name: auto or cross_entropy, or leave"},
        {{"schedule.name", "inverse_sqrt"}, "schedule.warmup_steps: 0"},
        {{"optimizer.name", "scg", "dropout", "[0, 0.1, 0]"}, "give dropout: []"},
        {{"optimizer.name", "scg", "augment.noise", "0.1"}, "augment: scg compares"},
        {{"optimizer.name", "scg", "augment.zoom", "[0.9, 1.1]"}, "augment: scg compares"},
        {{"optimizer.name", "scg", "augment.flip_vertical", "true"}, "augment: scg compares"},
        {{"optimizer.name", "scg", "optimizer.clip_norm", "5"}, "leave optimizer.clip_norm out"},
        {{"optimizer.name", "scg", "optimizer.momentum", "0.5"},
         "give optimizer.name: sgd, rmsprop or lars, or leave optimizer.momentum"},
        {{"optimizer.name", "scg", "schedule.name", "cosine"}, "schedule: scg finds the length"},
        {{"optimizer.name", "scg", "schedule.warmup_steps", "5"}, "schedule: scg finds the length"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        tren_config config = defaults();
        for (int k = 0; k < 6 && bad[i].pair[k]; k += 2)
            cr_assert_eq(tren_config_set(&config, bad[i].pair[k], bad[i].pair[k + 1], "test"),
                         TREN_OK);
        expect_error(tren_config_check(&config), bad[i].part);
    }
}

/* Each key of the table, at a value that is not its default, beside the first choice that makes it
 * idle; and all of them in a saved record, which gives every key. */
Test(config, refuses_keys_that_cannot_act) {
    static const struct {
        const char *key, *text, *with, *idle;
    } row[] = {
        {"batch_size", "8", "optimizer.name", "scg"},
        {"shuffle", "false", "optimizer.name", "scg"},
        {"optimizer.learning_rate", "1", "optimizer.name", "scg"},
        {"optimizer.beta2", "0.5", "optimizer.name", "scg"},
        {"optimizer.epsilon", "1", "optimizer.name", "sgd"},
        {"optimizer.tolerance_f", "1", "optimizer.name", "adam"},
        {"model.hidden", "[3]", "model.name", "resnet18"},
        {"model.activation", "tanh", "model.name", "cnn5"},
        {"model.activation", "tanh", "model.name", "gpt"},
        {"model.heads", "2", "model.name", "cnn"},
        {"model.depth", "2", "model.name", "mlp"},
        {"model.feed_forward", "2", "model.name", "resnet18"},
        {"model.channels", "[3]", "model.name", "mlp"},
        {"model.norm", "none", "model.name", "mlp"},
        {"model.kernel", "5", "model.name", "resnet18"},
        {"model.width", "5", "model.name", "layers"},
        {"dropout", "0.5", "model.name", "resnet18"},
        {"model.layers", "[relu]", "model.name", "cnn"},
        {"model.init_variance", "1", "model.init", "he"},
        {"schedule.period", "3", "schedule.name", "cosine"},
        {"schedule.gamma", "0.5", "schedule.name", "constant"},
        {"schedule.final_factor", "0.5", "schedule.name", "sqrt"},
        {"early_stopping.patience", "3", "early_stopping.rule", "none"},
        {"early_stopping.start_epoch", "3", "early_stopping.rule", "none"},
        {"early_stopping.min_delta", "3", "early_stopping.rule", "gl"},
        {"early_stopping.gl_alpha", "3", "early_stopping.rule", "up"},
        {"early_stopping.strip_epochs", "3", "early_stopping.rule", "patience"},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        tren_config config = defaults(), record = defaults();
        tren_config_set(&config, row[i].with, row[i].idle, "test");
        char *text;
        cr_assert_eq(tren_config_format(&text, &config), TREN_OK);
        cr_assert_eq(tren_config_load_text(&record, text, strlen(text), "record"), TREN_OK);
        cr_expect_eq(tren_config_check(&record), TREN_OK, "%s", tren_error_text());
        free(text);
        tren_config_set(&config, row[i].key, row[i].text, "test");
        expect_error(tren_config_check(&config), row[i].key);
        cr_assert_not_null(strstr(tren_error_text(), row[i].with), "%s", tren_error_text());
        cr_assert_eq(tren_config_same(&record, &config, TREN_ROLE_RECIPE), TREN_OK);
    }
}

/* "--schedule.name constant" after a file with a gamma is no mistake; "--schedule.gamma" is, even
 * at its default, as long as nobody has chosen the schedule. */
Test(config, the_later_word_decides_which_keys_are_idle) {
    static const char file[] = "schedule: {name: step, gamma: 0.5}";
    tren_config config = defaults();
    cr_assert_eq(tren_config_load_text(&config, file, strlen(file), "file"), TREN_OK);
    cr_assert_eq(tren_config_check(&config), TREN_OK, "%s", tren_error_text());
    tren_config_set(&config, "schedule.name", "constant", "command line");
    cr_assert_eq(tren_config_check(&config), TREN_OK, "%s", tren_error_text());
    tren_config_set(&config, "schedule.gamma", "0.5", "command line");
    expect_error(tren_config_check(&config), "give schedule.name: step, or leave schedule.gamma");
    config = defaults();
    tren_config_set(&config, "schedule.gamma", "0.1", "command line");
    expect_error(tren_config_check(&config), "schedule.gamma: 0.1, but schedule.name: constant");
}

/* What scg does not look at has defaults, which it must not refuse. */
Test(config, scg_takes_all_rows_and_the_defaults) {
    tren_config config = defaults();
    cr_assert_eq(tren_config_batch(&config, 1000), 256);
    cr_assert_eq(tren_config_batch(&config, 100), 100);
    config.optimizer.name = TREN_SCG;
    cr_assert_eq(tren_config_batch(&config, 1000), 1000);
    cr_assert_eq(tren_config_batch(&config, 100), 100);
    cr_assert_eq(tren_config_check(&config), TREN_OK, "%s", tren_error_text());
    tren_config_set(&config, "dropout", "[0, 0, 0]", "test");
    cr_assert_eq(tren_config_check(&config), TREN_OK, "%s", tren_error_text());
}

Test(config, check_finds_values_that_were_put_there_without_the_table) {
    tren_config config = defaults();
    config.shards = 0;
    expect_error(tren_config_check(&config), "shards");
    config = defaults();
    config.optimizer.name = 17;
    expect_error(tren_config_check(&config), "optimizer.name");
    config = defaults();
    config.optimizer.learning_rate = NAN;
    expect_error(tren_config_check(&config), "optimizer.learning_rate");
    config = defaults();
    config.dropout.n = TREN_MAX_LIST + 1;
    expect_error(tren_config_check(&config), "dropout");
    config = defaults();
    memset(config.data, 'a', sizeof config.data);
    expect_error(tren_config_check(&config), "data");
}

Test(config, same_names_every_difference_of_its_role_and_no_other) {
    tren_config before = defaults(), now = before;
    now.seed = 2;
    now.model.hidden.at[1] = 128;
    now.model.hidden.at[5] = 99; /* beyond the list's end: no difference */
    now.epochs = 50;
    strcpy(now.out, "elsewhere");
    expect_error(tren_config_same(&before, &now, TREN_ROLE_RECIPE),
                 "seed: 1 in the checkpoint, 2 now");
    expect_error(TREN_ERR_USAGE, "model.hidden: [512, 256] in the checkpoint, [512, 128] now");
    expect_error(TREN_ERR_USAGE, "set it back, or give --out another folder");
    cr_assert_null(strstr(tren_error_text(), "epochs"));
    cr_assert_null(strstr(tren_error_text(), "elsewhere"));
    expect_error(tren_config_same(&before, &now, TREN_ROLE_LENGTH),
                 "epochs: 20 in the checkpoint, 50 now");
    cr_assert_eq(tren_config_same(&before, &before, TREN_ROLE_RECIPE), TREN_OK);
}

/* ---- keys that act too late -------------------------------------------------------------------
 */

Test(config, names_keys_that_cannot_act_before_the_end) {
    static const struct {
        const char *set[4][2]; /* beside epochs: 3, of 10 steps */
        const char *named;     /* NULL: nothing to say */
    } cases[] = {
        {{{"early_stopping.rule", "patience"},
          {"early_stopping.start_epoch", "50"},
          {"early_stopping.patience", "1"}},
         "early_stopping.start_epoch: 50"},
        {{{"early_stopping.rule", "patience"}, {"early_stopping.patience", "3"}},
         "early_stopping.patience: 3"},
        {{{"early_stopping.rule", "patience"}, {"early_stopping.patience", "2"}}, NULL},
        {{{"early_stopping.rule", "up"}}, "early_stopping.up_strips: 4 needs 25 epochs"},
        {{{"schedule.warmup_steps", "31"}}, "schedule.warmup_steps: 31"},
        {{{"schedule.warmup_steps", "30"}}, NULL},
        {{{"schedule.warmup_steps", "30"}, {"max_steps", "20"}}, "schedule.warmup_steps: 30"},
        {{{"schedule.name", "step"}, {"schedule.period", "3"}}, "schedule.period: 3"},
        {{{"schedule.name", "step"}, {"schedule.period", "2"}}, NULL},
        {{{"schedule.name", "sqrt"}, {"schedule.period", "3"}}, NULL},
        {{{"schedule.name", "sqrt"}, {"schedule.period", "30"}}, "schedule.period: 30"},
        {{{"early_stopping.rule", "none"}}, NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tren_config c;
        char note[TREN_MAX_NOTES][TREN_NOTE];
        tren_config_defaults(&c);
        cr_assert_eq(tren_config_set(&c, "epochs", "3", "test"), TREN_OK);
        for (int k = 0; k < 4 && cases[i].set[k][0]; k++)
            cr_assert_eq(tren_config_set(&c, cases[i].set[k][0], cases[i].set[k][1], "test"),
                         TREN_OK, "%s", tren_error_text());
        int n = tren_config_late_keys(note, &c, 10);
        cr_assert_eq(n, cases[i].named != NULL, "case %zu: %d notes", i, n);
        if (n) cr_assert(strstr(note[0], cases[i].named), "case %zu: %s", i, note[0]);
    }
}
