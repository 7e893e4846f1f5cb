/* stages/phantom_scan.c - a study of whole-body bone scans in two views
 *
 * DICOM files (NM) of 16-bit counts, from the front and from behind; what is
 * behind is mirrored, as the camera sees it, and lies a little elsewhere.
 * Patients of the first class have three to nine lesions, mostly in spine and
 * ribs; those of the second have one to three, larger and hollow, mostly in
 * pelvis and limbs; those of the third have none.  All may have worn joints,
 * kidneys and a bladder that shine.  `contrast` scales the uptake of lesions.
 *
 * A line of the manifest is a file; with a file per view it names the masks of
 * that view.  `sites` lists where lesions are ("spine|rib").
 */
#include "stages/phantom_scan.h"

#include "base/alloc.h"
#include "kernels/exact.h"
#include "stages/encode_dicom.h"

#include "base/banned.h"

enum { VIEWS = OST_SCAN_VIEWS };

const char *const ost_scan_view_name[VIEWS] = { "anterior", "posterior" };

/* How lesions of a class are: how many, how large, how hollow, and how often
 * they are at each site. */
typedef struct pattern {
    int64_t least;
    int64_t most;
    double radius[2];
    double uptake[2];
    double hollow;
    double site[OST_BODY_SITES];
} pattern;

static const pattern patterns[] = {
    { 3,
      9,
      { 3.5, 6.5 },
      { 28.0, 105.0 },
      0.0,
      { [OST_BODY_SPINE] = 40,
        [OST_BODY_RIB] = 30,
        [OST_BODY_PELVIS] = 16,
        [OST_BODY_SCAPULA] = 6,
        [OST_BODY_FEMUR] = 4,
        [OST_BODY_OTHER] = 4 } },
    { 1,
      3,
      { 7.0, 12.0 },
      { 35.0, 100.0 },
      0.7,
      { [OST_BODY_SPINE] = 10,
        [OST_BODY_RIB] = 18,
        [OST_BODY_PELVIS] = 26,
        [OST_BODY_SCAPULA] = 8,
        [OST_BODY_FEMUR] = 24,
        [OST_BODY_OTHER] = 14 } },
    { 0 },
};

ost_body_site ost_scan_draw_site(ost_rng *r, const double share[OST_BODY_SITES])
{
    double at = ost_rng_range(r, 0.0, 100.0);
    int site = OST_BODY_SPINE;

    while (site < OST_BODY_OTHER && at >= share[site])
        at -= share[site++];
    return (ost_body_site)site;
}

static void patient(ost_rng *r, const ost_phantom_shot *first, void *made)
{
    const pattern *p = &patterns[first->class_index];
    uint64_t range = (uint64_t)(p->most - p->least) + 1;
    int64_t n = p->least + (int64_t)ost_rng_below(r, range);
    uint64_t worn = ost_rng_below(r, 4);
    ost_body *body = made;

    ost_body_draw(r, body);
    for (int64_t i = 0; i < n; i++) {
        double radius = ost_rng_range(r, p->radius[0], p->radius[1]);
        double uptake = ost_rng_range(r, p->uptake[0], p->uptake[1]);

        ost_body_add_lesion(r, body, ost_scan_draw_site(r, p->site), radius,
                            uptake * first->params->contrast, p->hollow);
    }
    for (uint64_t i = 0; i < worn; i++)
        ost_body_add_wear(r, body, ost_rng_range(r, 15.0, 50.0));
}

static void add_files(ost_phantom_shot *shot)
{
    bool one = shot->params->views == OST_PHANTOM_VIEW_FRAMES;
    ost_arena *a = shot->arena;

    for (int k = 0; k < (one ? 1 : VIEWS); k++)
        (void)ost_phantom_add(
            shot, one ? ost_arena_printf(a, "scans/%s.dcm", shot->id)
                      : ost_arena_printf(a, "scans/%s_%s.dcm", shot->id,
                                         ost_scan_view_name[k]));
    for (int k = 0; k < VIEWS; k++) {
        (void)ost_phantom_add(
            shot, ost_arena_printf(a, "masks/%s_%s_lesion.png", shot->id,
                                   ost_scan_view_name[k]));
        (void)ost_phantom_add(
            shot, ost_arena_printf(a, "masks/%s_%s_bladder.png", shot->id,
                                   ost_scan_view_name[k]));
    }
}

void ost_scan_plan_draw(ost_rng *r, const ost_body *body,
                        ost_phantom_shot *shot)
{
    static const double dose_of[] = { 1.0, 0.75, 1.25, 0.9 };
    double wide = 256.0 / (double)shot->width;
    double high = 1024.0 / (double)shot->height;
    ost_scan_plan *p = shot->plan;
    double sine, cosine;

    p->body = *body;
    p->uid = ost_rng_u64(r);
    ost_exact_sincos(ost_rng_range(r, -1.5, 1.5), &sine, &cosine);
    for (int k = 0; k < VIEWS; k++)
        p->view[k] = (ost_body_view){ .back = k == 1,
                                      .unit = wide > high ? wide : high,
                                      .cosine = cosine,
                                      .sine = sine };
    p->view[0].shift_x = ost_rng_range(r, -7.0, 7.0);
    p->view[0].shift_y = ost_rng_range(r, -24.0, 12.0);
    p->view[1].shift_x = p->view[0].shift_x + ost_rng_range(r, -3.0, 3.0);
    p->view[1].shift_y = p->view[0].shift_y + ost_rng_range(r, -3.0, 3.0);
    for (int k = 0; k < VIEWS; k++) {
        p->view[k].dose =
            dose_of[shot->site_number % 4] * ost_rng_range(r, 0.85, 1.2);
        p->view[k].grain = ost_rng_u32(r);
    }
}

static void shot(ost_rng *r, const void *made, ost_phantom_shot *shot)
{
    ost_scan_plan_draw(r, made, shot);
    add_files(shot);
}

/* ---- files ---- */

void ost_scan_encode(ost_phantom_shot *shot, size_t file, unsigned view,
                     unsigned frames, const uint16_t *pixels)
{
    const ost_scan_plan *p = shot->plan;
    ost_buf uid[3] = { { 0 }, { 0 }, { 0 } };
    ost_dicom_scan scan = { .patient = shot->patient,
                            .study = shot->id,
                            .day = shot->day,
                            .instance = view + 1,
                            .rows = (unsigned)shot->height,
                            .columns = (unsigned)shot->width,
                            .frames = frames,
                            .spacing = 2.3 * p->view[0].unit,
                            .pixels = pixels };

    for (unsigned k = 0; k < 3; k++)
        ost_buf_addf(&uid[k], "2.25.%llu%u%u", (unsigned long long)p->uid, k,
                     k == 2 ? view : 0);
    for (unsigned k = 0; k < frames; k++)
        scan.views[k] = ost_scan_view_name[view + k];
    scan.study_uid = ost_buf_str(&uid[0]);
    scan.series_uid = ost_buf_str(&uid[1]);
    scan.instance_uid = ost_buf_str(&uid[2]);
    ost_dicom_encode(&scan, &shot->files[file].bytes);
    for (unsigned k = 0; k < 3; k++)
        ost_buf_release(&uid[k]);
}

void ost_scan_sites(const ost_body *body, ost_buf *sites, size_t *lesions)
{
    bool at[OST_BODY_SITES] = { false };

    *lesions = 0;
    for (size_t i = 0; i < body->n_spots; i++) {
        *lesions += body->spots[i].lesion;
        at[body->spots[i].site] |= body->spots[i].lesion;
    }
    for (int i = OST_BODY_SPINE; i < OST_BODY_SITES; i++)
        if (at[i])
            ost_buf_addf(sites, "%s%s", sites->len ? "|" : "",
                         ost_body_site_name[i]);
}

static void describe(ost_phantom_shot *shot)
{
    const ost_scan_plan *p = shot->plan;
    bool one = shot->params->views == OST_PHANTOM_VIEW_FRAMES;
    size_t lesions;
    ost_buf sites = { 0 };

    ost_scan_sites(&p->body, &sites, &lesions);
    for (size_t k = 0; k < (one ? 1 : VIEWS); k++) {
        const ost_phantom_file *masks = shot->files + VIEWS + 2 * k;

        ost_phantom_row(shot, shot->files[k].path,
                        ost_phantom_label(shot, shot->class_index),
                        one ? "" : ost_scan_view_name[k]);
        ost_buf_addf(&shot->rows, ",%s,%s,%s,%s,%zu\n", shot->id,
                     one || !masks[0].bytes.len ? "" : masks[0].path,
                     one || !masks[1].bytes.len ? "" : masks[1].path,
                     ost_buf_str(&sites), lesions);
    }
    ost_buf_release(&sites);
}

/* A picture of nothing is left out. */
static ost_rc add_mask(ost_phantom_shot *shot, size_t file, const uint8_t *mask,
                       ost_err *err)
{
    size_t n = (size_t)(shot->height * shot->width);

    for (size_t i = 0; i < n; i++)
        if (mask[i])
            return ost_phantom_png(shot, file, mask, err);
    return OST_OK;
}

static ost_rc draw(ost_phantom_shot *shot, ost_err *err)
{
    bool one = shot->params->views == OST_PHANTOM_VIEW_FRAMES;
    size_t n = (size_t)(shot->height * shot->width);
    uint16_t *pixels = ost_try_alloc(n, VIEWS * sizeof(*pixels));
    float *scratch = ost_try_alloc(n, 2 * sizeof(*scratch));
    uint8_t *masks = ost_try_alloc(n, 2);
    const ost_scan_plan *p = shot->plan;
    ost_rc rc = OST_OK;

    if (!pixels || !scratch || !masks)
        rc = ost_fail(err, OST_ENOMEM, "no memory for a scan");
    for (size_t k = 0; k < VIEWS && !rc; k++) {
        size_t first = (one ? 1 : VIEWS) + 2 * k;

        ost_body_render(&p->body, &p->view[k], shot->height, shot->width,
                        scratch, pixels + k * n, masks, masks + n);
        if (!one)
            ost_scan_encode(shot, k, (unsigned)k, 1, pixels + k * n);
        rc = add_mask(shot, first, masks, err);
        if (!rc)
            rc = add_mask(shot, first + 1, masks + n, err);
    }
    if (!rc && one)
        ost_scan_encode(shot, 0, 0, VIEWS, pixels);
    if (!rc)
        describe(shot);
    ost_free(masks);
    ost_free(scratch);
    ost_free(pixels);
    return rc;
}

const ost_phantom_kind ost_phantom_scan = {
    .columns = ",study,mask.lesion,mask.bladder,sites,lesions",
    .n_classes = 3,
    .labels = { "ADMet", "nADMet", "NoMet" },
    .shares = { 237.0, 160.0, 614.0 },
    .size = { 1024, 256 },
    .images = { 1, 1 },
    .anatomy_size = sizeof(ost_body),
    .plan_size = sizeof(ost_scan_plan),
    .patient = patient,
    .shot = shot,
    .draw = draw,
};
