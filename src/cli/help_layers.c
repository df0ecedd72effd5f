/* The layers of model.layers, from the tables of their options: for the terminal, and as a part of
 * docs/configuration.md. */
#include "cli/help_layers.h"
#include "cli/console.h"
#include "tren/models.h"

#include <string.h>

/* "default 3; a whole number from 1 to 16". */
static void describe(char *out, size_t n, const tren_option *option) {
    char takes[256];
    bool nested = option->type == TREN_OPTION_LAYERS || option->type == TREN_OPTION_BRANCHES;
    bool given = option->fallback && strcmp(option->fallback, "null") != 0;
    tren_option_describe(takes, sizeof takes, option);
    if (!option->fallback)
        snprintf(out, n, "required; %s", takes);
    else if (given && !nested)
        snprintf(out, n, "default %s; %s", option->fallback, takes);
    else
        snprintf(out, n, "%s", takes);
}

static const char *is_brief(const tren_layer_kind *kind, const tren_option *option) {
    return kind->brief && strcmp(kind->brief, option->key) == 0 ? " (or as the only value)" : "";
}

static void print_kind(const tren_layer_kind *kind, int width) {
    enum { INDENT = 6 };
    char text[512], value[320];
    printf("  %s%s%s\n%*s", tren_style_on(stdout, TREN_STYLE_BOLD), kind->name,
           tren_style_on(stdout, TREN_STYLE_NONE), INDENT, "");
    tren_cli_wrap(stdout, kind->help, INDENT, INDENT, width);
    for (int i = 0; i < kind->n_options; i++) {
        const tren_option *option = &kind->option[i];
        describe(value, sizeof value, option);
        snprintf(text, sizeof text, "%s%s: %s (%s)", option->key, is_brief(kind, option),
                 option->help, value);
        printf("%*s", INDENT, "");
        tren_cli_wrap(stdout, text, INDENT, INDENT + 2, width);
    }
}

static const char usage[] = "model.layers is a list of layers, from the input to the output; the "
                            "loss is added automatically. A layer is a name (relu), a name with "
                            "one value (conv: 32), or a name with a map of keys (conv: {channels: "
                            "32, kernel: 5}). 'repeat: N' in the same entry repeats the layer.";

void tren_help_layers(void) {
    int width = tren_cli_width(stdout);
    tren_cli_wrap(stdout, usage, 0, 0, width);
    putchar('\n');
    for (int i = 0; tren_layer_kinds[i]; i++) print_kind(tren_layer_kinds[i], width);
}

bool tren_help_layer(const char *name) {
    for (int i = 0; tren_layer_kinds[i]; i++)
        if (strcmp(tren_layer_kinds[i]->name, name) == 0) {
            print_kind(tren_layer_kinds[i], tren_cli_width(stdout));
            return true;
        }
    return false;
}

void tren_docs_layers(void (*print_cell)(const char *text)) {
    char value[320];
    printf("\n## Layers of `model.layers`\n\n[networks.md](networks.md) explains the list. `tren "
           "help layers` prints this table.\n\n| layer | key | takes | |\n|---|---|---|---|\n");
    for (int i = 0; tren_layer_kinds[i]; i++) {
        const tren_layer_kind *kind = tren_layer_kinds[i];
        printf("| **`%s`** | | | ", kind->name);
        print_cell(kind->help);
        printf(" |\n");
        for (int k = 0; k < kind->n_options; k++) {
            const tren_option *option = &kind->option[k];
            describe(value, sizeof value, option);
            printf("| | `%s`%s | ", option->key, is_brief(kind, option));
            print_cell(value);
            printf(" | ");
            print_cell(option->help);
            printf(" |\n");
        }
    }
}
