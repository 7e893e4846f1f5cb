/* kernels/connected.c - what is made of the components of a mask */
#include "kernels/connected.h"

#include "base/alloc.h"
#include "kernels/cpu/rows.h"

#include <string.h>

#include "base/banned.h"

void ost_components_release(ost_components *c)
{
    ost_free(c->row);
    ost_free(c->runs);
    ost_free(c->all);
    *c = (ost_components){ 0 };
}

int32_t ost_components_largest(const ost_components *c)
{
    int32_t best = 0;

    for (int32_t i = 1; i <= c->count; i++)
        if (best == 0 || c->all[i - 1].area > c->all[best - 1].area)
            best = i;
    return best;
}

bool ost_components_at_border(const ost_components *c, int32_t number)
{
    const ost_component *k = &c->all[number - 1];

    return k->left == 0 || k->top == 0 || k->right == c->width ||
           k->bottom == c->height;
}

/* ---- what is made of them ---- */

static ost_rc check_size(const ost_components *c, const ost_tensor *t,
                         ost_err *err)
{
    if (t->ndim == 2 && t->shape[0] == c->height && t->shape[1] == c->width)
        return OST_OK;
    return ost_fail(err, OST_EINPUT,
                    "components of a mask of %lld x %lld do not fit here",
                    (long long)c->height, (long long)c->width);
}

static void label_one_row(const ost_components *c, int64_t y, int32_t *p,
                          int64_t step)
{
    int64_t x = 0;

    if (step == 1)
        memset(p, 0, (size_t)c->width * sizeof(*p));
    for (int64_t i = c->row[y]; i < c->row[y + 1]; i++) {
        const ost_run *run = &c->runs[i];

        if (step == 1) {
            for (x = run->begin; x < run->end; x++)
                p[x] = run->component;
            continue;
        }
        for (; x < run->begin; x++)
            p[x * step] = 0;
        for (; x < run->end; x++)
            p[x * step] = run->component;
    }
    for (; step != 1 && x < c->width; x++)
        p[x * step] = 0;
}

ost_rc ost_components_label(const ost_components *c, ost_tensor *labels,
                            ost_err *err)
{
    ost_rc rc = check_size(c, labels, err);

    if (!rc && labels->dtype != OST_I32)
        rc = ost_fail(err, OST_EINPUT, "labels are i32");
    for (int64_t y = 0; y < c->height && !rc; y++)
        label_one_row(c, y, (int32_t *)labels->data + y * labels->stride[0],
                      labels->stride[1]);
    return rc;
}

/* Copies one element into a run. */
static void paint(const ost_image *out, int64_t y, const ost_run *run,
                  const void *value)
{
    unsigned char *p = ost_image_at(out, y, run->begin, 0);
    int64_t step = out->step_x * (int64_t)out->size;

    if (step == 1) {
        memset(p, *(const uint8_t *)value, (size_t)(run->end - run->begin));
        return;
    }
    for (int32_t x = run->begin; x < run->end; x++, p += step)
        memcpy(p, value, out->size);
}

static ost_rc image_of_size(const ost_components *c, const ost_tensor *mask,
                            ost_image *out, ost_err *err)
{
    ost_rc rc = check_size(c, mask, err);

    return rc ? rc : ost_image_of(mask, "mask", out, err);
}

ost_rc ost_components_erase(const ost_components *c, const bool *chosen,
                            ost_tensor *mask, ost_err *err)
{
    static const float zero = 0.0f; /* all types have the same one */
    ost_image out;
    ost_rc rc = image_of_size(c, mask, &out, err);

    for (int64_t y = 0; y < c->height && !rc; y++)
        for (int64_t i = c->row[y]; i < c->row[y + 1]; i++)
            if (chosen[c->runs[i].component - 1])
                paint(&out, y, &c->runs[i], &zero);
    return rc;
}

ost_rc ost_components_fill(const ost_components *c, const bool *chosen,
                           ost_tensor *mask, ost_err *err)
{
    const void **above; /* the pixel above the first one of each */
    ost_image out;
    ost_rc rc = image_of_size(c, mask, &out, err);

    if (rc)
        return rc;
    above = ost_try_alloc((size_t)c->count + 1, sizeof(*above));
    if (!above)
        return ost_fail(err, OST_ENOMEM, "no memory for %d components",
                        (int)c->count);
    for (int64_t y = 1; y < c->height; y++)
        for (int64_t i = c->row[y]; i < c->row[y + 1]; i++) {
            const ost_run *run = &c->runs[i];
            int32_t k = run->component - 1;

            if (!chosen[k] || c->all[k].top == 0)
                continue;
            if (!above[k])
                above[k] = ost_image_at(&out, y - 1, run->begin, 0);
            paint(&out, y, run, above[k]);
        }
    ost_free(above);
    return OST_OK;
}
