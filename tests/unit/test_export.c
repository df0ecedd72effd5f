/* Exports: what cannot be said is refused, and reals of every width come in. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "export/formats.h"
#include "export/protobuf.h"
#include "nn/work.h"
#include "support/files.h"

static const tren_dataset_info one_column = {.shape = {1, 1, 1},
                                             .n_targets = 1,
                                             .x_type = TREN_F32,
                                             .n_stats = 1,
                                             .mean = (double[]){0.5},
                                             .sd = (double[]){2}};

/* y = w x + b, or that behind a layer of a kind that nobody has heard of. */
static tren_graph *line(bool odd) {
    static const tren_layer_ops ops = {.name = "odd"};
    tren_graph *g;
    cr_assert_eq(tren_graph_open(&g, tren_kernels_best()), TREN_OK);
    tren_layer *x = tren_input(g, one_column.shape);
    x = tren_dense(g, x, 1, &tren_identity, (tren_init){.kind = TREN_DRAW_HE});
    if (odd) x = tren_graph_add(g, sizeof(tren_layer), &ops, x, x->out);
    tren_add_loss(g, x, &tren_loss_half_squares, NULL);
    cr_assert_eq(tren_graph_complete(g), TREN_OK, "%s", tren_error_text());
    return g;
}

static tren_status write_to(const char *path, const char *to, const tren_graph *g,
                            const real *value) {
    const tren_export_format *format;
    FILE *out = fopen(path, "wb");
    cr_assert_eq(tren_export_find(&format, to), TREN_OK);
    tren_export e = {.graph = g, .value = value, .data = &one_column, .config = "epochs: 1\n"};
    tren_status st = format->write(out, &e);
    fclose(out);
    return st;
}

Test(export, refuses_a_layer_that_onnx_cannot_say, .init = test_scratch_enter,
     .fini = test_scratch_leave) {
    const real value[] = {1.5F, -2};
    tren_graph *g = line(true);
    cr_expect_eq(write_to("odd.onnx", "onnx", g, value), TREN_ERR_USAGE);
    cr_expect(strstr(tren_error_text(), "onnx has no equivalent of the layer odd1"), "%s",
              tren_error_text());
    cr_expect_eq(write_to("odd.npz", "npz", g, value), TREN_OK);
    cr_expect_eq(write_to("odd.safetensors", "safetensors", g, value), TREN_OK);
    tren_graph_close(g);
}

Test(export, comes_back_bit_for_bit, .init = test_scratch_enter, .fini = test_scratch_leave) {
    const real value[] = {(real)(1 / 3.0), -2};
    real back[2];
    tren_import import;
    tren_graph *g = line(false);
    cr_assert_eq(write_to("a.safetensors", "safetensors", g, value), TREN_OK);
    cr_assert_eq(tren_import_safetensors(back, &import, g, "a.safetensors"), TREN_OK, "%s",
                 tren_error_text());
    cr_expect_arr_eq(back, value, sizeof value);
    cr_expect_eq(import.n_stats, 1);
    cr_expect(import.mean[0] == 0.5 && import.sd[0] == 2);
    tren_import_close(&import);
    tren_graph_close(g);
}

/* A file of a weight and a bias, of two bytes each. */
static void write_halves(const char *dtype, uint16_t weight, uint16_t bias) {
    char header[256];
    int n = snprintf(header, sizeof header,
                     "{\"dense1.weight\":{\"dtype\":\"%s\",\"shape\":[1,1],\"data_offsets\":[0,2]},"
                     "\"dense1.bias\":{\"dtype\":\"%s\",\"shape\":[1],\"data_offsets\":[2,4]},"
                     "\"dense1.num_batches_tracked\":{\"dtype\":\"I64\",\"shape\":[],"
                     "\"data_offsets\":[4,12]}}",
                     dtype, dtype);
    uint64_t length = (uint64_t)n, counter = 7;
    FILE *out = fopen("half.safetensors", "wb");
    fwrite(&length, sizeof length, 1, out);
    fwrite(header, (size_t)n, 1, out);
    fwrite(&weight, sizeof weight, 1, out);
    fwrite(&bias, sizeof bias, 1, out);
    fwrite(&counter, sizeof counter, 1, out);
    fclose(out);
}

static tren_status read_halves(real value[2]) {
    tren_import import;
    tren_graph *g = line(false);
    tren_status st = tren_import_safetensors(value, &import, g, "half.safetensors");
    cr_expect(st != TREN_OK || import.n_stats == 0);
    tren_graph_close(g);
    return st;
}

Test(export, reads_halves_of_both_kinds, .init = test_scratch_enter, .fini = test_scratch_leave) {
    real value[2];
    write_halves("F16", 0xbe00, 0x0001);
    cr_assert_eq(read_halves(value), TREN_OK, "%s", tren_error_text());
    cr_expect(value[0] == -1.5F && value[1] == (real)0x1p-24, "%g %g", (double)value[0],
              (double)value[1]);
    write_halves("F16", 0x7bff, 0x8400); /* the largest, the smallest that is normal */
    cr_assert_eq(read_halves(value), TREN_OK, "%s", tren_error_text());
    cr_expect(value[0] == 65504 && value[1] == (real)-0x1p-14);
    write_halves("BF16", 0x3fc0, 0xc000);
    cr_assert_eq(read_halves(value), TREN_OK, "%s", tren_error_text());
    cr_expect(value[0] == 1.5F && value[1] == -2);
    write_halves("F16", 0x7c00, 0);
    cr_expect_eq(read_halves(value), TREN_ERR_DATA);
    cr_expect(strstr(tren_error_text(), "dense1.weight has the value inf"), "%s",
              tren_error_text());
}

/* Lengths of 1, 2 and 3 bytes: google's own example of a varint is 300 = ac 02. */
Test(protobuf, puts_lengths_before_messages) {
    tren_pb pb = {0};
    size_t outer = tren_pb_begin(&pb, 1), inner = tren_pb_begin(&pb, 2);
    char text[300] = "x";
    tren_pb_bytes(&pb, 3, text, sizeof text);
    tren_pb_end(&pb, inner);
    tren_pb_int(&pb, 4, -1);
    tren_pb_end(&pb, outer);
    const uint8_t head[] = {0x0a, 0xbd, 0x02, 0x12, 0xaf, 0x02, 0x1a, 0xac, 0x02, 'x'};
    const uint8_t tail[] = {0x20, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01};
    cr_assert_eq(pb.n, sizeof head - 1 + sizeof text + sizeof tail);
    cr_expect_arr_eq(pb.at, head, sizeof head);
    cr_expect_arr_eq(pb.at + pb.n - sizeof tail, tail, sizeof tail);
    tren_pb_close(&pb);
}
