#include "support/mpi.h"
#include <criterion/criterion.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tren/kernels.h"

#ifdef __SANITIZE_ADDRESS__
/* Open MPI unloads its plug-ins before it ends. What they have leaked must have a name when the
 * leaks are counted, or lsan.supp cannot know them. */
int dlclose(void *handle);
int dlclose(void *handle) {
    (void)handle;
    return 0;
}
#endif

tren_comm test_comm;

static char folder[64];
static bool passed;

void test_comm_open(void) {
    tren_blas_threads(1);
    cr_assert_eq(tren_comm_open(&test_comm), TREN_OK, "%s", tren_error_text());
}

static int remove_one(const char *path, const struct stat *about, int type, struct FTW *at) {
    (void)about, (void)type, (void)at;
    return remove(path);
}

void test_comm_passed(void) {
    passed = true;
}

void test_comm_close(void) {
    if (!passed) _exit(1);
    tren_comm_barrier(&test_comm);
    if (test_comm.rank == 0 && folder[0]) nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    tren_comm_close(&test_comm);
}

const char *test_shared_folder(void) {
    if (test_comm.rank == 0) {
        strcpy(folder, "/tmp/tren-test-XXXXXX");
        cr_assert_not_null(mkdtemp(folder));
    }
    tren_comm_bcast(&test_comm, folder, sizeof folder);
    return folder;
}
