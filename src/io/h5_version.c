#include "tren/io.h"

#include <hdf5.h>

void tren_h5_version(char *text, size_t n) {
    unsigned major = 0, minor = 0, release = 0;
    H5get_libversion(&major, &minor, &release);
    snprintf(text, n, "%u.%u.%u", major, minor, release);
}
