/* stages/coco.c - annotations as COCO has them
 *
 * The marks of a picture are written as
 *     {"height": h, "width": w, "marks": [{"label", "id", "iscrowd",
 *      "segmentation", "bbox"}, ...]}
 * with the last two as they were in the file.
 */
#include "stages/coco.h"

#include "base/json.h"
#include "base/map.h"
#include "base/vec.h"
#include "kernels/runs.h"
#include "stages/json_place.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

#define MOST_BYTES ((size_t)1 << 30)

enum { MOST_RUNS = 1 << 26 };

typedef OST_VEC(ost_shape) shape_vec;

typedef struct reading {
    const ost_json_doc *doc;
    ost_arena *arena;
    const char *list; /* where annotations are: "annotations", "marks" */
    shape_vec shapes;
    int64_t height; /* of the picture; 0 when it is not said */
    int64_t width;
} reading;

/* ---- one annotation to shapes ---- */

static ost_rc read_polygon(reading *r, size_t i, size_t k, const json_t *list,
                           ost_shape s, ost_err *err)
{
    size_t n = json_array_size(list);
    ost_point *p;

    if (!json_is_array(list) || n < 6 || n % 2 || n / 2 > OST_SHAPE_POINTS)
        return ost_json_fault(r->doc, err,
                              "a polygon is three or more pairs of numbers",
                              "/%s/%zu/segmentation/%zu", r->list, i, k);
    p = OST_ARENA_ARRAY(r->arena, ost_point, n / 2);
    for (size_t j = 0; j < n; j++) {
        const json_t *v = json_array_get(list, j);
        double number = json_number_value(v);

        if (!json_is_number(v) || fabs(number) > OST_SHAPE_REACH)
            return ost_json_fault(r->doc, err, "no number, or one out of reach",
                                  "/%s/%zu/segmentation/%zu/%zu", r->list, i, k,
                                  j);
        if (j % 2)
            p[j / 2].y = number;
        else
            p[j / 2].x = number;
    }
    s.kind = OST_SHAPE_OUTLINE;
    s.points = p;
    s.n_points = n / 2;
    ost_vec_push(&r->shapes, s);
    return OST_OK;
}

static ost_rc read_counts(reading *r, size_t i, const json_t *counts,
                          uint32_t **runs, size_t *n, ost_err *err)
{
    *n = json_is_string(counts) ? json_string_length(counts)
                                : json_array_size(counts);
    if (*n > MOST_RUNS)
        return ost_json_fault(r->doc, err, "too many runs",
                              "/%s/%zu/segmentation/counts", r->list, i);
    *runs = OST_ARENA_ARRAY(r->arena, uint32_t, *n + 1);
    if (json_is_string(counts)) {
        *n = ost_runs_read(json_string_value(counts), *n, *runs, *n);
        if (*n == SIZE_MAX)
            return ost_json_fault(r->doc, err, "malformed compressed runs",
                                  "/%s/%zu/segmentation/counts", r->list, i);
        return OST_OK;
    }
    if (!json_is_array(counts))
        return ost_json_fault(r->doc, err, "runs are numbers or a text",
                              "/%s/%zu/segmentation/counts", r->list, i);
    for (size_t j = 0; j < *n; j++) {
        const json_t *v = json_array_get(counts, j);
        json_int_t count = json_integer_value(v);

        if (!json_is_integer(v) || count < 0 || count > UINT32_MAX)
            return ost_json_fault(r->doc, err, "no number of pixels",
                                  "/%s/%zu/segmentation/counts/%zu", r->list, i,
                                  j);
        (*runs)[j] = (uint32_t)count;
    }
    return OST_OK;
}

static ost_rc read_runs(reading *r, size_t i, const json_t *rle, ost_shape s,
                        ost_err *err)
{
    const json_t *size = json_object_get(rle, "size");
    int64_t sum = 0;
    uint32_t *runs = NULL;
    ost_rc rc;

    s.kind = OST_SHAPE_RUNS;
    s.height = json_integer_value(json_array_get(size, 0));
    s.width = json_integer_value(json_array_get(size, 1));
    if (json_array_size(size) != 2 || s.height < 1 || s.width < 1 ||
        s.height > INT32_MAX || s.width > INT32_MAX)
        return ost_json_fault(r->doc, err, "'size' is height and width",
                              "/%s/%zu/segmentation", r->list, i);
    if (r->height && (s.height != r->height || s.width != r->width))
        return ost_json_fault(r->doc, err, "the size is not the picture's",
                              "/%s/%zu/segmentation/size", r->list, i);
    rc = read_counts(r, i, json_object_get(rle, "counts"), &runs, &s.n_runs,
                     err);
    if (rc)
        return rc;
    for (size_t j = 0; j < s.n_runs && sum <= s.height * s.width; j++)
        sum += runs[j];
    if (sum != s.height * s.width)
        return ost_json_fault(r->doc, err,
                              "the runs are not of as many pixels as 'size' "
                              "says",
                              "/%s/%zu/segmentation/counts", r->list, i);
    s.runs = runs;
    ost_vec_push(&r->shapes, s);
    return OST_OK;
}

static ost_rc read_box(reading *r, size_t i, const json_t *bbox, ost_shape *s,
                       ost_err *err)
{
    double v[4];

    if (!bbox || json_is_null(bbox))
        return OST_OK;
    for (size_t k = 0; k < 4; k++) {
        const json_t *number = json_array_get(bbox, k);

        v[k] = json_number_value(number);
        if (json_array_size(bbox) != 4 || !json_is_number(number) ||
            fabs(v[k]) > OST_SHAPE_REACH)
            return ost_json_fault(r->doc, err,
                                  "a box is x, y, width and height",
                                  "/%s/%zu/bbox", r->list, i);
    }
    s->has_box = true;
    s->box[0] = v[0];
    s->box[1] = v[1];
    s->box[2] = v[0] + v[2];
    s->box[3] = v[1] + v[3];
    return OST_OK;
}

/* Adds the shapes of annotation `i`, whose number of object is `object`. */
static ost_rc read_mark(reading *r, size_t i, const json_t *a,
                        const char *label, size_t object, ost_err *err)
{
    const json_t *segmentation = json_object_get(a, "segmentation"), *one;
    json_int_t id = json_integer_value(json_object_get(a, "id"));
    json_int_t crowd = json_integer_value(json_object_get(a, "iscrowd"));
    ost_shape s = { .label = label, .object = object, .crowd = crowd != 0 };
    size_t k;
    ost_rc rc;

    s.group =
        json_is_integer(json_object_get(a, "id")) && id >= 0 && id <= INT32_MAX
            ? id
            : -1;
    rc = read_box(r, i, json_object_get(a, "bbox"), &s, err);
    if (!rc && json_is_object(segmentation))
        return read_runs(r, i, segmentation, s, err);
    json_array_foreach(segmentation, k, one)
    {
        if (!rc)
            rc = read_polygon(r, i, k, one, s, err);
    }
    if (rc || json_array_size(segmentation) > 0)
        return rc;
    if (!s.has_box)
        return ost_json_fault(r->doc, err, "neither a segmentation nor a box",
                              "/%s/%zu", r->list, i);
    s.kind = OST_SHAPE_BOX;
    ost_vec_push(&r->shapes, s);
    return OST_OK;
}

/* ---- the whole file ---- */

typedef struct picture {
    ost_coco_picture pub;
    int64_t height;
    int64_t width;
    ost_buf marks;
} picture;

typedef struct splitting {
    reading r;
    const json_t *root;
    ost_map categories; /* id -> index of the category */
    ost_map ids;        /* id -> index of the picture */
    picture *pictures;
    size_t n;
} splitting;

/* The member `name` of element `i` as a whole number. */
static ost_rc read_id(const splitting *s, const char *list, size_t i,
                      const json_t *element, const char *name, int64_t *id,
                      ost_err *err)
{
    const json_t *v = json_object_get(element, name);

    *id = json_integer_value(v);
    if (json_is_integer(v))
        return OST_OK;
    return ost_json_fault(s->r.doc, err, "a whole number is missing",
                          "/%s/%zu/%s", list, i, name);
}

static ost_rc read_categories(splitting *s, ost_err *err)
{
    const json_t *one;
    int64_t id;
    size_t i;
    ost_rc rc;

    json_array_foreach(json_object_get(s->root, "categories"), i, one)
    {
        const char *name = json_string_value(json_object_get(one, "name"));

        rc = read_id(s, "categories", i, one, "id", &id, err);
        if (rc)
            return rc;
        if (!name || !*name)
            return ost_json_fault(s->r.doc, err, "a category has no name",
                                  "/categories/%zu", i);
        if (!ost_map_put(&s->categories, &id, sizeof(id), i))
            return ost_json_fault(s->r.doc, err, "the id is there twice",
                                  "/categories/%zu/id", i);
    }
    return OST_OK;
}

static ost_rc read_pictures(splitting *s, ost_err *err)
{
    const json_t *list = json_object_get(s->root, "images"), *one;
    int64_t id;
    size_t i;
    ost_rc rc;

    s->pictures = ost_try_alloc(json_array_size(list) + 1, sizeof(picture));
    if (!s->pictures)
        return ost_fail(err, OST_ENOMEM, "no memory for the pictures");
    json_array_foreach(list, i, one)
    {
        const char *name = json_string_value(json_object_get(one, "file_name"));
        picture *p = &s->pictures[i];

        s->n = i + 1;
        rc = read_id(s, "images", i, one, "id", &id, err);
        if (rc)
            return rc;
        if (!name || !*name)
            return ost_json_fault(s->r.doc, err, "a picture has no 'file_name'",
                                  "/images/%zu", i);
        p->pub.file_name = ost_arena_strdup(s->r.arena, name);
        p->height = json_integer_value(json_object_get(one, "height"));
        p->width = json_integer_value(json_object_get(one, "width"));
        if (p->height < 1 || p->width < 1)
            p->height = p->width = 0;
        if (!ost_map_put(&s->ids, &id, sizeof(id), i))
            return ost_json_fault(s->r.doc, err, "the id is there twice",
                                  "/images/%zu/id", i);
    }
    return OST_OK;
}

static void add_mark(picture *p, const json_t *a, const char *label)
{
    static const char *const kept[] = { "id", "iscrowd", "segmentation",
                                        "bbox" };

    ost_buf_adds(&p->marks, p->marks.len ? ",{\"label\":" : "{\"label\":");
    ost_buf_add_json(&p->marks, label, strlen(label));
    for (size_t k = 0; k < sizeof(kept) / sizeof(kept[0]); k++) {
        const json_t *v = json_object_get(a, kept[k]);

        if (!v)
            continue;
        ost_buf_addf(&p->marks, ",\"%s\":", kept[k]);
        ost_json_canonical(&p->marks, v);
    }
    ost_buf_adds(&p->marks, "}");
}

static ost_rc read_annotation(splitting *s, size_t i, const json_t *a,
                              ost_arena *scratch, ost_err *err)
{
    const json_t *list = json_object_get(s->root, "categories");
    int64_t category, image;
    uint64_t c, p;
    const char *label;
    ost_rc rc;

    rc = read_id(s, "annotations", i, a, "category_id", &category, err);
    if (!rc)
        rc = read_id(s, "annotations", i, a, "image_id", &image, err);
    if (rc)
        return rc;
    if (!ost_map_get(&s->categories, &category, sizeof(category), &c))
        return ost_json_fault(s->r.doc, err, "there is no such category",
                              "/annotations/%zu/category_id", i);
    if (!ost_map_get(&s->ids, &image, sizeof(image), &p))
        return ost_json_fault(s->r.doc, err, "there is no such picture",
                              "/annotations/%zu/image_id", i);
    label = json_string_value(json_object_get(json_array_get(list, c), "name"));
    s->r.height = s->pictures[p].height;
    s->r.width = s->pictures[p].width;
    s->r.arena = scratch;
    rc = read_mark(&s->r, i, a, label, 0, err);
    s->r.shapes.len = 0;
    ost_arena_reset(scratch);
    if (!rc)
        add_mark(&s->pictures[p], a, label);
    return rc;
}

static ost_rc read_annotations(splitting *s, ost_err *err)
{
    ost_arena scratch = { 0 };
    const json_t *one;
    ost_rc rc = OST_OK;
    size_t i;

    json_array_foreach(json_object_get(s->root, "annotations"), i, one)
    {
        rc = read_annotation(s, i, one, &scratch, err);
        if (rc)
            break;
    }
    ost_arena_release(&scratch);
    return rc;
}

static void hand_over(const splitting *s, ost_arena *arena,
                      ost_coco_picture **pictures, size_t *n)
{
    *pictures = OST_ARENA_ARRAY(arena, ost_coco_picture, s->n + 1);
    *n = s->n;
    for (size_t i = 0; i < s->n; i++) {
        const picture *p = &s->pictures[i];

        (*pictures)[i] = p->pub;
        (*pictures)[i].marks = ost_arena_printf(
            arena, "{\"height\":%lld,\"width\":%lld,\"marks\":[%s]}",
            (long long)p->height, (long long)p->width, ost_buf_str(&p->marks));
    }
}

ost_rc ost_coco_split(const char *name, const void *data, size_t size,
                      ost_arena *arena, ost_coco_picture **pictures, size_t *n,
                      ost_err *err)
{
    splitting s = { .r = { .arena = arena, .list = "annotations" } };
    ost_json_doc *doc = NULL;
    ost_rc rc;

    if (size > MOST_BYTES)
        return ost_fail(err, OST_EINPUT, "%s is too large", name);
    rc = ost_json_parse(name, data, size, &doc, err);
    if (rc)
        return rc;
    s.r.doc = doc;
    s.root = ost_json_root(doc);
    if (!json_is_array(json_object_get(s.root, "images")) ||
        !json_is_array(json_object_get(s.root, "annotations")) ||
        !json_is_array(json_object_get(s.root, "categories")))
        rc = OST_ENOTFOUND;
    if (!rc)
        rc = read_categories(&s, err);
    if (!rc)
        rc = read_pictures(&s, err);
    if (!rc)
        rc = read_annotations(&s, err);
    if (!rc)
        hand_over(&s, arena, pictures, n);
    for (size_t i = 0; i < s.n; i++)
        ost_buf_release(&s.pictures[i].marks);
    ost_free(s.pictures);
    ost_vec_release(&s.r.shapes);
    ost_map_release(&s.categories);
    ost_map_release(&s.ids);
    ost_json_free(doc);
    return rc;
}

ost_rc ost_coco_read(const char *marks, ost_arena *arena, ost_annotation *out,
                     ost_err *err)
{
    reading r = { .arena = arena, .list = "marks" };
    ost_json_doc *doc = NULL;
    const json_t *root, *one;
    ost_rc rc;
    size_t i;

    *out = (ost_annotation){ .crowds = true };
    rc = ost_json_parse("annotation", marks, strlen(marks), &doc, err);
    if (rc)
        return rc;
    r.doc = doc;
    root = ost_json_root(doc);
    out->height = r.height =
        json_integer_value(json_object_get(root, "height"));
    out->width = r.width = json_integer_value(json_object_get(root, "width"));
    json_array_foreach(json_object_get(root, "marks"), i, one)
    {
        const char *label = json_string_value(json_object_get(one, "label"));

        rc = read_mark(&r, i, one, ost_arena_strdup(arena, label ? label : ""),
                       out->n_objects++, err);
        if (rc)
            break;
    }
    out->n = r.shapes.len;
    out->shapes = ost_arena_copy(
        arena, r.shapes.data ? (void *)r.shapes.data : (void *)"",
        r.shapes.len * sizeof(ost_shape));
    ost_vec_release(&r.shapes);
    ost_json_free(doc);
    return rc;
}
