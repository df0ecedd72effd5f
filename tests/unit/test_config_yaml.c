/* The YAML reader and writer. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/config_table.h"

static tren_status load(tren_config *config, const char *text) {
    tren_config_defaults(config);
    return tren_config_load_text(config, text, strlen(text), "run.yaml");
}

static void expect_error(tren_status st, const char *part) {
    cr_assert_eq(st, TREN_ERR_USAGE, "no error; expected \"%s\"", part);
    cr_assert_not_null(strstr(tren_error_text(), part), "\"%s\" lacks \"%s\"", tren_error_text(),
                       part);
}

Test(config_yaml, reads_nested_maps_dotted_keys_and_lists_in_both_styles) {
    tren_config config;
    const char *text = "data: d.h5  # comment\n"
                       "model:\n  hidden:\n    - 8\n    - 4\n"
                       "dropout: [0.1, .5]\n"
                       "optimizer: {name: adam, lambda: 1e-3}\n"
                       "schedule.name: cosine\n"
                       "schedule.final_factor: 0.1\n"
                       "progress: on\n"
                       "early_stopping:\n";
    cr_assert_eq(load(&config, text), TREN_OK, "%s", tren_error_text());
    cr_assert_str_eq(config.data, "d.h5");
    cr_assert(config.model.hidden.n == 2 && config.model.hidden.at[1] == 4);
    cr_assert(config.dropout.n == 2 && config.dropout.at[1] == 0.5);
    cr_assert_eq(config.optimizer.name, TREN_ADAM);
    cr_assert_eq(config.optimizer.lambda, 1e-3);
    cr_assert_eq(config.schedule.name, TREN_SCHEDULE_COSINE);
    cr_assert_eq(config.schedule.final_factor, 0.1);
    cr_assert_eq(config.progress, TREN_PROGRESS_ON);
    cr_assert_eq(config.batch_size, 256, "a key that is not in the file lost its default");
}

Test(config_yaml, reads_over_what_is_there) {
    tren_config config;
    tren_config_defaults(&config);
    config.seed = 7;
    cr_assert_eq(tren_config_load_text(&config, "epochs: 3", 9, "run.yaml"), TREN_OK);
    cr_assert(config.seed == 7 && config.epochs == 3);
}

Test(config_yaml, anchors_and_aliases_stand_for_their_values) {
    tren_config config;
    cr_assert_eq(load(&config, "shards: &n 8\nepochs: *n\n"), TREN_OK);
    cr_assert(config.shards == 8 && config.epochs == 8);
    expect_error(load(&config, "optimizer: &o {name: *o}\n"), "run.yaml:1");
}

Test(config_yaml, refuses_what_is_wrong_with_file_and_line) {
    static const char *const bad[][2] = {
        {"", "run.yaml: the config is empty; give at least 'data: FILE.h5'"},
        {"# nothing\n\n", "run.yaml: the config is empty"},
        {"---\n...\n", "run.yaml: the config is empty"},
        {"optimizer:\n  lerning_rate: 1\n", "run.yaml:2: unknown key 'optimizer.lerning_rate'; did "
                                            "you mean 'optimizer.learning_rate'?"},
        {"optimiser:\n  name: sgd\n",
         "run.yaml:1: unknown section 'optimiser'; did you mean 'optimizer'?"},
        {"qqq: 1\n", "run.yaml:1: unknown key 'qqq'; 'tren train --help' lists all keys"},
        {"qqq: {a: 1}\n", "run.yaml:1: unknown section 'qqq'"},
        {"seed: 1\nepochs: 2\nseed: 1\n", "run.yaml:3: 'seed' was already given on line 1"},
        {"optimizer: {lambda: 1}\noptimizer.lambda: 1\n",
         "run.yaml:2: 'optimizer.lambda' was already given on line 1"},
        {"loss: {name: auto}\nloss:\n  name: auto\n",
         "run.yaml:3: 'loss.name' was already given on line 1"},
        {"\noptimizer: adam\n",
         "run.yaml:2: 'optimizer' is a section; write its keys on the lines below it"},
        {"optimizer: [adam]\n", "run.yaml:1: 'optimizer' is a section"},
        {"seed:\n", "run.yaml:1: 'seed' has no value"},
        {"seed: ~\n", "run.yaml:1: 'seed' has no value"},
        {"seed: [1]\n", "run.yaml:1: seed: expected one value, found a list"},
        {"seed: {a: 1}\n", "run.yaml:1: seed: expected one value, found a map"},
        {"model:\n  hidden: [[1]]\n", "run.yaml:2: 'model.hidden' is a list of lists"},
        {"model:\n  hidden: {a: 1}\n", "run.yaml:2: model.hidden: expected one value, found a map"},
        {"dropout: [0.1, x]\n", "run.yaml:1: dropout: 'x' is not a number"},
        {"dropout: ['0.1,0.2']\n", "run.yaml:1: 'dropout' has an entry that is not a number"},
        {"batch_size: many\n", "run.yaml:1: batch_size: 'many' is not a whole number"},
        {"batch_size: 1 2\n", "run.yaml:1: batch_size: '1 2' is not a whole number"},
        {"- 1\n- 2\n", "run.yaml:1: a config is a map of keys and values"},
        {"hello\n", "run.yaml:1: a config is a map"},
        {"? [a]\n: 1\n", "run.yaml:1: a key must be one word"},
        {"<<: {seed: 1}\n", "run.yaml:1: '<<' (merging of maps) is not supported"},
        {"seed: 1\n---\nseed: 2\n", "run.yaml:3: a second document begins here"},
        {"seed: *x\n", "run.yaml:1: not YAML: found undefined alias"},
        {"seed: 1\n\tepochs: 2\n", "indent with spaces, not tabs"},
        {"seed: 1\n  epochs: 2\n", "run.yaml:2: not YAML"},
        {"seed: [1\n", "not YAML"},
        {"data: \"a\\x00b\"\n", "'data' contains a zero byte"},
        {"seed: 1\n\xff\xff\n", "a config is YAML text in UTF-8"},
        {"a.b.c.d: 1\n", "run.yaml:1: unknown key 'a.b.c.d'"},
        {"optimizer:\n  name:\n    x: 1\n",
         "run.yaml:3: optimizer.name: expected one value, found a map"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        tren_config config;
        expect_error(load(&config, bad[i][0]), bad[i][1]);
    }
}

Test(config_yaml, refuses_binary_text) {
    tren_config config;
    tren_config_defaults(&config);
    expect_error(tren_config_load_text(&config, "seed: 1\0\n", 9, "run.yaml"),
                 "is not a text file");
}

static void write_file(const char *path, const void *bytes, size_t n) {
    FILE *file = fopen(path, "w");
    cr_assert(file && fwrite(bytes, 1, n, file) == n && fclose(file) == 0);
}

Test(config_yaml, refuses_files_that_are_no_config) {
    char folder[] = "/tmp/tren-config-XXXXXX", path[64];
    cr_assert_not_null(mkdtemp(folder));
    tren_config config;
    tren_config_defaults(&config);
    snprintf(path, sizeof path, "%s/run.yaml", folder);
    expect_error(tren_config_load(&config, path), "No such file or directory; check the path");
    expect_error(tren_config_load(&config, folder), "is a folder");
    write_file(path, "\x89HDF\r\n\x1a\n", 8);
    expect_error(tren_config_load(&config, path), "is an HDF5 file");
    char *large = calloc(1, 3 << 20);
    memset(large, ' ', 3 << 20);
    write_file(path, large, 3 << 20);
    free(large);
    expect_error(tren_config_load(&config, path), "more than 64 KiB");
    write_file(path, "seed: 3", 7);
    cr_assert_eq(tren_config_load(&config, path), TREN_OK, "%s", tren_error_text());
    cr_assert_eq(config.seed, 3);
    unlink(path);
    rmdir(folder);
}

/* Every key away from its default. */
static tren_config unusual(void) {
    tren_config config;
    const char *text =
        "data: 'it''s: a \"b\" \\\\ #c'\nout: '-x'\ninit_from: 'null'\nseed: 18446744073709551615\n"
        "precision: double\nshards: 7\nbatch_size: 10000000\nshuffle: false\nblas_threads: 2\n"
        "model: {name: '12', hidden: [1048576, 3], activation: gelu, init: gaussian, "
        "init_variance: 0.3333333333333333, width: 3, heads: 5, depth: 6, feed_forward: 7, "
        "channels: [1], kernel: 5, norm: none,\n"
        "  layers: [conv: {channels: 8, kernel: 5},\n   'odd: ''name', {repeat: 2, dense: 3}, "
        "[]]}\n"
        "dropout: [0.1, 0.30000000000000004]\n"
        "augment: {rotation: 10, translation: 1.5, crop_padding: 4, flip_horizontal: true, "
        "flip_vertical: true, zoom: [0.9, 1.1], noise: 0.1}\n"
        "loss: {name: cross_entropy, label_smoothing: 0.1, class_weights: auto, "
        "positive_weights: [2], huber_delta: 2}\nnormalize_targets: false\nmetrics: [f1, auc]\n"
        "optimizer: {name: adamw, learning_rate: 1e-300, momentum: .5, beta1: .8, beta2: .99, "
        "epsilon: 1e-7, nesterov: true, lambda: 0, weight_decay: 1e-4, clip_norm: 1, "
        "trust: 0.5, ema: 0.9, tolerance_x: 0.5, tolerance_f: 0}\n"
        "schedule: {name: step, warmup_steps: 3, period: 4, gamma: .2, final_factor: .1}\n"
        "early_stopping: {rule: gl, monitor: mae, patience: 3, start_epoch: 4, min_delta: .1, "
        "gl_alpha: 2, "
        "up_strips: 2, strip_epochs: 3}\n"
        "check_without_dropout: 2\nepochs: 9\nstop_loss: 0.125\nmax_steps: "
        "9007199254740992\nmax_time: 1.5h\n"
        "checkpoint_steps: 8\ncheckpoint_seconds: 90s\nstall_timeout: 0\nreduction: scatter\ncpu: "
        "v3\ngemm: portable\n"
        "bucket_kib: 64\nstacking: false\ngradient_noise: 7\nevaluate_test: false\nprogress: "
        "'off'\nplots: false\ntensorboard: true\n";
    cr_assert_eq(load(&config, text), TREN_OK, "%s", tren_error_text());
    return config;
}

Test(config_yaml, what_is_written_reads_back_the_same) {
    tren_config config = unusual(), plain, back;
    tren_config_defaults(&plain);
    const tren_config *const both[] = {&config, &plain};
    for (int i = 0; i < 2; i++) {
        char *text;
        cr_assert_eq(tren_config_format(&text, both[i]), TREN_OK);
        cr_assert_eq(load(&back, text), TREN_OK, "%s\n%s", tren_error_text(), text);
        cr_assert(tren_layers_same(&back.model.layers, &both[i]->model.layers), "%s", text);
        back.model.layers = both[i]->model.layers; /* lines, and where they stand, do not count */
        cr_assert_eq(memcmp(&back, both[i], offsetof(tren_config, given)), 0, "%s", text);
        free(text);
    }
}

/* Paths of any bytes but control characters. */
static const char *const odd_path[] = {
    "a b", "it's", "a\"b\\c", "# no comment", "- a", "a: b", "{a}", "[a]", "&a", "*a", "!a", "|",
    ">", "%TAG", "@a", "`id`", "$(id)",
    "gr\xc3\xb6\xc3\x9f"
    "e",
    "\xf0\x9f\x98\x80", "~", "null", "true", "12", "1e5", "0x1f", "1_000", "2026-01-31", "90:00",
    "1-12", ".inf", "=", "<<", "-", "--", "-x",
    /* not UTF-8: Latin-1, cut off, overlong, a surrogate, beyond Unicode */
    "r\xf6", "\xff", "a\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
    /* UTF-8 that YAML does not take as it stands */
    "r\xc2\x81", "r\xc2\x85",
    "\xef\xbb\xbf"
    "a",
    "\xef\xbf\xbe", "\xef\xbf\xbf",
    "a\xe2\x80\xa8"
    "b"};
enum { N_ODD = sizeof odd_path / sizeof *odd_path };

Test(config_yaml, paths_of_any_bytes_read_back_the_same) {
    for (int i = 0; i < N_ODD; i++) {
        tren_config config, back;
        char *text;
        tren_config_defaults(&config);
        cr_assert_eq(tren_config_set(&config, "data", odd_path[i], "test"), TREN_OK);
        cr_assert_eq(tren_config_format(&text, &config), TREN_OK);
        cr_assert_eq(load(&back, text), TREN_OK, "%s\n%.200s", tren_error_text(), text);
        cr_assert_str_eq(back.data, odd_path[i]);
        free(text);
    }
}

Test(config_yaml, the_longest_path_of_any_bytes_reads_back) {
    static const char *const unit[] = {"\xf6", "\"", "\xc2\x81", "\xef\xbf\xbe"};
    for (size_t i = 0; i < sizeof unit / sizeof *unit; i++) {
        tren_config config, back;
        char path[TREN_MAX_PATH] = "", *text;
        while (strlen(path) + strlen(unit[i]) < sizeof path) strcat(path, unit[i]);
        tren_config_defaults(&config);
        cr_assert_eq(tren_config_set(&config, "out", path, "test"), TREN_OK);
        cr_assert_eq(tren_config_format(&text, &config), TREN_OK);
        cr_assert_eq(load(&back, text), TREN_OK, "%s", tren_error_text());
        cr_assert_str_eq(back.out, path);
        free(text);
    }
}

Test(config_yaml, binary_scalars_are_base64_of_a_path) {
    tren_config config;
    cr_assert_eq(load(&config, "data: !!binary cvY=\nout: !!binary |\n  cv\n  Y=\n"), TREN_OK, "%s",
                 tren_error_text());
    cr_assert_str_eq(config.data, "r\xf6");
    cr_assert_str_eq(config.out, "r\xf6");
    static const char *const bad[] = {"cvY", "c", "c=Y=", "c!Y=", "cvZ=", "AAAA"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[64];
        snprintf(text, sizeof text, "seed: 1\ndata: !!binary '%s'\n", bad[i]);
        expect_error(load(&config, text), "run.yaml:2: 'data' is marked !!binary, but is not");
    }
}

Test(config_yaml, the_unusual_config_changes_every_key) {
    tren_config config = unusual(), plain;
    tren_config_defaults(&plain);
    size_t n;
    const tren_option *option = tren_options(&n);
    for (size_t i = 0; i < n; i++) {
        char was[4096], is[4096];
        tren_option_format(was, sizeof was, &option[i], &plain);
        tren_option_format(is, sizeof is, &option[i], &config);
        cr_assert_str_neq(was, is, "%s", option[i].key);
    }
}

Test(config_yaml, the_writer_counts_like_snprintf) {
    tren_config config = unusual();
    size_t n;
    const tren_option *option = tren_options(&n);
    for (size_t i = 0; i < n; i++) {
        char all[4096], some[5] = "xxxx";
        int count = tren_option_format(all, sizeof all, &option[i], &config);
        cr_assert_eq((size_t)count, strlen(all), "%s", option[i].key);
        cr_assert_eq(tren_option_format(some, 4, &option[i], &config), count, "%s", option[i].key);
        cr_assert_eq(strncmp(some, all, strlen(some)), 0, "%s", option[i].key);
        cr_assert_leq(strlen(some), 3, "%s", option[i].key);
    }
}
