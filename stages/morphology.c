/* stages/morphology.c - change masks by their shape, step after step
 *
 * `steps` are applied in the order given.  With a shape that moves over the
 * picture: erode, dilate, open (without what is smaller than the shape), close
 * (with gaps closed), gradient, tophat, blackhat; bit for bit OpenCV's, borders
 * do not erode, and gray images may be changed too.  By components of masks:
 * `largest` keeps the largest one (the first in raster order of several),
 * `remove_small` drops those below `min_area` pixels, `fill_holes` fills the
 * background that does not hang together with the border over the sides of
 * pixels; a hole takes the value above its first pixel.
 */
#include "kernels/morphology.h"

#include "base/alloc.h"
#include "base/text.h"
#include "kernels/backend.h"
#include "kernels/connected.h"
#include "kernels/image.h"
#include "stages/planes.h"

#include <string.h>

#include "base/banned.h"

typedef struct morphology_params {
    ost_str_list steps;
    int shape;
    int64_t size;
    int64_t iterations;
    int64_t connectivity;
    int64_t min_area;
    const char *field;
    const char *to;
} morphology_params;

#define STEPS                                                           \
    "erode, dilate, open, close, gradient, tophat, blackhat, largest, " \
    "remove_small, fill_holes"

static const ost_param params[] = {
    OST_PARAM(morphology_params, steps, STR_LIST, "in order, of: " STEPS,
              .required = true, .min_len = 1, .max_len = 64),
    OST_PARAM(morphology_params, shape, CHOICE, "what moves over the picture",
              .dflt = "\"rect\"", .choices = "rect|ellipse|cross"),
    OST_PARAM(morphology_params, size, I64,
              "its height and width in pixels, odd", .dflt = "3", .min = 1,
              .max = 255),
    OST_PARAM(morphology_params, iterations, I64,
              "how often an erosion or dilation is repeated", .dflt = "1",
              .min = 1, .max = 255),
    OST_PARAM(morphology_params, connectivity, I64,
              "neighbors over which components hang together", .dflt = "8",
              .choices = "4|8"),
    OST_PARAM(morphology_params, min_area, I64,
              "pixels of the smallest component that 'remove_small' keeps",
              .dflt = "10", .min = 1, .max = 1e15),
    OST_PARAM(morphology_params, field, STR, "field that is read",
              .dflt = "\"mask\""),
    OST_PARAM(morphology_params, to, STR,
              "field that is written; unset: the same", .dflt = "null"),
    OST_END,
};

typedef struct morphing {
    const morphology_params *p;
    const ost_backend *images;
} morphing;

typedef ost_rc (*step_body)(const morphing *m, ost_tensor *mask, ost_err *err);

static ost_rc keep_largest(const morphing *m, ost_tensor *mask, ost_err *err);
static ost_rc remove_small(const morphing *m, ost_tensor *mask, ost_err *err);
static ost_rc fill_holes(const morphing *m, ost_tensor *mask, ost_err *err);

/* A step by its word: a change under the shape, or one of components. */
static const struct step {
    const char *word;
    ost_morph_change change;
    step_body body;
} all_steps[] = {
    { "erode", OST_MORPH_ERODE, NULL },
    { "dilate", OST_MORPH_DILATE, NULL },
    { "open", OST_MORPH_OPEN, NULL },
    { "close", OST_MORPH_CLOSE, NULL },
    { "gradient", OST_MORPH_GRADIENT, NULL },
    { "tophat", OST_MORPH_TOPHAT, NULL },
    { "blackhat", OST_MORPH_BLACKHAT, NULL },
    { "largest", 0, keep_largest },
    { "remove_small", 0, remove_small },
    { "fill_holes", 0, fill_holes },
};

static const struct step *step_of(const char *word)
{
    for (size_t i = 0; i < sizeof(all_steps) / sizeof(*all_steps); i++)
        if (strcmp(all_steps[i].word, word) == 0)
            return &all_steps[i];
    return NULL;
}

static ost_rc check(const void *with, ost_err *err)
{
    const morphology_params *p = with;

    for (size_t i = 0; i < p->steps.n; i++)
        if (!step_of(p->steps.v[i]))
            return ost_fail(err, OST_EWORKFLOW,
                            "unknown step '%s' (there are " STEPS ")",
                            p->steps.v[i]);
    if (p->size % 2 == 0)
        return ost_fail(err, OST_EWORKFLOW,
                        "'size' is %lld, and an even shape has no center",
                        (long long)p->size);
    return OST_OK;
}

/* ---- steps on components ---- */

/* Erases all components but the chosen ones. */
static ost_rc keep_chosen(const morphing *m, ost_tensor *mask, bool largest,
                          ost_err *err)
{
    unsigned flags = m->p->connectivity == 4 ? OST_COMPONENTS_SIDES : 0;
    ost_components found;
    bool *erased = NULL;
    int32_t best;
    ost_rc rc = m->images->components(mask, flags, &found, err);

    if (rc)
        return rc;
    erased = ost_try_alloc((size_t)found.count + 1, sizeof(*erased));
    if (!erased) {
        rc = ost_fail(err, OST_ENOMEM, "no memory for %d components",
                      (int)found.count);
        goto out;
    }
    best = ost_components_largest(&found);
    for (int32_t i = 1; i <= found.count; i++)
        erased[i - 1] =
            largest ? i != best : found.all[i - 1].area < m->p->min_area;
    rc = ost_components_erase(&found, erased, mask, err);
out:
    ost_free(erased);
    ost_components_release(&found);
    return rc;
}

static ost_rc keep_largest(const morphing *m, ost_tensor *mask, ost_err *err)
{
    return keep_chosen(m, mask, true, err);
}

static ost_rc remove_small(const morphing *m, ost_tensor *mask, ost_err *err)
{
    return keep_chosen(m, mask, false, err);
}

static ost_rc fill_holes(const morphing *m, ost_tensor *mask, ost_err *err)
{
    unsigned flags = OST_COMPONENTS_ZEROS | OST_COMPONENTS_SIDES;
    ost_components found;
    bool *holes;
    ost_rc rc = m->images->components(mask, flags, &found, err);

    if (rc)
        return rc;
    holes = ost_try_alloc((size_t)found.count + 1, sizeof(*holes));
    if (!holes) {
        rc = ost_fail(err, OST_ENOMEM, "no memory for %d components",
                      (int)found.count);
        goto out;
    }
    for (int32_t i = 1; i <= found.count; i++)
        holes[i - 1] = !ost_components_at_border(&found, i);
    rc = ost_components_fill(&found, holes, mask, err);
out:
    ost_free(holes);
    ost_components_release(&found);
    return rc;
}

/* ---- one picture ---- */

static ost_rc change_plane(void *user, ost_plane_kind kind,
                           const ost_tensor *in, ost_tensor *out, ost_err *err)
{
    const morphing *m = user;
    const morphology_params *p = m->p;
    ost_rc rc = m->images->copy(in, out, err);

    (void)kind;
    for (size_t i = 0; i < p->steps.n && !rc; i++) {
        const struct step *s = step_of(p->steps.v[i]);
        ost_morph_spec spec = { .change = s->change,
                                .shape = (ost_morph_shape)p->shape,
                                .size = (int)p->size,
                                .iterations = (int)p->iterations };

        if (s->body && out->ndim != 2)
            rc = ost_fail(err, OST_EINPUT,
                          "step '%s' is for masks of one channel", s->word);
        else
            rc = s->body ? s->body(m, out, err)
                         : m->images->morphology(out, &spec, out, err);
    }
    return rc;
}

static ost_rc map(ost_stage_ctx *ctx, const ost_item *in, ost_err *err)
{
    const morphology_params *p = ost_ctx_params(ctx);
    morphing m = { p, ost_ctx_images(ctx) };
    ost_plane_map map = { .to = p->to, .body = change_plane, .user = &m };
    ost_item *out = ost_derive(ctx, in, -1);
    ost_rc rc = ost_map_planes(ctx, in, p->field, &map, out, err);

    if (rc)
        return rc;
    return ost_emit(ctx, "out", out, err);
}

const ost_stage ost_stage_morphology = {
    .name = "morphology",
    .version = 2, /* bump when any output byte can change */
    .summary = "Opens, closes, fills and sorts out masks by their shape.",
    .flags = OST_STAGE_KEEPS | OST_STAGE_GPU,
    .param_size = sizeof(morphology_params),
    .params = params,
    .inputs =
        OST_PORTS({ "in", OST_DATASET, "items with a mask", false, false }),
    .outputs =
        OST_PORTS({ "out", OST_DATASET, "the items, changed", false, false }),
    .reads = "@field",
    .check = check,
    .map = map,
};
