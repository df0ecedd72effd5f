#include "base/yaml_tree.h"
#include "base/config_table.h"
#include "base/quote.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

struct tren_yaml {
    yaml_parser_t parser;
    yaml_document_t document;
    bool parsing, loaded; /* what is to be given back */
};

/* ---- reading --------------------------------------------------------------------------------- */

static tren_status load(tren_yaml *yaml, const char *text, const char *where) {
    yaml_parser_t *parser = &yaml->parser;
    TREN_TRY(tren_config_check_text(text, strlen(text), where));
    yaml->parsing = yaml_parser_initialize(parser);
    if (!yaml->parsing) return tren_fail_memory(0, where);
    yaml_parser_set_input_string(parser, (const unsigned char *)text, strlen(text));
    yaml->loaded = yaml_parser_load(parser, &yaml->document);
    if (yaml->loaded) return TREN_OK;
    return tren_yaml_fail(parser, text, strlen(text), where);
}

tren_status tren_yaml_open(tren_yaml **yaml, const char *text, const char *where) {
    TREN_TRY(tren_alloc(yaml, 1, sizeof **yaml, "a YAML text"));
    tren_status st = load(*yaml, text, where);
    if (st == TREN_OK) return st;
    tren_yaml_close(*yaml);
    *yaml = NULL;
    return st;
}

void tren_yaml_close(tren_yaml *yaml) {
    if (!yaml) return;
    if (yaml->loaded) yaml_document_delete(&yaml->document);
    if (yaml->parsing) yaml_parser_delete(&yaml->parser);
    free(yaml);
}

tren_yaml_node tren_yaml_root(tren_yaml *yaml) {
    return (tren_yaml_node){&yaml->document, yaml_document_get_root_node(&yaml->document)};
}

static bool is_scalar(tren_yaml_node n) {
    return n.node && n.node->type == YAML_SCALAR_NODE;
}
bool tren_yaml_is_list(tren_yaml_node n) {
    return n.node && n.node->type == YAML_SEQUENCE_NODE;
}
bool tren_yaml_is_map(tren_yaml_node n) {
    return n.node && n.node->type == YAML_MAPPING_NODE;
}

const char *tren_yaml_text(tren_yaml_node n) {
    return is_scalar(n) ? (const char *)n.node->data.scalar.value : "";
}

bool tren_yaml_is_null(tren_yaml_node n) {
    if (!n.node) return true;
    const char *text = tren_yaml_text(n);
    return is_scalar(n) && n.node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           (!*text || strcmp(text, "~") == 0 || strcasecmp(text, "null") == 0);
}

int tren_yaml_line(tren_yaml_node n) {
    return n.node ? (int)n.node->start_mark.line + 1 : 1;
}

int tren_yaml_count(tren_yaml_node n) {
    if (tren_yaml_is_list(n))
        return (int)(n.node->data.sequence.items.top - n.node->data.sequence.items.start);
    if (tren_yaml_is_map(n))
        return (int)(n.node->data.mapping.pairs.top - n.node->data.mapping.pairs.start);
    return 0;
}

static tren_yaml_node at(tren_yaml_node n, int index) {
    return (tren_yaml_node){n.document, yaml_document_get_node(n.document, index)};
}
tren_yaml_node tren_yaml_item(tren_yaml_node n, int i) {
    return at(n, tren_yaml_is_map(n) ? n.node->data.mapping.pairs.start[i].value
                                     : n.node->data.sequence.items.start[i]);
}
tren_yaml_node tren_yaml_key(tren_yaml_node n, int i) {
    return at(n, n.node->data.mapping.pairs.start[i].key);
}

/* ---- writing --------------------------------------------------------------------------------- */

/* Aliases let a short text stand for one of any length and depth. */
enum { MAX_DEPTH = 200 };

typedef struct writer {
    FILE *out;
    size_t left; /* bytes that may still be written */
    int line;    /* of the source, where the writer is; 0: lines do not matter */
    int depth;
    const char *problem; /* NULL: none */
} writer;

static void put(writer *w, const char *text) {
    size_t n = strlen(text);
    if (n > w->left) w->problem = "is too long; use 'repeat' for repeated layers";
    if (w->problem) return;
    w->left -= n;
    fputs(text, w->out);
}

static void go_to_line(writer *w, tren_yaml_node node) {
    int line = tren_yaml_line(node);
    if (w->line == 0) return;
    for (; w->line < line && !w->problem; w->line++) put(w, "\n");
}

static bool is_plain(const char *text) {
    if (!*text || strcmp(text, "~") == 0 || strcasecmp(text, "null") == 0 || text[0] == '-')
        return false;
    for (; *text; text++)
        if (!isalnum((unsigned char)*text) && !strchr("_.+-", *text)) return false;
    return true;
}

static void put_scalar(writer *w, tren_yaml_node n) {
    const char *text = tren_yaml_text(n);
    char *quoted = NULL;
    size_t size;
    if (strlen(text) != n.node->data.scalar.length) w->problem = "contains a zero byte; remove it";
    if (tren_yaml_is_null(n) || is_plain(text)) {
        put(w, tren_yaml_is_null(n) ? "null" : text);
        return;
    }
    FILE *file = open_memstream(&quoted, &size);
    if (file) tren_put_yaml(file, text);
    if (file && fclose(file) == 0) put(w, quoted);
    free(quoted);
}

static void put_flow(writer *w, tren_yaml_node n);

static void put_pairs(writer *w, tren_yaml_node n) {
    for (int i = 0; i < tren_yaml_count(n) && !w->problem; i++) {
        if (i > 0) put(w, ", ");
        go_to_line(w, tren_yaml_key(n, i));
        put_flow(w, tren_yaml_key(n, i));
        put(w, ": ");
        put_flow(w, tren_yaml_item(n, i));
    }
}

/* A pair alone needs no braces in a list. */
static void put_entry(writer *w, tren_yaml_node n) {
    bool bare = tren_yaml_is_map(n) && tren_yaml_count(n) == 1;
    if (bare)
        put_pairs(w, n);
    else
        put_flow(w, n);
}

static void put_flow(writer *w, tren_yaml_node n) {
    if (!n.node || ++w->depth > MAX_DEPTH) w->problem = "is nested too deeply; use fewer levels";
    if (w->problem) return;
    go_to_line(w, n);
    if (tren_yaml_is_list(n)) {
        put(w, "[");
        for (int i = 0; i < tren_yaml_count(n) && !w->problem; i++) {
            if (i > 0) put(w, ", ");
            put_entry(w, tren_yaml_item(n, i));
        }
        put(w, "]");
    } else if (tren_yaml_is_map(n)) {
        put(w, "{");
        put_pairs(w, n);
        put(w, "}");
    } else {
        put_scalar(w, n);
    }
    w->depth--;
}

tren_status tren_yaml_flatten(char *out, size_t n, tren_yaml_node node, bool lines,
                              const char *where) {
    FILE *file = fmemopen(out, n, "w");
    if (!file) return tren_fail_memory((double)n, "a YAML text");
    writer w = {.out = file, .left = n - 1, .line = lines ? tren_yaml_line(node) : 0};
    put_flow(&w, node);
    fclose(file);
    return w.problem ? tren_fail(TREN_ERR_USAGE, "%s: the list %s", where, w.problem) : TREN_OK;
}

static bool holds_list(tren_yaml_node n) {
    if (tren_yaml_is_list(n)) return tren_yaml_count(n) > 0;
    for (int i = 0; i < tren_yaml_count(n); i++)
        if (holds_list(tren_yaml_item(n, i))) return true;
    return false;
}

/* What stands before the first entry is written already. */
static void put_block(writer *w, tren_yaml_node n, int indent) {
    for (int i = 0; i < tren_yaml_count(n); i++) {
        tren_yaml_node item = tren_yaml_item(n, i);
        int deeper = indent + 2;
        if (i > 0) fprintf(w->out, "%*s", indent, "");
        if (tren_yaml_is_list(n)) {
            fputs("- ", w->out);
        } else {
            put_flow(w, tren_yaml_key(n, i));
            fputs(holds_list(item) ? ":\n" : ": ", w->out);
            if (holds_list(item)) fprintf(w->out, "%*s", deeper, "");
        }
        if (holds_list(item)) {
            put_block(w, item, deeper);
            continue;
        }
        if (tren_yaml_is_list(n))
            put_entry(w, item);
        else
            put_flow(w, item);
        fputs("\n", w->out);
    }
}

void tren_yaml_put(FILE *out, tren_yaml_node node, int indent) {
    writer w = {.out = out, .left = SIZE_MAX};
    fprintf(out, "%*s", indent, "");
    if (holds_list(node)) {
        put_block(&w, node, indent);
        return;
    }
    put_flow(&w, node);
    fputs("\n", out);
}
