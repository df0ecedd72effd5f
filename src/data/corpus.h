/* Text on its way into a dataset. It becomes tokens when it is known which of it is trained on:
 * merges are made of that alone. */
#ifndef TREN_DATA_CORPUS_H
#define TREN_DATA_CORPUS_H

#include "data/prepare.h"
#include "data/source.h"
#include "data/tokenizer.h"

typedef enum tren_corpus_kind {
    TREN_CORPUS_TEXT,
    TREN_CORPUS_PAIRS,
    TREN_CORPUS_LABELED
} tren_corpus_kind;
extern const char *const tren_corpus_layout[]; /* "text", "pairs", "labeled" */

/* Which line of which file a text begins at, counted from 1. */
typedef struct tren_text_place {
    const char *path; /* not owned */
    size_t line;
} tren_text_place;

typedef struct tren_corpus {
    tren_corpus_kind kind;
    int n_columns;          /* 2 of pairs: source and target; else 1, but for labels still to be
                               taken away */
    size_t n;               /* documents of text, rows of all else */
    size_t room;            /* of both arrays */
    tren_bytes *text;       /* [n][n_columns] owned; parts of `memory` */
    tren_text_place *place; /* [n][n_columns] owned */
    char *memory[4];        /* owned: what was read */
    int tokens;             /* of a window, or of a row at most; 0: the longest row's */
    int vocabulary;         /* 0: bytes only */
    const char *tokenizer;  /* the dataset whose tokenizer is taken, not owned; NULL: none */
    bool skip_long;         /* leave longer rows out; else they are an error */
} tren_corpus;
tren_status tren_corpus_open(tren_source *source, tren_corpus_kind kind);
void tren_corpus_close(tren_corpus *corpus); /* accepts NULL */
/* Adds a row of n_columns. */
tren_status tren_corpus_add(tren_corpus *corpus, const tren_bytes *text,
                            const tren_text_place *place);

/* The options of all sources that no text takes. */
#define TREN_CORPUS_WITHOUT                                                                        \
    {"label-noise", "is for labels of rows of numbers"},                                           \
        {"label-noise-kind", "is for labels of rows of numbers"}, {                                \
        "normalize", "tokens are not "                                                             \
                     "normalised"                                                                  \
    }

/* The option of a source whose settings have a `tokenizer`. */
#define TREN_TOKENIZER_SETTING(settings)                                                           \
    {                                                                                              \
        "tokenizer", TREN_SETTING_TEXT, offsetof(settings, tokenizer), "FILE.h5",                  \
            .help = "Use the tokenizer of this dataset. Needed to import text for a network "      \
                    "trained on that dataset.",                                                    \
            .is_file = true                                                                        \
    }

/* The rows of tokens that a corpus becomes. */
typedef struct tren_token_rows {
    tren_tokenizer *tokenizer;            /* owned */
    int n_columns, width[TREN_SEQUENCES]; /* tokens that are stored of a row */
    int32_t *token[TREN_SEQUENCES];       /* [n][width] owned, filled up with TREN_TOKEN_PAD */
    int32_t *length;                      /* [n][n_columns] owned */
    size_t n, n_skipped;
} tren_token_rows;
/* Deals the corpus to the parts, and encodes it. Text: documents are dealt whole, by where the
 * middle of each lies in the bytes of all, shuffled; a single one is cut into three at ends of
 * lines. All else: rows are dealt as those of other sources are. */
tren_status tren_token_rows_open(tren_token_rows *rows, tren_partition *partition,
                                 const tren_source *source, const tren_split *split);
void tren_token_rows_close(tren_token_rows *rows); /* accepts the empty value */

/* document.c */
tren_status tren_documents_deal(tren_partition *partition, tren_corpus *corpus,
                                const tren_split *split);

#endif
