/* engine/recent.c - what the engine remembers of steps */
#include "engine/recent.h"

#include "base/arena.h"
#include "store/record.h"

#include <string.h>

#include "base/banned.h"

enum { FORMAT = 1 };

static bool take_outputs(ost_store *store, const ost_node_record *r,
                         const ost_stage *stage, ost_digest *outputs)
{
    for (size_t p = 0; stage->outputs[p].name; p++) {
        const ost_output *o = r->outputs;
        const ost_output *end = o + r->n_outputs;

        while (o < end && strcmp(o->port, stage->outputs[p].name) != 0)
            o++;
        if (o == end || !ost_store_has_blob(store, &o->artifact))
            return false;
        outputs[p] = o->artifact;
    }
    return true;
}

bool ost_record_outputs(ost_store *store, const ost_key *key,
                        const ost_stage *stage, ost_digest *outputs)
{
    ost_arena arena = { 0 };
    ost_buf text = { 0 };
    ost_node_record r;
    bool found = false;

    if (!ost_store_get(store, OST_TABLE_NODES, key->b, sizeof(key->b), &text,
                       NULL) &&
        !ost_node_record_decode(text.data, text.len, &arena, &r, NULL))
        found = take_outputs(store, &r, stage, outputs);
    if (!found)
        memset(outputs, 0, ost_port_count(stage->outputs) * sizeof(*outputs));
    ost_buf_release(&text);
    ost_arena_release(&arena);
    return found;
}

static void recent_name(ost_buf *out, const char *workflow, const char *step)
{
    ost_buf_adds(out, workflow);
    ost_buf_addc(out, '\0');
    ost_buf_adds(out, step);
}

static size_t decode(const ost_buf *text, ost_recent_key recent[OST_RECENT])
{
    ost_reader r = ost_reader_of(text->data, text->len);
    size_t n = 0;

    if (ost_read_u8(&r) != FORMAT)
        return 0;
    while (n < OST_RECENT && ost_read_left(&r) > 0) {
        const void *key = ost_read_raw(&r, OST_DIGEST_SIZE);

        if (key)
            memcpy(recent[n].key.b, key, OST_DIGEST_SIZE);
        recent[n].wall_ns = ost_read_u64(&r);
        if (r.bad)
            break;
        n++;
    }
    return n;
}

size_t ost_recent_get(ost_store *store, const char *workflow, const char *step,
                      ost_recent_key recent[OST_RECENT])
{
    ost_buf name = { 0 }, text = { 0 };
    size_t n = 0;

    recent_name(&name, workflow, step);
    if (!ost_store_get(store, OST_TABLE_STEPS, name.data, name.len, &text,
                       NULL))
        n = decode(&text, recent);
    ost_buf_release(&name);
    ost_buf_release(&text);
    return n;
}

/* Stops at the first record. */
static ost_rc visit_any(void *user, const void *key, size_t nkey,
                        const void *value, size_t nvalue, ost_err *err)
{
    (void)key;
    (void)nkey;
    (void)value;
    (void)nvalue;
    (void)err;
    *(bool *)user = true;
    return OST_EINTERRUPTED;
}

bool ost_recent_any(ost_store *store, const char *workflow)
{
    ost_buf name = { 0 };
    bool any = false;

    recent_name(&name, workflow, "");
    ost_store_each(store, OST_TABLE_STEPS, name.data, name.len, visit_any, &any,
                   NULL);
    ost_buf_release(&name);
    return any;
}

void ost_recent_put(ost_batch *batch, const char *workflow, const char *step,
                    const ost_key *key, uint64_t wall_ns)
{
    ost_recent_key recent[OST_RECENT];
    ost_buf name = { 0 }, text = { 0 };
    size_t n = 0, kept = 1;

    recent_name(&name, workflow, step);
    if (!ost_batch_get(batch, OST_TABLE_STEPS, name.data, name.len, &text,
                       NULL))
        n = decode(&text, recent);
    if (n > 0 && ost_digest_equal(&recent[0].key, key))
        goto out;
    ost_buf_reset(&text);
    ost_buf_u8(&text, FORMAT);
    ost_buf_add(&text, key->b, sizeof(key->b));
    ost_buf_u64(&text, wall_ns);
    for (size_t i = 0; i < n && kept < OST_RECENT; i++) {
        if (ost_digest_equal(&recent[i].key, key))
            continue;
        ost_buf_add(&text, recent[i].key.b, sizeof(recent[i].key.b));
        ost_buf_u64(&text, recent[i].wall_ns);
        kept++;
    }
    ost_batch_put(batch, OST_TABLE_STEPS, name.data, name.len, text.data,
                  text.len);
out:
    ost_buf_release(&name);
    ost_buf_release(&text);
}
