/* Text of any bytes on a terminal and in files of other formats. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/quote.h"

typedef void putter(FILE *out, const char *text);

static void expect(putter *put, const char *text, const char *expected) {
    char *written;
    size_t n;
    FILE *out = open_memstream(&written, &n);
    put(out, text);
    fclose(out);
    cr_assert_str_eq(written, expected);
    free(written);
}

Test(quote, knows_utf_8_from_what_is_none) {
    static const char *const good[] = {"",
                                       "a",
                                       "\xc3\xb6",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xf0\x9f\x98\x80",
                                       "\xf4\x8f\xbf\xbf"};
    static const char *const bad[] = {"\xf6",
                                      "\x80",
                                      "a\xc3",
                                      "\xc0\xaf",
                                      "\xe0\x80\xaf",
                                      "\xed\xa0\x80",
                                      "\xe2\x82",
                                      "\xf4\x90\x80\x80",
                                      "\xf8\x88\x80\x80\x80",
                                      "\xc3\xb6\xff"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        cr_assert(tren_utf8_valid(good[i]), "%zu", i);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert_not(tren_utf8_valid(bad[i]), "%zu", i);
}

Test(quote, shows_what_a_terminal_would_obey) {
    expect(tren_put_shown,
           "gr\xc3\xb6\xc3\x9f"
           "e, \\ as it is",
           "gr\xc3\xb6\xc3\x9f"
           "e, \\ as it is");
    expect(tren_put_shown, "\x1b[31mred\x07\x7f\r\n\t", "\\x1b[31mred\\x07\\x7f\\r\\n\\t");
    expect(tren_put_shown,
           "\xc2\x9b"
           "31m",
           "\\u009b31m");
    expect(tren_put_shown,
           "\xe2\x80\xae"
           "exe",
           "\\u202eexe");
    expect(tren_put_shown, "r\xf6.h5 \xc3", "r\\xf6.h5 \\xc3");
}

Test(quote, shows_within_the_room_and_cuts_no_character) {
    char out[8];
    cr_assert_str_eq(tren_shown(out, sizeof out, "abcdef\xc3\xb6"), "abcdef");
    cr_assert_str_eq(tren_shown(out, sizeof out, "abcd\x1b"), "abcd");
    cr_assert_str_eq(tren_shown(out, 1, "a"), "");
}

Test(quote, writes_json_that_keeps_every_byte) {
    expect(tren_put_json, "a \"b\" \\ \n\x1b </script>",
           "\"a \\\"b\\\" \\\\ \\u000a\\u001b </script>\"");
    expect(tren_put_json, "r\xf6", "\"r\\udcf6\"");
    expect(tren_put_json, "\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\"");
}

Test(quote, writes_html_without_markup) {
    expect(tren_put_html, "<script>&\"'\x1b\xf6", "&lt;script&gt;&amp;&quot;&#39;\\x1b\\xf6");
}

Test(quote, quotes_csv_fields_where_they_must_be) {
    expect(tren_put_csv, "plain text", "plain text");
    expect(tren_put_csv, "a,b", "\"a,b\"");
    expect(tren_put_csv, "say \"a\"", "\"say \"\"a\"\"\"");
    expect(tren_put_csv, "a\nb", "\"a\nb\"");
    expect(tren_put_csv, "\x1b[31mred\x7f", "\\x1b[31mred\\x7f");
    expect(tren_put_csv, " a", "\" a\"");
}

Test(quote, a_spreadsheet_runs_no_field_and_one_apostrophe_less_is_the_text) {
    expect(tren_put_csv, "=cmd|'/C calc'!A0", "'=cmd|'/C calc'!A0");
    expect(tren_put_csv, "+a", "'+a");
    expect(tren_put_csv, "-a,b", "\"'-a,b\"");
    expect(tren_put_csv, "@SUM(A1)", "'@SUM(A1)");
    expect(tren_put_csv, "\t=1", "\"'\t=1\"");
    expect(tren_put_csv, "'=1+1", "''=1+1");
    expect(tren_put_csv, "-0.5", "-0.5");
    expect(tren_put_csv, "+1e3", "+1e3");
    expect(tren_put_csv, "'quoted'", "'quoted'");
    expect(tren_put_csv, "a=b", "a=b");
}

Test(quote, base64_reads_back_and_refuses_what_is_none) {
    static const char *const text[] = {"", "a", "ab", "abc", "\xff\xfe\xfd", "r\xf6/x y"};
    for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
        char *written, back[32];
        size_t n;
        FILE *out = open_memstream(&written, &n);
        tren_put_base64(out, text[i], strlen(text[i]));
        fclose(out);
        cr_assert(tren_base64_decode(back, sizeof back, written), "%s", written);
        cr_assert_str_eq(back, text[i]);
        free(written);
    }
    char room[4];
    cr_assert(tren_base64_decode(room, sizeof room, "YW\n Jj"));
    cr_assert_not(tren_base64_decode(room, 3, "YWJj"), "three bytes and the end need four");
    cr_assert_not(tren_base64_decode(room, sizeof room, "YWI"));
    cr_assert_not(tren_base64_decode(room, sizeof room, "YW=I"));
    cr_assert_not(tren_base64_decode(room, sizeof room, "Y\xf6I="));
    cr_assert_not(tren_base64_decode(room, sizeof room, "AAAA"), "zero bytes");
}
