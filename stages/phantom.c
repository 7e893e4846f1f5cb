/* stages/phantom.c - makes a small study of X-ray-like images
 *
 * The files and the manifest are what a user would bring: images/ID.png and
 * manifest.csv with the columns path, label, patient_id, view, day, site.  The
 * images show knees, from the front or from the side; some have a lesion in a
 * bone, eaten away or grown dense, from plain to hardly visible.
 *
 * A share of the patients has a lesion, at one place, but not on each of
 * their images: so labels go with patients and some patients have both.  All
 * images of a patient share the anatomy, and each site has its own noise and
 * film.  The pixels follow from the seed alone, on every machine; the bytes of
 * the PNG files follow from the pixels and the version of zlib.
 */
#include "base/alloc.h"
#include "base/csv.h"
#include "stages/encode.h"
#include "stages/phantom_xray.h"
#include "stages/stage.h"

#include "base/banned.h"

/* Images in memory at a time; a multiple of any number of threads is good. */
enum { BATCH = 64, MAX_IMAGES = 100 };

typedef struct phantom_params {
    int kind;
    int64_t patients;
    ost_i64_list images;
    ost_i64_list size;
    double lesions;
    double contrast;
    ost_str_list labels;
    int64_t sites;
} phantom_params;

static const ost_param params[] = {
    OST_PARAM(phantom_params, kind, CHOICE, "what the images look like",
              .dflt = "\"xray\"", .choices = "xray"),
    OST_PARAM(phantom_params, patients, I64, "how many patients", .dflt = "60",
              .min = 1, .max = 1e6),
    OST_PARAM(phantom_params, images, I64_LIST,
              "least and largest number of images of a patient",
              .dflt = "[2, 4]", .min = 1, .max = MAX_IMAGES, .min_len = 2,
              .max_len = 2),
    OST_PARAM(phantom_params, size, I64_LIST, "height and width in pixels",
              .dflt = "[128, 128]", .min = 8, .max = 8192, .min_len = 2,
              .max_len = 2),
    OST_PARAM(phantom_params, lesions, F64, "share of patients with a lesion",
              .dflt = "0.5", .min = 0, .max = 1),
    OST_PARAM(phantom_params, contrast, F64,
              "how far lesions stand out: 0 not at all, 2 very much",
              .dflt = "1", .min = 0, .max = 2),
    OST_PARAM(phantom_params, labels, STR_LIST,
              "names of the classes: without and with a lesion",
              .dflt = "[\"normal\", \"lesion\"]", .min_len = 2, .max_len = 2),
    OST_PARAM(phantom_params, sites, I64, "how many hospitals", .dflt = "3",
              .min = 1, .max = 26),
    OST_END,
};

static ost_rc check(const void *with, ost_err *err)
{
    const phantom_params *p = with;

    if (p->images.v[0] > p->images.v[1])
        return ost_fail(err, OST_EWORKFLOW,
                        "'images' has a least number above the largest");
    return OST_OK;
}

/* One image to be made, and what the manifest says of it. */
typedef struct picture {
    ost_xray_anatomy anatomy;
    ost_xray_view view;
    const char *path;
    ost_buf png;
} picture;

typedef struct study {
    ost_stage_ctx *ctx;
    const phantom_params *p;
    bool *ill;      /* by patient */
    picture *batch; /* BATCH of them */
    size_t waiting;
    size_t done;
    ost_buf manifest;
} study;

static ost_rc draw_picture(void *user, size_t i, ost_err *err)
{
    const study *s = user;
    picture *pic = &s->batch[i];
    int64_t h = s->p->size.v[0], w = s->p->size.v[1];
    size_t n = (size_t)(h * w);
    uint8_t *pixels = ost_try_alloc(n, 1);
    float *scratch = ost_try_alloc(n, sizeof(*scratch));
    ost_rc rc;

    if (pixels && scratch) {
        ost_tensor t = ost_tensor_of(pixels, OST_U8, 2, s->p->size.v);

        ost_xray_render(&pic->anatomy, &pic->view, h, w, scratch, pixels);
        rc = ost_png_encode(&t, &pic->png, err);
    } else {
        rc = ost_fail(err, OST_ENOMEM, "no memory for an image");
    }
    ost_free(scratch);
    ost_free(pixels);
    return rc;
}

static ost_rc flush_batch(study *s, ost_err *err)
{
    ost_rc rc = ost_parallel(s->ctx, s->waiting, draw_picture, s, err);

    for (size_t i = 0; i < s->waiting; i++) {
        picture *pic = &s->batch[i];

        if (!rc)
            rc = ost_emit_file(s->ctx, "files", pic->path, pic->png.data,
                               pic->png.len, err);
        ost_buf_release(&pic->png);
    }
    s->done += s->waiting;
    s->waiting = 0;
    if (!rc)
        rc = ost_flush(s->ctx, err);
    ost_progress(s->ctx, s->done, 0, NULL);
    if (!rc && ost_ctx_stop(s->ctx))
        rc = ost_fail(err, OST_EINTERRUPTED, "interrupted");
    return rc;
}

static int digits_of(int64_t n)
{
    int digits = 1;

    for (; n >= 10; n /= 10)
        digits++;
    return digits;
}

static ost_rc add_patient(study *s, int64_t number, ost_err *err)
{
    const phantom_params *p = s->p;
    ost_rng r = ost_ctx_rng(s->ctx, NULL, (uint64_t)number + 1);
    int digits = digits_of(p->patients);
    uint64_t range = (uint64_t)(p->images.v[1] - p->images.v[0]) + 1;
    int64_t count = p->images.v[0] + (int64_t)ost_rng_below(&r, range);
    unsigned site = (unsigned)ost_rng_below(&r, (uint64_t)p->sites);
    int64_t sure = (int64_t)ost_rng_below(&r, (uint64_t)count);
    ost_xray_anatomy anatomy;
    ost_xray_lesion lesion;
    int64_t day = 0;
    ost_rc rc = OST_OK;

    ost_xray_draw_anatomy(&r, &anatomy);
    ost_xray_draw_lesion(&r, &anatomy, p->contrast, &lesion);
    for (int64_t i = 0; i < count && !rc; i++) {
        picture *pic = &s->batch[s->waiting++];
        bool lateral = ost_rng_below(&r, 10) < 3;
        bool shown = ost_rng_below(&r, 4) > 0 || i == sure;

        *pic = (picture){ .anatomy = anatomy };
        ost_xray_draw_view(&r, lateral, site, &pic->view);
        if (s->ill[number] && shown)
            ost_xray_add_lesion(&r, &lesion, &pic->view);
        pic->path =
            ost_arena_printf(ost_ctx_arena(s->ctx), "images/P%0*lld_%lld.png",
                             digits, (long long)number + 1, (long long)i + 1);
        ost_csv_add(&s->manifest, pic->path);
        ost_buf_addc(&s->manifest, ',');
        ost_csv_add(&s->manifest, p->labels.v[pic->view.has_lesion]);
        ost_buf_addf(&s->manifest, ",P%0*lld,%s,%lld,%c\n", digits,
                     (long long)number + 1, lateral ? "lateral" : "front",
                     (long long)day, 'A' + (int)site);
        day += 20 + (int64_t)ost_rng_below(&r, 180);
        if (s->waiting == BATCH)
            rc = flush_batch(s, err);
    }
    return rc;
}

/* Exactly the asked share is ill; which ones is drawn. */
static ost_rc choose_ill(study *s, ost_err *err)
{
    size_t n = (size_t)s->p->patients;
    size_t n_ill = (size_t)(s->p->lesions * (double)n + 0.5);
    uint32_t *order = ost_try_alloc(n, sizeof(*order));
    ost_rng r = ost_ctx_rng(s->ctx, NULL, 0);

    s->ill = ost_try_alloc(n, sizeof(*s->ill));
    if (!order || !s->ill) {
        ost_free(order);
        return ost_fail(err, OST_ENOMEM, "no memory for %zu patients", n);
    }
    for (size_t i = 0; i < n; i++)
        order[i] = (uint32_t)i;
    ost_rng_shuffle(&r, order, n);
    for (size_t i = 0; i < n_ill; i++)
        s->ill[order[i]] = true;
    ost_free(order);
    return OST_OK;
}

static ost_rc run(ost_stage_ctx *ctx, ost_err *err)
{
    study s = { .ctx = ctx, .p = ost_ctx_params(ctx) };
    ost_rc rc;

    s.batch = OST_ARENA_ARRAY(ost_ctx_arena(ctx), picture, BATCH);
    ost_buf_adds(&s.manifest, "path,label,patient_id,view,day,site\n");
    rc = choose_ill(&s, err);
    for (int64_t i = 0; i < s.p->patients && !rc; i++)
        rc = add_patient(&s, i, err);
    if (!rc)
        rc = flush_batch(&s, err);
    if (!rc)
        rc = ost_emit_file(ctx, "files", "manifest.csv", s.manifest.data,
                           s.manifest.len, err);
    ost_buf_release(&s.manifest);
    ost_free(s.ill);
    return rc;
}

const ost_stage ost_stage_phantom = {
    .name = "phantom",
    .version = 1, /* bump when any output byte can change */
    .summary = "Makes a small labeled study of X-ray-like images.",
    .flags = OST_STAGE_DRAWS,
    .param_size = sizeof(phantom_params),
    .params = params,
    .inputs = OST_NO_PORTS,
    .outputs = OST_PORTS({ "files", OST_FILES,
                           "PNG files and manifest.csv, as a user has them",
                           false, false }),
    .check = check,
    .run = run,
};
