/* cli/planning.c - from the command line to a plan */
#include "cli/planning.h"

#include "base/alloc.h"
#include "base/fs.h"
#include "base/text.h"
#include "stages/devices.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

const ost_option ost_options_planning[] = {
    { .name = "target",
      .value = "NODE",
      .many = true,
      .help =
          "only this node (or step, as 'train[fold=2]') and what it needs" },
    { .name = "force",
      .value = "NODE",
      .many = true,
      .help = "compute this node (or step) even when it is cached" },
    { .name = "backend",
      .value = "NAME",
      .words = "auto|cpu|cuda",
      .help = "where nodes run that may use a GPU (default: auto, which is a "
              "GPU for those that prefer or require one)" },
    { .name = "numerics",
      .value = "NAME",
      .words = OST_NUMERICS_WORDS,
      .help = "how networks compute, instead of the workflow's word: f32 "
              "(default), on GPUs f32-tuned, tf32, bf16, f16; on CPUs portable "
              "(one key for all machines)" },
    { .name = "gpus",
      .value = "WHICH",
      .help = "GPUs to use: UUIDs separated by commas (or their beginnings), a "
              "number, or none (default: all)" },
    { .name = "rehash",
      .help = "read all bound files again, whatever their times say" },
    { .name = "allow",
      .value = "WHAT",
      .words = "exec|net",
      .many = true,
      .help = "let the workflow run programs (exec), or fetch URLs that it "
              "names itself (net)" },
    OST_OPTIONS_END,
};

bool ost_cli_allows(const ost_cli *cli, const char *word)
{
    size_t n;
    const char *const *given = ost_cli_values(cli, "allow", &n);

    for (size_t i = 0; i < n; i++) {
        if (strcmp(given[i], word) == 0)
            return true;
    }
    return false;
}

/* In memory if there is such a folder: what is made there is not to last. */
static ost_rc open_scratch(ost_planning *p, ost_err *err)
{
    const char *tmp = getenv("TMPDIR");
    const char *folders[] = { "/dev/shm", tmp && *tmp ? tmp : "/tmp" };
    size_t n = sizeof(folders) / sizeof(*folders);
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < n; i++) {
        p->scratch = ost_xprintf("%s/osteon-XXXXXX", folders[i]);
        if (mkdtemp(p->scratch)) {
            rc = ost_store_open(p->scratch, OST_STORE_CREATE, &p->store, err);
            if (!rc || i + 1 == n)
                return rc;
            ost_fs_remove_tree(p->scratch, NULL);
        }
        ost_free(p->scratch);
        p->scratch = NULL;
    }
    return ost_fail_errno(err, OST_EIO, errno, "cannot make a folder in '%s'",
                          folders[n - 1]);
}

static ost_rc load(ost_planning *p, const ost_cli *cli, ost_err *err)
{
    return p->wf ? OST_OK : ost_cli_load(cli, cli->arguments[0], &p->wf, err);
}

ost_rc ost_planning_store(ost_planning *p, const ost_cli *cli, unsigned flags,
                          ost_err *err)
{
    char *path = ost_cli_store_path(cli, cli->arguments[0]);
    ost_rc rc;

    rc = ost_store_open(path, 0, &p->store, err);
    if (rc == OST_ENOTFOUND && (flags & OST_PLANNING_CREATE)) {
        /* A workflow that is not there, or wrong, leaves no store behind. */
        rc = load(p, cli, err);
        if (!rc)
            rc = ost_store_open(path, OST_STORE_CREATE, &p->store, err);
    } else if (rc == OST_ENOTFOUND) {
        rc = open_scratch(p, err);
    }
    ost_free(path);
    return rc;
}

/* What the document names itself is fetched only when its receiver says so. */
static ost_rc check_net(const ost_planning *p, const ost_cli *cli, ost_err *err)
{
    for (size_t i = 0; i < ost_workflow_source_count(p->wf); i++) {
        const ost_source *s = ost_workflow_source(p->wf, i);

        if (s->kind == OST_SOURCE_URL && s->from_document &&
            !ost_cli_allows(cli, "net"))
            return ost_fail(err, OST_EDENIED,
                            "input '%s': the workflow wants '%s' fetched: "
                            "allow that with '--allow net'",
                            s->name, s->where);
    }
    return OST_OK;
}

/* One line on the terminal, drawn again and again. */
static bool show_download(void *user, uint64_t done, uint64_t total)
{
    char have[32], all[32];

    (void)user;
    if (total > 0)
        fprintf(stderr, "\r\033[Kdownloading: %s of %s (%.0f%%)",
                ost_human_bytes(have, done), ost_human_bytes(all, total),
                100.0 * (double)done / (double)total);
    else
        fprintf(stderr, "\r\033[Kdownloading: %s", ost_human_bytes(have, done));
    fflush(stderr);
    return true;
}

static void end_download_line(void)
{
    fputs("\r\033[K", stderr);
    fflush(stderr);
}

ost_rc ost_planning_plan(ost_planning *p, const ost_cli *cli, unsigned flags,
                         ost_err *err)
{
    ost_plan_options o = { .backend = ost_cli_value(cli, "backend"),
                           .numerics = ost_cli_value(cli, "numerics"),
                           .gpus = ost_cli_value(cli, "gpus"),
                           .exports = (flags & OST_PLANNING_EXPORTS) != 0 };
    ost_scan_options scan = { .rehash = ost_cli_flag(cli, "rehash"),
                              .sights = p->sights };
    ost_rc rc;

    if (isatty(STDERR_FILENO) && !(flags & OST_PLANNING_QUIET))
        scan.progress = show_download;

    rc = load(p, cli, err);
    if (!rc)
        rc = check_net(p, cli, err);
    if (rc)
        return rc;
    p->sources = ost_xalloc((ost_workflow_source_count(p->wf) + 1) *
                            sizeof(*p->sources));
    p->batch = ost_batch_new(p->store);
    rc = ost_plan_scan(p->wf, p->batch, &scan, p->sources, err);
    if (scan.progress)
        end_download_line();
    if (rc)
        return rc;
    o.targets = ost_cli_values(cli, "target", &o.n_targets);
    o.forced = ost_cli_values(cli, "force", &o.n_forced);
    o.sources = p->sources;
    o.batch = p->batch;
    return ost_plan_build(p->wf, p->store, &o, &p->plan, err);
}

void ost_planning_close(ost_planning *p)
{
    ost_plan_free(p->plan);
    ost_sights_free(p->sights);
    for (size_t i = 0; p->sources && i < ost_workflow_source_count(p->wf); i++)
        ost_source_state_release(&p->sources[i]);
    ost_free(p->sources);
    ost_batch_free(p->batch);
    ost_workflow_free(p->wf);
    ost_store_close(p->store);
    if (p->scratch)
        ost_fs_remove_tree(p->scratch, NULL);
    ost_free(p->scratch);
    *p = (ost_planning){ 0 };
}
