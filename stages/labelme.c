/* stages/labelme.c - annotations as LabelMe writes them */
#include "stages/labelme.h"

#include "base/json.h"
#include "base/map.h"
#include "stages/json_place.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

#define MOST_BYTES ((size_t)1 << 30)

enum { MOST_SHAPES = 1 << 20 };

typedef struct parsing {
    const ost_json_doc *doc;
    ost_arena *arena;
    ost_annotation *out;
} parsing;

static const struct {
    const char *name;
    ost_shape_kind kind;
    size_t least;
    size_t most;
} types[] = {
    { "polygon", OST_SHAPE_POLYGON, 3, OST_SHAPE_POINTS },
    { "rectangle", OST_SHAPE_RECTANGLE, 2, 2 },
    { "circle", OST_SHAPE_CIRCLE, 2, 2 },
    { "line", OST_SHAPE_LINE, 2, 2 },
    { "linestrip", OST_SHAPE_LINE, 2, OST_SHAPE_POINTS },
    { "point", OST_SHAPE_POINT, 1, 1 },
    { "points", OST_SHAPE_POINT, 1, OST_SHAPE_POINTS },
    { "mask", OST_SHAPE_BITMAP, 2, 2 },
};

/* ---- base64 ---- */

static int sextet(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* NULL when the text is no base64; line ends in it do not matter. */
static const void *decode_base64(ost_arena *arena, const char *text, size_t n,
                                 size_t *size)
{
    unsigned char *out = ost_arena_alloc(arena, n / 4 * 3 + 3);
    uint32_t bits = 0;
    size_t have = 0, used = 0;

    for (size_t i = 0; i < n && text[i] != '='; i++) {
        int v = sextet(text[i]);

        if (text[i] == '\n' || text[i] == '\r')
            continue;
        if (v < 0)
            return NULL;
        bits = bits << 6 | (uint32_t)v;
        if (++used % 4 == 0) {
            out[have++] = (unsigned char)(bits >> 16);
            out[have++] = (unsigned char)(bits >> 8);
            out[have++] = (unsigned char)bits;
        }
    }
    if (used % 4 == 1)
        return NULL;
    if (used % 4 >= 2)
        out[have++] = (unsigned char)(bits >> (used % 4 == 3 ? 10 : 4));
    if (used % 4 == 3)
        out[have++] = (unsigned char)(bits >> 2);
    *size = have;
    return out;
}

/* ---- shapes ---- */

static ost_rc read_points(const parsing *p, size_t i, const json_t *shape,
                          ost_shape *s, ost_err *err)
{
    const json_t *points = json_object_get(shape, "points"), *one;
    ost_point *at;
    size_t k;

    if (!json_is_array(points))
        return ost_json_fault(p->doc, err, "'points' is no array",
                              "/shapes/%zu/points", i);
    s->n_points = json_array_size(points);
    at = OST_ARENA_ARRAY(p->arena, ost_point, s->n_points + 1);
    s->points = at;
    json_array_foreach(points, k, one)
    {
        const json_t *x = json_array_get(one, 0), *y = json_array_get(one, 1);

        if (json_array_size(one) != 2 || !json_is_number(x) ||
            !json_is_number(y))
            return ost_json_fault(p->doc, err, "a point is two numbers",
                                  "/shapes/%zu/points/%zu", i, k);
        at[k] = (ost_point){ json_number_value(x), json_number_value(y) };
        if (fabs(at[k].x) > OST_SHAPE_REACH || fabs(at[k].y) > OST_SHAPE_REACH)
            return ost_json_fault(p->doc, err, "the point is out of reach",
                                  "/shapes/%zu/points/%zu", i, k);
    }
    return OST_OK;
}

static ost_rc read_type(const parsing *p, size_t i, const json_t *shape,
                        ost_shape *s, ost_err *err)
{
    const json_t *v = json_object_get(shape, "shape_type");
    const char *name = !v || json_is_null(v) ? "polygon" : json_string_value(v);
    char text[160];

    for (size_t k = 0; name && k < sizeof(types) / sizeof(types[0]); k++) {
        if (strcmp(types[k].name, name) != 0)
            continue;
        s->kind = types[k].kind;
        if (s->n_points >= types[k].least && s->n_points <= types[k].most)
            return OST_OK;
        (void)snprintf(text, sizeof(text), "a %s of %zu points", name,
                       s->n_points);
        return ost_json_fault(p->doc, err, text, "/shapes/%zu/points", i);
    }
    return ost_json_fault(p->doc, err,
                          "not one of polygon, rectangle, circle, line, "
                          "linestrip, point, points, mask",
                          "/shapes/%zu/shape_type", i);
}

static ost_rc read_mask(const parsing *p, size_t i, const json_t *shape,
                        ost_shape *s, ost_err *err)
{
    const json_t *mask = json_object_get(shape, "mask");

    if (s->kind != OST_SHAPE_BITMAP)
        return OST_OK;
    if (json_is_string(mask))
        s->png = decode_base64(p->arena, json_string_value(mask),
                               json_string_length(mask), &s->png_size);
    if (!s->png)
        return ost_json_fault(p->doc, err, "the mask is no base64",
                              "/shapes/%zu/mask", i);
    return OST_OK;
}

static ost_rc read_group(const parsing *p, size_t i, const json_t *shape,
                         ost_shape *s, ost_err *err)
{
    const json_t *group = json_object_get(shape, "group_id");

    s->group = -1;
    if (!group || json_is_null(group))
        return OST_OK;
    s->group = json_integer_value(group);
    if (!json_is_integer(group) || s->group < 0 || s->group > INT32_MAX)
        return ost_json_fault(p->doc, err,
                              "neither a whole number from 0 on nor null",
                              "/shapes/%zu/group_id", i);
    return OST_OK;
}

static ost_rc read_shape(const parsing *p, size_t i, const json_t *shape,
                         ost_shape *s, ost_err *err)
{
    const json_t *label = json_object_get(shape, "label");
    ost_rc rc;

    if (!json_is_object(shape))
        return ost_json_fault(p->doc, err, "a shape is an object",
                              "/shapes/%zu", i);
    if (!json_is_string(label) || !*json_string_value(label))
        return ost_json_fault(p->doc, err, "a shape has no label",
                              label ? "/shapes/%zu/label" : "/shapes/%zu", i);
    s->label = ost_arena_strdup(p->arena, json_string_value(label));
    rc = read_points(p, i, shape, s, err);
    if (!rc)
        rc = read_type(p, i, shape, s, err);
    if (!rc)
        rc = read_mask(p, i, shape, s, err);
    if (!rc)
        rc = read_group(p, i, shape, s, err);
    return rc;
}

/* Gives the shapes the numbers of their objects. */
static void number_objects(ost_annotation *a)
{
    ost_map groups = { 0 };
    ost_buf key = { 0 };
    uint64_t object;

    for (size_t i = 0; i < a->n; i++) {
        ost_shape *s = &a->shapes[i];

        ost_buf_reset(&key);
        ost_buf_addf(&key, "%lld %s", (long long)s->group, s->label);
        if (s->group >= 0 && ost_map_get(&groups, key.data, key.len, &object)) {
            s->object = (size_t)object;
            continue;
        }
        s->object = a->n_objects++;
        if (s->group >= 0)
            ost_map_put(&groups, key.data, key.len, s->object);
    }
    ost_map_release(&groups);
    ost_buf_release(&key);
}

static ost_rc read_shapes(parsing *p, ost_err *err)
{
    const json_t *shapes = json_object_get(ost_json_root(p->doc), "shapes"),
                 *shape;
    ost_annotation *a = p->out;
    ost_rc rc;
    size_t i;

    if (!json_is_array(shapes))
        return ost_json_fault(p->doc, err, "'shapes' is no array", "/shapes");
    if (json_array_size(shapes) > MOST_SHAPES)
        return ost_json_fault(p->doc, err, "too many shapes", "/shapes");
    a->shapes =
        OST_ARENA_ARRAY(p->arena, ost_shape, json_array_size(shapes) + 1);
    json_array_foreach(shapes, i, shape)
    {
        rc = read_shape(p, i, shape, &a->shapes[i], err);
        if (rc)
            return rc;
        a->n++;
    }
    number_objects(a);
    return OST_OK;
}

/* ---- what is said of the picture ---- */

static ost_rc read_side(const parsing *p, const char *name, int64_t *side,
                        ost_err *err)
{
    const json_t *v = json_object_get(ost_json_root(p->doc), name);

    if (!v || json_is_null(v))
        return OST_OK;
    *side = json_integer_value(v);
    if (!json_is_integer(v) || *side < 1 || *side > INT32_MAX)
        return ost_json_fault(p->doc, err, "no number of pixels", "/%s", name);
    return OST_OK;
}

static ost_rc read_picture(const parsing *p, unsigned flags, ost_labelme *out,
                           ost_err *err)
{
    const json_t *root = ost_json_root(p->doc);
    const char *path = json_string_value(json_object_get(root, "imagePath"));
    const json_t *data = json_object_get(root, "imageData");
    ost_rc rc;

    rc = read_side(p, "imageHeight", &out->annotation.height, err);
    if (!rc)
        rc = read_side(p, "imageWidth", &out->annotation.width, err);
    if (rc)
        return rc;
    if (!out->annotation.height || !out->annotation.width)
        out->annotation.height = out->annotation.width = 0;
    if (path && *path)
        out->image_path = ost_arena_strdup(p->arena, path);
    if (!json_is_string(data))
        return OST_OK;
    out->image = ""; /* that there is one */
    if (!(flags & OST_LABELME_IMAGE))
        return OST_OK;
    out->image = decode_base64(p->arena, json_string_value(data),
                               json_string_length(data), &out->image_size);
    if (!out->image)
        return ost_json_fault(p->doc, err, "the picture is no base64",
                              "/imageData");
    return OST_OK;
}

ost_rc ost_labelme_parse(const char *name, const void *data, size_t size,
                         unsigned flags, ost_arena *arena, ost_labelme *out,
                         ost_err *err)
{
    ost_json_doc *doc = NULL;
    parsing p = { .arena = arena, .out = &out->annotation };
    ost_rc rc;

    *out = (ost_labelme){ 0 };
    if (size > MOST_BYTES)
        return ost_fail(err, OST_EINPUT, "%s is too large", name);
    rc = ost_json_parse(name, data, size, &doc, err);
    if (rc)
        return rc;
    p.doc = doc;
    if (!json_object_get(ost_json_root(doc), "shapes"))
        rc = OST_ENOTFOUND;
    if (!rc)
        rc = read_picture(&p, flags, out, err);
    if (!rc && !(flags & OST_LABELME_OUTER))
        rc = read_shapes(&p, err);
    ost_json_free(doc);
    return rc;
}
