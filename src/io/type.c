/* Element types of arrays, in memory and in files. */
#include "tren/io.h"

static const struct {
    const char *name;
    size_t size;
} types[] = {
    [TREN_U8] = {"u8", 1},   [TREN_I32] = {"i32", 4}, [TREN_I64] = {"i64", 8},
    [TREN_F32] = {"f32", 4}, [TREN_F64] = {"f64", 8}, [TREN_U64] = {"u64", 8},
};

size_t tren_type_size(tren_type type) {
    return types[type].size;
}

const char *tren_type_name(tren_type type) {
    return types[type].name;
}
