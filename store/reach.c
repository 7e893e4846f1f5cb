/* store/reach.c - what hangs together: from runs to nodes to artifacts to blobs
 */
#include "store/reach.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "base/vec.h"
#include "store/artifact.h"
#include "store/record.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

/* What is known of a digest. */
enum {
    MET = 1,     /* looked for */
    ABSENT = 2,  /* and not there, or not what it should be */
    WALKED = 4,  /* followed, as an artifact or as a page */
    CHECKED = 8, /* followed as the output of a stage */
    BROKEN = 16, /* something below it is absent */
};

/* Where the content of an artifact of type files is.  Of what a stage made, all
 * is in the store; of what a stage passed on from outside, nothing. */
typedef struct content {
    bool is_files;
    size_t present;
    size_t absent;
    ost_digest example; /* of those that are absent */
} content;

struct ost_reach {
    ost_store *store;
    ost_batch *batch; /* stays empty: reads go through it */
    const ost_map *bad;
    ost_map seen;
    ost_map seen_nodes;
    OST_VEC(ost_digest) blobs;
    OST_VEC(ost_key) nodes;
    OST_VEC(ost_digest) broken;
    OST_VEC(ost_reach_fault) faults;
    ost_arena texts;
};

ost_reach *ost_reach_new(ost_store *s, const ost_map *bad)
{
    ost_reach *r = ost_xalloc(sizeof(*r));

    r->store = s;
    r->batch = ost_batch_new(s);
    r->bad = bad;
    return r;
}

void ost_reach_free(ost_reach *r)
{
    if (!r)
        return;
    ost_batch_free(r->batch);
    ost_map_release(&r->seen);
    ost_map_release(&r->seen_nodes);
    ost_vec_release(&r->blobs);
    ost_vec_release(&r->nodes);
    ost_vec_release(&r->broken);
    ost_vec_release(&r->faults);
    ost_arena_release(&r->texts);
    ost_free(r);
}

static uint64_t flags_of(const ost_map *m, const ost_digest *d)
{
    uint64_t flags = 0;

    ost_map_get(m, d->b, OST_DIGEST_SIZE, &flags);
    return flags;
}

static void add_flags(ost_map *m, const ost_digest *d, uint64_t flags)
{
    ost_map_put(m, d->b, OST_DIGEST_SIZE, flags_of(m, d) | flags);
}

static void add_fault(ost_reach *r, const ost_digest *d, const char *what)
{
    ost_reach_fault fault = { .digest = *d,
                              .what = ost_arena_strdup(&r->texts, what) };

    ost_vec_push(&r->faults, fault);
}

/* Notes that an artifact or a page was followed, and what came of it. */
static void add_walked(ost_reach *r, const ost_digest *d, uint64_t how,
                       bool whole)
{
    if (!whole && !(flags_of(&r->seen, d) & BROKEN))
        ost_vec_push(&r->broken, *d);
    add_flags(&r->seen, d, how | (whole ? 0 : BROKEN));
}

static bool is_present(ost_reach *r, const ost_digest *d)
{
    return !(r->bad && ost_map_get(r->bad, d->b, OST_DIGEST_SIZE, NULL)) &&
           ost_store_has_blob(r->store, d);
}

/* Enters a blob among those that were met; false when it is not there. */
static bool meet(ost_reach *r, const ost_digest *d)
{
    uint64_t flags = flags_of(&r->seen, d);

    if (!(flags & MET)) {
        bool there = is_present(r, d);

        flags = there ? MET : MET | ABSENT;
        add_flags(&r->seen, d, flags);
        if (there)
            ost_vec_push(&r->blobs, *d);
    }
    return !(flags & ABSENT);
}

/* The same for what must be there; `what` says what it is. */
static bool need(ost_reach *r, const ost_digest *d, const char *what)
{
    bool known = flags_of(&r->seen, d) & MET;

    if (ost_digest_is_zero(d) || meet(r, d))
        return true;
    if (!known)
        add_fault(r, d, what);
    return false;
}

ost_rc ost_reach_blob(ost_reach *r, const ost_digest *digest, const char *what,
                      bool *whole, ost_err *err)
{
    bool there = need(r, digest, what);

    (void)err;
    if (whole)
        *whole = there;
    return OST_OK;
}

/* --- artifacts ------------------------------------------------------------ */

static bool walk_item(ost_reach *r, const ost_item *item, content *c)
{
    char what[512];
    bool whole = true;

    snprintf(what, sizeof(what), "exposure of item '%.300s'", item->id);
    whole = need(r, &item->exposure, what) && whole;
    for (size_t i = 0; i < item->n_fields; i++) {
        const ost_field *f = &item->fields[i];

        if (!c->is_files) {
            snprintf(what, sizeof(what), "%.100s of item '%.300s'", f->name,
                     item->id);
            whole = need(r, &f->blob, what) && whole;
        } else if (ost_store_has_blob(r->store, &f->blob)) {
            whole = meet(r, &f->blob) && whole;
            c->present++;
        } else if (c->absent++ == 0) {
            c->example = f->blob;
        }
    }
    return whole;
}

static ost_rc walk_page(ost_reach *r, const ost_artifact *a, size_t i,
                        content *c, bool *whole, ost_err *err)
{
    const ost_digest *d = &a->refs[i].digest;
    ost_arena arena = { 0 };
    ost_item *items;
    size_t n = 0;
    ost_rc rc = ost_dataset_page(r->batch, a, i, &arena, &items, &n, err);

    for (size_t k = 0; k < n && !rc; k++)
        *whole = walk_item(r, &items[k], c) && *whole;
    if (rc == OST_ECORRUPT) {
        add_fault(r, d, "damaged page");
        *whole = false;
        rc = OST_OK;
    }
    add_walked(r, d, WALKED, *whole);
    ost_arena_release(&arena);
    return rc;
}

static ost_rc walk_refs(ost_reach *r, const ost_artifact *a, const char *hex,
                        content *c, bool *whole, ost_err *err)
{
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < a->n_refs && !rc; i++) {
        const ost_ref *ref = &a->refs[i];
        bool is_page = ost_artifact_has_items(a->type) && !ref->name[0];
        bool ref_whole = true;
        char what[512];

        if (is_page)
            snprintf(what, sizeof(what), "page %zu of artifact %s", i, hex);
        else
            snprintf(what, sizeof(what), "'%.300s' of artifact %s", ref->name,
                     hex);
        if (!need(r, &ref->digest, what) ||
            flags_of(&r->seen, &ref->digest) & BROKEN)
            ref_whole = false;
        else if (is_page &&
                 (c->is_files || !(flags_of(&r->seen, &ref->digest) & WALKED)))
            rc = walk_page(r, a, i, c, &ref_whole, err);
        *whole = ref_whole && *whole;
    }
    return rc;
}

/* Nothing new would be found by following it again. */
static bool is_known(const ost_reach *r, const ost_digest *d, bool made_here)
{
    uint64_t flags = flags_of(&r->seen, d);

    return flags & WALKED && (flags & CHECKED || !made_here);
}

static ost_rc walk_artifact(ost_reach *r, const ost_digest *d, bool made_here,
                            bool *whole, ost_err *err)
{
    content c = { 0 };
    char hex[OST_DIGEST_HEX];
    ost_arena arena = { 0 };
    ost_artifact a;
    ost_rc rc;

    *whole = need(r, d, "artifact");
    if (!*whole || is_known(r, d, made_here)) {
        *whole = *whole && !(flags_of(&r->seen, d) & BROKEN);
        return OST_OK;
    }
    ost_digest_hex(d, hex);
    rc = ost_artifact_get(r->batch, d, &arena, &a, err);
    if (rc == OST_ECORRUPT) {
        add_fault(r, d, "damaged artifact");
        *whole = false;
        rc = OST_OK;
    } else if (!rc) {
        c.is_files = a.type == OST_FILES;
        *whole = need(r, &a.exposure, "exposure of an artifact");
        rc = walk_refs(r, &a, hex, &c, whole, err);
    }
    if (made_here && c.present && c.absent) {
        add_fault(r, &c.example, "content of a file that a stage made");
        *whole = false;
    }
    add_walked(r, d, WALKED | (made_here ? CHECKED : 0), *whole);
    ost_arena_release(&arena);
    return rc;
}

ost_rc ost_reach_artifact(ost_reach *r, const ost_digest *digest, bool *whole,
                          ost_err *err)
{
    bool ignored;

    return walk_artifact(r, digest, false, whole ? whole : &ignored, err);
}

/* --- nodes and runs --------------------------------------------------------
 */

static bool is_artifact(ost_reach *r, const ost_digest *d)
{
    ost_arena arena = { 0 };
    ost_artifact a;
    bool is;

    if (flags_of(&r->seen, d) & (WALKED | ABSENT))
        return flags_of(&r->seen, d) & WALKED;
    is = is_present(r, d) &&
         ost_artifact_get(r->batch, d, &arena, &a, NULL) == OST_OK;
    ost_arena_release(&arena);
    return is;
}

/* Follows the digests among the values of a key's components: inputs.  Those of
 * parameter files are not in the store, and none is needed for the node. */
static ost_rc walk_inputs(ost_reach *r, const char *components, ost_err *err)
{
    ost_rc rc = OST_OK;

    while (*components && !rc) {
        size_t n = strcspn(components, "\n");
        char hex[OST_DIGEST_HEX] = "";
        ost_digest d;
        bool ignored;

        /* Names may have a '=' inside: "in.data[0;fold=2]". */
        if (n >= OST_DIGEST_HEX && components[n - OST_DIGEST_HEX] == '=') {
            memcpy(hex, components + n - (OST_DIGEST_HEX - 1),
                   OST_DIGEST_HEX - 1);
            if (ost_digest_parse(&d, hex) && is_artifact(r, &d))
                rc = walk_artifact(r, &d, false, &ignored, err);
        }
        components += n + (components[n] != '\0');
    }
    return rc;
}

static ost_rc walk_outputs(ost_reach *r, const ost_node_record *node,
                           bool *whole, ost_err *err)
{
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < node->n_outputs && !rc; i++) {
        bool output_whole;

        rc = walk_artifact(r, &node->outputs[i].artifact, true, &output_whole,
                           err);
        *whole = output_whole && *whole;
    }
    return rc;
}

ost_rc ost_reach_node(ost_reach *r, const ost_key *key, bool *whole,
                      ost_err *err)
{
    ost_arena arena = { 0 };
    ost_buf text = { 0 };
    ost_node_record node;
    bool all = true;
    ost_rc rc;

    if (flags_of(&r->seen_nodes, key)) {
        all = !(flags_of(&r->seen_nodes, key) & BROKEN);
        rc = OST_OK;
        goto out;
    }
    rc = ost_store_get(r->store, OST_TABLE_NODES, key->b, OST_DIGEST_SIZE,
                       &text, err);
    if (rc == OST_ENOTFOUND) {
        all = false;
        rc = OST_OK;
        goto out;
    }
    if (!rc)
        rc = ost_node_record_decode(text.data, text.len, &arena, &node, err);
    if (rc == OST_ECORRUPT) {
        add_fault(r, key, "damaged record of a node");
        all = false;
        rc = OST_OK;
    } else if (!rc) {
        rc = walk_outputs(r, &node, &all, err);
        if (!rc)
            rc = walk_inputs(r, node.components, err);
    }
    add_flags(&r->seen_nodes, key, all ? WALKED : WALKED | BROKEN);
    ost_vec_push(&r->nodes, *key);
out:
    if (whole)
        *whole = all;
    ost_buf_release(&text);
    ost_arena_release(&arena);
    return rc;
}

ost_rc ost_reach_run(ost_reach *r, const char *id, ost_err *err)
{
    ost_arena arena = { 0 };
    ost_buf text = { 0 };
    ost_run_record run;
    ost_rc rc =
        ost_store_get(r->store, OST_TABLE_RUNS, id, strlen(id), &text, err);

    if (rc == OST_ENOTFOUND)
        rc = ost_fail(err, rc, "there is no run '%s'", id);
    if (!rc)
        rc = ost_run_record_decode(text.data, text.len, &arena, &run, err);
    if (rc) {
        ost_buf_release(&text);
        ost_arena_release(&arena);
        return rc;
    }
    for (size_t i = 0; i < run.n_steps && !rc; i++) {
        if (!ost_digest_is_zero(&run.steps[i].key))
            rc = ost_reach_node(r, &run.steps[i].key, NULL, err);
    }
    for (size_t i = 0; i < run.n_outputs && !rc; i++) {
        if (is_present(r, &run.outputs[i].artifact))
            rc = ost_reach_artifact(r, &run.outputs[i].artifact, NULL, err);
    }
    ost_buf_release(&text);
    ost_arena_release(&arena);
    return rc;
}

/* --- what was met ----------------------------------------------------------
 */

const ost_digest *ost_reach_blobs(const ost_reach *r, size_t *n)
{
    *n = r->blobs.len;
    return r->blobs.data;
}

const ost_key *ost_reach_nodes(const ost_reach *r, size_t *n)
{
    *n = r->nodes.len;
    return r->nodes.data;
}

bool ost_reach_has_blob(const ost_reach *r, const ost_digest *digest)
{
    return (flags_of(&r->seen, digest) & (MET | ABSENT)) == MET;
}

bool ost_reach_has_node(const ost_reach *r, const ost_key *key)
{
    return flags_of(&r->seen_nodes, key) != 0;
}

const ost_reach_fault *ost_reach_faults(const ost_reach *r, size_t *n)
{
    *n = r->faults.len;
    return r->faults.data;
}

const ost_digest *ost_reach_broken(const ost_reach *r, size_t *n)
{
    *n = r->broken.len;
    return r->broken.data;
}
