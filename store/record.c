/* store/record.c - node and run records as bytes; drawn in FORMAT.md
 *
 * A decoder copies the bytes into the arena; texts are used where they lie.
 */
#include "store/record.h"

#include "store/codec.h"

#include "base/banned.h"

/* A node record of version 2 has a device at its end. */
enum { NODE_VERSION = 1, NODE_WITH_DEVICE = 2, RUN_VERSION = 1 };

static void add_outputs(ost_buf *out, const ost_output *outputs, size_t n)
{
    ost_buf_varint(out, n);
    for (size_t i = 0; i < n; i++) {
        ost_codec_add_text(out, outputs[i].port);
        ost_buf_u8(out, outputs[i].type);
        ost_codec_add_digest(out, &outputs[i].artifact);
        ost_buf_varint(out, outputs[i].items);
    }
}

static const ost_output *read_outputs(ost_reader *r, ost_arena *arena,
                                      size_t *n)
{
    ost_output *outputs;

    *n = ost_codec_count(r, OST_DIGEST_SIZE + 4);
    outputs = OST_ARENA_ARRAY(arena, ost_output, *n);
    for (size_t i = 0; i < *n; i++) {
        outputs[i].port = ost_codec_text(r, NULL);
        outputs[i].type = ost_read_u8(r);
        outputs[i].artifact = ost_codec_digest(r);
        outputs[i].items = ost_read_varint(r);
    }
    return outputs;
}

void ost_node_record_encode(ost_buf *out, const ost_node_record *r)
{
    bool has_device = r->device && *r->device;

    ost_buf_u8(out, has_device ? NODE_WITH_DEVICE : NODE_VERSION);
    ost_codec_add_text(out, r->components);
    add_outputs(out, r->outputs, r->n_outputs);
    ost_buf_f64(out, r->seconds);
    ost_buf_u64(out, r->wall_ns);
    ost_buf_varint(out, r->computed);
    ost_buf_varint(out, r->remembered);
    ost_codec_add_text(out, r->notes);
    if (has_device)
        ost_codec_add_text(out, r->device);
}

ost_rc ost_node_record_decode(const void *data, size_t size, ost_arena *arena,
                              ost_node_record *r, ost_err *err)
{
    ost_reader in = ost_reader_of(ost_arena_copy(arena, data, size), size);
    uint8_t version = ost_read_u8(&in);

    *r = (ost_node_record){ .device = "" };
    if (version != NODE_VERSION && version != NODE_WITH_DEVICE)
        in.bad = true;
    r->components = ost_codec_text(&in, NULL);
    r->outputs = read_outputs(&in, arena, &r->n_outputs);
    r->seconds = ost_read_f64(&in);
    r->wall_ns = ost_read_u64(&in);
    r->computed = ost_read_varint(&in);
    r->remembered = ost_read_varint(&in);
    r->notes = ost_codec_text(&in, NULL);
    if (version == NODE_WITH_DEVICE)
        r->device = ost_codec_text(&in, NULL);
    if (in.bad || ost_read_left(&in))
        return ost_fail(err, OST_ECORRUPT, "damaged node record");
    return OST_OK;
}

static void add_step(ost_buf *out, const ost_run_step *s)
{
    ost_codec_add_text(out, s->name);
    ost_codec_add_text(out, s->stage);
    ost_buf_u8(out, s->verdict);
    ost_codec_add_digest(out, &s->key);
    ost_buf_f64(out, s->seconds);
    ost_buf_varint(out, s->computed);
    ost_buf_varint(out, s->remembered);
    ost_codec_add_text(out, s->message);
}

static void read_step(ost_reader *r, ost_run_step *s)
{
    s->name = ost_codec_text(r, NULL);
    s->stage = ost_codec_text(r, NULL);
    s->verdict = ost_read_u8(r);
    s->key = ost_codec_digest(r);
    s->seconds = ost_read_f64(r);
    s->computed = ost_read_varint(r);
    s->remembered = ost_read_varint(r);
    s->message = ost_codec_text(r, NULL);
    if (s->verdict > OST_RUN_SKIPPED)
        r->bad = true;
}

void ost_run_record_encode(ost_buf *out, const ost_run_record *r)
{
    ost_buf_u8(out, RUN_VERSION);
    ost_codec_add_text(out, r->id);
    ost_codec_add_text(out, r->workflow);
    ost_codec_add_text(out, r->meta);
    ost_buf_u64(out, r->started_ns);
    ost_buf_u64(out, r->finished_ns);
    ost_buf_u32(out, (uint32_t)r->exit_status);
    ost_buf_varint(out, r->n_steps);
    for (size_t i = 0; i < r->n_steps; i++)
        add_step(out, &r->steps[i]);
    add_outputs(out, r->outputs, r->n_outputs);
}

ost_rc ost_run_record_decode(const void *data, size_t size, ost_arena *arena,
                             ost_run_record *r, ost_err *err)
{
    ost_reader in = ost_reader_of(ost_arena_copy(arena, data, size), size);
    ost_run_step *steps;

    *r = (ost_run_record){ 0 };
    if (ost_read_u8(&in) != RUN_VERSION)
        in.bad = true;
    r->id = ost_codec_text(&in, NULL);
    r->workflow = ost_codec_text(&in, NULL);
    r->meta = ost_codec_text(&in, NULL);
    r->started_ns = ost_read_u64(&in);
    r->finished_ns = ost_read_u64(&in);
    r->exit_status = (int)ost_read_u32(&in);
    r->n_steps = ost_codec_count(&in, OST_DIGEST_SIZE + 17);
    steps = OST_ARENA_ARRAY(arena, ost_run_step, r->n_steps);
    for (size_t i = 0; i < r->n_steps; i++)
        read_step(&in, &steps[i]);
    r->steps = steps;
    r->outputs = read_outputs(&in, arena, &r->n_outputs);
    if (in.bad || ost_read_left(&in))
        return ost_fail(err, OST_ECORRUPT, "damaged run record");
    return OST_OK;
}
