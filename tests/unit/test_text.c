/* Numbers from and to text, and the nearest word. */
#include <criterion/criterion.h>
#include <locale.h>
#include <string.h>

#include "base/text.h"

Test(text, reads_whole_numbers_and_nothing_else) {
    int64_t value;
    cr_assert_eq(tren_text_int64(&value, " -42 "), TREN_TEXT_OK);
    cr_assert_eq(value, -42);
    static const char *const bad[] = {"", " ", "x", "4x", "4 2", "0x10", "1.0", "1e3", "+", "--1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert_eq(tren_text_int64(&value, bad[i]), TREN_TEXT_MALFORMED, "'%s'", bad[i]);
    cr_assert_eq(tren_text_int64(&value, "9223372036854775808"), TREN_TEXT_RANGE);
}

Test(text, reads_all_64_bits_of_a_seed_but_no_sign) {
    uint64_t value;
    cr_assert_eq(tren_text_uint64(&value, "18446744073709551615"), TREN_TEXT_OK);
    cr_assert_eq(value, UINT64_MAX);
    cr_assert_eq(tren_text_uint64(&value, "18446744073709551616"), TREN_TEXT_RANGE);
    cr_assert_eq(tren_text_uint64(&value, "-1"), TREN_TEXT_RANGE);
}

Test(text, reads_finite_decimals_only) {
    double value;
    static const char *const bad[] = {"",   "nan",   "inf", "-inf", "0x1p3", "1,5",
                                      "1e", "1.2.3", "1 2", "e3",   "."};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert_eq(tren_text_real(&value, bad[i]), TREN_TEXT_MALFORMED, "'%s'", bad[i]);
    cr_assert_eq(tren_text_real(&value, "1e999"), TREN_TEXT_RANGE);
    cr_assert_eq(tren_text_real(&value, " .5 "), TREN_TEXT_OK);
    cr_assert_eq(value, 0.5);
}

Test(text, reads_times_in_every_notation) {
    static const struct {
        const char *text;
        double seconds;
    } good[] = {{"90", 90},
                {"90s", 90},
                {"1.5m", 90},
                {"2h", 7200},
                {"1d", 86400},
                {"1:30:00", 5400},
                {"100:00:01", 360001},
                /* as SLURM writes them */
                {"90:00", 5400},
                {"1:30", 90},
                {"0:05", 5},
                {"1-0", 86400},
                {"1-12", 129600},
                {"1-12:30", 131400},
                {"1-12:00:05", 129605},
                {"0-00:00:30", 30},
                {" 90:00 ", 5400},
                /* not days and hours */
                {"1e-3", 1e-3},
                {"-5", -5}};
    double value;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        cr_assert_eq(tren_text_seconds(&value, good[i].text), TREN_TEXT_OK, "'%s'", good[i].text);
        cr_assert_eq(value, good[i].seconds, "'%s'", good[i].text);
    }
    static const char *const bad[] = {
        "",          "s",         "1:60",      "1:60:00", "1:00:60", "-1:00:00",   "1:2:3:4",
        "5 minutes", "1h30m",     ":30",       "90:",     "1-",      "-1-0",       "1-2-3",
        "1-0:60",    "1-0:00:60", "1-0:0:0:0", "1-0h",    "1-24",    "1-25:00:00", "0-99:00",
        "1:-5",      "1 -0",      "1-0 0",     "1::2"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert_eq(tren_text_seconds(&value, bad[i]), TREN_TEXT_MALFORMED, "'%s'", bad[i]);
}

Test(text, writes_the_shortest_decimal_that_reads_back) {
    static const struct {
        double value;
        const char *text;
    } good[] = {{0.1, "0.1"},
                {1e-8, "1e-08"},
                {300, "300"},
                {1.0 / 3, "0.3333333333333333"},
                {-2.5, "-2.5"}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        char text[40];
        double back;
        tren_text_from_real(text, sizeof text, good[i].value);
        cr_assert_str_eq(text, good[i].text);
        cr_assert_eq(tren_text_real(&back, text), TREN_TEXT_OK);
        cr_assert_eq(back, good[i].value);
    }
}

Test(text, does_not_heed_the_locale) {
    const char *const commas[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "es_ES.UTF-8", "de_DE.utf8"};
    bool found = false;
    for (size_t i = 0; i < sizeof commas / sizeof *commas && !found; i++)
        found = setlocale(LC_ALL, commas[i]) != NULL;
    if (!found) cr_skip("no locale with a decimal comma is installed");
    char text[40];
    double value;
    tren_text_from_real(text, sizeof text, 2.5);
    cr_assert_str_eq(text, "2.5");
    cr_assert_eq(tren_text_real(&value, "2.5"), TREN_TEXT_OK);
    cr_assert_eq(value, 2.5);
}

Test(text, counts_edits_and_swaps_of_neighbours) {
    cr_assert_eq(tren_text_distance("", "abc"), 3);
    cr_assert_eq(tren_text_distance("train", "train"), 0);
    cr_assert_eq(tren_text_distance("trian", "train"), 1);
    cr_assert_eq(tren_text_distance("kitten", "sitting"), 3);
    char long_word[300];
    memset(long_word, 'a', sizeof long_word - 1);
    long_word[sizeof long_word - 1] = '\0';
    cr_assert_gt(tren_text_distance(long_word, "a"), 1000);
}

Test(text, finds_the_nearest_word_or_none) {
    static const char *const word[] = {"train", NULL, "eval", "plot"};
    cr_assert_str_eq(tren_text_nearest("tarin", word, 4), "train");
    cr_assert_str_eq(tren_text_nearest("evel", word, 4), "eval");
    cr_assert_null(tren_text_nearest("xyz", word, 4));
    cr_assert_null(tren_text_nearest("", word, 4));
}

Test(text, finds_what_is_abbreviated_or_in_other_case) {
    static const char *const word[] = {"train_loss", "validation_loss", "validation_accuracy",
                                       "cnn", "cnn5"};
    cr_assert_str_eq(tren_text_nearest("val_loss", word, 5), "validation_loss");
    cr_assert_str_eq(tren_text_nearest("val_acc", word, 5), "validation_accuracy");
    cr_assert_str_eq(tren_text_nearest("CNN", word, 5), "cnn");
    cr_assert_null(tren_text_nearest("val", word, 5));
    cr_assert_null(tren_text_nearest("v_l_x", word, 5));
}

Test(text, refuses_more_than_a_hundred_years) {
    double value;
    cr_assert_eq(tren_text_seconds(&value, "36525d"), TREN_TEXT_OK);
    cr_assert_eq(tren_text_seconds(&value, "36526d"), TREN_TEXT_RANGE);
    cr_assert_eq(tren_text_seconds(&value, "99999999999d"), TREN_TEXT_RANGE);
}
