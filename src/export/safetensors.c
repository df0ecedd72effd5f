/* safetensors: the length of a JSON header in 8 bytes, the header, and the arrays one behind the
 * other (https://huggingface.co/docs/safetensors). */
#include "base/quote.h"
#include "export/formats.h"

#include <stdlib.h>

static void put_array(FILE *header, const tren_export_array *a, size_t at) {
    fprintf(header, ",\"%s\":{\"dtype\":\"%s\",\"shape\":[", a->name, a->is_double ? "F64" : "F32");
    for (int i = 0; i < a->rank; i++) fprintf(header, "%s%d", i ? "," : "", a->dim[i]);
    fprintf(header, "],\"data_offsets\":[%zu,%zu]}", at, at + a->bytes);
}

/* The header, padded with blanks so that the arrays begin at a multiple of 8 bytes. */
static void put_header(FILE *header, const tren_export *e) {
    tren_export_array a;
    size_t at = 0;
    fputs("{\"__metadata__\":{\"format\":\"pt\",\"tren\":\"" TREN_VERSION "\",\"config\":", header);
    tren_put_json(header, e->config);
    fputc('}', header);
    for (int i = 0; tren_export_get(&a, e, i); at += a.bytes, i++) put_array(header, &a, at);
    fputc('}', header);
    while (ftell(header) % 8 != 0) fputc(' ', header);
}

static tren_status write_safetensors(FILE *out, const tren_export *e) {
    char *text = NULL;
    size_t n = 0;
    tren_export_array a;
    FILE *header = open_memstream(&text, &n);
    if (!header) return tren_fail_memory(0, "the header of a file");
    put_header(header, e);
    if (fclose(header) != 0) {
        free(text);
        return tren_fail_memory(0, "the header of a file");
    }
    uint64_t length = n;
    fwrite(&length, sizeof length, 1, out);
    fwrite(text, n, 1, out);
    for (int i = 0; tren_export_get(&a, e, i); i++) fwrite(a.at, a.bytes, 1, out);
    free(text);
    return TREN_OK;
}

const tren_export_format tren_export_safetensors = {
    .name = "safetensors",
    .help = "the weights by name, for PyTorch and other programs",
    .ending = ".safetensors",
    .write = write_safetensors};
