/* tren generate: what a trained network of texts writes. Rank 0 works alone: one process will do,
 * and more write the same. */
#include "base/json.h"
#include "cli/args.h"
#include "cli/cmd.h"
#include "cli/console.h"
#include "cli/trained.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct generate_args {
    tren_trained_args trained;
    const char *prompt, *source;
    int tokens; /* 0: not given */
    tren_decoding how;
    bool help, json;
} generate_args;

enum { TOKENS = 200 }; /* of a text, where nothing is said */

/* Options that another one makes idle. */
static tren_status check_idle(const generate_args *a, int argc, char **argv) {
    if (a->how.beam > 1 && a->how.temperature > 0)
        return tren_fail(TREN_ERR_USAGE,
                         "--beam %d searches the most probable text, but --temperature %g draws at "
                         "random; remove one of them",
                         a->how.beam, a->how.temperature);
    if (a->how.beam > 1 && (a->how.top_k > 0 || tren_args_given("seed", argc, argv)))
        return tren_fail(TREN_ERR_USAGE,
                         "--beam %d draws nothing at random; leave --top-k and --seed out",
                         a->how.beam);
    if (a->how.top_k > 0 && a->how.temperature == 0)
        return tren_fail(TREN_ERR_USAGE,
                         "--top-k %d limits random draws, but at temperature 0 nothing is drawn; "
                         "give a --temperature, such as 0.8",
                         a->how.top_k);
    if (a->how.temperature == 0 && tren_args_given("seed", argc, argv))
        return tren_fail(TREN_ERR_USAGE,
                         "--seed %llu: at temperature 0 nothing is drawn; give a --temperature, "
                         "such as 0.8, or leave --seed out",
                         (unsigned long long)a->how.seed);
    if (a->how.beam == 1 && tren_args_given("length-penalty", argc, argv))
        return tren_fail(TREN_ERR_USAGE,
                         "--length-penalty %g: only a beam search compares texts; give --beam, "
                         "such as 4, or leave --length-penalty out",
                         a->how.length_penalty);
    return TREN_OK;
}

static tren_status check(generate_args *a, const tren_args *args, const char *source) {
    if (args->n_positional == 0)
        return tren_fail(TREN_ERR_USAGE, "a run folder or checkpoint is missing: tren generate "
                                         "RUN_DIR|CHECKPOINT --prompt TEXT");
    a->trained.source = source;
    if (!a->prompt == !a->source)
        return tren_fail(TREN_ERR_USAGE, "give one of --prompt TEXT, a text to continue, or "
                                         "--source FILE, whose lines are translated");
    if (a->prompt && !tren_utf8_valid(a->prompt))
        return tren_fail(TREN_ERR_USAGE, "--prompt: the text is not UTF-8; convert it (iconv)");
    return TREN_OK;
}

static tren_status parse(generate_args *a, int argc, char **argv) {
    const char *source[1] = {NULL};
    const tren_arg options[] = {
        {"prompt", TREN_ARG_TEXT, &a->prompt, "TEXT", .help = "Text to continue."},
        {"source", TREN_ARG_TEXT, &a->source, "FILE",
         .help = "For a network of text pairs: a text file; each line is translated."},
        {"tokens", TREN_ARG_INT, &a->tokens, "N",
         .help = "Maximum number of tokens to write; default: 200, or for pairs the number of "
                 "positions in the network.",
         .min = 1, .max = 1 << 20},
        {"temperature", TREN_ARG_REAL, &a->how.temperature, "T",
         .help = "Draw each token at random, from softmax(logits / T). Default: 0, which takes the "
                 "most probable token.",
         .min = 0, .max = 100},
        {"top-k", TREN_ARG_INT, &a->how.top_k, "K",
         .help = "Draw only among the K most probable tokens.", .min = 1, .max = INFINITY},
        {"seed", TREN_ARG_SEED, &a->how.seed, "N", .help = "Seed of the random draws; default: 1."},
        {"beam", TREN_ARG_INT, &a->how.beam, "B",
         .help = "Beam search: keep the B most probable texts in each step; default: 1.", .min = 1,
         .max = 1024},
        {"length-penalty", TREN_ARG_REAL, &a->how.length_penalty, "A",
         .help = "Score of a text in beam search: the sum of the log probabilities of its tokens, "
                 "divided by (number of tokens)^A. Default: 1, the mean; 0 favours short texts.",
         .min = 0, .max = 10},
        {"json", TREN_ARG_FLAG, &a->json, NULL,
         .help =
             "Print JSON: a list with one object per text, with its tokens and log probability."},
        {"which", TREN_ARG_TEXT, &a->trained.which, "best|last",
         .help =
             "Checkpoint to use from a run folder; default: best, or last if there is no best."},
        {"data", TREN_ARG_TEXT, &a->trained.data, "FILE.h5",
         .help = "Dataset with the tokenizer; default: that of the run."},
        TREN_TRAINED_CPU(&a->trained.cpu),
        {.name = NULL}};
    tren_args args = {.command = "generate",
                      .synopsis = "RUN_DIR|CHECKPOINT --prompt TEXT | --source FILE [--tokens N] "
                                  "[--temperature T] [--top-k K] [--beam B] [--json]",
                      .summary = "Generate text: a language model continues a prompt; a network of "
                                 "text pairs translates each line of a file.",
                      .options = options,
                      .positional = source,
                      .max_positional = 1};
    TREN_TRY(tren_args_parse(&args, argc, argv));
    a->help = args.help;
    if (a->help) return TREN_OK;
    TREN_TRY(check(a, &args, source[0]));
    return check_idle(a, argc, argv);
}

/* ---- writing --------------------------------------------------------------------------------- */

typedef struct writer {
    tren_decoding how;
    tren_tokenizer *tokenizer;
    tren_decoder *decoder;
    const tren_dataset_info *info;
    int32_t *token; /* [room] owned: of a prompt, or a line */
    size_t room;
    tren_json *json; /* not owned; NULL: only the texts */
} writer;

static void writer_close(writer *w) {
    tren_decoder_close(w->decoder);
    tren_tokenizer_close(w->tokenizer);
    free(w->token);
}

static tren_status writer_open(writer *w, const generate_args *a, tren_trained *t) {
    w->info = tren_dataset_info_of(t->dataset);
    w->how = a->how;
    w->how.end = TREN_TOKEN_END;
    w->how.skipped = TREN_TOKEN_BYTE;
    w->how.most = a->tokens > 0              ? a->tokens
                  : w->info->label_axis == 2 ? w->info->tokens[1]
                                             : TOKENS;
    TREN_TRY(tren_tokenizer_open_of(&w->tokenizer, t->dataset));
    return tren_decoder_open(&w->decoder, t->graph, t->value.at, w->info, w->how.beam, w->how.most);
}

/* The tokens of a text of n bytes behind `before` tokens of room. */
static tren_status encode(writer *w, size_t *n_tokens, const char *text, size_t n, size_t before) {
    if (before + n > w->room || !w->token) {
        free(w->token);
        w->room = before + n;
        TREN_TRY(tren_alloc(&w->token, w->room, sizeof *w->token, "a text"));
    }
    *n_tokens = tren_tokenizer_encode(w->tokenizer, w->token + before, text, n);
    return TREN_OK;
}

/* The caller frees; NULL: out of memory. */
static char *text_of(const writer *w, const tren_hypothesis *h) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out) return NULL;
    for (int i = 0; i < h->n; i++) {
        size_t n;
        const char *bytes = tren_tokenizer_bytes(w->tokenizer, h->token[i], &n);
        fwrite(bytes, 1, n, out);
    }
    fclose(out);
    return text;
}

/* h NULL: of an empty line. */
static void put_json(const writer *w, const char *from, const tren_hypothesis *h) {
    char *text = h ? text_of(w, h) : NULL;
    tren_json_begin(w->json, NULL, '{');
    tren_json_text(w->json, "from", from);
    tren_json_text(w->json, "text", text ? text : "");
    tren_json_whole(w->json, "tokens", h ? h->n : 0);
    tren_json_real(w->json, "log_probability", h ? h->log_probability : 0);
    tren_json_bool(w->json, "ended", h ? h->ended : true);
    tren_json_end(w->json);
    free(text);
}

static void print(const writer *w, const tren_hypothesis *h) {
    for (int i = 0; i < h->n; i++) {
        size_t n;
        const char *bytes = tren_tokenizer_bytes(w->tokenizer, h->token[i], &n);
        fwrite(bytes, 1, n, stdout);
    }
    printf("\n");
}

static tren_status go_on(writer *w, const char *prompt) {
    size_t n;
    TREN_TRY(encode(w, &n, prompt, strlen(prompt), 1));
    w->token[0] = TREN_TOKEN_BEGIN;
    const tren_hypothesis *h = tren_decode(w->decoder, &w->how, w->token, (int)n + 1, NULL, 0);
    if (w->json) {
        put_json(w, prompt, h);
        return TREN_OK;
    }
    fputs(prompt, stdout);
    print(w, h);
    return TREN_OK;
}

/* Before any is turned: the lines fit. */
static tren_status check_lines(writer *w, const char *path, tren_bytes left) {
    tren_bytes line;
    for (size_t i = 1; tren_text_line(&line, &left); i++) {
        size_t n;
        TREN_TRY(encode(w, &n, line.at, line.n, 0));
        if (n > (size_t)w->info->tokens[0])
            return tren_fail(TREN_ERR_DATA,
                             "%s:%zu: the line has %zu tokens, but the network reads at most %d; "
                             "split it into shorter lines",
                             path, i, n, w->info->tokens[0]);
    }
    return TREN_OK;
}

static void json_line(const writer *w, tren_bytes line, const tren_hypothesis *h) {
    char *from = strndup(line.at, line.n);
    put_json(w, from, h);
    free(from);
}

static tren_status turn_line(writer *w, tren_bytes line) {
    static const int32_t begin[] = {TREN_TOKEN_BEGIN};
    size_t n;
    TREN_TRY(encode(w, &n, line.at, line.n, 0));
    const tren_hypothesis *h =
        n > 0 ? tren_decode(w->decoder, &w->how, begin, 1, w->token, (int)n) : NULL;
    if (w->json)
        json_line(w, line, h);
    else if (h)
        print(w, h);
    else
        printf("\n");
    w->how.text++;
    return tren_cli_flush();
}

static tren_status turn_lines(writer *w, const char *path) {
    char *text = NULL;
    size_t n;
    tren_bytes line;
    tren_status st = tren_text_read(&text, 0, &n, path, NULL);
    tren_bytes left = {text, n};
    if (st == TREN_OK) st = check_lines(w, path, left);
    while (st == TREN_OK && !tren_cli_reader_gone() && tren_text_line(&line, &left))
        st = turn_line(w, line);
    free(text);
    return st;
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* The same on every rank. */
static tren_status check_network(const generate_args *a, const tren_trained *t) {
    int axis = tren_dataset_info_of(t->dataset)->label_axis;
    if (axis == 0)
        return tren_fail(TREN_ERR_USAGE,
                         "%s does not write text: it was not trained to predict the next token; "
                         "use 'tren predict'",
                         t->path);
    /* A list of layers may read nothing but the target of pairs. */
    bool translates = axis == 2 && tren_graph_tokens_input(t->graph, 1);
    if (!translates && a->source)
        return tren_fail(TREN_ERR_USAGE,
                         "--source: %s continues a text and does not translate; give --prompt TEXT",
                         t->path);
    if (translates && a->prompt)
        return tren_fail(
            TREN_ERR_USAGE,
            "--prompt: %s translates a text; give --source FILE with one text per line", t->path);
    return TREN_OK;
}

static tren_status agree(const tren_comm *comm, const generate_args *a) {
    tren_facts facts = {0};
    if (comm->size == 1) return TREN_OK;
    TREN_TRY(tren_agree_on_program(comm, "generate"));
    tren_facts_add(&facts, "--prompt", "%s", a->prompt ? a->prompt : "");
    tren_facts_add(&facts, "--source", "%s", a->source ? a->source : "");
    tren_facts_add(&facts, "--tokens", "%d", a->tokens);
    tren_facts_add(&facts, "--beam", "%d", a->how.beam);
    return tren_agree_on_config(comm, &facts);
}

/* Rank 0. */
static tren_status write_all(const generate_args *a, tren_trained *t) {
    tren_json json = {.out = stdout};
    writer w = {.json = a->json ? &json : NULL};
    tren_status st = writer_open(&w, a, t);
    if (a->json) tren_json_begin(&json, NULL, '[');
    if (st == TREN_OK) st = a->prompt ? go_on(&w, a->prompt) : turn_lines(&w, a->source);
    if (a->json) tren_json_end(&json);
    if (st == TREN_OK) st = tren_cli_flush();
    writer_close(&w);
    return st;
}

static tren_status generate(const tren_comm *comm, const void *args, tren_trained *trained) {
    const generate_args *a = args;
    TREN_TRY(agree(comm, a));
    TREN_TRY(tren_trained_open(trained, comm));
    TREN_TRY(check_network(a, trained));
    return tren_comm_agree(comm, comm->rank == 0 ? write_all(a, trained) : TREN_OK);
}

int tren_cmd_generate(int argc, char **argv) {
    generate_args a = {.trained.no_rows = true, .how = {.beam = 1, .seed = 1, .length_penalty = 1}};
    tren_status st = parse(&a, argc, argv);
    if (st == TREN_OK && a.help) return 0;
    tren_trained_command command = {"generate", generate, &a.trained, &a};
    return tren_trained_main(&command, st, argv);
}
