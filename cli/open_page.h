/* cli/open_page.h - shows a page in the reader's browser */
#ifndef OST_CLI_OPEN_PAGE_H
#define OST_CLI_OPEN_PAGE_H

#include "base/err.h"

/* A path for the page of a run in the folder for temporary files.  Caller frees
 * with ost_free(). */
char *ost_open_page_place(const char *run);
/* Starts $BROWSER, else xdg-open, on a file; says where the file is when there
 * is neither, or when it fails. */
ost_rc ost_open_page(const char *path, ost_err *err);

#endif
