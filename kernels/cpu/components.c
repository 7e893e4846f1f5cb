/* kernels/cpu/components.c - the connected components of a mask
 *
 * A row becomes bits, and the places where the bits change are the ends of its
 * runs.  Runs that touch runs of the row above are united (union-find with the
 * smallest label as the root), so that labels come in raster order of first
 * pixels; at the end the roots are numbered without gaps.
 *
 * L. He, Y. Chao, K. Suzuki, "A run-based two-scan labeling algorithm", IEEE
 * Transactions on Image Processing 17(5), 2008.
 */
#include "base/alloc.h"
#include "kernels/connected.h"
#include "kernels/cpu/image_checks.h"

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

ost_rc ost_components_check(const ost_tensor *mask, ost_image *in, ost_err *err)
{
    ost_rc rc = ost_image_of(mask, "mask", in, err);

    if (!rc && in->c != 1)
        rc = ost_fail(err, OST_EINPUT,
                      "a mask has %lld channels where it needs one",
                      (long long)in->c);
    return rc;
}

ost_rc ost_cpu_components(const ost_tensor *mask, unsigned flags,
                          ost_components *c, ost_err *err)
{
    finder f = { .found = c };
    ost_rc rc = ost_components_check(mask, &f.in, err);

    *c = (ost_components){ 0 };
    if (rc)
        return rc;
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
