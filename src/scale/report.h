/* Private to scale: the parts of a report. */
#ifndef TREN_SCALE_REPORT_H
#define TREN_SCALE_REPORT_H

#include "tren/scale.h"

/* figures.c: pictures as inline SVG. */
void scale_put_strong(FILE *out, const tren_scale_summary *s); /* speed-up */
void scale_put_weak(FILE *out, const tren_scale_summary *s);   /* efficiency */
void scale_put_split(FILE *out, const tren_scale_summary *s);  /* phases of a step */
void scale_put_steps(FILE *out, const tren_scale_summary *s);  /* how steps are spread */

/* page.c, tables.c */
void scale_put_page(FILE *out, void *summary);
void scale_put_csv(FILE *out, void *summary);
void scale_put_json(FILE *out, void *summary);

/* words.c */
enum { SCALE_WORDS = 512 };
/* Which of a row's digests is which, as a sentence about all strong launches. Returns out. */
char *scale_say_digests(char out[SCALE_WORDS], const tren_scale_summary *s);
/* "faster", "slower", "not distinguishable" from the row before; "" where there is none. */
const char *scale_say_order(const tren_scale_row *row);
/* The values that launches have of a fact, with "; " between them. Returns how many differ. */
int scale_fact_values(char *out, size_t n, const tren_scale *scale, const char *name);
/* The names of all facts, each once. Returns how many. */
int scale_fact_names(const char *name[TREN_SCALE_FACTS], const tren_scale *scale);
/* Calls fn with a sentence for each point without launches, and for each launch that failed. */
void scale_each_missing(const tren_scale_summary *s, void (*fn)(void *ctx, const char *text),
                        void *ctx);

#endif
