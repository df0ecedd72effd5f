/* Our element types as HDF5's, and back. */
#include "io/h5_internal.h"

hid_t tren_h5_native(tren_type type) {
    switch (type) {
    case TREN_U8:
        return H5T_NATIVE_UINT8;
    case TREN_I32:
        return H5T_NATIVE_INT32;
    case TREN_I64:
        return H5T_NATIVE_INT64;
    case TREN_F32:
        return H5T_NATIVE_FLOAT;
    case TREN_F64:
        return H5T_NATIVE_DOUBLE;
    case TREN_U64:
        return H5T_NATIVE_UINT64;
    }
    return H5I_INVALID_HID;
}

hid_t tren_h5_stored(tren_type type) {
    switch (type) {
    case TREN_U8:
        return H5T_STD_U8LE;
    case TREN_I32:
        return H5T_STD_I32LE;
    case TREN_I64:
        return H5T_STD_I64LE;
    case TREN_F32:
        return H5T_IEEE_F32LE;
    case TREN_F64:
        return H5T_IEEE_F64LE;
    case TREN_U64:
        return H5T_STD_U64LE;
    }
    return H5I_INVALID_HID;
}

static tren_type of_integer(size_t size, bool is_signed) {
    if (size == 1 && !is_signed) return TREN_U8;
    if (size <= 2 || (size == 4 && is_signed)) return TREN_I32;
    if (size == 4 || is_signed) return TREN_I64;
    return TREN_U64;
}

bool tren_h5_ours(tren_type *type, hid_t stored) {
    size_t size = H5Tget_size(stored);
    H5T_class_t class = H5Tget_class(stored);
    if (class == H5T_ENUM) { /* h5py's booleans */
        hid_t base = H5Tget_super(stored);
        *type = of_integer(size, H5Tget_sign(base) == H5T_SGN_2);
        H5Tclose(base);
    } else if (class == H5T_INTEGER) {
        *type = of_integer(size, H5Tget_sign(stored) == H5T_SGN_2);
    } else if (class == H5T_FLOAT) {
        *type = size <= 4 ? TREN_F32 : TREN_F64;
    } else {
        return false;
    }
    return true;
}
