/* tren data: turns sources into datasets, and looks at them. */
#include "cli/cmd.h"
#include "cli/args.h"
#include "cli/cmd_data.h"
#include "cli/console.h"
#include "base/text.h"
#include <string.h>

typedef struct subcommand {
    const char *name, *synopsis, *summary;
    tren_status (*run)(int argc, char **argv);
} subcommand;

static const subcommand subcommands[] = {
    {"import", "csv|idx|text|... ... --out FILE.h5", "turn files into a dataset", tren_data_import},
    {"make", "sinusoid ... --out FILE.h5", "make a synthetic dataset", tren_data_make},
    {"info", "FILE.h5 ...", "show what a dataset contains", tren_data_info},
    {"check", "FILE.h5 ...", "look for damage, duplicates, invalid values and missing classes",
     tren_data_check},
    {"preview", "FILE.h5 [--augment.KEY VALUE ...]",
     "show training images as augmentation changes them", tren_data_preview},
};

enum { N_SUBCOMMANDS = sizeof subcommands / sizeof *subcommands };

static void print_help(void) {
    printf("Usage\n");
    for (int i = 0; i < N_SUBCOMMANDS; i++)
        printf("  tren data %-8s%-38s %s\n", subcommands[i].name, subcommands[i].synopsis,
               subcommands[i].summary);
    printf("\n'tren data SUBCOMMAND --help' shows the options; docs/data-format.md describes the "
           "file.\n");
}

static tren_status unknown(const char *name) {
    const char *names[N_SUBCOMMANDS];
    for (int i = 0; i < N_SUBCOMMANDS; i++) names[i] = subcommands[i].name;
    const char *nearest = tren_text_nearest(name, names, N_SUBCOMMANDS);
    if (nearest)
        return tren_fail(TREN_ERR_USAGE, "unknown subcommand '%s'; did you mean '%s'?", name,
                         nearest);
    return tren_fail(TREN_ERR_USAGE,
                     "unknown subcommand '%s'; 'tren data --help' lists all subcommands", name);
}

static tren_status run(int argc, char **argv) {
    if (argc < 2) {
        print_help();
        return tren_fail(TREN_ERR_USAGE, "a subcommand is missing; give one of the above");
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
        print_help();
        return TREN_OK;
    }
    for (int i = 0; i < N_SUBCOMMANDS; i++)
        if (!strcmp(subcommands[i].name, argv[1])) return subcommands[i].run(argc - 1, argv + 1);
    return unknown(argv[1]);
}

int tren_cmd_data(int argc, char **argv) {
    return tren_cli_fail("data", run(argc, argv));
}

const char *tren_text_bytes(char out[32], double bytes) {
    static const char *const unit[] = {"B", "kB", "MB", "GB", "TB"};
    int i = 0;
    for (; bytes >= 1000 && i < 4; i++) bytes /= 1000;
    snprintf(out, 32, i ? "%.1f %s" : "%.0f %s", bytes, unit[i]);
    return out;
}
