/* engine/library.h - the shipped workflows and networks, by name */
#ifndef OST_ENGINE_LIBRARY_H
#define OST_ENGINE_LIBRARY_H

#include "base/err.h"

/* The file behind lib:NAME: `name` or `name`.json in `lib_dir` (NULL when it is
 * not known: an error), or in its subfolder `folder` (may be NULL).  Fails with
 * OST_EWORKFLOW, suggesting the nearest name.  Caller frees *path with
 * ost_free(). */
ost_rc ost_library_find(const char *lib_dir, const char *name,
                        const char *folder, char **path, ost_err *err);

#endif
