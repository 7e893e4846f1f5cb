/* kernels/tuning.h - measured choices, kept from one process to the next
 *
 * A choice is a small number under a key, which says in one line what was
 * measured.  Choices belong to a name: that of a kind of device and of the
 * versions of its libraries.  All of a name are one text, a first line "osteon
 * tuning 1" and a line "CHOICE KEY" each, which somebody who knows files keeps
 * (ost_tuning_keep_by()); a text that is anything else is passed over with a
 * warning and replaced.  What another process has kept meanwhile stays.
 *
 * One name is open at a time; of one thread.
 */
#ifndef OST_KERNELS_TUNING_H
#define OST_KERNELS_TUNING_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>

typedef struct ost_tuning_keeper {
    /* Appends what is kept under a name, nothing if there is none. */
    ost_rc (*load)(const char *name, ost_buf *text, ost_err *err);
    /* Replaces it at once: a reader sees the old text or the new one. */
    ost_rc (*save)(const char *name, const char *text, ost_err *err);
} ost_tuning_keeper;

/* Borrowed for good; NULL: choices last until they are closed. */
void ost_tuning_keep_by(const ost_tuning_keeper *keeper);

/* Opens a name, in place of the one that was open. */
void ost_tuning_open(const char *name);
bool ost_tuning_is_open(void);
void ost_tuning_close(void);

/* -1 when there is none. */
int ost_tuning_find(const char *key);
/* A warning, once, when it cannot be kept for others. */
void ost_tuning_keep(const char *key, int choice);

#endif
