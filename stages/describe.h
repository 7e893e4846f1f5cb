/* stages/describe.h - the stage tables as C source
 *
 * The command knows the stages without linking them: when osteon is built, the
 * worker is asked once to print its tables, functions left out, and the
 * command compiles what it printed.
 */
#ifndef OST_STAGES_DESCRIBE_H
#define OST_STAGES_DESCRIBE_H

#include "base/buf.h"

void ost_describe_c(ost_buf *out);
/* Versions of the libraries behind the stages, "name version" a line. */
void ost_describe_versions(ost_buf *out);

#endif
