/* docs/configuration.md, from the options table. */
#include "cli/cmd.h"
#include "cli/help.h"
#include "cli/help_layers.h"

#include <string.h>

/* Table cells: a bar would end them, and a star or an underscore would be markup. */
static void print_cell(const char *text) {
    for (; *text; text++) {
        if (strchr("|*_\\<", *text)) putchar('\\');
        putchar(*text);
    }
}

static const char *role_name(tren_option_role role) {
    static const char *const name[] = {"fixed", "length", "output"};
    return name[role];
}

static void print_row(const tren_option *option) {
    char takes[256];
    tren_option_describe(takes, sizeof takes, option);
    printf("| `%s` | %s%s%s | ", option->key, *option->fallback ? "`" : "",
           *option->fallback ? option->fallback : "empty", *option->fallback ? "`" : "");
    print_cell(takes);
    printf(" | %s | ", role_name(option->role));
    print_cell(option->help);
    printf(" |\n");
}

static const char introduction[] =
    "# Configuration\n"
    "\n"
    "<!-- Written by `tren docs > docs/configuration.md`; the rows come from "
    "src/base/config_options.c and src/models/kinds_*.c. -->\n"
    "\n"
    "A config is a YAML file of nested maps or dotted keys, of at most 64 KiB and a thousand "
    "brackets "
    "or nested lists:\n"
    "\n"
    "```yaml\n"
    "data: datasets/fashion-mnist.h5\n"
    "batch_size: 256\n"
    "optimizer:\n"
    "  learning_rate: 0.1\n"
    "schedule.name: cosine\n"
    "```\n"
    "\n"
    "Every key is also an option of `tren train`, as `--optimizer.learning_rate 0.05` or\n"
    "`--optimizer.learning_rate=0.05`; where a key is true or false, `--shuffle` and "
    "`--no-shuffle` do. Defaults are\n"
    "overridden by the file, the file by the options. `tren config CONFIG.yaml` prints the "
    "outcome.\n"
    "\n"
    "Unknown and repeated keys, values of the wrong type or out of range, and keys that contradict "
    "each other are\n"
    "refused with the line they stand on. So are keys that cannot act, such as "
    "`early_stopping.patience` with the rule\n"
    "`none`, unless the command line chose that rule over a file. `null` stands for a value that "
    "is "
    "not given.\n"
    "`tren config CONFIG.yaml --get KEY` prints one value as it is, without quotes, for scripts.\n"
    "\n"
    "A time is written as `90s`, `15m`, `2h`, `1d`, or as SLURM writes it: `90:00` (minutes and "
    "seconds), `1:30:00`,\n"
    "`1-12` (days and hours), `1-12:00`, `1-12:00:00`. **A number alone is seconds**, where SLURM "
    "takes minutes.\n"
    "\n"
    "A path may have any bytes but control characters. In a config file, which is UTF-8, one that "
    "is not UTF-8 stands as\n"
    "`!!binary \"BASE64\"`, as `tren config` and the record of a run write it; as an option it is "
    "given as it is.\n"
    "\n"
    "The column *resume* says what `--resume` allows: **fixed** keys are the recipe, on which the "
    "bits depend, and stay\n"
    "for the life of a run; **length** (epochs, times, intervals, patience) and **output** (where, "
    "how) may change. With\n"
    "`schedule.name: cosine` another number of epochs bends the curve from there on.\n";

int tren_cmd_docs(int argc, char **argv) {
    (void)argc, (void)argv;
    size_t n;
    const tren_option *option = tren_options(&n);
    fputs(introduction, stdout);
    for (size_t i = 0; i < n; i++) {
        if (tren_help_starts_group(option, i))
            printf("\n## %s\n\n| key | default | takes | resume | |\n|---|---|---|---|---|\n",
                   option[i].group);
        print_row(&option[i]);
    }
    tren_docs_layers(print_cell);
    return 0;
}
