/* store/pin.h - names under which runs and artifacts are kept
 *
 * A pin's record is "run:ID" or "artifact:HEX".
 */
#ifndef OST_STORE_PIN_H
#define OST_STORE_PIN_H

#include "base/buf.h"
#include "base/err.h"
#include "store/store.h"

#include <stddef.h>

enum { OST_PIN_RUN = 128 };

typedef struct ost_pin {
    char run[OST_PIN_RUN]; /* id of a run, or "" for */
    ost_digest artifact;   /* an artifact */
} ost_pin;

void ost_pin_encode(ost_buf *out, const ost_pin *pin);
ost_rc ost_pin_decode(const void *data, size_t size, ost_pin *pin,
                      ost_err *err);

/* Pins what must be there, under a new name or in place of what had it. */
ost_rc ost_pin_set(ost_store *s, const char *name, const ost_pin *pin,
                   ost_err *err);
/* OST_ENOTFOUND, with a message, when there is no such pin. */
ost_rc ost_pin_remove(ost_store *s, const char *name, ost_err *err);

#endif
