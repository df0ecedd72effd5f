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
    "# Configuration\n\n<!-- Written by `tren docs > docs/configuration.md`; the rows come from "
    "src/base/config_options.c and src/models/kinds_*.c. -->\n\nA config is a YAML file of nested "
    "maps or dotted keys. It has at most 64 KiB and at most a thousand brackets or\nnested "
    "lists:\n\n```yaml\ndata: datasets/fashion-mnist.h5\nbatch_size: 256\noptimizer:\n  "
    "learning_rate: 0.1\nschedule.name: cosine\n```\n\nEvery key is also an option of `tren "
    "train`: `--optimizer.learning_rate 0.05` or\n`--optimizer.learning_rate=0.05`; for true and "
    "false also `--shuffle` and `--no-shuffle`. Options override the config\nfile, and the file "
    "overrides the defaults. `tren config CONFIG.yaml` prints the resulting config.\n\nThese are "
    "errors, reported with their line: unknown or repeated keys, values of the wrong type or out "
    "of range, and\nkeys that contradict each other. A key without any effect is an error, too, "
    "such as `early_stopping.patience` with\nthe rule `none`; it is not an error if the file sets "
    "the key and the command line sets the rule. Where `null` is\nallowed, it means that the value "
    "is not given. `tren "
    "config CONFIG.yaml --get KEY` prints one value without quotes, for scripts.\n\nWrite a time "
    "as `90s`, `15m`, `2h` or `1d`, or as in SLURM: `90:00` (minutes and seconds), `1:30:00`, "
    "`1-12` (days\nand hours), `1-12:00`, `1-12:00:00`. **A number alone means seconds**; in SLURM "
    "it means minutes.\n\nA path may contain any bytes except control characters. A config file is "
    "UTF-8; a path that is not UTF-8 is written\nthere as `!!binary \"BASE64\"`, as in the output "
    "of `tren config` and in the record of a run. As an option it is given\nas it is.\n\nThe "
    "column *resume* shows what `--resume` allows. **fixed** keys are the recipe: the bits depend "
    "on them, so they\ncannot change during the life of a run. **length** keys (epochs, times, "
    "intervals, patience) and **output** keys\n(where and how to write) can change. With "
    "`schedule.name: cosine`, a new number of epochs changes the learning rate\nfrom then on.\n";

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
