/* stages/sequence.c - images of a patient, one after another, as a series
 *
 * The items of a group (parent, root), and with `within` of the same view or
 * study, are put in order of time and become one item whose field `to` is
 * (T, H, W).  Whoever has too few gets the first or the last image again, or is
 * left out; of too many the first or the last are taken, or all windows of
 * `length` images, `stride` apart.
 *
 * The series is called as its group is, with `within` behind slashes (its own
 * / and % as %2F and %25), and
 * windows are numbered ID#0, ID#1.  Its parents are the ids of its images, in
 * order, a repeated one again.  Attributes that all images share are its own,
 * others are kept as "frame.K.NAME"; `sequence.images` says how many different
 * images it holds and `sequence.of` how many there were.  The stage `frames`
 * makes the images again.
 */
#include "base/map.h"
#include "kernels/image.h"
#include "stages/planes.h"
#include "stages/series.h"

#include <string.h>

#include "base/banned.h"

enum { REPEAT_FIRST, REPEAT_LAST, DROP, SHORT_ERROR };
enum { FIRST, LAST, WINDOWS };

typedef struct {
    ost_series_spec series;
    int64_t length;
    const char *field;
    const char *to;
    ost_str_list also;
    int short_series;
    int long_series;
    int64_t stride;
    int labels;
} sequence_params;

static const ost_param params[] = {
    OST_PARAM(sequence_params, length, I64, "images in a series",
              .required = true, .min = 1, .max = 10000),
    { .name = "by",
      .kind = OST_PARAM_CHOICE,
      .offset = offsetof(sequence_params, series.by),
      .help = "what the images of a series have in common",
      .dflt = "\"group\"",
      .choices = OST_SERIES_BY },
    { .name = "within",
      .kind = OST_PARAM_STR_LIST,
      .offset = offsetof(sequence_params, series.within),
      .help = "attributes that they have in common besides",
      .dflt = "[]" },
    { .name = "order",
      .kind = OST_PARAM_STR,
      .offset = offsetof(sequence_params, series.order),
      .help = "attribute that says when an image was taken, or \"id\"; equal "
              "ones go by id",
      .dflt = "\"day\"" },
    { .name = "short",
      .kind = OST_PARAM_CHOICE,
      .offset = offsetof(sequence_params, short_series),
      .help = "what becomes of too few images: the first or the last one "
              "again, left out, or an error",
      .dflt = "\"repeat_last\"",
      .choices = "repeat_first|repeat_last|drop|error" },
    { .name = "long",
      .kind = OST_PARAM_CHOICE,
      .offset = offsetof(sequence_params, long_series),
      .help = "what becomes of too many images: the first or the last ones, "
              "or every window",
      .dflt = "\"first\"",
      .choices = "first|last|windows" },
    OST_PARAM(sequence_params, stride, I64,
              "long: windows: images from one window to the next", .dflt = "1",
              .min = 1, .max = 10000),
    OST_PARAM(sequence_params, labels, CHOICE,
              "whose labels a series has: those of the last or first image, "
              "the same ones (else an error), or those of any",
              .dflt = "\"last\"", .choices = OST_SERIES_LABELS),
    OST_PARAM(sequence_params, field, STR, "field that is stacked",
              .dflt = "\"image\""),
    OST_PARAM(sequence_params, to, STR, "field that the stack becomes",
              .dflt = "\"frames\""),
    OST_PARAM(sequence_params, also, STR_LIST,
              "further fields, such as mask.NAME, that are stacked under their "
              "own names",
              .dflt = "[]"),
    OST_END,
};

/* --- which items ---------------------------------------------------------- */

/* Counts the series first, so that what is left out is said once. */
static ost_rc prepare(ost_stage_ctx *ctx, ost_err *err)
{
    const sequence_params *p = ost_ctx_params(ctx);
    ost_arena *arena = ost_ctx_arena(ctx);
    const ost_item *items = NULL;
    ost_map series = { 0 };
    size_t n = 0, total = 0, too_short = 0, too_long = 0;
    size_t *counts;
    ost_rc rc;

    rc = ost_ctx_items(ctx, ost_ctx_input(ctx, "in", 0), &items, &n, err);
    counts = OST_ARENA_ARRAY(arena, size_t, n + 1);
    for (size_t i = 0; i < n && !rc; i++) {
        const char *name;
        uint64_t at = total;

        rc = ost_series_name(arena, &p->series, &items[i], &name, err);
        if (rc)
            break;
        if (!ost_map_get(&series, name, strlen(name), &at))
            ost_map_put(&series, name, strlen(name), total++);
        counts[at]++;
        ost_ctx_direct(ctx, i, "");
    }
    ost_map_release(&series);
    if (rc)
        return rc;
    ost_series_note_fields(ctx, items, n, p->field, &p->also);
    for (size_t i = 0; i < total; i++) {
        too_short += counts[i] < (size_t)p->length;
        too_long += counts[i] > (size_t)p->length;
    }
    if (too_short)
        ost_note(ctx,
                 "%zu of %zu series have fewer than %lld images and are "
                 "%s",
                 too_short, total, (long long)p->length,
                 p->short_series == DROP ? "left out" : "filled up");
    if (too_long && p->long_series != WINDOWS)
        ost_note(ctx,
                 "%zu of %zu series have more than %lld images: the %s "
                 "ones are taken",
                 too_long, total, (long long)p->length,
                 p->long_series == LAST ? "last" : "first");
    return OST_OK;
}

static ost_rc bucket(ost_stage_ctx *ctx, const ost_item *in, const char **name,
                     ost_err *err)
{
    const sequence_params *p = ost_ctx_params(ctx);

    return ost_series_name(ost_ctx_arena(ctx), &p->series, in, name, err);
}

/* --- a series --------------------------------------------------------------
 */

static ost_rc check_frame(const ost_item *const *items, size_t i,
                          const char *field, const ost_tensor *t,
                          const ost_tensor *first, ost_err *err)
{
    const char *id = items[i]->id;

    if (t->ndim != 2)
        return ost_fail(err, OST_EINPUT,
                        "item '%s': field '%s' is no gray picture (H, W)", id,
                        field);
    if (t->shape[0] == first->shape[0] && t->shape[1] == first->shape[1] &&
        t->dtype == first->dtype)
        return OST_OK;
    return ost_fail(err, OST_EINPUT,
                    "item '%s' is %lld x %lld (%s), item '%s' %lld x %lld (%s) "
                    "('resize' makes them alike)",
                    id, (long long)t->shape[0], (long long)t->shape[1],
                    ost_dtype_name(t->dtype), items[0]->id,
                    (long long)first->shape[0], (long long)first->shape[1],
                    ost_dtype_name(first->dtype));
}

static ost_rc stack(ost_stage_ctx *ctx, const ost_item *const *items, size_t n,
                    const char *field, const char *to, ost_item *out,
                    ost_err *err)
{
    ost_tensor first, all;
    int64_t shape[3];
    ost_field made;
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < n && !rc; i++) {
        ost_plane_kind kind;
        ost_tensor t, frame;

        rc = ost_open_plane(ctx, items[i], field, &kind, &t, err);
        if (rc) {
            ost_err_at(err, "item '%s'", items[i]->id);
            return rc;
        }
        if (i == 0)
            first = t;
        rc = check_frame(items, i, field, &t, &first, err);
        if (!rc && i == 0) {
            shape[0] = (int64_t)n;
            shape[1] = t.shape[0];
            shape[2] = t.shape[1];
            made = (ost_field){ .name = to, .dtype = t.dtype, .ndim = 3 };
            rc = ost_plane_check_name(OST_PLANE_FRAMES, &made, err);
        }
        if (!rc && i == 0)
            rc = ost_new_field(ctx, out, to, t.dtype, 3, shape, &all, err);
        if (rc)
            return rc;
        frame = ost_plane_frame(&all, (int64_t)i);
        rc = ost_cpu_copy(&t, &frame, err);
    }
    return rc;
}

static size_t count_distinct(const ost_item *const *items, size_t n)
{
    size_t found = n > 0;

    for (size_t i = 1; i < n; i++)
        found += items[i] != items[i - 1];
    return found;
}

static ost_rc emit_series(ost_stage_ctx *ctx, const char *id,
                          const ost_item *const *items, size_t of, ost_err *err)
{
    const sequence_params *p = ost_ctx_params(ctx);
    ost_arena *arena = ost_ctx_arena(ctx);
    size_t n = (size_t)p->length;
    ost_item *out;
    ost_rc rc;

    rc = ost_series_new(ctx, id, items, n, p->labels, &out, err);
    if (!rc)
        rc = stack(ctx, items, n, p->field, p->to, out, err);
    for (size_t i = 0; i < p->also.n && !rc; i++)
        rc = stack(ctx, items, n, p->also.v[i], p->also.v[i], out, err);
    if (rc)
        return rc;
    ost_item_set_number(arena, out, "sequence.images",
                        (double)count_distinct(items, n));
    ost_item_set_number(arena, out, "sequence.of", (double)of);
    return ost_emit(ctx, "out", out, err);
}

/* Repeats an end until there are enough. */
static const ost_item **fill_up(ost_arena *arena, const ost_item **items,
                                size_t n, size_t length, bool first)
{
    const ost_item **all = OST_ARENA_ARRAY(arena, const ost_item *, length);
    size_t missing = length - n;

    for (size_t i = 0; i < length; i++) {
        if (first)
            all[i] = items[i < missing ? 0 : i - missing];
        else
            all[i] = items[i < n ? i : n - 1];
    }
    return all;
}

static ost_rc emit_windows(ost_stage_ctx *ctx, const char *name,
                           const ost_item **items, size_t n, size_t of,
                           ost_err *err)
{
    const sequence_params *p = ost_ctx_params(ctx);
    size_t length = (size_t)p->length;
    size_t number = 0;
    ost_rc rc = OST_OK;

    for (size_t at = 0; at + length <= n && !rc; at += (size_t)p->stride)
        rc = emit_series(
            ctx, ost_arena_printf(ost_ctx_arena(ctx), "%s#%zu", name, number++),
            items + at, of, err);
    return rc;
}

static ost_rc gather(ost_stage_ctx *ctx, const ost_item *const *items, size_t n,
                     ost_err *err)
{
    const sequence_params *p = ost_ctx_params(ctx);
    ost_arena *arena = ost_ctx_arena(ctx);
    const ost_item **sorted = OST_ARENA_ARRAY(arena, const ost_item *, n);
    size_t length = (size_t)p->length;
    const char *name;
    ost_rc rc;

    memcpy(sorted, items, n * sizeof(*sorted));
    rc = ost_series_name(arena, &p->series, items[0], &name, err);
    if (!rc)
        rc = ost_series_sort(&p->series, sorted, n, err);
    if (rc)
        return rc;
    if (n < length && p->short_series == SHORT_ERROR)
        return ost_fail(err, OST_EINPUT,
                        "there are %zu images and %zu make a series (short: "
                        "repeat_first, repeat_last or drop)",
                        n, length);
    if (n < length && p->short_series == DROP)
        return OST_OK;
    if (n < length)
        sorted =
            fill_up(arena, sorted, n, length, p->short_series == REPEAT_FIRST);
    if (p->long_series == WINDOWS)
        return emit_windows(ctx, name, sorted, n < length ? length : n, n, err);
    return emit_series(
        ctx, name,
        sorted + (p->long_series == LAST && n > length ? n - length : 0), n,
        err);
}

const ost_stage ost_stage_sequence = {
    .name = "sequence",
    .version = 3, /* bump when any output byte can change */
    .summary = "Make series of fixed length from the images of a patient.",
    .flags = OST_STAGE_KEEPS,
    .param_size = sizeof(sequence_params),
    .params = params,
    .inputs = OST_PORTS({ "in", OST_DATASET, "images", false, false }),
    .outputs = OST_PORTS(
        { "out", OST_DATASET, "a series for each patient", false, false }),
    .prepare = prepare,
    .bucket = bucket,
    .gather = gather,
};
