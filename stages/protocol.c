/* stages/protocol.c - encoding and decoding of worker messages */
#include "stages/protocol.h"

#include <string.h>

#include "base/banned.h"

static size_t begin(ost_buf *out, ost_msg kind)
{
    size_t at = out->len;

    ost_buf_u32(out, 0);
    ost_buf_u8(out, (uint8_t)kind);
    return at;
}

static void finish(ost_buf *out, size_t at)
{
    size_t n = out->len - at - 4;

    for (int i = 0; i < 4; i++)
        out->data[at + (size_t)i] = (unsigned char)(n >> (8 * i));
}

static const char *read_string(ost_reader *r, ost_arena *arena)
{
    size_t n;
    const unsigned char *p = ost_read_bytes(r, &n);

    return r->bad ? "" : ost_arena_strndup(arena, (const char *)p, n);
}

static ost_digest read_digest(ost_reader *r)
{
    ost_digest d = { { 0 } };
    const void *p = ost_read_raw(r, sizeof(d.b));

    if (p)
        memcpy(d.b, p, sizeof(d.b));
    return d;
}

/* A count of things that take at least one byte each. */
static uint32_t read_count(ost_reader *r)
{
    uint64_t n = ost_read_varint(r);

    if (n > ost_read_left(r)) {
        r->bad = true;
        return 0;
    }
    return (uint32_t)n;
}

static const char *const *read_strings(ost_reader *r, ost_arena *arena,
                                       uint32_t n)
{
    const char **v = OST_ARENA_ARRAY(arena, const char *, (size_t)n + 1);

    for (uint32_t i = 0; i < n; i++)
        v[i] = read_string(r, arena);
    return v;
}

void ost_step_msg_encode(ost_buf *out, const ost_step_msg *m)
{
    size_t at = begin(out, OST_MSG_STEP);

    ost_buf_varint(out, m->tag);
    ost_buf_string(out, m->name);
    ost_buf_string(out, m->stage);
    ost_buf_string(out, m->params);
    ost_buf_string(out, m->seed);
    ost_buf_string(out, m->numeric);
    ost_buf_string(out, m->computes);
    ost_buf_varint(out, m->memory);
    ost_buf_add(out, m->key.b, sizeof(m->key.b));
    ost_buf_varint(out, m->threads);
    ost_buf_u8(out, m->exec_allowed);
    ost_buf_varint(out, m->n_inputs);
    for (uint32_t i = 0; i < m->n_inputs; i++) {
        const ost_step_input *in = &m->inputs[i];

        ost_buf_string(out, in->port);
        ost_buf_string(out, in->row);
        ost_buf_varint(out, in->n_axes);
        for (uint32_t k = 0; k < 2 * in->n_axes; k++)
            ost_buf_string(out, in->axes[k]);
        ost_buf_add(out, in->artifact.b, sizeof(in->artifact.b));
        ost_buf_string(out, in->root);
    }
    ost_buf_varint(out, m->n_env);
    for (uint32_t i = 0; i < m->n_env; i++)
        ost_buf_string(out, m->env[i]);
    ost_buf_u8(out, m->secret.known);
    if (m->secret.known)
        ost_buf_add(out, m->secret.key, sizeof(m->secret.key));
    finish(out, at);
}

static void read_inputs(ost_reader *r, ost_arena *arena, ost_step_msg *m)
{
    ost_step_input *in;

    m->n_inputs = read_count(r);
    in = OST_ARENA_ARRAY(arena, ost_step_input, (size_t)m->n_inputs + 1);
    for (uint32_t i = 0; i < m->n_inputs && !r->bad; i++) {
        in[i].port = read_string(r, arena);
        in[i].row = read_string(r, arena);
        in[i].n_axes = read_count(r);
        in[i].axes = read_strings(r, arena, 2 * in[i].n_axes);
        in[i].artifact = read_digest(r);
        in[i].root = read_string(r, arena);
    }
    m->inputs = in;
}

static void read_secret(ost_reader *r, ost_secret *secret)
{
    const void *key;

    *secret = (ost_secret){ .known = ost_read_u8(r) != 0 };
    if (!secret->known)
        return;
    key = ost_read_raw(r, sizeof(secret->key));
    secret->known = key != NULL;
    if (key)
        memcpy(secret->key, key, sizeof(secret->key));
}

bool ost_step_msg_decode(const void *body, size_t size, ost_arena *arena,
                         ost_step_msg *m)
{
    ost_reader r = ost_reader_of(body, size);

    m->tag = ost_read_varint(&r);
    m->name = read_string(&r, arena);
    m->stage = read_string(&r, arena);
    m->params = read_string(&r, arena);
    m->seed = read_string(&r, arena);
    m->numeric = read_string(&r, arena);
    m->computes = read_string(&r, arena);
    m->memory = ost_read_varint(&r);
    m->key = read_digest(&r);
    m->threads = (uint32_t)ost_read_varint(&r);
    m->exec_allowed = ost_read_u8(&r) != 0;
    read_inputs(&r, arena, m);
    m->n_env = read_count(&r);
    m->env = read_strings(&r, arena, m->n_env);
    read_secret(&r, &m->secret);
    return !r.bad && ost_read_left(&r) == 0;
}

static void add_done(ost_buf *out, ost_msg kind, const ost_done_msg *m)
{
    size_t at = begin(out, kind);

    ost_buf_varint(out, m->tag);
    ost_buf_u32(out, (uint32_t)m->rc);
    ost_buf_string(out, m->error);
    ost_buf_string(out, m->notes);
    ost_buf_string(out, m->libraries);
    ost_buf_f64(out, m->seconds);
    ost_buf_varint(out, m->computed);
    ost_buf_varint(out, m->remembered);
    ost_buf_varint(out, m->leaked);
    ost_buf_varint(out, m->n_outputs);
    for (uint32_t i = 0; i < m->n_outputs; i++) {
        ost_buf_string(out, m->outputs[i].port);
        ost_buf_u8(out, m->outputs[i].type);
        ost_buf_add(out, m->outputs[i].artifact.b,
                    sizeof(m->outputs[i].artifact.b));
        ost_buf_varint(out, m->outputs[i].items);
    }
    ost_buf_bytes(out, m->batch, m->batch_size);
    finish(out, at);
}

void ost_done_msg_encode(ost_buf *out, const ost_done_msg *m)
{
    add_done(out, OST_MSG_DONE, m);
}

bool ost_done_msg_decode(const void *body, size_t size, ost_arena *arena,
                         ost_done_msg *m)
{
    ost_reader r = ost_reader_of(body, size);
    ost_done_output *o;

    m->tag = ost_read_varint(&r);
    m->rc = (int32_t)ost_read_u32(&r);
    m->error = read_string(&r, arena);
    m->notes = read_string(&r, arena);
    m->libraries = read_string(&r, arena);
    m->seconds = ost_read_f64(&r);
    m->computed = ost_read_varint(&r);
    m->remembered = ost_read_varint(&r);
    m->leaked = ost_read_varint(&r);
    m->n_outputs = read_count(&r);
    o = OST_ARENA_ARRAY(arena, ost_done_output, (size_t)m->n_outputs + 1);
    for (uint32_t i = 0; i < m->n_outputs; i++) {
        o[i].port = read_string(&r, arena);
        o[i].type = ost_read_u8(&r);
        o[i].artifact = read_digest(&r);
        o[i].items = ost_read_varint(&r);
    }
    m->outputs = o;
    m->batch = ost_read_bytes(&r, &m->batch_size);
    return !r.bad && ost_read_left(&r) == 0;
}

void ost_checked_msg_encode(ost_buf *out, const ost_done_msg *m)
{
    add_done(out, OST_MSG_CHECKED, m);
}

void ost_progress_msg_encode(ost_buf *out, const ost_progress_msg *m)
{
    size_t at = begin(out, OST_MSG_PROGRESS);

    ost_buf_varint(out, m->tag);
    ost_buf_varint(out, m->done);
    ost_buf_varint(out, m->total);
    ost_buf_string(out, m->extra);
    finish(out, at);
}

bool ost_progress_msg_decode(const void *body, size_t size, ost_arena *arena,
                             ost_progress_msg *m)
{
    ost_reader r = ost_reader_of(body, size);

    m->tag = ost_read_varint(&r);
    m->done = ost_read_varint(&r);
    m->total = ost_read_varint(&r);
    m->extra = read_string(&r, arena);
    return !r.bad && ost_read_left(&r) == 0;
}

void ost_check_msg_encode(ost_buf *out, uint64_t tag, const char *stage,
                          const char *params)
{
    size_t at = begin(out, OST_MSG_CHECK);

    ost_buf_varint(out, tag);
    ost_buf_string(out, stage);
    ost_buf_string(out, params);
    finish(out, at);
}

bool ost_check_msg_decode(const void *body, size_t size, ost_arena *arena,
                          uint64_t *tag, const char **stage,
                          const char **params)
{
    ost_reader r = ost_reader_of(body, size);

    *tag = ost_read_varint(&r);
    *stage = read_string(&r, arena);
    *params = read_string(&r, arena);
    return !r.bad && ost_read_left(&r) == 0;
}

void ost_plain_msg_encode(ost_buf *out, ost_msg kind, const void *body,
                          size_t size)
{
    size_t at = begin(out, kind);

    ost_buf_add(out, body, size);
    finish(out, at);
}

int ost_msg_next(const ost_buf *in, size_t *offset, ost_msg *kind,
                 const unsigned char **body, size_t *size)
{
    const unsigned char *p = in->data + *offset;
    size_t left = in->len - *offset;
    size_t n;

    if (left < 5)
        return 0;
    n = (size_t)p[0] | (size_t)p[1] << 8 | (size_t)p[2] << 16 |
        (size_t)p[3] << 24;
    if (n < 1 || n > OST_MSG_LIMIT)
        return -1;
    if (left - 4 < n)
        return 0;
    *kind = (ost_msg)p[4];
    *body = p + 5;
    *size = n - 1;
    *offset += 4 + n;
    return 1;
}
