/* A YAML text as a tree, and a tree as text. Not collective. */
#ifndef TREN_BASE_YAML_TREE_H
#define TREN_BASE_YAML_TREE_H

#include "tren/base.h"

struct yaml_document_s;
struct yaml_node_s;
struct yaml_parser_s;

typedef struct tren_yaml tren_yaml; /* a text that was read */
typedef struct tren_yaml_node {
    struct yaml_document_s *document; /* not owned */
    struct yaml_node_s *node;         /* not owned; NULL: there is none */
} tren_yaml_node;

/* TREN_ERR_USAGE: "WHERE:LINE: not YAML ...", or the text is too long or nested too deeply
 * (tren_config_check_text). */
tren_status tren_yaml_open(tren_yaml **yaml, const char *text, const char *where);
/* The error of a parser that stopped in a text of n bytes: "NAME:LINE: not YAML ...". */
tren_status tren_yaml_fail(const struct yaml_parser_s *parser, const char *text, size_t n,
                           const char *name);
void tren_yaml_close(tren_yaml *yaml); /* accepts NULL */
tren_yaml_node tren_yaml_root(tren_yaml *yaml);

bool tren_yaml_is_list(tren_yaml_node node);
bool tren_yaml_is_map(tren_yaml_node node);
/* A scalar that says nothing: empty, ~ or null without quotes; or no node at all. */
bool tren_yaml_is_null(tren_yaml_node node);
const char *tren_yaml_text(tren_yaml_node node); /* of a scalar; "" of anything else */
int tren_yaml_line(tren_yaml_node node);         /* from 1 */
/* Entries of a list, pairs of a map; 0 of a scalar. */
int tren_yaml_count(tren_yaml_node node);
tren_yaml_node tren_yaml_item(tren_yaml_node node, int i); /* an entry, or the value of a pair */
tren_yaml_node tren_yaml_key(tren_yaml_node node, int i);  /* of a pair */

/* The tree on one line, "[conv: {channels: 8}, relu]", with one way to write each tree. `lines`: a
 * line end for each one between its nodes in the source, so that the text, read again, tells how
 * many lines below its beginning each node stood. TREN_ERR_USAGE, "WHERE: ...": it needs n bytes or
 * more, is nested too deeply, or a scalar holds a zero byte. */
tren_status tren_yaml_flatten(char *out, size_t n, tren_yaml_node node, bool lines,
                              const char *where);
/* The tree over several lines, each indented by `indent` blanks: an entry or pair a line, but what
 * holds no list on one line. */
void tren_yaml_put(FILE *out, tren_yaml_node node, int indent);

#endif
