/* store/stat.h - how much of what is in a store */
#ifndef OST_STORE_STAT_H
#define OST_STORE_STAT_H

#include "base/err.h"
#include "store/store.h"

#include <stdint.h>

typedef struct ost_stat_count {
    uint64_t count;
    uint64_t bytes;
} ost_stat_count;

typedef struct ost_store_stat {
    ost_stat_count tables[OST_TABLES]; /* bytes: pages of the index */
    ost_stat_count index;              /* the file; count: unused pages */
    ost_stat_count objects;
    ost_stat_count leftovers; /* files in tmp/ */
    ost_stat_count downloads;
    ost_stat_count quarantine;
} ost_store_stat;

ost_rc ost_store_measure(ost_store *s, ost_store_stat *stat, ost_err *err);

/* The word and the description of a table. */
const char *ost_table_name(ost_table table);
const char *ost_table_help(ost_table table);

#endif
