/* store/find.c - what a person means by a word: a run, a step, a digest */
#include "store/find.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "base/text.h"
#include "store/objects.h"
#include "store/record.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

enum { LEAST_DIGITS = 4 };

/* --- runs --------------------------------------------------------------------
 */

typedef struct run_search {
    const char *word; /* a beginning, "" for any */
    char run[OST_FIND_RUN_ID];
    size_t matches;
    bool exact;
} run_search;

static ost_rc visit_run(void *user, const void *key, size_t nkey,
                        const void *value, size_t nvalue, ost_err *err)
{
    run_search *f = user;
    size_t n = strlen(f->word);

    (void)value;
    (void)nvalue;
    (void)err;
    if (f->exact || nkey >= sizeof(f->run) || nkey < n ||
        memcmp(key, f->word, n) != 0)
        return OST_OK;
    memcpy(f->run, key, nkey); /* the newest comes last */
    f->run[nkey] = '\0';
    f->matches++;
    f->exact = nkey == n;
    return OST_OK;
}

ost_rc ost_find_run(ost_store *s, const char *word, char run[OST_FIND_RUN_ID],
                    ost_err *err)
{
    bool latest = strcmp(word, "latest") == 0;
    run_search f = { .word = latest ? "" : word };
    ost_rc rc = ost_store_each(s, OST_TABLE_RUNS, "", 0, visit_run, &f, err);

    if (rc)
        return rc;
    if (f.matches == 0)
        return ost_fail(err, OST_ENOTFOUND,
                        latest
                            ? "there are no runs yet%s"
                            : "there is no run '%s'; 'osteon store ls' lists "
                              "them",
                        latest ? "" : word);
    if (f.matches > 1 && !latest && !f.exact)
        return ost_fail(err, OST_EUSAGE, "%zu runs begin with '%s'", f.matches,
                        word);
    memcpy(run, f.run, sizeof(f.run));
    return OST_OK;
}

/* --- digests
 * ------------------------------------------------------------------ */

typedef struct digest_search {
    const char *word;
    ost_digest digest;
    ost_found_kind kind;
    size_t matches;
} digest_search;

static void match(digest_search *f, const ost_digest *d, ost_found_kind kind)
{
    char hex[OST_DIGEST_HEX];

    if (!ost_starts_with(ost_digest_hex(d, hex), f->word) ||
        (f->matches && ost_digest_equal(d, &f->digest)))
        return;
    f->digest = *d;
    f->kind = kind;
    f->matches++;
}

static ost_rc visit_node(void *user, const void *key, size_t nkey,
                         const void *value, size_t nvalue, ost_err *err)
{
    ost_digest d;

    (void)value;
    (void)nvalue;
    (void)err;
    if (nkey == OST_DIGEST_SIZE) {
        memcpy(d.b, key, nkey);
        match(user, &d, OST_FOUND_NODE);
    }
    return OST_OK;
}

static ost_rc visit_blob(void *user, const void *key, size_t nkey,
                         const void *value, size_t nvalue, ost_err *err)
{
    ost_digest d;

    (void)value;
    (void)nvalue;
    (void)err;
    if (nkey == OST_DIGEST_SIZE) {
        memcpy(d.b, key, nkey);
        match(user, &d, OST_FOUND_BLOB);
    }
    return OST_OK;
}

static ost_rc visit_object(void *user, const char *name, const ost_digest *d,
                           uint64_t size, ost_err *err)
{
    (void)name;
    (void)size;
    (void)err;
    if (d)
        match(user, d, OST_FOUND_BLOB);
    return OST_OK;
}

static ost_rc find_digest(ost_store *s, const char *word, digest_search *f,
                          ost_err *err)
{
    uint8_t prefix[OST_DIGEST_SIZE];
    char even[OST_DIGEST_HEX] = "";
    size_t bytes = strlen(word) / 2;
    ost_rc rc;

    f->word = word;
    memcpy(even, word, bytes * 2);
    if (!ost_unhex(prefix, even, bytes))
        return OST_OK;
    rc = ost_store_each(s, OST_TABLE_NODES, prefix, bytes, visit_node, f, err);
    if (!rc)
        rc = ost_store_each(s, OST_TABLE_BLOBS, prefix, bytes, visit_blob, f,
                            err);
    return rc ? rc : ost_objects_each(s, visit_object, f, err);
}

static bool is_digits(const char *word)
{
    size_t n = strlen(word);

    return n >= LEAST_DIGITS && n < OST_DIGEST_HEX &&
           strspn(word, "0123456789abcdef") == n;
}

/* --- steps
 * --------------------------------------------------------------------- */

static const ost_run_step *step_of(const ost_run_record *run, const char *name,
                                   size_t n)
{
    for (size_t i = 0; i < run->n_steps; i++) {
        if (strlen(run->steps[i].name) == n &&
            memcmp(run->steps[i].name, name, n) == 0)
            return &run->steps[i];
    }
    return NULL;
}

static ost_rc find_output(ost_store *s, const ost_run_step *step,
                          const char *port, ost_found *found, ost_arena *arena,
                          ost_err *err)
{
    ost_buf text = { 0 };
    ost_node_record node;
    ost_rc rc = ost_store_get(s, OST_TABLE_NODES, step->key.b, OST_DIGEST_SIZE,
                              &text, err);

    if (rc == OST_ENOTFOUND)
        rc = ost_fail(err, rc, "step '%s' has no result in the store",
                      step->name);
    if (!rc)
        rc = ost_node_record_decode(text.data, text.len, arena, &node, err);
    ost_buf_release(&text);
    if (rc)
        return rc;
    found->kind = OST_FOUND_BLOB;
    for (size_t i = 0; i < node.n_outputs; i++) {
        if (!*port || strcmp(node.outputs[i].port, port) == 0) {
            found->digest = node.outputs[i].artifact;
            return OST_OK;
        }
    }
    return ost_fail(err, OST_ENOTFOUND, "step '%s' has no output '%s'",
                    step->name, port);
}

/* "train[fold=2].model": a step's name may itself have a dot, so the whole word
 * is tried first. */
static ost_rc find_step(ost_store *s, const char *run_id, const char *name,
                        ost_found *found, ost_err *err)
{
    const char *dot = strrchr(name, '.');
    const ost_run_step *step;
    ost_arena arena = { 0 };
    ost_buf text = { 0 };
    ost_run_record run;
    ost_rc rc =
        ost_store_get(s, OST_TABLE_RUNS, run_id, strlen(run_id), &text, err);

    if (!rc)
        rc = ost_run_record_decode(text.data, text.len, &arena, &run, err);
    if (rc)
        goto out;
    step = step_of(&run, name, strlen(name));
    if (step)
        dot = NULL;
    else if (dot)
        step = step_of(&run, name, (size_t)(dot - name));
    if (step)
        rc = find_output(s, step, dot ? dot + 1 : "", found, &arena, err);
    else
        rc = ost_fail(err, OST_ENOTFOUND, "run '%s' has no step '%s'", run_id,
                      name);
out:
    ost_buf_release(&text);
    ost_arena_release(&arena);
    return rc;
}

ost_rc ost_find(ost_store *s, const char *word, ost_found *found, ost_err *err)
{
    const char *colon = strchr(word, ':');
    digest_search digests = { .matches = 0 };
    ost_rc rc;

    *found = (ost_found){ .kind = OST_FOUND_RUN };
    if (colon) {
        char *run = ost_xstrndup(word, (size_t)(colon - word));

        rc = ost_find_run(s, run, found->run, err);
        ost_free(run);
        return rc ? rc : find_step(s, found->run, colon + 1, found, err);
    }
    if (is_digits(word)) {
        rc = find_digest(s, word, &digests, err);
        if (rc)
            return rc;
        found->kind = digests.kind;
        found->digest = digests.digest;
        if (digests.matches > 1)
            return ost_fail(err, OST_EUSAGE, "%zu digests begin with '%s'",
                            digests.matches, word);
        if (digests.matches == 1)
            return OST_OK;
        found->kind = OST_FOUND_RUN;
    }
    rc = ost_find_run(s, word, found->run, err);
    if (rc == OST_ENOTFOUND && is_digits(word))
        ost_fail(err, rc, "nothing in the store is named '%s'", word);
    return rc;
}
