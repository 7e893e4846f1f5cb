/* kernels/cpu/connected.c - the connected components of a mask
 *
 * A row becomes bits, and the places where the bits change are the ends of its
 * runs.  Runs that touch runs of the row above are united (union-find with the
 * smallest label as the root), so that labels come in raster order of first
 * pixels; at the end the roots are numbered without gaps.
 *
 * L. He, Y. Chao, K. Suzuki, "A run-based two-scan labeling algorithm", IEEE
 * Transactions on Image Processing 17(5), 2008.
 */
#include "kernels/connected.h"

#include "base/alloc.h"
#include "kernels/cpu/rows.h"

#include <endian.h>
#include <string.h>

#include "base/banned.h"

enum { AT_FIRST = 1 << 20 }; /* runs */

typedef struct finder {
    ost_image in;
    ost_components *found;
    int32_t reach;    /* how far beside a run its neighbors begin: 0 or 1 */
    uint64_t flip;    /* all ones when zeros are looked for */
    uint64_t *bits;   /* a row, and one word behind it */
    uint8_t *bytes;   /* a row of another type as bytes */
    int64_t room;     /* for runs */
    int32_t *parent;  /* of labels; a root is its own; as much room */
    int32_t n_labels; /* given so far, from 1 on */
} finder;

/* ---- a row as bits ---- */

/* Eight bytes to eight bits, set where a byte is not zero. */
static uint64_t eight_bits(const uint8_t *p)
{
    const uint64_t low = 0x7f7f7f7f7f7f7f7f;
    uint64_t v;

    memcpy(&v, p, sizeof(v));
    v = le64toh(v);
    v = (((v & low) + low) | v) & ~low;
    return ((v >> 7) * 0x0102040810204080) >> 56;
}

/* Pixels that are not zero as bytes, for types and strides other than those of
 * plain masks. */
static const uint8_t *row_of_bytes(const finder *f, int64_t y)
{
    const void *p = ost_image_at(&f->in, y, 0, 0);
    int64_t w = f->in.w, step = f->in.step_x;

    if (f->in.dtype == OST_U8 && step == 1)
        return p;
    for (int64_t x = 0; x < w; x++)
        f->bytes[x] = f->in.dtype == OST_U8 ? ((const uint8_t *)p)[x * step]
                      : f->in.dtype == OST_U16
                          ? ((const uint16_t *)p)[x * step] != 0
                          : ((const float *)p)[x * step] != 0.0f;
    return f->bytes;
}

static void pack_row(const finder *f, int64_t y)
{
    const uint8_t *p = row_of_bytes(f, y);
    int64_t w = f->in.w, words = w / 64;
    uint64_t last = 0;

    for (int64_t i = 0; i < words; i++, p += 64) {
        uint64_t v = 0;

        for (int k = 0; k < 8; k++)
            v |= eight_bits(p + (size_t)8 * k) << (8 * k);
        f->bits[i] = v ^ f->flip;
    }
    for (int64_t x = 0; x < w % 64; x++)
        last |= (uint64_t)((p[x] != 0) ^ (f->flip != 0)) << x;
    f->bits[words] = last;
}

/* ---- runs ---- */

/* Room for one more row.  Memory that nobody writes to costs nothing, so that
 * there is room for all rows of usual images from the beginning. */
static ost_rc make_room(finder *f, int64_t n, ost_err *err)
{
    ost_components *c = f->found;
    int64_t row = f->in.w / 2 + 1, all = row * f->in.h;
    int64_t more = 2 * (n + row);
    ost_run *runs;
    int32_t *parent;

    if (n + row <= f->room)
        return OST_OK;
    if (f->room == 0)
        more = all < AT_FIRST ? all : AT_FIRST + row;
    runs = ost_try_alloc_aligned((size_t)more, sizeof(*runs));
    parent = ost_try_alloc_aligned((size_t)more + 1, sizeof(*parent));
    if (!runs || !parent || more > INT32_MAX) {
        ost_free(runs);
        ost_free(parent);
        return ost_fail(err, OST_ENOMEM, "no memory for %lld runs of a mask",
                        (long long)more);
    }
    if (n > 0)
        memcpy(runs, c->runs, (size_t)n * sizeof(*runs));
    if (f->parent)
        memcpy(parent, f->parent, ((size_t)f->n_labels + 1) * sizeof(*parent));
    ost_free(c->runs);
    ost_free(f->parent);
    c->runs = runs;
    f->parent = parent;
    f->room = more;
    return OST_OK;
}

/* Appends the runs of the packed row; there is room.  Changes of the bits are
 * beginnings and ends in turn. */
static int64_t cut_row(const finder *f, ost_run *run)
{
    int64_t words = f->in.w / 64 + 1, n = 0;
    uint64_t before = 0;
    bool open = false;

    for (int64_t i = 0; i < words; i++) {
        uint64_t bits = f->bits[i];
        uint64_t change = bits ^ (bits << 1 | before);
        int32_t at = (int32_t)(64 * i);

        before = bits >> 63;
        if (open && change) {
            run[n++].end = at + __builtin_ctzll(change);
            change &= change - 1;
            open = false;
        }
        while (change) {
            run[n].begin = at + __builtin_ctzll(change);
            change &= change - 1;
            if (!change) {
                open = true;
                break;
            }
            run[n++].end = at + __builtin_ctzll(change);
            change &= change - 1;
        }
    }
    /* Only a row of whole words has no zero behind its last pixel. */
    if (open)
        run[n++].end = (int32_t)f->in.w;
    return n;
}

/* ---- labels ---- */

static int32_t root_of(int32_t *parent, int32_t label)
{
    while (parent[label] != label) {
        parent[label] = parent[parent[label]];
        label = parent[label];
    }
    return label;
}

/* The smaller root becomes the root of both. */
static int32_t unite(int32_t *parent, int32_t a, int32_t b)
{
    a = root_of(parent, a);
    b = root_of(parent, b);
    if (a == b)
        return a;
    if (a > b) {
        int32_t swapped = a;

        a = b;
        b = swapped;
    }
    parent[b] = a;
    return a;
}

/* Labels the runs of a row by those above that they touch. */
static void label_row(finder *f, const ost_run *above, const ost_run *above_end,
                      ost_run *run, const ost_run *end)
{
    int32_t reach = f->reach;

    for (; run < end; run++) {
        int32_t begin = run->begin - reach, last = run->end + reach;

        while (above < above_end && above->end <= begin)
            above++;
        if (above == above_end || above->begin >= last) {
            run->component = ++f->n_labels;
            f->parent[f->n_labels] = f->n_labels;
            continue;
        }
        run->component = above->component;
        /* The last one that it touches may touch the next run too. */
        while (above + 1 < above_end && above[1].begin < last) {
            above++;
            run->component = unite(f->parent, run->component, above->component);
        }
    }
}

static ost_rc label_rows(finder *f, ost_err *err)
{
    ost_components *c = f->found;
    int64_t above = 0, n = 0;

    for (int64_t y = 0; y < c->height; y++) {
        ost_rc rc = make_room(f, n, err);
        int64_t added;

        if (rc)
            return rc;
        pack_row(f, y);
        added = cut_row(f, c->runs + n);
        label_row(f, c->runs + above, c->runs + n, c->runs + n,
                  c->runs + n + added);
        above = n;
        n += added;
        c->row[y + 1] = n;
    }
    return OST_OK;
}

/* Roots get numbers without gaps.  A parent is never larger than its label, so
 * that it has its number already. */
static int32_t number_roots(int32_t *parent, int32_t n_labels)
{
    int32_t count = 0;

    for (int32_t i = 1; i <= n_labels; i++)
        parent[i] = parent[i] == i ? ++count : parent[parent[i]];
    return count;
}

/* ---- statistics ---- */

/* Until all runs are seen the centers hold sums: whole numbers, which double
 * has up to 2^53. */
static void add_run(ost_component *k, const ost_run *run, int32_t y)
{
    int64_t n = run->end - run->begin;

    if (k->area == 0)
        *k = (ost_component){ .left = run->begin, .top = y };
    k->area += n;
    k->left = run->begin < k->left ? run->begin : k->left;
    k->right = run->end > k->right ? run->end : k->right;
    k->bottom = y + 1;
    k->center_x += (double)(n * (run->begin + (int64_t)run->end - 1) / 2);
    k->center_y += (double)(n * y);
}

static ost_rc measure(finder *f, ost_err *err)
{
    ost_components *c = f->found;

    c->count = number_roots(f->parent, f->n_labels);
    c->all = ost_try_alloc((size_t)c->count + 1, sizeof(*c->all));
    if (!c->all)
        return ost_fail(err, OST_ENOMEM, "no memory for %d components",
                        (int)c->count);
    for (int64_t y = 0; y < c->height; y++)
        for (int64_t i = c->row[y]; i < c->row[y + 1]; i++) {
            ost_run *run = &c->runs[i];

            run->component = f->parent[run->component];
            add_run(&c->all[run->component - 1], run, (int32_t)y);
        }
    for (int32_t i = 0; i < c->count; i++) {
        c->all[i].center_x /= (double)c->all[i].area;
        c->all[i].center_y /= (double)c->all[i].area;
    }
    return OST_OK;
}

ost_rc ost_components_find(const ost_tensor *mask, unsigned flags,
                           ost_components *c, ost_err *err)
{
    finder f = { .found = c };
    ost_rc rc;

    *c = (ost_components){ 0 };
    rc = ost_image_of(mask, "mask", &f.in, err);
    if (rc)
        return rc;
    if (f.in.c != 1)
        return ost_fail(err, OST_EINPUT,
                        "a mask has %lld channels where it needs one",
                        (long long)f.in.c);
    f.reach = flags & OST_COMPONENTS_SIDES ? 0 : 1;
    f.flip = flags & OST_COMPONENTS_ZEROS ? ~UINT64_C(0) : 0;
    c->height = f.in.h;
    c->width = f.in.w;
    c->row = ost_try_alloc((size_t)f.in.h + 1, sizeof(*c->row));
    f.bits = ost_try_alloc((size_t)f.in.w / 64 + 1, sizeof(*f.bits));
    f.bytes = ost_try_alloc((size_t)f.in.w, 1);
    if (!c->row || !f.bits || !f.bytes)
        rc = ost_fail(err, OST_ENOMEM, "no memory for rows of a mask");
    if (!rc && f.in.w > 0)
        rc = label_rows(&f, err);
    if (!rc)
        rc = measure(&f, err);
    ost_free(f.parent);
    ost_free(f.bytes);
    ost_free(f.bits);
    if (rc)
        ost_components_release(c);
    return rc;
}

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
