#include "lab/claim.h"
#include "tren/config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

tren_status tren_claims_open(tren_claims *claims, const char *dir) {
    char path[TREN_MAX_PATH + 16];
    snprintf(path, sizeof path, "%s/.claims", dir);
    *claims = (tren_claims){.fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666)};
    if (claims->fd >= 0 && tren_claim_take(claims, "")) tren_claim_drop(claims, "");
    if (claims->fd >= 0) return TREN_OK;
    return tren_fail(
        TREN_ERR_ENV,
        "%s: cannot open: %s; make this file writable, or give another folder with --out", path,
        strerror(errno));
}

void tren_claims_close(tren_claims *claims) {
    if (claims->fd >= 0) close(claims->fd);
    *claims = (tren_claims){.fd = -1};
}

/* Two names at one place would only wait for each other. */
static struct flock place_of(const char *name, short type) {
    return (struct flock){.l_type = type,
                          .l_whence = SEEK_SET,
                          .l_start = (off_t)(tren_digest(name, strlen(name)) >> 2),
                          .l_len = 1};
}

bool tren_claim_take(tren_claims *claims, const char *name) {
    struct flock lock = place_of(name, F_WRLCK);
    if (fcntl(claims->fd, F_SETLK, &lock) == 0) return true;
    if (errno == EACCES || errno == EAGAIN) return false;
    claims->useless = true;
    return true;
}

void tren_claim_drop(tren_claims *claims, const char *name) {
    struct flock lock = place_of(name, F_UNLCK);
    fcntl(claims->fd, F_SETLK, &lock);
}
