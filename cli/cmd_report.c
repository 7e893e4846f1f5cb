/* cli/cmd_report.c - the report of a run as a page */
#include "base/alloc.h"
#include "base/fs.h"
#include "cli/options.h"
#include "engine/report.h"
#include "store/artifact.h"
#include "store/find.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

static const ost_option report_options[] = {
    { .name = "out",
      .value = "FILE",
      .words = "@file",
      .help = "write the page here, not to stdout" },
    { .name = "output",
      .value = "NAME",
      .help = "which of several reports, by its name under \"outputs\"" },
    OST_OPTIONS_END,
};

static ost_rc load_run(ost_store *store, const char *id, ost_arena *arena,
                       ost_run_record *run, ost_err *err)
{
    ost_buf text = { 0 };
    ost_rc rc;

    rc = ost_store_get(store, OST_TABLE_RUNS, id, strlen(id), &text, err);
    if (rc == OST_ENOTFOUND)
        ost_fail(err, rc, "no run '%s'", id);
    if (!rc)
        rc = ost_run_record_decode(text.data, text.len, arena, run, err);
    ost_buf_release(&text);
    return rc;
}

/* The one report among the run's outputs, or the one of that name. */
static ost_rc choose_report(const ost_run_record *run, const char *name,
                            const ost_output **report, ost_err *err)
{
    *report = NULL;
    for (size_t i = 0; i < run->n_outputs; i++) {
        const ost_output *o = &run->outputs[i];

        if (o->type != OST_REPORT || (name && strcmp(o->port, name) != 0))
            continue;
        if (*report && strcmp((*report)->port, o->port) != 0)
            return ost_fail(err, OST_EUSAGE,
                            "run '%s' has several reports: choose one with "
                            "'--output', for example '--output %s'",
                            run->id, o->port);
        if (*report)
            return ost_fail(err, OST_EUSAGE,
                            "output '%s' of run '%s' is several reports: "
                            "'osteon run --out DIR' writes them all",
                            o->port, run->id);
        *report = o;
    }
    if (*report)
        return OST_OK;
    if (name)
        return ost_fail(err, OST_ENOTFOUND, "run '%s' has no report '%s'",
                        run->id, name);
    return ost_fail(err, OST_ENOTFOUND,
                    "run '%s' has no report among its outputs", run->id);
}

static ost_rc write_page(const ost_buf *html, const char *path, ost_err *err)
{
    if (path)
        return ost_fs_write_atomic(path, html->data, html->len, false, err);
    if (fwrite(html->data, 1, html->len, stdout) != html->len ||
        fflush(stdout) != 0)
        return ost_fail(err, OST_EIO, "cannot write the page to stdout");
    return OST_OK;
}

static ost_rc run_report(ost_cli *cli, ost_err *err)
{
    char *path = ost_cli_store_path(cli, NULL);
    ost_arena arena = { 0 };
    ost_store *store = NULL;
    ost_batch *batch = NULL;
    ost_buf html = { 0 };
    const ost_output *report;
    const char *word = cli->n_arguments ? cli->arguments[0] : "latest";
    char id[OST_FIND_RUN_ID];
    ost_run_record run;
    ost_rc rc;

    rc = ost_store_open(path, OST_STORE_READONLY, &store, err);
    if (!rc)
        rc = ost_find_run(store, word, id, err);
    if (!rc)
        rc = load_run(store, id, &arena, &run, err);
    if (!rc)
        rc = choose_report(&run, ost_cli_value(cli, "output"), &report, err);
    if (rc)
        goto out;
    batch = ost_batch_new(store);
    rc = ost_report_render(batch, &report->artifact, &run, &html, err);
    if (!rc)
        rc = write_page(&html, ost_cli_value(cli, "out"), err);
out:
    ost_buf_release(&html);
    ost_batch_free(batch);
    ost_arena_release(&arena);
    ost_store_close(store);
    ost_free(path);
    return rc;
}

const ost_command ost_cmd_report = {
    .name = "report",
    .summary = "write the report of a run as an HTML page",
    .arguments = "[RUN]",
    .min_arguments = 0,
    .max_arguments = 1,
    .details =
        "RUN is the id of a run, the beginning of one, or 'latest', which is "
        "also meant when nothing is said.  The page is one file that fetches "
        "nothing: numbers with their intervals, curves, examples, and where "
        "everything came from, with the times of that run.",
    .options = (const ost_option *const[]){ report_options, ost_options_store,
                                            ost_options_common, NULL },
    .run = run_report,
};
