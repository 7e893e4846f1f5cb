/* cli/show.c - what is in the store, in words */
#include "cli/show.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/vec.h"
#include "store/artifact.h"
#include "store/record.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "base/banned.h"

enum { SHORT = 12, PREVIEW = 400, META_LIMIT = 4000 };

static const char *const verdicts[] = { "cached", "ran", "failed", "skipped" };

static void add_digest(ost_buf *out, const ost_digest *d, int digits)
{
    char hex[OST_DIGEST_HEX];

    ost_buf_addf(out, "%.*s", digits, ost_digest_hex(d, hex));
}

static void add_bytes(ost_buf *out, uint64_t bytes)
{
    char words[32];

    ost_buf_adds(out, ost_human_bytes(words, bytes));
}

static void add_outputs(ost_buf *out, const ost_output *outputs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const ost_output *o = &outputs[i];

        ost_buf_addf(out, "  %-20s %-12s ", o->port,
                     ost_artifact_type_name((ost_artifact_type)o->type));
        add_digest(out, &o->artifact, OST_DIGEST_HEX - 1);
        if (o->items)
            ost_buf_addf(out, "  %" PRIu64 " items", o->items);
        ost_buf_addc(out, '\n');
    }
}

/* --- runs
 * ---------------------------------------------------------------------- */

static void add_status(ost_buf *out, const ost_run_record *run)
{
    if (run->exit_status == 0)
        ost_buf_adds(out, "done");
    else if (run->exit_status == 130)
        ost_buf_adds(out, "interrupted");
    else
        ost_buf_addf(out, "failed (%d)", run->exit_status);
}

static double run_seconds(const ost_run_record *run)
{
    return run->finished_ns > run->started_ns
               ? (double)(run->finished_ns - run->started_ns) * 1e-9
               : 0;
}

static void describe_run(const ost_run_record *run, ost_buf *out)
{
    char when[32], words[32], hex[OST_DIGEST_HEX];

    ost_buf_addf(out, "run %s\nworkflow  %s\nstarted   %s\ntook      %s\n",
                 run->id, run->workflow, ost_wall_text(when, run->started_ns),
                 ost_human_seconds(words, run_seconds(run)));
    ost_buf_adds(out, "status    ");
    add_status(out, run);
    ost_buf_addf(out, "\n\n%zu steps\n", run->n_steps);
    for (size_t i = 0; i < run->n_steps; i++) {
        const ost_run_step *s = &run->steps[i];

        ost_buf_addf(out, "  %-8s %9.3f s  %.*s  %s", verdicts[s->verdict],
                     s->seconds, (int)SHORT, ost_digest_hex(&s->key, hex),
                     s->name);
        if (s->computed + s->remembered)
            ost_buf_addf(
                out, "  (%" PRIu64 " items computed, %" PRIu64 " remembered)",
                s->computed, s->remembered);
        if (*s->message)
            ost_buf_addf(out, "\n           %s", s->message);
        ost_buf_addc(out, '\n');
    }
    ost_buf_adds(out, "\noutputs\n");
    add_outputs(out, run->outputs, run->n_outputs);
}

static ost_rc show_run(ost_store *s, const char *id, ost_buf *out, ost_err *err)
{
    ost_arena arena = { 0 };
    ost_buf text = { 0 };
    ost_run_record run;
    ost_rc rc = ost_store_get(s, OST_TABLE_RUNS, id, strlen(id), &text, err);

    if (rc == OST_ENOTFOUND)
        rc = ost_fail(err, rc, "there is no run '%s'", id);
    if (!rc)
        rc = ost_run_record_decode(text.data, text.len, &arena, &run, err);
    if (!rc)
        describe_run(&run, out);
    ost_buf_release(&text);
    ost_arena_release(&arena);
    return rc;
}

typedef OST_VEC(char *) lines;

static ost_rc add_run_line(void *user, const void *key, size_t nkey,
                           const void *value, size_t nvalue, ost_err *err)
{
    lines *list = user;
    ost_arena arena = { 0 };
    ost_run_record run;
    ost_buf line = { 0 };
    char when[32], words[32];
    size_t len;
    ost_rc rc = ost_run_record_decode(value, nvalue, &arena, &run, err);

    if (rc) {
        ost_err_at(err, "run '%.*s'", (int)nkey, (const char *)key);
    } else {
        ost_buf_addf(&line, "%-24s %s  %10s  %5zu steps  ", run.id,
                     ost_wall_text(when, run.started_ns),
                     ost_human_seconds(words, run_seconds(&run)), run.n_steps);
        add_status(&line, &run);
        ost_buf_addf(&line, "  %s\n", run.workflow);
        ost_vec_push(list, (char *)ost_buf_detach(&line, &len));
    }
    ost_arena_release(&arena);
    return rc;
}

ost_rc ost_show_runs(ost_store *s, size_t limit, ost_buf *out, ost_err *err)
{
    lines list = { 0 };
    ost_rc rc =
        ost_store_each(s, OST_TABLE_RUNS, "", 0, add_run_line, &list, err);

    for (size_t i = list.len; i-- > 0;) {
        if (!rc && list.len - i <= limit)
            ost_buf_adds(out, list.data[i]);
        ost_free(list.data[i]);
    }
    ost_vec_release(&list);
    return rc;
}

/* --- nodes
 * ---------------------------------------------------------------------- */

static ost_rc show_node(ost_store *s, const ost_key *key, ost_buf *out,
                        ost_err *err)
{
    ost_arena arena = { 0 };
    ost_buf text = { 0 };
    ost_node_record node;
    char when[32];
    ost_rc rc =
        ost_store_get(s, OST_TABLE_NODES, key->b, OST_DIGEST_SIZE, &text, err);

    if (!rc)
        rc = ost_node_record_decode(text.data, text.len, &arena, &node, err);
    if (!rc) {
        ost_buf_adds(out, "node ");
        add_digest(out, key, OST_DIGEST_HEX - 1);
        ost_buf_addf(out,
                     "\ncomputed  %s, in %.3f s\nitems     %" PRIu64
                     " computed, %" PRIu64 " remembered\n\nkey made of\n",
                     ost_wall_text(when, node.wall_ns), node.seconds,
                     node.computed, node.remembered);
        for (const char *p = node.components; *p;) {
            size_t n = strcspn(p, "\n");

            ost_buf_addf(out, "  %.*s\n", (int)n, p);
            p += n + (p[n] != '\0');
        }
        ost_buf_adds(out, "\noutputs\n");
        add_outputs(out, node.outputs, node.n_outputs);
        if (*node.device)
            ost_buf_addf(out, "\non %s\n", node.device);
        if (*node.notes)
            ost_buf_addf(out, "\nnotes\n%s", node.notes);
    }
    ost_buf_release(&text);
    ost_arena_release(&arena);
    return rc;
}

/* --- artifacts
 * ------------------------------------------------------------------- */

static ost_rc add_exposure(ost_batch *b, const ost_artifact *a, ost_buf *out,
                           ost_err *err)
{
    ost_arena arena = { 0 };
    const char *const *groups;
    size_t n;
    ost_rc rc;

    if (ost_digest_is_zero(&a->exposure))
        return OST_OK;
    rc = ost_groups_get(b, &a->exposure, &arena, &groups, &n, err);
    if (!rc)
        ost_buf_addf(out, "exposure  %zu groups took part in %s\n", n,
                     a->type == OST_METRICS ? "training or were measured"
                                            : "training");
    ost_arena_release(&arena);
    return rc;
}

static ost_rc describe_artifact(ost_batch *b, const ost_digest *d,
                                const ost_artifact *a, size_t first,
                                size_t limit, ost_buf *out, ost_err *err)
{
    bool pages = ost_artifact_has_items(a->type);
    ost_rc rc;

    ost_buf_addf(out, "%s ", ost_artifact_type_name(a->type));
    add_digest(out, d, OST_DIGEST_HEX - 1);
    ost_buf_addc(out, '\n');
    if (pages)
        ost_buf_addf(out, "items     %" PRIu64 " in %zu pages\n", a->n_items,
                     a->n_refs);
    if (a->type == OST_MODEL)
        ost_show_model(out, a->meta);
    rc = add_exposure(b, a, out, err);
    if (strcmp(a->meta, "{}") != 0)
        ost_buf_addf(out, "meta      %.*s%s\n", (int)META_LIMIT, a->meta,
                     strlen(a->meta) > META_LIMIT ? "..." : "");
    for (size_t i = 0; i < a->n_refs && !pages; i++) {
        ost_buf_addf(out, "blob      %s  ", a->refs[i].name);
        add_digest(out, &a->refs[i].digest, OST_DIGEST_HEX - 1);
        ost_buf_adds(out, "  ");
        add_bytes(out, a->refs[i].size);
        ost_buf_addc(out, '\n');
    }
    if (!rc && pages)
        rc = ost_show_items(b, a, first, limit, out, err);
    return rc;
}

/* --- plain blobs
 * ------------------------------------------------------------------ */

static ost_rc show_blob(ost_store *s, const ost_digest *d, ost_buf *out,
                        ost_err *err)
{
    ost_blob blob;
    size_t n;
    bool text = true;
    ost_rc rc = ost_store_blob(s, d, true, &blob, err);

    if (rc)
        return rc;
    ost_buf_adds(out, "blob ");
    add_digest(out, d, OST_DIGEST_HEX - 1);
    ost_buf_addf(out, "\nsize      %zu bytes\n", blob.size);
    n = blob.size < PREVIEW ? blob.size : PREVIEW;
    for (size_t i = 0; i < n && text; i++)
        text = isprint(blob.data[i]) || isspace(blob.data[i]);
    if (text && n) {
        ost_buf_addc(out, '\n');
        ost_buf_add(out, blob.data, n);
        ost_buf_adds(out, n < blob.size ? "...\n" : "\n");
    }
    ost_blob_release(&blob);
    return OST_OK;
}

static ost_rc show_digest(ost_store *s, const ost_digest *d, size_t first,
                          size_t limit, ost_buf *out, ost_err *err)
{
    ost_batch *b = ost_batch_new(s);
    ost_arena arena = { 0 };
    ost_artifact a;
    ost_err why = { 0 };
    ost_rc rc;

    if (ost_artifact_get(b, d, &arena, &a, &why) == OST_OK)
        rc = describe_artifact(b, d, &a, first, limit, out, err);
    else
        rc = show_blob(s, d, out, err);
    ost_arena_release(&arena);
    ost_batch_free(b);
    return rc;
}

ost_rc ost_show(ost_store *s, const ost_found *found, size_t first,
                size_t limit, ost_buf *out, ost_err *err)
{
    switch (found->kind) {
    case OST_FOUND_RUN:
        return show_run(s, found->run, out, err);
    case OST_FOUND_NODE:
        return show_node(s, &found->digest, out, err);
    case OST_FOUND_BLOB:
        break;
    }
    return show_digest(s, &found->digest, first, limit, out, err);
}
