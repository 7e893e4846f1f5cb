/* store/fsck_impl.h - what the check hands to the repair */
#ifndef OST_STORE_FSCK_IMPL_H
#define OST_STORE_FSCK_IMPL_H

#include "base/arena.h"
#include "base/fs.h"
#include "base/map.h"
#include "base/text.h"
#include "base/vec.h"
#include "store/fsck.h"
#include "store/reach.h"
#include "store/store_impl.h"

/* A record to remove. */
typedef struct bad_record {
    ost_table table;
    const void *key;
    size_t nkey;
} bad_record;

typedef struct checker {
    ost_store *store;
    const ost_fsck_options *options;
    ost_fsck_result *result;
    ost_map bad;      /* digests of blobs with wrong bytes */
    ost_reach *reach; /* what is there and referred to */
    ost_table table;  /* whose records are visited */
    ost_arena arena;
    OST_VEC(bad_record) bad_records; /* undecodable */
    OST_VEC(bad_record) drops;       /* refer to what is not there */
    OST_VEC(ost_key) broken_nodes;
    OST_VEC(ost_digest) bad_rows; /* the wrong blobs that are rows */
} checker;

void ost_fsck_tell(checker *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Counts, names and notes an undecodable record. */
void ost_fsck_note_record(checker *c, ost_table table, const void *key,
                          size_t nkey, const char *what);
/* Notes a record that a repair has to remove. */
void ost_fsck_drop(checker *c, ost_table table, const void *key, size_t nkey);

ost_rc ost_fsck_repair(checker *c, ost_err *err);

#endif
