/* stages/json_place.h - what is wrong in a JSON file, and where */
#ifndef OST_STAGES_JSON_PLACE_H
#define OST_STAGES_JSON_PLACE_H

#include "base/err.h"
#include "base/json.h"

/* Fails with OST_EINPUT and "name:line:column: /pointer: what"; the pointer is
 * a format with what follows. */
ost_rc ost_json_fault(const ost_json_doc *doc, ost_err *err, const char *what,
                      const char *pointer, ...)
    __attribute__((format(printf, 4, 5)));

#endif
