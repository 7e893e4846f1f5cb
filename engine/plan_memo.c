/* engine/plan_memo.c - the answer to a run that was asked before
 *
 *     u8       3
 *     outcome  see engine/outcome.c
 *     varint   files, each: string path, 32 digest of its content
 *     varint   sources, each: string name, u8 kind, string where,
 *              string sha256 ("" for none), 32 fingerprint
 *     string   mark of the site's secret, "" for none
 *     string   its file, "" for none
 *     string   words of --gpus
 *     string   mark of the GPUs that were found, "" when none were looked for
 */
#include "engine/plan_memo.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"
#include "stages/devices.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

enum { FORMAT = 3 };
#define FILE_LIMIT ((size_t)1 << 30)

/* After a day a run is recorded again, so that what is in use looks recent to
 * gc. */
#define LIFE_NS (UINT64_C(24) * 3600 * 1000000000)

static ost_rc file_digest(const char *path, ost_digest *d, ost_err *err)
{
    ost_buf text = { 0 };
    ost_rc rc = ost_fs_read(path, FILE_LIMIT, &text, err);

    if (!rc)
        *d = ost_digest_of(text.data, text.len);
    ost_buf_release(&text);
    return rc;
}

/* Another build may have other stages or defaults. */
static void add_stages(ost_buf *out)
{
    for (const ost_stage *const *s = ost_stages; *s; s++) {
        ost_buf_string(out, (*s)->name);
        ost_buf_u32(out, (*s)->version);
        ost_buf_u32(out, (*s)->flags);
        for (const ost_param *p = (*s)->params; p && p->name; p++) {
            ost_buf_string(out, p->name);
            ost_buf_string(out, p->dflt);
        }
        for (const ost_port *p = (*s)->outputs; p->name; p++)
            ost_buf_string(out, p->name);
    }
}

static void add_settings(ost_buf *out, const ost_setting *s, size_t n)
{
    ost_buf_varint(out, n);
    for (size_t i = 0; i < n; i++) {
        ost_buf_string(out, s[i].name);
        ost_buf_string(out, s[i].value);
    }
}

static void add_words(ost_buf *out, const char *const *words, size_t n)
{
    ost_buf_varint(out, n);
    for (size_t i = 0; i < n; i++)
        ost_buf_string(out, words[i]);
}

ost_rc ost_plan_memo_key(const ost_memo_query *q, ost_key *key, ost_err *err)
{
    char *path = realpath(q->document, NULL);
    char *cwd = getcwd(NULL, 0);
    const ost_bindings *b = q->bindings;
    ost_buf text = { 0 };
    ost_digest d;
    ost_rc rc;

    rc = file_digest(q->document, &d, err);
    if (rc)
        goto out;
    ost_buf_u8(&text, FORMAT);
    add_stages(&text);
    ost_buf_string(&text, path);
    ost_buf_string(&text, cwd);
    ost_buf_add(&text, d.b, sizeof(d.b));
    add_settings(&text, b->binds, b->n_binds);
    add_settings(&text, b->sets, b->n_sets);
    add_words(&text, b->presets, b->n_presets);
    add_words(&text, b->params, b->n_params);
    ost_buf_string(&text, b->profile);
    ost_buf_string(&text, getenv("OSTEON_SECRET_FILE"));
    ost_buf_string(&text, b->seed);
    ost_buf_string(&text, b->lib_dir);
    ost_buf_string(&text, q->backend);
    ost_buf_string(&text, q->numerics);
    ost_buf_string(&text, q->gpus);
    ost_buf_string(&text, ost_cpu_numeric_class());
    add_words(&text, q->targets, q->n_targets);
    ost_buf_u8(&text, q->exports);
    *key = ost_digest_of(text.data, text.len);
out:
    ost_buf_release(&text);
    free(cwd);
    free(path);
    return rc;
}

/* --- keeping -------------------------------------------------------------- */

/* A URL with a user, password or query, which may be secret, is not kept. */
static bool may_be_secret(const ost_workflow *wf)
{
    for (size_t i = 0; i < ost_workflow_source_count(wf); i++) {
        const ost_source *s = ost_workflow_source(wf, i);

        if (s->kind == OST_SOURCE_URL && strpbrk(s->where, "@?"))
            return true;
    }
    return false;
}

static void add_gpus(ost_buf *out, const ost_placing *placing)
{
    ost_buf mark = { 0 };

    if (placing->looked)
        ost_gpus_mark(&placing->gpus, &mark);
    ost_buf_string(out, placing->words);
    ost_buf_string(out, ost_buf_str(&mark));
    ost_buf_release(&mark);
}

void ost_plan_memo_put(ost_batch *batch, const ost_key *key,
                       const ost_plan *plan, const ost_outcome *outcome)
{
    const ost_workflow *wf = plan->wf;
    size_t n_files = ost_workflow_file_count(wf);
    size_t n_sources = ost_workflow_source_count(wf);
    char mark[OST_SECRET_MARK];
    const char *secret;
    ost_buf text = { 0 };

    if (may_be_secret(wf))
        return;
    ost_buf_u8(&text, FORMAT);
    ost_outcome_encode(&text, outcome);
    ost_buf_varint(&text, n_files);
    for (size_t i = 0; i < n_files; i++) {
        ost_digest d;
        char *path = realpath(ost_workflow_file(wf, i, &d), NULL);

        ost_buf_string(&text, path);
        ost_buf_add(&text, d.b, sizeof(d.b));
        free(path);
    }
    ost_buf_varint(&text, n_sources);
    for (size_t i = 0; i < n_sources; i++) {
        const ost_source *s = ost_workflow_source(wf, i);

        ost_buf_string(&text, s->name);
        ost_buf_u8(&text, (uint8_t)s->kind);
        ost_buf_string(&text, s->where);
        ost_buf_string(&text, s->sha256);
        ost_buf_add(&text, plan->sources[i].fingerprint.b, OST_DIGEST_SIZE);
    }
    ost_buf_string(&text,
                   ost_secret_mark(ost_workflow_secret(wf, &secret), mark));
    ost_buf_string(&text, secret);
    add_gpus(&text, &plan->placing);
    ost_batch_put(batch, OST_TABLE_PLANS, key->b, sizeof(key->b), text.data,
                  text.len);
    ost_buf_release(&text);
}

/* --- looking -------------------------------------------------------------- */

static const char *text_of(ost_reader *r, ost_arena *arena)
{
    size_t n;
    const unsigned char *p = ost_read_bytes(r, &n);

    return r->bad ? "" : ost_arena_strndup(arena, (const char *)p, n);
}

static bool same_digest(ost_reader *r, const ost_digest *d)
{
    const void *p = ost_read_raw(r, OST_DIGEST_SIZE);

    return p && memcmp(p, d->b, OST_DIGEST_SIZE) == 0;
}

static bool files_are_same(ost_reader *r, ost_arena *arena)
{
    uint64_t n = ost_read_varint(r);
    bool same = !r->bad;

    while (same && n-- > 0) {
        const char *path = text_of(r, arena);
        ost_digest d;

        same = !r->bad && !file_digest(path, &d, NULL) && same_digest(r, &d);
        if (!same)
            ost_log(PLAN, "memo: '%s' is not as it was", path);
    }
    return same;
}

static bool sources_are_same(ost_reader *r, ost_store *store,
                             ost_sights *sights, ost_arena *arena)
{
    uint64_t n = ost_read_varint(r);
    bool same = !r->bad;

    while (same && n-- > 0) {
        ost_source s = { .name = text_of(r, arena) };
        ost_digest d;

        s.kind = (ost_source_kind)ost_read_u8(r);
        s.where = text_of(r, arena);
        s.sha256 = text_of(r, arena);
        if (!*s.sha256)
            s.sha256 = NULL;
        same = !r->bad && !ost_source_look(store, &s, sights, &d, NULL) &&
               same_digest(r, &d);
        if (!same)
            ost_log(PLAN, "memo: source '%s' is not as it was", s.name);
    }
    return same;
}

static bool secret_is_same(ost_reader *r, ost_arena *arena)
{
    const char *before = text_of(r, arena);
    const char *path = text_of(r, arena);
    char mark[OST_SECRET_MARK];
    ost_secret secret = { 0 };
    bool same = !r->bad && (!*path || !ost_secret_read(path, &secret, NULL));

    same = same && strcmp(ost_secret_mark(&secret, mark), before) == 0;
    ost_secret_forget(&secret);
    if (!same)
        ost_log(PLAN, "memo: the secret is not as it was");
    return same;
}

static bool gpus_are_same(ost_reader *r, ost_arena *arena)
{
    const char *words = text_of(r, arena);
    const char *before = text_of(r, arena);
    ost_gpus gpus = { 0 };
    ost_buf mark = { 0 };
    bool same = !r->bad;

    if (same && *before) {
        ost_gpus_find(&gpus);
        same = !ost_gpus_choose(&gpus, *words ? words : NULL, NULL);
        ost_gpus_mark(&gpus, &mark);
        same = same && strcmp(before, ost_buf_str(&mark)) == 0;
    }
    if (!same)
        ost_log(PLAN, "memo: the GPUs are not as they were");
    ost_gpus_release(&gpus);
    ost_buf_release(&mark);
    return same;
}

bool ost_plan_memo_get(ost_store *store, const ost_key *key, ost_sights *sights,
                       ost_arena *arena, ost_outcome *outcome)
{
    ost_buf text = { 0 };
    bool holds = false;
    ost_reader r;

    if (ost_store_get(store, OST_TABLE_PLANS, key->b, sizeof(key->b), &text,
                      NULL)) {
        ost_log(PLAN, "memo: this run was not asked before");
        goto out;
    }
    r = ost_reader_of(text.data, text.len);
    holds = ost_read_u8(&r) == FORMAT &&
            ost_outcome_decode(&r, arena, outcome) &&
            ost_wall_ns() - outcome->wall_ns < LIFE_NS &&
            files_are_same(&r, arena) &&
            sources_are_same(&r, store, sights, arena) &&
            secret_is_same(&r, arena) && gpus_are_same(&r, arena) &&
            ost_outcome_present(outcome, store);
out:
    ost_buf_release(&text);
    return holds;
}
