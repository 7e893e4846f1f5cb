/* store/objects.h - a walk over the object files of a store */
#ifndef OST_STORE_OBJECTS_H
#define OST_STORE_OBJECTS_H

#include "base/err.h"
#include "store/store.h"

#include <stdint.h>

/* Calls `visit` for each file below objects/, in order of names: its name
 * below that folder, and the digest that the name stands for, or NULL when it
 * stands for none.  Stops at, and returns, the first result that is not
 * OST_OK.  The visitor may remove the file. */
typedef ost_rc (*ost_object_visit)(void *user, const char *name,
                                   const ost_digest *digest, uint64_t size,
                                   ost_err *err);
ost_rc ost_objects_each(ost_store *s, ost_object_visit visit, void *user,
                        ost_err *err);

#endif
