/* Why a text is no YAML, and what to do. */
#include "base/yaml_tree.h"

#include <string.h>
#include <yaml.h>

static bool line_has_tab(const char *text, size_t n, size_t line) {
    const char *at = text, *end = text + n;
    for (; at && line > 0; line--) {
        at = memchr(at, '\n', (size_t)(end - at));
        if (at) at++;
    }
    for (; at && at < end && *at != '\n'; at++)
        if (*at == '\t') return true;
    return false;
}

tren_status tren_yaml_fail(const struct yaml_parser_s *parser, const char *text, size_t n,
                           const char *name) {
    const char *problem = parser->problem ? parser->problem : "cannot be read";
    switch (parser->error) {
    case YAML_MEMORY_ERROR:
        return tren_fail_memory(0, name);
    case YAML_READER_ERROR:
        return tren_fail(TREN_ERR_USAGE,
                         "%s: byte %zu: %s; a config is YAML text in UTF-8: convert it with iconv; "
                         "give a path that is not UTF-8 as an option or as !!binary",
                         name, parser->problem_offset, problem);
    default:
        break;
    }
    size_t line = parser->problem_mark.line;
    const char *hint = line_has_tab(text, n, line) ? "; indent with spaces, not tabs"
                       : strstr(problem, "alias")  ? "; put quotes around a text that begins with *"
                                                   : "; check its quotes, brackets and indentation";
    return tren_fail(TREN_ERR_USAGE, "%s:%zu: not YAML: %s%s%s%s%s", name, line + 1, problem,
                     parser->context ? " (" : "", parser->context ? parser->context : "",
                     parser->context ? ")" : "", hint);
}
