/* Private to lab: which points are being computed, by all jobs that share a folder. A claim is a
 * lock on one byte of DIR/.claims, of a place that the point's name says; the system drops the
 * locks of a process that ends, however it ends. Not collective. */
#ifndef TREN_LAB_CLAIM_H
#define TREN_LAB_CLAIM_H

#include "tren/base.h"

typedef struct tren_claims {
    int fd;       /* -1: closed */
    bool useless; /* the file system has no locks */
} tren_claims;

/* TREN_ERR_ENV. A process opens the claims of a folder once at a time: closing them drops all. */
tren_status tren_claims_open(tren_claims *claims, const char *dir);
/* Drops what was claimed. Accepts {.fd = -1}. */
void tren_claims_close(tren_claims *claims);
/* Whether no other process has the claim on this name; true where there are no locks. */
bool tren_claim_take(tren_claims *claims, const char *name);
void tren_claim_drop(tren_claims *claims, const char *name);

#endif
