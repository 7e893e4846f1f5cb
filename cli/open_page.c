/* cli/open_page.c - shows a page in the reader's browser */
#include "cli/open_page.h"

#include "base/alloc.h"
#include "base/fs.h"
#include "base/proc.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/banned.h"

char *ost_open_page_place(const char *run)
{
    const char *tmp = getenv("TMPDIR");

    return ost_xprintf("%s/osteon-report-%s.html", tmp && *tmp ? tmp : "/tmp",
                       run);
}

ost_rc ost_open_page(const char *path, ost_err *err)
{
    const char *browser = getenv("BROWSER");
    const char *argv[] = { browser && *browser ? browser : "xdg-open", path,
                           NULL };
    ost_proc_spec spec = { .argv = argv,
                           .stdin_fd = -1,
                           .stdout_fd = -1,
                           .stderr_fd = -1,
                           .passed_fd = -1 };
    int status = 0;
    char text[64];
    pid_t pid;

    if (ost_proc_spawn(&spec, &pid, NULL) != OST_OK)
        return ost_fail(err, OST_EUNSUPPORTED,
                        "no program '%s' to open the page with: set $BROWSER, "
                        "or open '%s' yourself",
                        argv[0], path);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return OST_OK;
    return ost_fail(err, OST_EUNSUPPORTED,
                    "'%s' could not open the page (%s): open '%s' yourself",
                    argv[0], ost_proc_status_text(text, status), path);
}
