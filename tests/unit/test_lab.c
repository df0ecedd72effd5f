/* Tables and verdicts of the laboratory. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/files.h"
#include "tren/lab.h"

TestSuite(lab, .init = test_scratch_enter, .fini = test_scratch_leave);

static tren_table sample(void) {
    tren_table t;
    cr_assert_eq(tren_table_open(&t, "width,seed,error"), TREN_OK);
    const double rows[][3] = {{2, 1, 0.1}, {2, 2, 0.3}, {4, 1, 1.0 / 3}, {4, 2, NAN}, {2, 3, 0.5}};
    for (size_t i = 0; i < 5; i++) cr_assert_eq(tren_table_add(&t, rows[i]), TREN_OK);
    return t;
}

Test(lab, a_table_survives_its_file) {
    tren_table t = sample(), again;
    cr_assert_eq(tren_table_write(&t, "t.csv"), TREN_OK, "%s", tren_error_text());
    cr_assert_eq(tren_table_read(&again, "t.csv"), TREN_OK, "%s", tren_error_text());
    cr_assert_eq(again.n_rows, 5);
    cr_assert_str_eq(again.column[2], "error");
    cr_assert_eq(tren_table_get(&again, 2, "error"), 1.0 / 3, "a digit was lost");
    cr_assert(isnan(tren_table_get(&again, 3, "error")));
    tren_table_close(&t);
    tren_table_close(&again);
}

Test(lab, means_and_quantiles_take_the_rows_that_are_meant) {
    tren_table t = sample();
    const tren_where *two = TREN_WHERE({"width", 2}), *four = TREN_WHERE({"width", 4});
    cr_assert_float_eq(tren_table_mean(&t, "error", two), 0.3, 1e-15);
    cr_assert_float_eq(tren_table_sd(&t, "error", two), 0.2, 1e-15);
    cr_assert_float_eq(tren_table_quantile(&t, "error", two, 0.25), 0.2, 1e-15);
    cr_assert_eq(tren_table_count(&t, "error", four), 1, "NaN counts as nothing");
    cr_assert_eq(tren_table_mean(&t, "error", TREN_WHERE({"width", 2}, {"seed", 2})), 0.3);
    cr_assert(isnan(tren_table_mean(&t, "error", TREN_WHERE({"width", 3}))));
    cr_assert(isnan(tren_table_mean(&t, "nothing", NULL)));
    tren_table_close(&t);
}

Test(lab, a_damaged_table_is_refused) {
    tren_table t;
    test_write_text("empty.csv", "");
    cr_assert_eq(tren_table_read(&t, "empty.csv"), TREN_ERR_DATA);
    test_write_text("hole.csv", "a,,b\n1,2,3\n");
    cr_assert_neq(tren_table_read(&t, "hole.csv"), TREN_OK);
    test_expect_error(tren_table_read(&t, "none.csv"), TREN_ERR_DATA, "none.csv");
    static const struct {
        const char *text, *part;
    } damaged[] = {
        {"a,,b\n1,2,3\n", "damaged.csv:1: the header of a table is missing"},
        {"a,b\n1,2\n\n3\n", "damaged.csv:4: 1 cells, but the header has 2"},
        {"a,b\n1,2,3\n", "damaged.csv:2: 3 cells, but the header has 2"},
        {"a,b\n\"1,2\"\n", "damaged.csv:2: 1 cells, but the header has 2"},
    };
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
        test_write_text("damaged.csv", damaged[i].text);
        test_expect_error(tren_table_read(&t, "damaged.csv"), TREN_ERR_DATA, damaged[i].part);
        cr_expect_not_null(strstr(tren_error_text(), "remove it, and it is made again"));
    }
}

Test(lab, a_verdict_holds_when_every_claim_does) {
    tren_verdict v = {0};
    cr_assert_not(tren_verdict_holds(&v), "nothing was claimed");
    tren_verdict_tell(&v, "%d rows", "%d filas", 3);
    cr_assert_not(tren_verdict_holds(&v), "nothing was judged");
    tren_verdict_add(&v, true, "a \"peak\" of %.2f", "un pico de %.2f", 0.5);
    cr_assert(tren_verdict_holds(&v));
    tren_verdict_add(&v, false, "no %s", "sin %s", "second");
    cr_assert_not(tren_verdict_holds(&v));
}

Test(lab, a_verdict_survives_its_file) {
    tren_verdict v = {0}, again;
    tren_verdict_add(&v, true, "a \"peak\" of %.2f \\ more", "un pico de %.2f, más ancho", 0.5);
    tren_verdict_tell(&v, "told %d", "dicho %d", 7);
    cr_assert_eq(tren_verdict_write(&v, "v.json"), TREN_OK);
    cr_assert_eq(tren_verdict_read(&again, "v.json"), TREN_OK);
    cr_assert_eq(again.n, 2);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(again.at[i].claim, v.at[i].claim);
        cr_assert_str_eq(again.at[i].text[TREN_ENGLISH], v.at[i].text[TREN_ENGLISH]);
        cr_assert_str_eq(again.at[i].text[TREN_SPANISH], v.at[i].text[TREN_SPANISH]);
    }
    cr_assert(tren_verdict_holds(&again));
}

Test(lab, every_experiment_says_what_it_is_in_both_languages) {
    for (int i = 0; tren_experiments[i]; i++) {
        const tren_experiment *e = tren_experiments[i];
        const tren_phrase *said[] = {&e->figure, &e->title, &e->question, &e->setting,
                                     &e->look_for};
        for (size_t k = 0; k < sizeof said / sizeof *said; k++)
            cr_assert(said[k]->en && said[k]->es, "%s: phrase %zu", e->name, k);
        const tren_experiment *source = tren_experiment_source(e);
        cr_assert(source->plan && source->point && source->columns, "%s", e->name);
        cr_assert(e->judge && e->curve, "%s", e->name);
        cr_assert(e->max_ranks >= 1 && e->seconds > 0 && e->quick_seconds > 0, "%s", e->name);
        cr_assert_eq(tren_experiment_find(e->name), e);
    }
    cr_assert_null(tren_experiment_find("W99"));
}

/* So that a page's numbers are those that were run. */
Test(lab, a_setting_names_parameters_that_there_are) {
    for (int i = 0; tren_experiments[i]; i++) {
        char text[TREN_LAB_TEXT];
        tren_lab_setting s;
        const tren_experiment *e = tren_experiments[i];
        tren_lab_options options = {.first_seed = 1};
        cr_assert_eq(tren_lab_setting_of(&s, e, &options), TREN_OK, "%s", tren_error_text());
        cr_assert_eq(s.form, TREN_LAB_JUDGED, "%s", e->name);
        const tren_lesson *l = tren_lesson_of(e);
        const tren_phrase said[] = {e->setting,   e->look_for,  l->predict,
                                    l->choice[0], l->choice[1], l->choice[2]};
        for (size_t k = 0; k < 2 * sizeof said / sizeof *said; k++) {
            tren_lab_say(text, e, &s, said[k / 2], k % 2 ? TREN_SPANISH : TREN_ENGLISH);
            cr_assert(!strchr(text, '{') && strlen(text) < TREN_LAB_TEXT - 1, "%s: %s", e->name,
                      text);
        }
        cr_assert(tren_experiment_source(e)->param[0].name, "%s has no parameters", e->name);
    }
}

Test(lab, every_experiment_has_a_lesson_whose_commands_can_be_run) {
    int right[TREN_MAX_CHOICES] = {0};
    for (int i = 0; tren_experiments[i]; i++) {
        const tren_experiment *e = tren_experiments[i];
        const tren_lesson *l = tren_lesson_of(e);
        cr_assert_not_null(l, "%s", e->name);
        cr_assert(l->slide.es && l->predict.es && l->right < TREN_MAX_CHOICES, "%s", e->name);
        cr_assert(l->choice[l->right].en && l->choice[1].es, "%s", e->name);
        right[l->right]++;
        cr_assert(l->change[0].command, "%s: nothing to change", e->name);
        for (int k = 0; k < TREN_MAX_CHANGES && l->change[k].command; k++) {
            char text[256], *rest = text;
            tren_lab_options o = {.first_seed = 1};
            tren_lab_setting s;
            snprintf(text, sizeof text, "%s", l->change[k].command);
            for (char *word; (word = strsep(&rest, " "));)
                if (strcmp(word, "--quick") == 0)
                    o.quick = true;
                else if (strcmp(word, "--set") != 0)
                    o.set[o.n_sets++] = word;
            cr_assert_eq(tren_lab_setting_of(&s, e, &o), TREN_OK, "%s: %s", e->name,
                         tren_error_text());
            cr_assert_eq(s.form, TREN_LAB_OWN, "%s", e->name);
        }
    }
    for (int k = 0; k < 3; k++) /* nobody can guess by the place of the answer */
        cr_assert_geq(right[k], 3, "%d correct answers in place %d", right[k], k);
}

Test(lab, numbers_are_written_as_each_language_writes_them) {
    char text[TREN_LAB_TEXT];
    tren_lab_setting s;
    const tren_experiment *e = tren_experiment_find("W1");
    const char *set[] = {"rate=0.5"};
    tren_lab_options o = {.first_seed = 1, .n_sets = 1, .set = {set[0], NULL}};
    cr_assert_eq(tren_lab_setting_of(&s, e, &o), TREN_OK);
    const tren_phrase phrase = {"{rate} {test_rows} {nothing} {seeds} {noise%}",
                                "{rate} {test_rows} {seeds} {rate%}"};
    cr_assert_str_eq(tren_lab_say(text, e, &s, phrase, TREN_ENGLISH),
                     "0.5 12,000 {nothing} 5 seeds 15\u202f%");
    s.seeds = 1;
    cr_assert_str_eq(tren_lab_say(text, e, &s, phrase, TREN_SPANISH),
                     "0,5 12\u202f000 1 semilla 50\u202f%");
    const tren_phrase second = {"{widths[1]} {widths[99]}", "{widths[1]}"};
    cr_assert_str_eq(tren_lab_say(text, e, &s, second, TREN_ENGLISH), "4 nan");
    snprintf(text, sizeof text, "0.290, 0.84 y 1.5 %%, 3; 47, 1.20 veces, 12,");
    tren_localize(text, sizeof text, TREN_SPANISH);
    cr_assert_str_eq(text, "0,290; 0,84 y 1,5 %, 3; 47, 1,20 veces, 12,");
    snprintf(text, sizeof text, "1234567, 2019, 0.12345, -10488");
    tren_localize(text, sizeof text, TREN_ENGLISH);
    cr_assert_str_eq(text, "1,234,567, 2019, 0.12345, -10,488");
    snprintf(text, sizeof text, "30000");
    tren_localize(text, 6, TREN_ENGLISH);
    cr_assert_str_eq(text, "30000");
    tren_lab_difference(text, e, &s, TREN_SPANISH);
    cr_assert_str_eq(text, "tasa de aprendizaje: 0,5 en lugar de 0,01");
    cr_assert_eq(s.form, TREN_LAB_OWN);
}

Test(lab, a_form_that_is_not_the_judged_one_judges_nothing) {
    tren_verdict v = {0};
    char words[TREN_VERDICT_WORDS];
    tren_verdict_add(&v, true, "x %.1f", "x %.1f", 1.5);
    tren_verdict_add(&v, false, "x %.1f", "x %.1f", NAN);
    cr_assert_str_eq(v.at[0].text[TREN_SPANISH], "x 1,5");
    tren_verdict own = v;
    tren_verdict_set_form(&own, TREN_LAB_OWN);
    cr_assert_eq(own.at[0].claim, TREN_CLAIM_HOLDS);
    cr_assert_eq(own.at[1].claim, TREN_CLAIM_UNJUDGED, "a claim without its number");
    tren_verdict_set_form(&v, TREN_LAB_QUICK);
    cr_assert_eq(v.at[0].claim, TREN_CLAIM_UNJUDGED);
    cr_assert_str_eq(tren_verdict_words(words, &v, TREN_ENGLISH), "not judged in the quick form");
}

/* So that they are run with what their points want. */
Test(lab, who_judges_the_points_of_another_wants_the_same_as_that_one) {
    for (int i = 0; tren_experiments[i]; i++) {
        const tren_experiment *e = tren_experiments[i], *source = tren_experiment_source(e);
        if (source == e) continue;
        cr_assert(!e->plan && !e->prepare && !e->point && !e->columns, "%s", e->name);
        cr_assert_null(source->points_of, "%s", e->name);
        cr_assert(e->wants_double == source->wants_double && e->wants_data == source->wants_data);
        cr_assert_eq(e->wants_pairs, source->wants_pairs);
        cr_assert(e->max_ranks == source->max_ranks && e->seeds == source->seeds, "%s", e->name);
    }
}

/* What a picture draws must be in the tables. */
static bool has_column(const char *columns, const char *name) {
    tren_table t;
    cr_assert_eq(tren_table_open(&t, columns), TREN_OK, "%s", tren_error_text());
    return tren_table_find(&t, name) >= 0;
}

Test(lab, every_series_draws_columns_that_there_are) {
    for (int i = 0; tren_experiments[i]; i++) {
        const tren_experiment *e = tren_experiments[i];
        for (int k = 0; k < TREN_MAX_PANELS; k++)
            for (int s = 0; s < TREN_MAX_SERIES && e->panel[k].series[s].y; s++) {
                const tren_series *series = &e->panel[k].series[s];
                const char *columns =
                    series->from_points ? tren_experiment_source(e)->columns : e->curve;
                cr_assert(has_column(columns, series->x), "%s: %s", e->name, series->x);
                cr_assert(has_column(columns, series->y), "%s: %s", e->name, series->y);
                if (series->y2)
                    cr_assert(has_column(columns, series->y2), "%s: %s", e->name, series->y2);
            }
    }
}
