/* The layers that a config's model.layers may have. */
#ifndef TREN_CLI_HELP_LAYERS_H
#define TREN_CLI_HELP_LAYERS_H

#include <stdbool.h>

/* To stdout, for `tren help layers`. */
void tren_help_layers(void);
bool tren_help_layer(const char *name); /* one of them; false: there is no such layer */
/* The same as a table of markdown, whose cells are printed by `print_cell`. */
void tren_docs_layers(void (*print_cell)(const char *text));

#endif
