/* cli/cmd_report.c - the report of a run as a page, tables and figures */
#include "base/alloc.h"
#include "base/fs.h"
#include "cli/open_page.h"
#include "cli/options.h"
#include "engine/report.h"
#include "engine/report_png.h"
#include "store/artifact.h"
#include "store/find.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/banned.h"

static const ost_option report_options[] = {
    { .name = "format",
      .value = "WORD",
      .words = "html|md|json|csv|latex",
      .help = "how it is written (html); csv and latex write every table" },
    { .name = "out",
      .value = "FILE",
      .words = "@file",
      .help = "write it here, not to stdout; a folder for csv and latex" },
    { .name = "figures",
      .value = "DIR",
      .words = "@folder",
      .help = "write each figure as SVG and PNG into this folder" },
    { .name = "open", .help = "show the page in a browser" },
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

/* --- writing ------------------------------------------------------------- */

typedef struct {
    const ost_cli *cli;
    ost_batch *batch;
    const ost_digest *artifact;
    const ost_run_record *run;
} wanted;

static ost_rc to_stdout(const ost_buf *text, ost_err *err)
{
    if (fwrite(text->data, 1, text->len, stdout) != text->len ||
        fflush(stdout) != 0)
        return ost_fail(err, OST_EIO, "cannot write the report to stdout");
    return OST_OK;
}

static ost_rc write_below(const char *dir, const char *name,
                          const ost_buf *content, ost_err *err)
{
    char *path = ost_path_join(dir, name);
    ost_rc rc =
        ost_fs_write_atomic(path, content->data, content->len, false, err);

    ost_free(path);
    return rc;
}

/* Several tables one after another, each below its file's name. */
static ost_rc print_all(const ost_report_files *files, const char *comment,
                        ost_err *err)
{
    ost_buf text = { 0 };
    ost_rc rc;

    for (size_t i = 0; i < files->len; i++) {
        const ost_report_file *f = &files->data[i];

        ost_buf_addf(&text, "%s%s %s\n", i ? "\n" : "", comment, f->name);
        ost_buf_add(&text, f->content.data, f->content.len);
    }
    rc = to_stdout(&text, err);
    ost_buf_release(&text);
    return rc;
}

static ost_rc write_tables(const wanted *w, ost_report_format format,
                           ost_err *err)
{
    const char *dir = ost_cli_value(w->cli, "out");
    ost_report_files files = { 0 };
    ost_rc rc;

    rc = ost_report_write(w->batch, w->artifact, w->run, format, &files, err);
    if (!rc && !dir)
        rc = print_all(&files, format == OST_REPORT_CSV ? "#" : "%", err);
    else if (!rc)
        rc = ost_fs_mkdirs(dir, err);
    for (size_t i = 0; dir && i < files.len && !rc; i++)
        rc = write_below(dir, files.data[i].name, &files.data[i].content, err);
    ost_report_files_release(&files);
    return rc;
}

/* In a folder that all users share, patients are for the reader alone. */
static ost_rc write_private(const char *path, const ost_buf *content,
                            ost_err *err)
{
    mode_t mask = umask(S_IRWXG | S_IRWXO);
    ost_rc rc =
        ost_fs_write_atomic(path, content->data, content->len, false, err);

    umask(mask);
    return rc;
}

static ost_rc write_page(const wanted *w, ost_report_format format,
                         ost_err *err)
{
    const char *path = ost_cli_value(w->cli, "out");
    bool open = ost_cli_flag(w->cli, "open");
    ost_report_files files = { 0 };
    char *made = NULL;
    ost_rc rc;

    rc = ost_report_write(w->batch, w->artifact, w->run, format, &files, err);
    if (!rc && open && !path) {
        path = made = ost_open_page_place(w->run->id);
        rc = write_private(path, &files.data[0].content, err);
    } else if (!rc && path)
        rc = ost_fs_write_atomic(path, files.data[0].content.data,
                                 files.data[0].content.len, false, err);
    else if (!rc)
        rc = to_stdout(&files.data[0].content, err);
    if (!rc && open)
        rc = ost_open_page(path, err);
    ost_free(made);
    ost_report_files_release(&files);
    return rc;
}

/* Each figure as SVG, and as PNG where that can be made. */
static ost_rc write_figures(const wanted *w, const char *dir, ost_err *err)
{
    ost_report_files files = { 0 };
    ost_err why = { 0 };
    bool pictures = true;
    ost_rc rc;

    rc = ost_report_write(w->batch, w->artifact, w->run, OST_REPORT_FIGURES,
                          &files, err);
    if (!rc)
        rc = ost_fs_mkdirs(dir, err);
    for (size_t i = 0; i < files.len && !rc; i++) {
        const ost_report_file *f = &files.data[i];
        char *name = ost_xprintf("%.*s.png", (int)strlen(f->name) - 4, f->name);
        ost_buf png = { 0 };

        rc = write_below(dir, f->name, &f->content, err);
        if (!rc && pictures) {
            rc = ost_report_png(&f->content, 2, &png, &why);
            pictures = rc != OST_EUNSUPPORTED;
            if (!pictures)
                rc = OST_OK;
            else if (rc)
                ost_fail(err, rc, "%s: %s", f->name, why.text);
        }
        if (!rc && png.len > 0)
            rc = write_below(dir, name, &png, err);
        ost_buf_release(&png);
        ost_free(name);
    }
    if (!pictures)
        fprintf(stderr, "osteon report: no PNG, only SVG: %s\n", why.text);
    ost_report_files_release(&files);
    return rc;
}

static ost_rc write_wanted(const wanted *w, ost_err *err)
{
    static const char *const words[] = { "html", "md", "json", "csv", "latex" };
    const char *format = ost_cli_value(w->cli, "format");
    const char *figures = ost_cli_value(w->cli, "figures");
    bool open = ost_cli_flag(w->cli, "open");
    size_t k = 0;
    ost_rc rc = OST_OK;

    while (format && strcmp(words[k], format) != 0)
        k++;
    if (open && k != OST_REPORT_HTML)
        return ost_fail(err, OST_EUSAGE,
                        "option '--open' shows the page: leave out "
                        "'--format %s'",
                        format);
    if (figures)
        rc = write_figures(w, figures, err);
    if (rc || (figures && !format && !open && !ost_cli_value(w->cli, "out")))
        return rc;
    return k == OST_REPORT_CSV || k == OST_REPORT_LATEX
               ? write_tables(w, (ost_report_format)k, err)
               : write_page(w, (ost_report_format)k, err);
}

static ost_rc run_report(ost_cli *cli, ost_err *err)
{
    char *path = ost_cli_store_path(cli, NULL);
    ost_arena arena = { 0 };
    ost_store *store = NULL;
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
    if (!rc) {
        wanted w = { .cli = cli,
                     .batch = ost_batch_new(store),
                     .artifact = &report->artifact,
                     .run = &run };

        rc = write_wanted(&w, err);
        ost_batch_free(w.batch);
    }
    ost_arena_release(&arena);
    ost_store_close(store);
    ost_free(path);
    return rc;
}

const ost_command ost_cmd_report = {
    .name = "report",
    .summary = "write the report of a run: page, tables, figures",
    .arguments = "[RUN]",
    .min_arguments = 0,
    .max_arguments = 1,
    .details =
        "RUN is the id of a run, the beginning of one, or 'latest', which is "
        "also meant when nothing is said.  The page is one file that fetches "
        "nothing: numbers with their intervals, curves, examples, and where "
        "everything came from, with the times of that run.\n"
        "With '--figures' alone only the figures are written.  '--open' starts "
        "$BROWSER, or else xdg-open, on the page of '--out' or on one in the "
        "folder for temporary files.",
    .options = (const ost_option *const[]){ report_options, ost_options_store,
                                            ost_options_common, NULL },
    .run = run_report,
};
