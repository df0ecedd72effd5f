#include "base/json.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

Test(json, knows_its_numbers) {
    static const char *const number[] = {"0", "-1", "1.5", "1e5", "-0.25E-3", "10"};
    static const char *const other[] = {"",    "-",   "01",  "1.", ".5", "1e",
                                        "0x1", "inf", "nan", "1 ", "+1"};
    for (size_t i = 0; i < sizeof number / sizeof *number; i++)
        cr_assert(tren_json_is_number(number[i]), "%s", number[i]);
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        cr_assert(!tren_json_is_number(other[i]), "'%s'", other[i]);
}

Test(json, nests_with_commas_between) {
    char *text = NULL;
    size_t n;
    tren_json j = {.out = open_memstream(&text, &n), .one_line = true};
    tren_json_begin(&j, NULL, '{');
    tren_json_begin(&j, "empty", '[');
    tren_json_end(&j);
    tren_json_begin(&j, "list", '[');
    tren_json_whole(&j, NULL, 1);
    tren_json_real(&j, NULL, NAN);
    tren_json_end(&j);
    tren_json_text(&j, "text", "a\"b");
    tren_json_text(&j, "none", NULL);
    tren_json_bool(&j, "yes", true);
    tren_json_end(&j);
    fclose(j.out);
    cr_assert_str_eq(text,
                     "{\"empty\": [], \"list\": [1, null], \"text\": \"a\\\"b\", \"none\": null, "
                     "\"yes\": true}\n");
    free(text);
}
