/* stages/phantom.c - makes a small study of X-rays, MRI slices or bone scans
 *
 * The files and the manifest are what a user would bring: images and
 * manifest.csv with the columns path, label, patient_id, view, day, site, and
 * those of the kind: paths of masks (mask.NAME), boxes and what else is known.
 * What a kind looks like stands in its own file, stages/phantom_KIND.c.
 *
 * Exactly the asked share of the patients is of each class; who is drawn.  All
 * images of a patient share the anatomy, and each site has its own noise.  The
 * pixels follow from the seed alone, on every machine; the bytes of PNG files
 * follow from the pixels and the version of zlib.
 */
#include "stages/phantom.h"

#include "base/alloc.h"
#include "base/csv.h"
#include "stages/encode.h"

#include <assert.h>
#include <string.h>

#include "base/banned.h"

/* Shots in memory at a time; a multiple of any number of threads is good. */
enum { BATCH = 64, MAX_IMAGES = 100 };

enum { KIND_BONE, KIND_BURDEN, KIND_MRI, KIND_SCAN, KIND_SERIES, KIND_XRAY };

static const ost_phantom_kind *const kinds[] = {
    [KIND_BONE] = &ost_phantom_bone,     [KIND_BURDEN] = &ost_phantom_burden,
    [KIND_MRI] = &ost_phantom_mri,       [KIND_SCAN] = &ost_phantom_scan,
    [KIND_SERIES] = &ost_phantom_series, [KIND_XRAY] = &ost_phantom_xray,
};

static const ost_param params[] = {
    OST_PARAM(ost_phantom_params, kind, CHOICE,
              "X-rays of a long bone, bone scans with outlines and a blood "
              "value, MRI slices of the thighs, bone scans in two views "
              "(DICOM), X-rays of a tumor over a chemotherapy, X-rays of the "
              "knee",
              .dflt = "\"xray\"",
              .choices = "bone|burden|mri|scan|series|xray"),
    OST_PARAM(ost_phantom_params, patients, I64, "how many patients",
              .dflt = "60", .min = 1, .max = 1e6),
    OST_PARAM(
        ost_phantom_params, images, I64_LIST,
        "least and largest number of images (burden and scan: of exams) "
        "of a patient; by default [1, 1], of xray [2, 4]; series has 'series'",
        .dflt = "null", .min = 1, .max = MAX_IMAGES, .min_len = 2,
        .max_len = 2),
    OST_PARAM(
        ost_phantom_params, size, I64_LIST,
        "height and width in pixels; by default [128, 128], of bone "
        "[256, 128], of mri [460, 700], of burden and scan [1024, 256], of "
        "series [256, 256]",
        .dflt = "null", .min = 8, .max = 8192, .min_len = 2, .max_len = 2),
    OST_PARAM(ost_phantom_params, lesions, F64,
              "share of patients with a lesion, of bone and xray",
              .dflt = "0.5", .min = 0, .max = 1),
    OST_PARAM(ost_phantom_params, shares, F64_LIST,
              "patients of each class as ratios; by default what 'lesions' "
              "says, of burden [341, 280], of mri [335, 165], of scan [237, "
              "160, 614], of series [68, 11, 40, 0]: necrosis below 80, below "
              "90, from 90 on, no tumor",
              .dflt = "null", .min = 0, .max = 1e9),
    OST_PARAM(ost_phantom_params, contrast, F64,
              "how far lesions stand out: 0 not at all, 2 very much; of mri "
              "how far the two kinds of tumors differ",
              .dflt = "1", .min = 0, .max = 2),
    OST_PARAM(ost_phantom_params, labels, STR_LIST,
              "names of the classes; by default normal, lesion; of burden "
              "none, metastasis; of mri benign, malignant; of scan ADMet, "
              "nADMet, NoMet; of series below80, above80, above80, normal",
              .dflt = "null"),
    OST_PARAM(ost_phantom_params, sites, I64, "how many hospitals", .dflt = "3",
              .min = 1, .max = 26),
    OST_PARAM(ost_phantom_params, bones, STR_LIST,
              "of bone: which ones, in turn",
              .dflt = "[\"humerus\", "
                      "\"tibia\", \"femur\"]",
              .min_len = 1, .max_len = 30),
    OST_PARAM(ost_phantom_params, views, CHOICE,
              "of scan: a file per view, or two frames of one file",
              .dflt = "\"files\"", .choices = "files|frames"),
    OST_PARAM(ost_phantom_params, series, I64,
              "of series: patients with two images before and two during the "
              "chemotherapy; the others have one and one; -1: 33 of 119",
              .dflt = "-1", .min = -1, .max = 1e6),
    OST_PARAM(ost_phantom_params, prefix, STR,
              "what patients are called, before their number: studies whose "
              "patients are not the same need different ones",
              .dflt = "\"P\""),
    OST_END,
};

/* Part of ids, paths and the manifest. */
static bool is_prefix(const char *s)
{
    size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                         "0123456789-");

    return n > 0 && n <= 32 && s[n] == '\0';
}

static ost_rc check(const void *with, ost_err *err)
{
    const ost_phantom_params *p = with;
    const ost_phantom_kind *kind = kinds[p->kind];
    double sum = 0.0;

    if (p->images.n && p->images.v[0] > p->images.v[1])
        return ost_fail(err, OST_EWORKFLOW,
                        "'images' has a least number above the largest");
    if (!is_prefix(p->prefix))
        return ost_fail(err, OST_EWORKFLOW,
                        "'prefix' is not 1 to 32 letters, digits and hyphens");
    if (p->labels.n && p->labels.n != kind->n_classes)
        return ost_fail(err, OST_EWORKFLOW,
                        "'labels' has %zu names for %zu classes", p->labels.n,
                        kind->n_classes);
    for (size_t i = 0; i < p->shares.n; i++)
        sum += p->shares.v[i];
    if (p->shares.n && (p->shares.n != kind->n_classes || sum <= 0.0))
        return ost_fail(err, OST_EWORKFLOW,
                        "'shares' is not a ratio for each of %zu classes",
                        kind->n_classes);
    return kind->check ? kind->check(p, err) : OST_OK;
}

/* ---- what kinds use ---- */

size_t ost_phantom_add(ost_phantom_shot *shot, const char *path)
{
    assert(shot->n_files < OST_PHANTOM_FILES);
    shot->files[shot->n_files].path = path;
    return shot->n_files++;
}

const char *ost_phantom_label(const ost_phantom_shot *shot, size_t i)
{
    const ost_phantom_params *p = shot->params;

    return p->labels.n ? p->labels.v[i] : kinds[p->kind]->labels[i];
}

void ost_phantom_row(ost_phantom_shot *shot, const char *path,
                     const char *label, const char *view)
{
    ost_csv_add(&shot->rows, path);
    ost_buf_addc(&shot->rows, ',');
    ost_csv_add(&shot->rows, label);
    ost_buf_addf(&shot->rows, ",%s,%s,%lld,%s", shot->patient, view,
                 (long long)shot->day, shot->site);
}

ost_rc ost_phantom_png(ost_phantom_shot *shot, size_t i, const uint8_t *pixels,
                       ost_err *err)
{
    const int64_t shape[] = { shot->height, shot->width };
    ost_tensor t = ost_tensor_of((void *)(uintptr_t)pixels, OST_U8, 2, shape);

    return ost_png_encode(&t, &shot->files[i].bytes, err);
}

/* ---- the study ---- */

typedef struct study {
    ost_stage_ctx *ctx;
    const ost_phantom_params *p;
    const ost_phantom_kind *kind;
    uint8_t *class_of; /* by patient */
    uint32_t *rank_of; /* by patient: place in the order of classes */
    size_t of_class[OST_PHANTOM_CLASSES];
    ost_phantom_shot *batch; /* BATCH of them */
    unsigned char *plans;    /* as many, of the kind's size */
    void *anatomy;           /* of the patient at hand */
    size_t waiting;
    size_t done;
    ost_buf manifest;
} study;

static ost_rc draw_shot(void *user, size_t i, ost_err *err)
{
    const study *s = user;

    return s->kind->draw(&s->batch[i], err);
}

static ost_rc flush_batch(study *s, ost_err *err)
{
    ost_rc rc = ost_parallel(s->ctx, s->waiting, draw_shot, s, err);

    for (size_t i = 0; i < s->waiting; i++) {
        ost_phantom_shot *shot = &s->batch[i];

        for (size_t k = 0; k < shot->n_files; k++) {
            ost_phantom_file *f = &shot->files[k];

            /* A mask of nothing has no file. */
            if (!rc && f->bytes.len > 0)
                rc = ost_emit_file(s->ctx, "files", f->path, f->bytes.data,
                                   f->bytes.len, err);
            ost_buf_release(&f->bytes);
        }
        ost_buf_add(&s->manifest, shot->rows.data, shot->rows.len);
        ost_buf_release(&shot->rows);
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
    const ost_phantom_params *p = s->p;
    const int64_t *images = p->images.n ? p->images.v : s->kind->images;
    const int64_t *size = p->size.n ? p->size.v : s->kind->size;
    ost_arena *arena = ost_ctx_arena(s->ctx);
    ost_rng r = ost_ctx_rng(s->ctx, NULL, (uint64_t)number + 1);
    uint64_t range = (uint64_t)(images[1] - images[0]) + 1;
    ost_phantom_shot shot = { .params = p,
                              .arena = arena,
                              .number = number,
                              .class_index = s->class_of[number],
                              .height = size[0],
                              .width = size[1] };
    ost_rc rc = OST_OK;

    shot.count = images[0] + (int64_t)ost_rng_below(&r, range);
    if (s->kind->count)
        shot.count = s->kind->count(p, s->of_class, s->rank_of[number]);
    shot.site_number = (unsigned)ost_rng_below(&r, (uint64_t)p->sites);
    shot.site = ost_arena_printf(arena, "%c", 'A' + (int)shot.site_number);
    shot.patient =
        ost_arena_printf(arena, "%s%0*lld", p->prefix, digits_of(p->patients),
                         (long long)number + 1);
    memset(s->anatomy, 0, s->kind->anatomy_size);
    s->kind->patient(&r, &shot, s->anatomy);
    for (; shot.index < shot.count && !rc; shot.index++) {
        ost_phantom_shot *next = &s->batch[s->waiting++];

        *next = shot;
        next->id = ost_arena_printf(arena, "%s_%lld", shot.patient,
                                    (long long)shot.index + 1);
        next->plan = s->plans + (s->waiting - 1) * s->kind->plan_size;
        memset(next->plan, 0, s->kind->plan_size);
        s->kind->shot(&r, s->anatomy, next);
        shot.day += 20 + (int64_t)ost_rng_below(&r, 180);
        if (s->waiting == BATCH)
            rc = flush_batch(s, err);
    }
    return rc;
}

/* How many patients are of each class: whole parts first, what is left to the
 * largest remainders, of equal ones to the last. */
static void count_classes(const study *s, size_t *count)
{
    const ost_phantom_params *p = s->p;
    double share[OST_PHANTOM_CLASSES], sum = 0.0;
    size_t n = (size_t)p->patients, left = n;

    for (size_t i = 0; i < s->kind->n_classes; i++)
        sum += share[i] = p->shares.n ? p->shares.v[i] : s->kind->shares[i];
    if (sum <= 0.0) {
        share[0] = 1.0 - p->lesions;
        share[1] = p->lesions;
        sum = 1.0;
    }
    for (size_t i = 0; i < s->kind->n_classes; i++) {
        double exact = (double)n * share[i] / sum;

        count[i] = (size_t)exact;
        share[i] = exact - (double)count[i];
        left -= count[i];
    }
    for (; left > 0; left--) {
        size_t best = 0;

        for (size_t i = 1; i < s->kind->n_classes; i++)
            if (share[i] >= share[best])
                best = i;
        count[best]++;
        share[best] -= 1.0;
    }
}

static ost_rc choose_classes(study *s, ost_err *err)
{
    size_t n = (size_t)s->p->patients, at = 0;
    uint32_t *order = ost_try_alloc(n, sizeof(*order));
    ost_rng r = ost_ctx_rng(s->ctx, NULL, 0);

    s->class_of = ost_try_alloc(n, sizeof(*s->class_of));
    s->rank_of = ost_try_alloc(n, sizeof(*s->rank_of));
    if (!order || !s->class_of || !s->rank_of) {
        ost_free(order);
        return ost_fail(err, OST_ENOMEM, "no memory for %zu patients", n);
    }
    for (size_t i = 0; i < n; i++)
        order[i] = (uint32_t)i;
    ost_rng_shuffle(&r, order, n);
    count_classes(s, s->of_class);
    for (size_t c = s->kind->n_classes; c-- > 0;)
        for (size_t i = 0; i < s->of_class[c]; i++, at++) {
            s->class_of[order[at]] = (uint8_t)c;
            s->rank_of[order[at]] = (uint32_t)at;
        }
    ost_free(order);
    return OST_OK;
}

static ost_rc run(ost_stage_ctx *ctx, ost_err *err)
{
    study s = { .ctx = ctx, .p = ost_ctx_params(ctx) };
    ost_rc rc;

    s.kind = kinds[s.p->kind];
    s.batch = OST_ARENA_ARRAY(ost_ctx_arena(ctx), ost_phantom_shot, BATCH);
    s.plans = ost_arena_alloc(ost_ctx_arena(ctx), BATCH * s.kind->plan_size);
    s.anatomy = ost_arena_alloc(ost_ctx_arena(ctx), s.kind->anatomy_size);
    ost_buf_addf(&s.manifest, "path,label,patient_id,view,day,site%s\n",
                 s.kind->columns);
    rc = choose_classes(&s, err);
    for (int64_t i = 0; i < s.p->patients && !rc; i++)
        rc = add_patient(&s, i, err);
    if (!rc)
        rc = flush_batch(&s, err);
    if (!rc)
        rc = ost_emit_file(ctx, "files", "manifest.csv", s.manifest.data,
                           s.manifest.len, err);
    ost_buf_release(&s.manifest);
    ost_free(s.rank_of);
    ost_free(s.class_of);
    return rc;
}

const ost_stage ost_stage_phantom = {
    .name = "phantom",
    .version = 1, /* bump when any output byte can change */
    .summary = "Makes a small labeled study of X-rays, MRI slices or scans.",
    .flags = OST_STAGE_DRAWS,
    .param_size = sizeof(ost_phantom_params),
    .params = params,
    .inputs = OST_NO_PORTS,
    .outputs = OST_PORTS({ "files", OST_FILES,
                           "image files and manifest.csv, as a user has them",
                           false, false }),
    .check = check,
    .run = run,
};
