/* store/transfer.h - one request for a file, or for the rest of it */
#ifndef OST_STORE_TRANSFER_H
#define OST_STORE_TRANSFER_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* What tells one version of a file from another; "" when not known. */
typedef struct ost_validator {
    char etag[256];
    char modified[64]; /* as the server wrote it */
} ost_validator;

typedef struct ost_transfer {
    const char *url;
    const char *shown; /* the URL, for messages */
    int fd;            /* what arrives is written here */
    uint64_t have;     /* bytes that are there already */
    uint64_t max_bytes;
    double stall_seconds;
    ost_validator validator; /* of what is there */
    bool is_complete;        /* a whole copy is kept elsewhere */
    /* Told once the first byte of a new version is about to be written. */
    ost_rc (*begun)(void *user, const ost_validator *v, ost_err *err);
    void *begun_user;
    bool (*progress)(void *user, uint64_t done, uint64_t total);
    void *user;
    /* Results: */
    uint64_t received;
    bool unchanged; /* the whole copy is what the server has */
    bool transient; /* a failure that may pass */
} ost_transfer;

/* OST_OK: the file behind `fd` is whole, or `unchanged`. */
ost_rc ost_transfer_run(ost_transfer *t, ost_err *err);

#endif
