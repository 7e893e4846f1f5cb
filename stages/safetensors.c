/* stages/safetensors.c - weights as bytes, in the format of that name */
#include "stages/safetensors.h"

#include "base/alloc.h"
#include "base/json.h"

#include <string.h>

#include "base/banned.h"

enum { HEADER_LIMIT = 100 * 1000 * 1000, ALIGN = 8 };

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

static ost_rc check_entry(const ost_weight *w, const json_t *entry, size_t room,
                          size_t *from, ost_err *err)
{
    const char *dtype = json_string_value(json_object_get(entry, "dtype"));
    const json_t *shape = json_object_get(entry, "shape");
    const json_t *span = json_object_get(entry, "data_offsets");
    json_int_t a = json_integer_value(json_array_get(span, 0));
    json_int_t b = json_integer_value(json_array_get(span, 1));
    size_t bytes = (size_t)ost_weight_count(w) * sizeof(float);

    if (!dtype || strcmp(dtype, "F32") != 0)
        return ost_fail(err, OST_EINPUT, "weight '%s' is not of type F32",
                        w->name);
    if (json_array_size(shape) != (size_t)w->ndim)
        return ost_fail(err, OST_EINPUT, "weight '%s' has %zu sides, not %d",
                        w->name, json_array_size(shape), w->ndim);
    for (int i = 0; i < w->ndim; i++)
        if (json_integer_value(json_array_get(shape, (size_t)i)) != w->shape[i])
            return ost_fail(
                err, OST_EINPUT, "weight '%s': side %d is %lld, not %lld",
                w->name, i,
                (long long)json_integer_value(json_array_get(shape, (size_t)i)),
                (long long)w->shape[i]);
    if (json_array_size(span) != 2 || a < 0 || b < a || (size_t)b > room ||
        (size_t)(b - a) != bytes)
        return ost_fail(err, OST_EINPUT,
                        "weight '%s' lies at %lld to %lld of %zu bytes",
                        w->name, (long long)a, (long long)b, room);
    *from = (size_t)a;
    return OST_OK;
}

static ost_rc read_weight(ost_weights *w, ost_weight *weight,
                          const json_t *header, const char *data, size_t room,
                          ost_err *err)
{
    const json_t *entry = json_object_get(header, weight->name);
    size_t n = (size_t)ost_weight_count(weight);
    size_t from = 0;
    float *plain;
    ost_rc rc;

    if (!entry)
        return ost_fail(err, OST_EINPUT, "weight '%s' is missing",
                        weight->name);
    rc = check_entry(weight, entry, room, &from, err);
    if (rc)
        return rc;
    plain = ost_try_alloc(n, sizeof(*plain));
    if (!plain)
        return ost_fail(err, OST_ENOMEM, "no memory for weight '%s'",
                        weight->name);
    memcpy(plain, data + from, n * sizeof(*plain));
    rc = ost_weights_set(w, weight, OST_PART_DATA, plain, err);
    ost_free(plain);
    return rc;
}

static ost_rc check_names(const ost_weights *w, json_t *header, ost_err *err)
{
    const char *name;
    json_t *entry;

    json_object_foreach(header, name, entry)
    {
        if (strcmp(name, "__metadata__") != 0 && !ost_weights_find(w, name))
            return ost_fail(err, OST_EINPUT, "the network has no weight '%s'",
                            name);
    }
    return OST_OK;
}

ost_rc ost_safetensors_read(ost_weights *w, const void *data, size_t size,
                            ost_err *err)
{
    ost_reader r = ost_reader_of(data, size);
    uint64_t length = ost_read_u64(&r);
    const char *text =
        length <= HEADER_LIMIT ? ost_read_raw(&r, (size_t)length) : NULL;
    ost_json_doc *doc = NULL;
    ost_rc rc;

    if (r.bad || !text)
        return ost_fail(err, OST_EINPUT,
                        "not weights in the safetensors format");
    rc = ost_json_parse("safetensors header", text, (size_t)length, &doc, err);
    if (rc)
        return rc;
    if (ost_json_duplicates(doc))
        rc = ost_fail(err, OST_EINPUT,
                      "a weight is there twice in the safetensors header");
    if (!rc)
        rc = check_names(w, ost_json_root(doc), err);
    for (size_t i = 0; i < w->len && !rc; i++)
        rc = read_weight(w, w->data[i], ost_json_root(doc), (const char *)r.p,
                         ost_read_left(&r), err);
    ost_json_free(doc);
    return rc;
}
