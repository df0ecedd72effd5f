/* Randomness, the canonical tree, digests: what every bit of a run rests on; sizes and inputs. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/quote.h"
#include "base/input.h"
#include "support/files.h"
#include "tren/base.h"

/* ---- Philox ---------------------------------------------------------------------------------- */

typedef struct known_answer {
    uint32_t counter[4], key[2], out[4];
} known_answer;

/* kat_vectors of Random123, philox4x32 with 10 rounds. */
static const known_answer known[] = {
    {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
     {0xffffffff, 0xffffffff},
     {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
     {0xa4093822, 0x299f31d0},
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}};

Test(rng, gives_the_known_answers_of_philox) {
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const known_answer *k = &known[i];
        tren_rng rng = {.key = {k->key[0], k->key[1]},
                        .counter = {k->counter[1], k->counter[2], k->counter[3]}};
        uint32_t out[4];
        tren_rng_words(out, &rng, k->counter[0]);
        cr_expect_arr_eq(out, k->out, sizeof out, "vector %zu", i);
    }
}

Test(rng, every_coordinate_of_a_stream_matters) {
    const tren_rng rng[] = {
        tren_rng_open(1, TREN_RNG_TEST, 2, 3, 4),          tren_rng_open(2, TREN_RNG_TEST, 2, 3, 4),
        tren_rng_open(1ull << 32, TREN_RNG_TEST, 2, 3, 4), tren_rng_open(1, TREN_RNG_MAKE, 2, 3, 4),
        tren_rng_open(1, TREN_RNG_TEST, 3, 3, 4),          tren_rng_open(1, TREN_RNG_TEST, 2, 4, 4),
        tren_rng_open(1, TREN_RNG_TEST, 2, 3, 5)};
    enum { N = sizeof rng / sizeof *rng };
    uint32_t out[N][4];
    for (int i = 0; i < N; i++) tren_rng_words(out[i], &rng[i], 0);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < i; j++)
            cr_expect_arr_neq(out[i], out[j], sizeof out[i], "streams %d and %d", i, j);
}

/* A mean of n draws with variance v lies within 4 standard errors of the expected one. */
static void check_mean(double sum, int n, double expected, double v, const char *what) {
    double error = sqrt(v / n);
    cr_expect(fabs(sum / n - expected) < 4 * error, "%s: mean %g, expected %g +- %g", what, sum / n,
              expected, error);
}

Test(rng, uniform_and_normal_draws_have_their_moments) {
    enum { N = 100000 };
    tren_rng rng = tren_rng_open(42, TREN_RNG_TEST, 0, 0, 0);
    double u = 0, u2 = 0, z = 0, z2 = 0, z4 = 0;
    for (uint32_t i = 0; i < N; i++) {
        double x = tren_rng_uniform(&rng, i), y = tren_rng_normal(&rng, i);
        cr_assert(x >= 0 && x < 1);
        u += x;
        u2 += x * x;
        z += y;
        z2 += y * y;
        z4 += y * y * y * y;
    }
    check_mean(u, N, 0.5, 1.0 / 12, "uniform");
    check_mean(u2, N, 1.0 / 3, 4.0 / 45, "uniform squared");
    check_mean(z, N, 0, 1, "normal");
    check_mean(z2, N, 1, 2, "normal squared");
    check_mean(z4, N, 3, 96, "normal to the fourth");
}

Test(rng, below_is_even_over_its_range) {
    enum { N = 7, DRAWS = 70000 };
    int count[N] = {0};
    tren_rng rng = tren_rng_open(7, TREN_RNG_TEST, 0, 0, 0);
    for (uint32_t i = 0; i < DRAWS; i++) {
        uint32_t draw = tren_rng_below(&rng, i, N);
        cr_assert_lt(draw, N);
        count[draw]++;
    }
    double chi2 = 0, each = (double)DRAWS / N;
    for (int i = 0; i < N; i++) chi2 += (count[i] - each) * (count[i] - each) / each;
    cr_expect_lt(chi2, 22.5, "chi squared %g with 6 degrees of freedom", chi2); /* p = 0.001 */
}

Test(rng, a_permutation_has_every_number_once) {
    for (uint32_t n = 0; n < 200; n += 1 + n / 3) {
        uint32_t *perm = calloc(n + 1, sizeof *perm), seen = 0;
        char *had = calloc(n + 1, 1);
        tren_rng rng = tren_rng_open(3, TREN_RNG_ORDER, 0, n, 0);
        tren_rng_permutation(perm, &rng, n);
        for (uint32_t i = 0; i < n; i++) {
            cr_assert_lt(perm[i], n);
            seen += !had[perm[i]];
            had[perm[i]] = 1;
        }
        cr_expect_eq(seen, n);
        free(perm);
        free(had);
    }
}

Test(rng, all_permutations_of_three_are_as_likely) {
    enum { DRAWS = 60000 };
    int count[27] = {0}, kinds = 0;
    for (uint32_t i = 0; i < DRAWS; i++) {
        uint32_t p[3];
        tren_rng rng = tren_rng_open(9, TREN_RNG_ORDER, 0, i, 1);
        tren_rng_permutation(p, &rng, 3);
        count[p[0] * 9 + p[1] * 3 + p[2]]++;
    }
    double chi2 = 0;
    for (int i = 0; i < 27; i++) {
        kinds += count[i] > 0;
        if (count[i] > 0) chi2 += (count[i] - 1e4) * (count[i] - 1e4) / 1e4;
    }
    cr_expect_eq(kinds, 6);
    cr_expect_lt(chi2, 20.5, "chi squared %g with 5 degrees of freedom", chi2); /* p = 0.001 */
}

/* ---- the canonical tree ---------------------------------------------------------------------- */

static bool is_a_node(tren_node x, int n) {
    tren_node at = {0, n};
    while (at.b - at.a > x.b - x.a) {
        int mid = tren_node_mid(at);
        at = x.b <= mid ? (tren_node){at.a, mid} : (tren_node){mid, at.b};
    }
    return at.a == x.a && at.b == x.b;
}

/* [lo, hi) lies within a bigger node of the tree over [0, n) that is still inside [first, end). */
static bool parent_fits(tren_node x, int n, int first, int end) {
    tren_node at = {0, n};
    while (at.b - at.a > x.b - x.a) {
        if (at.a >= first && at.b <= end) return true;
        int mid = tren_node_mid(at);
        at = x.b <= mid ? (tren_node){at.a, mid} : (tren_node){mid, at.b};
    }
    return false;
}

static void check_nodes(int n, int lo, int hi) {
    tren_node node[TREN_TREE_MAX_NODES];
    int count = tren_tree_nodes(node, n, lo, hi), at = lo;
    cr_expect_eq(count, tren_tree_nodes(NULL, n, lo, hi));
    for (int k = 0; k < count; k++) {
        cr_assert_eq(node[k].a, at, "n %d, [%d, %d), node %d", n, lo, hi, k);
        cr_expect(is_a_node(node[k], n));
        cr_expect(!parent_fits(node[k], n, lo, hi), "n %d, [%d, %d): node [%d, %d) is not maximal",
                  n, lo, hi, node[k].a, node[k].b);
        at = node[k].b;
    }
    cr_expect_eq(at, hi);
}

Test(tree, nodes_of_a_range_cover_it_and_are_the_largest) {
    for (int n = 1; n <= 33; n++)
        for (int lo = 0; lo < n; lo++)
            for (int hi = lo + 1; hi <= n; hi++) check_nodes(n, lo, hi);
}

Test(tree, powers_of_two_give_a_rank_one_node) {
    for (int n = 1; n <= 64; n *= 2)
        for (int size = 1; size <= n; size *= 2)
            for (int r = 0; r < size; r++)
                cr_expect_eq(tren_tree_nodes(NULL, n, tren_part_first(n, size, r),
                                             tren_part_first(n, size, r + 1)),
                             1);
}

Test(tree, parts_are_even_and_cover) {
    for (int n = 0; n < 40; n++)
        for (int size = 1; size < 12; size++) {
            cr_expect_eq(tren_part_first(n, size, 0), 0);
            cr_expect_eq(tren_part_first(n, size, size), n);
            for (int r = 0; r < size; r++) {
                int len = tren_part_first(n, size, r + 1) - tren_part_first(n, size, r);
                cr_expect(len == n / size || len == n / size + 1);
            }
        }
}

static double naive(const double *x, int a, int b) {
    return b - a == 1 ? x[a] : naive(x, a, (a + b) / 2) + naive(x, (a + b) / 2, b);
}

static double by_program(const double *x, tren_node node) {
    int step[200], depth = 0;
    double stack[64];
    memset(step, 0x55, sizeof step);
    tren_tree_program(step, node);
    for (int s = 0; s < 2 * (node.b - node.a) - 1; s++) {
        if (step[s] == TREN_FOLD) {
            cr_assert_geq(depth, 2);
            depth--;
            stack[depth - 1] += stack[depth];
        } else {
            cr_assert(node.a <= step[s] && step[s] < node.b);
            stack[depth++] = x[step[s]];
        }
    }
    cr_assert_eq(depth, 1);
    return stack[0];
}

Test(tree, sum_and_program_fold_as_the_tree_says) {
    enum { N = 100 };
    double x[N];
    tren_rng rng = tren_rng_open(1, TREN_RNG_TEST, 0, 0, 0);
    int differ = 0;
    for (uint32_t i = 0; i < N; i++) x[i] = tren_rng_normal(&rng, i);
    for (int n = 1; n <= N; n++) {
        double expected = naive(x, 0, n), in_order = 0;
        cr_expect_eq(tren_tree_sum(x, n), expected);
        cr_expect_eq(by_program(x, (tren_node){0, n}), expected);
        for (int i = 0; i < n; i++) in_order += x[i];
        differ += in_order != expected;
    }
    cr_expect_gt(differ, N / 2, "these numbers could not tell one order from another");
    cr_expect_eq(tren_tree_sum(x, 0), 0);
    cr_expect_eq(by_program(x, (tren_node){25, 37}), naive(x, 25, 37));
}

/* ---- digests --------------------------------------------------------------------------------- */

/* xxhsum -H3 of the same bytes. */
Test(digest, is_xxh3) {
    cr_expect_eq(tren_digest("", 0), 0x2d06800538d394c2ull);
}

Test(digest, pieces_give_the_digest_of_the_whole) {
    unsigned char bytes[3000];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char)(i * i % 251);
    uint64_t whole = tren_digest(bytes, sizeof bytes);
    for (size_t piece = 1; piece < 2000; piece = piece * 3 + 1) {
        tren_digest_state *state = NULL;
        cr_assert_eq(tren_digest_open(&state), TREN_OK);
        for (size_t at = 0; at < sizeof bytes; at += piece)
            tren_digest_add(state, bytes + at,
                            sizeof bytes - at < piece ? sizeof bytes - at : piece);
        cr_expect_eq(tren_digest_value(state), whole);
        tren_digest_close(state);
    }
    bytes[1234] ^= 1;
    cr_expect_neq(tren_digest(bytes, sizeof bytes), whole);
}

/* ---- errors and memory ------------------------------------------------------------------------
 */

Test(error, texts_are_wrapped_by_what_they_happened_in) {
    cr_expect_eq(tren_fail(TREN_ERR_DATA, "row %d is empty", 3), TREN_ERR_DATA);
    cr_expect_eq(tren_fail_in(TREN_ERR_USAGE, "%s", "x.csv"), TREN_ERR_USAGE);
    cr_expect_str_eq(tren_error_text(), "x.csv: row 3 is empty");
}

Test(error, a_name_of_any_length_leaves_the_remedy) {
    char name[6000] = "", text[80];
    for (int i = 0; i < 2999; i++) strcat(name, "\xc3\xa9");
    tren_fail(TREN_ERR_DATA, "column '%s': give one", name);
    size_t n = strlen(tren_error_text());
    snprintf(text, sizeof text, "%s", tren_error_text() + n - 11);
    cr_expect_str_eq(text, "': give one");
    cr_expect(tren_utf8_valid(tren_error_text()));
    cr_expect(n > 2000 && strstr(tren_error_text(), " ... "));
}

Test(arena, is_aligned_and_zero) {
    for (size_t n = 0; n < 100; n += 33) {
        tren_arena arena;
        cr_assert_eq(tren_arena_open(&arena, n), TREN_OK);
        cr_expect_eq((uintptr_t)arena.at % 64, 0);
        cr_expect_eq(arena.len, n);
        for (size_t i = 0; i < n; i++) cr_expect_eq(arena.at[i], 0);
        tren_arena_close(&arena);
        tren_arena_close(&arena);
    }
}

/* ---- sizes and inputs --------------------------------------------------------------------------
 */

Test(memory, products_that_do_not_fit_are_told) {
    size_t n = 7;
    cr_assert(tren_size_mul(&n, n, 6) && n == 42);
    cr_assert(tren_size_mul(&n, SIZE_MAX, 0) && n == 0);
    cr_assert(tren_size_mul(&n, SIZE_MAX / 2, 2) && n == SIZE_MAX - 1);
    cr_assert(!tren_size_mul(&n, SIZE_MAX / 2 + 1, 2) && n == SIZE_MAX);
    cr_assert(!tren_size_mul(&n, n, 2) && n == SIZE_MAX);
}

/* A pipe has no writer: opening it would wait for one. */
Test(input, only_regular_files_are_opened, .init = test_scratch_enter, .fini = test_scratch_leave,
     .timeout = 20) {
    int fd;
    FILE *file;
    char line[8] = "";
    test_write_text("text", "abc");
    cr_assert_eq(mkfifo("pipe", 0666), 0);
    cr_assert_eq(symlink("pipe", "link"), 0);
    cr_assert_eq(tren_input_fopen(&file, "text", TREN_ERR_DATA, "a text"), TREN_OK);
    cr_assert_str_eq(fgets(line, sizeof line, file), "abc");
    fclose(file);
    test_expect_error(tren_input_open(&fd, "link", TREN_ERR_DATA, "a text"), TREN_ERR_DATA,
                      "link: is a device or a pipe, but a text is expected");
    test_expect_error(tren_input_open(&fd, "/dev/zero", TREN_ERR_USAGE, "a text"), TREN_ERR_USAGE,
                      "/dev/zero: is a device or a pipe");
    test_expect_error(tren_input_open(&fd, ".", TREN_ERR_DATA, "a text"), TREN_ERR_DATA,
                      ".: is a folder, but a text is expected");
    test_expect_error(tren_input_open(&fd, "gone", TREN_ERR_DATA, "a text"), TREN_ERR_DATA,
                      "gone: cannot open: No such file or directory; check the path");
    test_expect_error(tren_input_open(&fd, "", TREN_ERR_DATA, "a text"), TREN_ERR_DATA,
                      "the path of a file is empty; give a text");
}
