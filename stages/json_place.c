/* stages/json_place.c - what is wrong in a JSON file, and where */
#include "stages/json_place.h"

#include <stdarg.h>

#include "base/banned.h"

ost_rc ost_json_fault(const ost_json_doc *doc, ost_err *err, const char *what,
                      const char *pointer, ...)
{
    ost_buf place = { 0 };
    ost_json_pos pos;
    va_list ap;

    va_start(ap, pointer);
    ost_buf_addv(&place, pointer, ap);
    va_end(ap);
    pos = ost_json_locate(doc, ost_buf_str(&place), false);
    ost_fail(err, OST_EINPUT, "%s:%d:%d: %s: %s", ost_json_name(doc), pos.line,
             pos.column, ost_buf_str(&place), what);
    ost_buf_release(&place);
    return OST_EINPUT;
}
