/* stages/phantom_burden.c - bone scans with outlines and a blood value
 *
 * The bodies and cameras of stages/phantom_scan.c: an exam is a DICOM file of
 * 16-bit counts for each view.  Beside each lies what a person would have
 * drawn with LabelMe, polygons around the lesions and the bladder.
 *
 * Patients with metastases have one to twelve lesions: the extent of the
 * disease is drawn first, mostly small, and more of it means more, larger and
 * hotter lesions.  Of the others half have benign uptake in worn joints, and
 * half have none.  `contrast` scales the uptake of lesions.
 *
 * The blood value `alp` (alkaline phosphatase, U/l) is that of a healthy
 * person plus what grows with the uptake of all lesions, each times chance; a
 * quarter of the patients have none.
 */
#include "base/alloc.h"
#include "stages/phantom_outline.h"
#include "stages/phantom_scan.h"

#include "base/banned.h"

enum { NONE, METASTASIS };
enum { VIEWS = OST_SCAN_VIEWS };

typedef struct anatomy {
    ost_body body;
    double alp; /* below 0: it is not known */
} anatomy;

typedef struct plan {
    ost_scan_plan scan; /* first: what ost_scan_plan_draw() sees */
    double alp;
} plan;

/* Sites of lesions in Liu et al. (2022), as shares. */
static const double site_share[OST_BODY_SITES] = {
    [OST_BODY_SPINE] = 26.4, [OST_BODY_PELVIS] = 23.5, [OST_BODY_SCAPULA] = 6.9,
    [OST_BODY_RIB] = 22.1,   [OST_BODY_FEMUR] = 11.8,  [OST_BODY_OTHER] = 9.3,
};

/* Gives the body lesions; says what they take up in all. */
static double add_lesions(ost_rng *r, const ost_phantom_params *p,
                          ost_body *body)
{
    double u = ost_rng_f64(r), extent = u * u, sum = 0.0;
    int n = 1 + (int)(extent * 11.99);

    for (int i = 0; i < n; i++) {
        double radius = ost_rng_range(r, 4.0, 7.0 + 5.0 * extent);
        double uptake = ost_rng_range(r, 30.0, 90.0 + 50.0 * extent);

        ost_body_add_lesion(r, body, ost_scan_draw_site(r, site_share), radius,
                            uptake * p->contrast, 0.0);
        sum += uptake * radius * radius;
    }
    return sum;
}

static void patient(ost_rng *r, const ost_phantom_shot *first, void *made)
{
    anatomy *a = made;
    double uptake = 0.0, known, base, slope;
    uint64_t worn;

    ost_body_draw(r, &a->body);
    if (first->class_index == METASTASIS)
        uptake = add_lesions(r, first->params, &a->body);
    worn = ost_rng_below(r, 2) ? 1 + ost_rng_below(r, 3) : 0;
    for (uint64_t i = 0; i < worn; i++)
        ost_body_add_wear(r, &a->body, ost_rng_range(r, 15.0, 50.0));
    known = ost_rng_f64(r);
    base = ost_rng_range(r, 45.0, 115.0);
    slope = ost_rng_range(r, 0.45, 1.0) * ost_rng_range(r, 0.9, 1.8);
    a->alp = known < 0.25 ? -1.0 : base + 0.008 * uptake * slope;
}

static void shot(ost_rng *r, const void *made, ost_phantom_shot *shot)
{
    const anatomy *a = made;
    plan *p = shot->plan;

    ost_scan_plan_draw(r, &a->body, shot);
    p->alp = a->alp;
    for (int k = 0; k < VIEWS; k++) {
        (void)ost_phantom_add(
            shot, ost_arena_printf(shot->arena, "scans/%s_%s.dcm", shot->id,
                                   ost_scan_view_name[k]));
        (void)ost_phantom_add(
            shot, ost_arena_printf(shot->arena, "scans/%s_%s.json", shot->id,
                                   ost_scan_view_name[k]));
    }
}

/* ---- files ---- */

/* What LabelMe writes. */
static ost_rc annotate(ost_phantom_shot *shot, int view, const uint8_t *lesions,
                       const uint8_t *bladder, ost_err *err)
{
    json_t *shapes = json_array(), *root;
    ost_buf name = { 0 };
    char *text = NULL;
    ost_rc rc = ost_outline_add(shapes, "lesion", lesions, shot->height,
                                shot->width, err);

    if (!rc)
        rc = ost_outline_add(shapes, "bladder", bladder, shot->height,
                             shot->width, err);
    ost_buf_addf(&name, "%s_%s.dcm", shot->id, ost_scan_view_name[view]);
    root = json_pack("{s:s, s:{}, s:o, s:s, s:n, s:I, s:I}", "version", "5.0.1",
                     "flags", "shapes", shapes, "imagePath", ost_buf_str(&name),
                     "imageData", "imageHeight", (json_int_t)shot->height,
                     "imageWidth", (json_int_t)shot->width);
    if (!rc)
        text = json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(8));
    if (!rc && !text)
        rc = ost_fail(err, OST_ENOMEM, "no memory for outlines");
    if (!rc)
        ost_buf_adds(&shot->files[2 * (size_t)view + 1].bytes, text);
    ost_free(text);
    json_decref(root);
    ost_buf_release(&name);
    return rc;
}

static void describe(ost_phantom_shot *shot, int view, const uint8_t *lesions)
{
    const plan *p = shot->plan;
    int64_t marked = 0;
    size_t n;
    ost_buf sites = { 0 };

    for (int64_t i = 0; i < shot->height * shot->width; i++)
        marked += lesions[i] != 0;
    ost_scan_sites(&p->scan.body, &sites, &n);
    ost_phantom_row(shot, shot->files[2 * (size_t)view].path,
                    ost_phantom_label(shot, shot->class_index),
                    ost_scan_view_name[view]);
    ost_buf_addf(&shot->rows, ",%s,%s,%zu,%lld,", shot->id, ost_buf_str(&sites),
                 n, (long long)marked);
    if (p->alp >= 0.0)
        ost_buf_addf(&shot->rows, "%.0f", p->alp);
    ost_buf_addc(&shot->rows, '\n');
    ost_buf_release(&sites);
}

static ost_rc draw(ost_phantom_shot *shot, ost_err *err)
{
    size_t n = (size_t)(shot->height * shot->width);
    uint16_t *pixels = ost_try_alloc(n, sizeof(*pixels));
    float *scratch = ost_try_alloc(n, 2 * sizeof(*scratch));
    uint8_t *masks = ost_try_alloc(n, 2);
    const plan *p = shot->plan;
    ost_rc rc = OST_OK;

    if (!pixels || !scratch || !masks)
        rc = ost_fail(err, OST_ENOMEM, "no memory for a scan");
    for (int k = 0; k < VIEWS && !rc; k++) {
        ost_body_render(&p->scan.body, &p->scan.view[k], shot->height,
                        shot->width, scratch, pixels, masks, masks + n);
        ost_scan_encode(shot, 2 * (size_t)k, (unsigned)k, 1, pixels);
        rc = annotate(shot, k, masks, masks + n, err);
        if (!rc)
            describe(shot, k, masks);
    }
    ost_free(masks);
    ost_free(scratch);
    ost_free(pixels);
    return rc;
}

const ost_phantom_kind ost_phantom_burden = {
    .columns = ",study,sites,lesions,lesion_pixels,alp",
    .n_classes = 2,
    .labels = { [NONE] = "none", [METASTASIS] = "metastasis" },
    .shares = { [NONE] = 341.0, [METASTASIS] = 280.0 },
    .size = { 1024, 256 },
    .images = { 1, 1 },
    .anatomy_size = sizeof(anatomy),
    .plan_size = sizeof(plan),
    .patient = patient,
    .shot = shot,
    .draw = draw,
};
