/* stages/safetensors.c - tensors as bytes, in the format of that name */
#include "stages/safetensors.h"

#include "base/alloc.h"
#include "base/half.h"
#include "base/json.h"
#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { HEADER_LIMIT = 100 * 1000 * 1000, ALIGN = 8 };

struct ost_safetensors {
    ost_json_doc *doc;
    ost_map index; /* name -> place in `tensors` */
    ost_stored_tensor *tensors;
    size_t n;
};

static const struct {
    const char *name;
    size_t size;
} types[] = {
    { "F32", 4 },  { "F16", 2 },     { "BF16", 2 },    { "F64", 8 },
    { "I64", 8 },  { "I32", 4 },     { "I16", 2 },     { "I8", 1 },
    { "U64", 8 },  { "U32", 4 },     { "U16", 2 },     { "U8", 1 },
    { "BOOL", 1 }, { "F8_E4M3", 1 }, { "F8_E5M2", 1 },
};

/* --- reading a header -------------------------------------------------- */

static ost_rc wrong(const char *name, ost_err *err, const char *what)
{
    return ost_fail(err, OST_EINPUT, "tensor '%s' %s", name, what);
}

static size_t size_of_type(const char *dtype)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (strcmp(types[i].name, dtype) == 0)
            return types[i].size;
    return 0;
}

static ost_rc read_shape(ost_stored_tensor *t, const json_t *shape,
                         ost_err *err)
{
    if (!json_is_array(shape))
        return wrong(t->name, err, "has no 'shape'");
    if (json_array_size(shape) > OST_MAX_DIMS)
        return wrong(t->name, err, "has too many sides");
    t->count = 1;
    t->ndim = (int)json_array_size(shape);
    for (int i = 0; i < t->ndim; i++) {
        const json_t *side = json_array_get(shape, (size_t)i);

        t->shape[i] = json_integer_value(side);
        if (!json_is_integer(side) || t->shape[i] < 0 ||
            __builtin_mul_overflow(t->count, t->shape[i], &t->count))
            return wrong(t->name, err, "has a shape that cannot be");
    }
    return OST_OK;
}

/* Where its bytes are among the `room` ones behind the header. */
static ost_rc read_span(ost_stored_tensor *t, const json_t *span,
                        const unsigned char *bytes, size_t room, ost_err *err)
{
    const json_t *from = json_array_get(span, 0);
    const json_t *to = json_array_get(span, 1);
    json_int_t a = json_integer_value(from);
    json_int_t b = json_integer_value(to);
    size_t want;

    if (json_array_size(span) != 2 || !json_is_integer(from) ||
        !json_is_integer(to))
        return wrong(t->name, err, "has no 'data_offsets' of two integers");
    if (a < 0 || b < a || (uint64_t)b > room)
        return ost_fail(err, OST_EINPUT,
                        "tensor '%s' lies at %lld to %lld of %zu bytes",
                        t->name, (long long)a, (long long)b, room);
    t->bytes = (size_t)(b - a);
    t->data = bytes + a;
    if (__builtin_mul_overflow((size_t)t->count, size_of_type(t->dtype),
                               &want) ||
        want != t->bytes)
        return ost_fail(err, OST_EINPUT,
                        "tensor '%s' has %zu bytes, its shape and type %s "
                        "need %zu",
                        t->name, t->bytes, t->dtype, want);
    return OST_OK;
}

static ost_rc read_entry(ost_stored_tensor *t, const char *name,
                         const json_t *entry, const unsigned char *bytes,
                         size_t room, ost_err *err)
{
    ost_rc rc;

    t->name = name;
    t->dtype = json_string_value(json_object_get(entry, "dtype"));
    if (!t->dtype)
        return wrong(name, err, "has no 'dtype'");
    if (!size_of_type(t->dtype))
        return ost_fail(err, OST_EINPUT, "tensor '%s' has unknown type '%.40s'",
                        name, t->dtype);
    rc = read_shape(t, json_object_get(entry, "shape"), err);
    if (rc)
        return rc;
    return read_span(t, json_object_get(entry, "data_offsets"), bytes, room,
                     err);
}

static int by_place(const void *a, const void *b)
{
    const ost_stored_tensor *x = a;
    const ost_stored_tensor *y = b;

    if (x->data != y->data)
        return x->data < y->data ? -1 : 1;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* All bytes belong to one tensor. */
static ost_rc check_cover(const ost_safetensors *f, const unsigned char *bytes,
                          size_t room, ost_err *err)
{
    const unsigned char *at = bytes;

    for (size_t i = 0; i < f->n; i++) {
        const ost_stored_tensor *t = &f->tensors[i];

        if (t->data < at)
            return ost_fail(err, OST_EINPUT, "tensor '%s' overlaps '%s'",
                            t->name, f->tensors[i - 1].name);
        if (t->data > at)
            return ost_fail(err, OST_EINPUT,
                            "%zu bytes in front of tensor '%s' belong to none",
                            (size_t)(t->data - at), t->name);
        at = t->data + t->bytes;
    }
    if (at != bytes + room)
        return ost_fail(err, OST_EINPUT,
                        "%zu bytes at the end belong to no tensor",
                        (size_t)(bytes + room - at));
    return OST_OK;
}

static ost_rc read_entries(ost_safetensors *f, const unsigned char *bytes,
                           size_t room, ost_err *err)
{
    json_t *root = ost_json_root(f->doc);
    ost_json_pos pos;
    const char *name;
    json_t *entry;
    ost_rc rc;

    if (!json_is_object(root))
        return ost_fail(err, OST_EINPUT, "the header is no JSON object");
    if (ost_json_duplicates(f->doc))
        return ost_fail(err, OST_EINPUT, "tensor '%s' is there twice",
                        ost_json_duplicate(f->doc, 0, &pos) + 1);
    f->tensors = ost_xalloc((json_object_size(root) + 1) * sizeof(*f->tensors));
    json_object_foreach(root, name, entry)
    {
        if (strcmp(name, "__metadata__") == 0)
            continue;
        rc = read_entry(&f->tensors[f->n], name, entry, bytes, room, err);
        if (rc)
            return rc;
        f->n++;
    }
    qsort(f->tensors, f->n, sizeof(*f->tensors), by_place);
    for (size_t i = 0; i < f->n; i++)
        ost_map_put(&f->index, f->tensors[i].name, strlen(f->tensors[i].name),
                    i);
    return check_cover(f, bytes, room, err);
}

ost_rc ost_safetensors_open(const void *data, size_t size,
                            ost_safetensors **file, ost_err *err)
{
    ost_reader r = ost_reader_of(data, size);
    uint64_t length = ost_read_u64(&r);
    size_t room = size < 8 ? 0 : size - 8;
    ost_safetensors *f = ost_xalloc(sizeof(*f));
    const char *text;
    ost_rc rc;

    if (r.bad || length > HEADER_LIMIT || length > room) {
        rc = ost_fail(err, OST_EINPUT,
                      "not in the safetensors format: %zu bytes with a header "
                      "of %llu",
                      size, (unsigned long long)length);
        goto out;
    }
    text = ost_read_raw(&r, (size_t)length);
    rc = ost_json_parse("safetensors header", text, (size_t)length, &f->doc,
                        err);
    if (!rc)
        rc = read_entries(f, (const unsigned char *)text + length,
                          room - (size_t)length, err);
    if (rc)
        goto out;
    *file = f;
    f = NULL;
out:
    ost_safetensors_close(f);
    return rc;
}

void ost_safetensors_close(ost_safetensors *f)
{
    if (!f)
        return;
    ost_map_release(&f->index);
    ost_free(f->tensors);
    ost_json_free(f->doc);
    ost_free(f);
}

size_t ost_safetensors_count(const ost_safetensors *f)
{
    return f->n;
}

const ost_stored_tensor *ost_safetensors_at(const ost_safetensors *f, size_t i)
{
    return i < f->n ? &f->tensors[i] : NULL;
}

const ost_stored_tensor *ost_safetensors_find(const ost_safetensors *f,
                                              const char *name)
{
    uint64_t at;

    return ost_map_get(&f->index, name, strlen(name), &at) ? &f->tensors[at]
                                                           : NULL;
}

/* --- numbers ----------------------------------------------------------- */

static float from_bits(uint32_t bits)
{
    float v;

    memcpy(&v, &bits, sizeof(v));
    return v;
}

/* The upper half of a binary32. */
static float from_bfloat(uint16_t h)
{
    return from_bits((uint32_t)h << 16);
}

ost_rc ost_stored_tensor_read(const ost_stored_tensor *t, float *out,
                              ost_err *err)
{
    if (strcmp(t->dtype, "F32") == 0) {
        memcpy(out, t->data, t->bytes);
    } else if (strcmp(t->dtype, "F64") == 0) {
        for (int64_t i = 0; i < t->count; i++) {
            double v;

            memcpy(&v, t->data + i * 8, sizeof(v));
            out[i] = (float)v;
        }
    } else if (strcmp(t->dtype, "F16") == 0 || strcmp(t->dtype, "BF16") == 0) {
        bool half = t->dtype[0] == 'F';

        for (int64_t i = 0; i < t->count; i++) {
            uint16_t h;

            memcpy(&h, t->data + i * 2, sizeof(h));
            out[i] = half ? ost_half_to_float(h) : from_bfloat(h);
        }
    } else {
        return ost_fail(err, OST_EINPUT,
                        "tensor '%s' is of type %s, weights are F32, F16, "
                        "BF16 or F64",
                        t->name, t->dtype);
    }
    return OST_OK;
}

static void add_shape(ost_buf *out, int ndim, const int64_t *shape)
{
    for (int i = 0; i < ndim; i++)
        ost_buf_addf(out, "%s%lld", i ? "x" : "", (long long)shape[i]);
    if (ndim == 0)
        ost_buf_adds(out, "a single number");
}

static ost_rc check_shape(const ost_weight *w, const ost_stored_tensor *t,
                          ost_err *err)
{
    bool same = t->ndim == w->ndim;
    ost_buf text = { 0 };
    ost_rc rc;

    for (int i = 0; same && i < w->ndim; i++)
        same = t->shape[i] == w->shape[i];
    if (same)
        return OST_OK;
    add_shape(&text, t->ndim, t->shape);
    ost_buf_adds(&text, ", the network's ");
    add_shape(&text, w->ndim, w->shape);
    rc = ost_fail(err, OST_EINPUT, "tensor '%s' is %s", t->name,
                  ost_buf_str(&text));
    ost_buf_release(&text);
    return rc;
}

ost_rc ost_safetensors_fill(ost_weights *w, ost_weight *weight,
                            const ost_stored_tensor *t, ost_err *err)
{
    ost_rc rc = check_shape(weight, t, err);
    float *plain;

    if (rc)
        return rc;
    plain = ost_try_alloc((size_t)t->count, sizeof(*plain));
    if (!plain)
        return ost_fail(err, OST_ENOMEM, "no memory for weight '%s'",
                        weight->name);
    rc = ost_stored_tensor_read(t, plain, err);
    if (!rc)
        rc = ost_weights_set(w, weight, OST_PART_DATA, plain, err);
    ost_free(plain);
    return rc;
}

ost_rc ost_safetensors_read(ost_weights *w, const void *data, size_t size,
                            ost_err *err)
{
    ost_safetensors *f = NULL;
    ost_rc rc = ost_safetensors_open(data, size, &f, err);

    for (size_t i = 0; !rc && i < f->n; i++)
        if (!ost_weights_find(w, f->tensors[i].name))
            rc = ost_fail(err, OST_EINPUT, "the network has no weight '%s'",
                          f->tensors[i].name);
    for (size_t i = 0; !rc && i < w->len; i++) {
        const ost_stored_tensor *t = ost_safetensors_find(f, w->data[i]->name);

        rc = t ? ost_safetensors_fill(w, w->data[i], t, err)
               : ost_fail(err, OST_EINPUT, "weight '%s' is missing",
                          w->data[i]->name);
    }
    ost_safetensors_close(f);
    return rc;
}

/* --- writing ----------------------------------------------------------- */

static void add_entry(ost_buf *out, const ost_weight *w, uint64_t from)
{
    uint64_t bytes = (uint64_t)ost_weight_count(w) * sizeof(float);

    ost_buf_add_json(out, w->name, strlen(w->name));
    ost_buf_adds(out, ":{\"dtype\":\"F32\",\"shape\":[");
    for (int i = 0; i < w->ndim; i++)
        ost_buf_addf(out, "%s%lld", i ? "," : "", (long long)w->shape[i]);
    ost_buf_addf(out, "],\"data_offsets\":[%llu,%llu]}",
                 (unsigned long long)from, (unsigned long long)(from + bytes));
}

ost_rc ost_safetensors_write(ost_weights *w, ost_buf *out, ost_err *err)
{
    ost_buf header = { 0 };
    uint64_t at = 0;
    ost_rc rc = OST_OK;

    ost_buf_adds(&header, "{\"__metadata__\":{\"format\":\"pt\"}");
    for (size_t i = 0; i < w->len; i++) {
        ost_buf_addc(&header, ',');
        add_entry(&header, w->data[i], at);
        at += (uint64_t)ost_weight_count(w->data[i]) * sizeof(float);
    }
    ost_buf_addc(&header, '}');
    while (header.len % ALIGN)
        ost_buf_addc(&header, ' ');
    ost_buf_u64(out, header.len);
    ost_buf_add(out, header.data, header.len);
    ost_buf_reserve(out, at);
    for (size_t i = 0; i < w->len && !rc; i++) {
        size_t n = (size_t)ost_weight_count(w->data[i]);
        float *plain = ost_try_alloc(n, sizeof(*plain));

        if (!plain)
            rc = ost_fail(err, OST_ENOMEM, "no memory for weight '%s'",
                          w->data[i]->name);
        else
            rc = ost_weights_get(w, w->data[i], OST_PART_DATA, plain, err);
        if (!rc)
            ost_buf_add(out, plain, n * sizeof(*plain));
        ost_free(plain);
    }
    ost_buf_release(&header);
    return rc;
}
