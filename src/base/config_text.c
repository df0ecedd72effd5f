/* Bounds of a config's text, before libyaml reads it: anchors and nesting cost it much time. */
#include "base/config_table.h"

#include <string.h>

/* libyaml needs time in the square of the anchors, and of the depth: with these bounds no config
 * takes longer than a third of a second. */
enum { MAX_KIB = 64, MAX_NESTING = 1000 };

/* Lists and maps that begin within a line: brackets, and "- - -" or "? - :" behind each other. Each
 * that begins on a line of its own needs more indentation than the one before, which bounds them.
 */
static tren_status check_nesting(const char *text, size_t n, const char *name) {
    size_t nested = 0;
    bool follows = false; /* an indicator, with nothing but blanks between */
    for (size_t i = 0; i < n; i++) {
        if (text[i] == ' ' || text[i] == '\t') continue;
        bool indicator = strchr("-?:", text[i]) != NULL;
        nested += text[i] == '[' || text[i] == '{' || (indicator && follows);
        follows = indicator;
    }
    if (nested <= MAX_NESTING) return TREN_OK;
    return tren_fail(
        TREN_ERR_USAGE,
        "%s: has %zu brackets or nested lists, but a config may have %d; is it the right file?",
        name, nested, MAX_NESTING);
}

static tren_status check_size(size_t n, const char *name) {
    if (n <= (size_t)MAX_KIB << 10) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE,
                     "%s: has more than %d KiB, too much for a config; is it the right file?", name,
                     MAX_KIB);
}

tren_status tren_config_check_text(const char *text, size_t n, const char *name) {
    TREN_TRY(check_size(n, name));
    if (memchr(text, '\0', n))
        return tren_fail(TREN_ERR_USAGE,
                         "%s: is not a text file, but a config is YAML text in UTF-8", name);
    return check_nesting(text, n, name);
}

bool tren_layers_same(const tren_layers_text *a, const tren_layers_text *b) {
    const char *at = a->text, *other = b->text;
    for (;; at++, other++) {
        at += strspn(at, "\n");
        other += strspn(other, "\n");
        if (*at != *other) return false;
        if (!*at) return true;
    }
}
