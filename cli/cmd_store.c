/* cli/cmd_store.c - looks after a store: what is in it, and what goes */
#include "base/alloc.h"
#include "base/fs.h"
#include "base/text.h"
#include "cli/options.h"
#include "cli/show.h"
#include "store/bundle.h"
#include "store/fsck.h"
#include "store/gc.h"
#include "store/pin.h"
#include "store/stat.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

enum { LIST = 20 };

/* One word behind `osteon store`. */
typedef struct verb {
    const char *name;
    const char *arguments;
    size_t n_arguments;
    unsigned flags; /* ost_store_flags */
    ost_rc (*run)(const ost_cli *cli, ost_store *s, const char *const *args,
                  ost_err *err);
} verb;

static const char *human(char words[32], uint64_t bytes)
{
    return ost_human_bytes(words, bytes);
}

/* --- stat, ls, show, get
 * ------------------------------------------------------- */

static void print_stat_json(const ost_store *s, const ost_store_stat *m)
{
    ost_buf out = { 0 };

    ost_buf_adds(&out, "{\"store\":");
    ost_buf_add_json(&out, ost_store_path(s), strlen(ost_store_path(s)));
    ost_buf_addf(&out, ",\"index_bytes\":%" PRIu64 ",\"tables\":{",
                 m->index.bytes);
    for (int t = 0; t < OST_TABLES; t++)
        ost_buf_addf(&out,
                     "%s\"%s\":{\"records\":%" PRIu64 ",\"bytes\":%" PRIu64 "}",
                     t ? "," : "", ost_table_name((ost_table)t),
                     m->tables[t].count, m->tables[t].bytes);
    ost_buf_addc(&out, '}');
    const struct {
        const char *name;
        const ost_stat_count *count;
    } folders[] = { { "objects", &m->objects },
                    { "leftovers", &m->leftovers },
                    { "downloads", &m->downloads },
                    { "quarantine", &m->quarantine } };
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
        ost_buf_addf(
            &out, ",\"%s\":{\"files\":%" PRIu64 ",\"bytes\":%" PRIu64 "}",
            folders[i].name, folders[i].count->count, folders[i].count->bytes);
    ost_buf_adds(&out, "}\n");
    fputs(ost_buf_str(&out), stdout);
    ost_buf_release(&out);
}

static void print_folder(const char *name, const ost_stat_count *count,
                         const char *help)
{
    char words[32];

    if (count->count)
        printf("%-12s %10" PRIu64 "  %10s  %s\n", name, count->count,
               human(words, count->bytes), help);
}

static ost_rc run_stat(const ost_cli *cli, ost_store *s,
                       const char *const *args, ost_err *err)
{
    ost_store_stat m;
    char words[32];
    ost_rc rc = ost_store_measure(s, &m, err);

    (void)args;
    if (rc)
        return rc;
    if (ost_cli_flag(cli, "json")) {
        print_stat_json(s, &m);
        return OST_OK;
    }
    printf("store %s\n\n%-12s %10s  %10s\n", ost_store_path(s), "", "count",
           "size");
    for (int t = 0; t < OST_TABLES; t++)
        printf("%-12s %10" PRIu64 "  %10s  %s\n", ost_table_name((ost_table)t),
               m.tables[t].count, human(words, m.tables[t].bytes),
               ost_table_help((ost_table)t));
    printf("%-12s %10" PRIu64 "  %10s  larger blobs, a file each\n", "objects",
           m.objects.count, human(words, m.objects.bytes));
    print_folder("tmp", &m.leftovers, "files being written, or left behind");
    print_folder("downloads", &m.downloads, "what was fetched from URLs");
    print_folder("quarantine", &m.quarantine, "damaged blobs");
    printf("\nindex        %10s  %10s  %" PRIu64 " unused pages\n", "",
           human(words, m.index.bytes), m.index.count);
    return OST_OK;
}

static ost_rc print_pin(void *user, const void *key, size_t nkey,
                        const void *value, size_t nvalue, ost_err *err)
{
    (void)user;
    (void)err;
    printf("pin %-20.*s %.*s\n", (int)nkey, (const char *)key, (int)nvalue,
           (const char *)value);
    return OST_OK;
}

static ost_rc run_ls(const ost_cli *cli, ost_store *s, const char *const *args,
                     ost_err *err)
{
    ost_buf out = { 0 };
    size_t limit = ost_cli_flag(cli, "all") ? SIZE_MAX : LIST;
    ost_rc rc = ost_show_runs(s, limit, &out, err);

    (void)args;
    if (!rc) {
        fputs(ost_buf_str(&out), stdout);
        rc = ost_store_each(s, OST_TABLE_PINS, "", 0, print_pin, NULL, err);
    }
    ost_buf_release(&out);
    return rc;
}

static ost_rc run_show(const ost_cli *cli, ost_store *s,
                       const char *const *args, ost_err *err)
{
    ost_buf out = { 0 };
    ost_found found;
    ost_rc rc = ost_find(s, args[0], &found, err);

    (void)cli;
    if (!rc)
        rc = ost_show(s, &found, 0, 10, &out, err);
    if (!rc)
        fwrite(out.data, 1, out.len, stdout);
    ost_buf_release(&out);
    return rc;
}

static ost_rc run_get(const ost_cli *cli, ost_store *s, const char *const *args,
                      ost_err *err)
{
    const char *file = ost_cli_value(cli, "output");
    ost_found found;
    ost_blob blob;
    ost_rc rc = ost_find(s, args[0], &found, err);

    if (!rc && found.kind != OST_FOUND_BLOB)
        rc = ost_fail(err, OST_EUSAGE, "'%s' is not a blob; see 'osteon show'",
                      args[0]);
    if (!rc)
        rc = ost_store_blob(s, &found.digest, true, &blob, err);
    if (rc)
        return rc;
    if (file)
        rc = ost_fs_write_atomic(file, blob.data, blob.size, false, err);
    else
        fwrite(blob.data, 1, blob.size, stdout);
    ost_blob_release(&blob);
    return rc;
}

/* --- pin, unpin
 * ------------------------------------------------------------------ */

static ost_rc run_pin(const ost_cli *cli, ost_store *s, const char *const *args,
                      ost_err *err)
{
    ost_pin pin = { .run = "" };
    ost_found found;
    ost_rc rc = ost_find(s, args[1], &found, err);

    (void)cli;
    if (rc)
        return rc;
    if (found.kind == OST_FOUND_NODE)
        return ost_fail(err, OST_EUSAGE,
                        "'%s' is a node; pin a run or an artifact", args[1]);
    if (found.kind == OST_FOUND_RUN)
        snprintf(pin.run, sizeof(pin.run), "%s", found.run);
    else
        pin.artifact = found.digest;
    return ost_pin_set(s, args[0], &pin, err);
}

static ost_rc run_unpin(const ost_cli *cli, ost_store *s,
                        const char *const *args, ost_err *err)
{
    (void)cli;
    return ost_pin_remove(s, args[0], err);
}

/* --- gc, fsck
 * --------------------------------------------------------------------- */

static ost_rc run_gc(const ost_cli *cli, ost_store *s, const char *const *args,
                     ost_err *err)
{
    ost_gc_options options = { .dry_run = ost_cli_flag(cli, "dry-run") };
    uint64_t records = 0, bytes = 0;
    int64_t keep, wait;
    char words[32];
    ost_gc_result r;
    ost_rc rc =
        ost_cli_integer(cli, "keep", 0, 1000000, OST_GC_KEEP_RUNS, &keep, err);

    (void)args;
    if (!rc)
        rc = ost_cli_integer(cli, "wait", 0, 1000000, 0, &wait, err);
    if (rc)
        return rc;
    options.keep_runs = (uint32_t)keep;
    options.wait_seconds = (double)wait;
    rc = ost_gc(s, &options, &r, err);
    if (rc)
        return rc;
    printf("kept: %" PRIu64 " runs, %" PRIu64 " nodes, %" PRIu64 " blobs\n",
           r.runs_kept, r.nodes_kept, r.blobs_kept);
    for (int t = 0; t < OST_TABLES; t++) {
        records += r.removed[t].records;
        bytes += r.removed[t].bytes;
        if (r.removed[t].records)
            printf("  %-12s %10" PRIu64 "  %10s\n",
                   ost_table_name((ost_table)t), r.removed[t].records,
                   human(words, r.removed[t].bytes));
    }
    if (r.objects.records)
        printf("  %-12s %10" PRIu64 "  %10s\n", "objects", r.objects.records,
               human(words, r.objects.bytes));
    printf("%s: %" PRIu64 " records, %" PRIu64 " files, %s\n",
           options.dry_run ? "would remove" : "removed", records,
           r.objects.records + r.leftovers.records,
           human(words, bytes + r.objects.bytes + r.leftovers.bytes));
    return OST_OK;
}

static void print_line(void *user, const char *line)
{
    (void)user;
    puts(line);
}

static ost_rc run_fsck(const ost_cli *cli, ost_store *s,
                       const char *const *args, ost_err *err)
{
    ost_fsck_options options = { .repair = ost_cli_flag(cli, "repair"),
                                 .tell = print_line };
    ost_fsck_result r;
    int64_t wait;
    char words[32];
    ost_rc rc = ost_cli_integer(cli, "wait", 0, 1000000, 0, &wait, err);

    (void)args;
    if (rc)
        return rc;
    options.wait_seconds = (double)wait;
    rc = ost_fsck(s, &options, &r, err);
    if (rc && rc != OST_ECORRUPT)
        return rc;
    printf("checked: %" PRIu64 " blobs (%s), %" PRIu64 " records\n", r.blobs,
           human(words, r.bytes), r.records);
    printf("leftovers: %" PRIu64 " unreferenced files (%s), %" PRIu64
           " unfinished; 'osteon store gc' removes them\n",
           r.unreferenced, human(words, r.unreferenced_bytes), r.leftovers);
    printf("damage: %" PRIu64 " wrong, %" PRIu64 " missing\n", r.wrong,
           r.missing);
    if (options.repair && !rc)
        printf("repaired: %" PRIu64 " records removed, %" PRIu64
               " blobs moved to quarantine\n",
               r.removed, r.quarantined);
    return rc;
}

/* --- export, import
 * ----------------------------------------------------------------- */

static void print_bundle(const char *what, const ost_bundle_result *r)
{
    char words[32];

    printf("%s run %s: %" PRIu64 " nodes, %" PRIu64 " blobs (%s)", what, r->run,
           r->nodes, r->blobs, human(words, r->bytes));
    if (r->known)
        printf(", of which %" PRIu64 " were there already", r->known);
    putchar('\n');
}

static ost_rc run_export(const ost_cli *cli, ost_store *s,
                         const char *const *args, ost_err *err)
{
    char run[OST_FIND_RUN_ID];
    ost_bundle_result r;
    ost_rc rc = ost_find_run(s, args[0], run, err);

    (void)cli;
    if (!rc)
        rc = ost_bundle_export(s, run, args[1], &r, err);
    if (!rc)
        print_bundle("exported", &r);
    return rc;
}

static ost_rc run_import(const ost_cli *cli, ost_store *s,
                         const char *const *args, ost_err *err)
{
    ost_bundle_result r;
    ost_rc rc = ost_bundle_import(s, args[0], &r, err);

    (void)cli;
    if (!rc)
        print_bundle("imported", &r);
    return rc;
}

/* --- the command
 * -------------------------------------------------------------------- */

/* How to add a verb: a row here, a line in the details below. */
static const verb verbs[] = {
    { "stat", "", 0, OST_STORE_READONLY, run_stat },
    { "ls", "", 0, OST_STORE_READONLY, run_ls },
    { "show", "NAME", 1, OST_STORE_READONLY, run_show },
    { "get", "NAME", 1, OST_STORE_READONLY, run_get },
    { "pin", "PIN NAME", 2, 0, run_pin },
    { "unpin", "PIN", 1, 0, run_unpin },
    { "gc", "", 0, 0, run_gc },
    { "fsck", "", 0, 0, run_fsck },
    { "export", "RUN FILE", 2, OST_STORE_READONLY, run_export },
    { "import", "FILE", 1, OST_STORE_CREATE, run_import },
};

enum { VERBS = sizeof(verbs) / sizeof(verbs[0]) };

static const verb *find_verb(const char *name, ost_err *err)
{
    const char *names[VERBS];
    const char *near;

    for (size_t i = 0; i < VERBS; i++) {
        names[i] = verbs[i].name;
        if (strcmp(name, verbs[i].name) == 0)
            return &verbs[i];
    }
    near = ost_nearest(name, names, VERBS);
    ost_fail(err, OST_EUSAGE,
             near ? "unknown 'store %s' (did you mean '%s'?)"
                  : "unknown 'store %s'%.0s",
             name, near ? near : "");
    return NULL;
}

static ost_rc run(ost_cli *cli, ost_err *err)
{
    const verb *v = find_verb(cli->arguments[0], err);
    ost_store *store = NULL;
    char *path;
    ost_rc rc;

    if (!v)
        return OST_EUSAGE;
    if (cli->n_arguments - 1 != v->n_arguments)
        return ost_fail(err, OST_EUSAGE, "usage: osteon store %s%s%s", v->name,
                        *v->arguments ? " " : "", v->arguments);
    path = ost_cli_store_path(cli, NULL);
    rc = ost_store_open(path, v->flags, &store, err);
    if (!rc)
        rc = v->run(cli, store, cli->arguments + 1, err);
    ost_store_close(store);
    ost_free(path);
    return rc;
}

static const ost_option store_options[] = {
    { .name = "json", .help = "stat: print JSON" },
    { .name = "all", .help = "ls: every run, not only the newest 20" },
    { .name = "output",
      .letter = 'o',
      .value = "FILE",
      .words = "@file",
      .help = "get: write to a file" },
    { .name = "keep",
      .value = "N",
      .help = "gc: newest runs to keep of each workflow (10)" },
    { .name = "dry-run", .help = "gc: only say what would be removed" },
    { .name = "repair",
      .help = "fsck: move damaged blobs away and forget what needs them" },
    { .name = "wait",
      .value = "SECONDS",
      .help = "gc, fsck: wait so long for runs to end (0)" },
    OST_OPTIONS_END,
};

const ost_command ost_cmd_store = {
    .name = "store",
    .summary = "look after a store",
    .arguments = "VERB [ARGUMENT]...",
    .min_arguments = 1,
    .max_arguments = 3,
    .details =
        "stat: how much of what is in it\n"
        "ls: the runs, newest first, and the pins\n"
        "show NAME: describe a run, a node, an artifact or a blob\n"
        "get NAME: the bytes of a blob, to stdout or --output FILE\n"
        "pin PIN NAME: keep a run or an artifact, whatever gc removes\n"
        "unpin PIN: no longer\n"
        "gc: remove what no recent or pinned run needs\n"
        "fsck: check every byte and every reference\n"
        "export RUN FILE: write a run with all that it reaches, .tar.zst\n"
        "import FILE: read such a file, every byte verified\n\n"
        "NAME is a run (its id, the beginning of one, or 'latest'), an output "
        "of a step ('latest:train.model'), or four or more digits of a digest.",
    .options = (const ost_option *const[]){ store_options, ost_options_store,
                                            ost_options_common, NULL },
    .run = run,
};
