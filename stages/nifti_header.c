/* stages/nifti_header.c - what the head of a NIfTI file says
 *
 *     NIfTI-1  NIfTI-2  what (i2, i4, i8: integers; f4, f8: IEEE 754)
 *        0 i4     0 i4  length of the head: 348 or 540
 *       40 i2    16 i8  number of dimensions and seven dimensions
 *       70 i2    12 i2  type of a voxel
 *       76 f4   104 f8  orientation of the quaternion, seven voxel sizes
 *      108 f4   168 i8  where the voxels begin
 *      112 f4   176 f8  slope and intercept
 *      123 i1   500 i4  units of space (bits 0-2) and time (bits 3-5)
 *      136 f4   216 f8  time of the first time point
 *      252 i2   344 i4  codes of the quaternion and of the matrix
 *      256 f4   352 f8  quaternion b, c, d and its offset x, y, z
 *      280 f4   400 f8  matrix, three rows of four
 *      344        4     magic
 */
#include "stages/nifti_header.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

/* Where things are, and how large. */
typedef struct {
    size_t head, dim, type, pixdim, offset, scale, units, toffset, codes, quat,
        matrix;
    uint8_t whole;  /* bytes of a dimension */
    uint8_t real;   /* bytes of a number with a fraction */
    uint8_t code;   /* bytes of a form's code */
    uint8_t unit;   /* bytes of the units */
    char at_offset; /* kind of the offset */
} plan;

static const plan nifti1 = { 348, 40,  70,  76, 108, 112, 123, 136,
                             252, 256, 280, 2,  4,   2,   1,   'f' };
static const plan nifti2 = { 540, 16,  12,  104, 168, 176, 500, 216,
                             344, 352, 400, 8,   8,   4,   4,   'i' };

typedef struct {
    const plan *plan;
    const unsigned char *data;
    bool big;
} head;

static double number_at(const head *h, char kind, uint8_t size, size_t at)
{
    const ost_raw_type t = { .kind = kind, .size = size, .big = h->big };

    return ost_raw_number(&t, h->data + at);
}

static double real_at(const head *h, size_t first, int i)
{
    return number_at(h, 'f', h->plan->real, first + (size_t)i * h->plan->real);
}

/* A complete head of either kind and byte order. */
static bool find_head(const unsigned char *p, size_t size, head *h)
{
    static const plan *const plans[] = { &nifti1, &nifti2 };

    for (int i = 0; i < 4; i++) {
        *h = (head){ .plan = plans[i / 2], .data = p, .big = i % 2 };
        if (size >= h->plan->head &&
            number_at(h, 'i', 4, 0) == (double)h->plan->head)
            return true;
    }
    return false;
}

/* '+' for one file, 'i' for a pair, 0 for no NIfTI. */
static char magic_of(const head *h)
{
    const char *m = (const char *)h->data + (h->plan == &nifti1 ? 344 : 4);
    char version = h->plan == &nifti1 ? '1' : '2';

    if (m[0] != 'n' || (m[1] != '+' && m[1] != 'i') || m[2] != version ||
        m[3] != '\0')
        return 0;
    return m[1];
}

bool ost_nifti_is(const void *data, size_t size)
{
    head h;

    return find_head(data, size, &h) && magic_of(&h) != 0;
}

/* --- dimensions, types, units ------------------------------------------- */

static ost_rc read_dims(const head *h, ost_nifti_header *out, ost_err *err)
{
    const plan *p = h->plan;
    double n = number_at(h, 'i', p->whole, p->dim);

    if (n < 1 || n > OST_NIFTI_DIMS)
        return ost_fail(err, OST_EINPUT, "damaged NIfTI: %.0f dimensions", n);
    out->ndim = (int)n;
    for (int i = 0; i < OST_NIFTI_DIMS; i++) {
        double d = i < out->ndim
                       ? number_at(h, 'i', p->whole,
                                   p->dim + (size_t)(i + 1) * p->whole)
                       : 1;

        if (d < 1 || d > (double)INT32_MAX)
            return ost_fail(err, OST_EINPUT,
                            "damaged NIfTI: dimension %d is %.0f", i + 1, d);
        out->dim[i] = (int64_t)d;
    }
    return OST_OK;
}

static ost_rc read_type(const head *h, ost_nifti_header *out, ost_err *err)
{
    static const struct {
        int code;
        char kind;
        uint8_t size;
        int channels;
    } rows[] = {
        { 2, 'u', 1, 1 },    { 4, 'i', 2, 1 },    { 8, 'i', 4, 1 },
        { 16, 'f', 4, 1 },   { 64, 'f', 8, 1 },   { 128, 'u', 1, 3 },
        { 256, 'i', 1, 1 },  { 512, 'u', 2, 1 },  { 768, 'u', 4, 1 },
        { 1024, 'i', 8, 1 }, { 1280, 'u', 8, 1 }, { 2304, 'u', 1, 4 }
    };
    int code = (int)number_at(h, 'i', 2, h->plan->type);

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].code != code)
            continue;
        out->type = (ost_raw_type){ rows[i].kind, rows[i].size, h->big };
        out->channels = rows[i].channels;
        return OST_OK;
    }
    return ost_fail(err, OST_EUNSUPPORTED,
                    "NIfTI: voxels of type %d are not supported", code);
}

/* Metres, millimetres, micrometres; seconds, milliseconds, microseconds. */
static void read_sizes(const head *h, ost_nifti_header *out)
{
    int units = (int)number_at(h, 'i', h->plan->unit, h->plan->units);
    double mm = (units & 7) == 1 ? 1000 : (units & 7) == 3 ? 0.001 : 1;
    double s = (units & 56) == 8    ? 1
               : (units & 56) == 16 ? 0.001
               : (units & 56) == 24 ? 0.000001
                                    : 0;
    double first;

    for (int i = 0; i < 4; i++) {
        double v = fabs(real_at(h, h->plan->pixdim, i + 1));

        out->size[i] = isfinite(v) ? v * (i < 3 ? mm : s) : 0;
    }
    first = real_at(h, h->plan->toffset, 0);
    out->first_second = isfinite(first) ? first * s : 0;
}

static ost_rc read_place(const head *h, ost_nifti_header *out, ost_err *err)
{
    double v = h->plan == &nifti1 ? real_at(h, h->plan->offset, 0)
                                  : number_at(h, 'i', 8, h->plan->offset);
    double least = (double)h->plan->head + 4;

    if (!isfinite(v) || v < 0 || v > 1e15)
        return ost_fail(err, OST_EINPUT,
                        "damaged NIfTI: the voxels begin at %g", v);
    out->offset = (uint64_t)(v < least ? least : v);
    out->slope = real_at(h, h->plan->scale, 0);
    out->intercept = real_at(h, h->plan->scale, 1);
    if (!isfinite(out->slope) || !isfinite(out->intercept))
        out->slope = 0;
    return OST_OK;
}

/* --- where the patient is ----------------------------------------------- */

/* Columns are voxel axes, rows x (to the right), y (to the front), z (to the
 * head). */
static void matrix_of_quaternion(const head *h, double m[3][3])
{
    double b = real_at(h, h->plan->quat, 0), c = real_at(h, h->plan->quat, 1),
           d = real_at(h, h->plan->quat, 2);
    double rest = 1 - (b * b + c * c + d * d);
    double a = rest > 0 ? sqrt(rest) : 0;
    double flip = real_at(h, h->plan->pixdim, 0) < 0 ? -1 : 1;

    m[0][0] = a * a + b * b - c * c - d * d;
    m[0][1] = 2 * (b * c - a * d);
    m[0][2] = 2 * (b * d + a * c) * flip;
    m[1][0] = 2 * (b * c + a * d);
    m[1][1] = a * a + c * c - b * b - d * d;
    m[1][2] = 2 * (c * d - a * b) * flip;
    m[2][0] = 2 * (b * d - a * c);
    m[2][1] = 2 * (c * d + a * b);
    m[2][2] = (a * a + d * d - c * c - b * b) * flip;
}

/* The matrix where there is one, else the quaternion, else what ANALYZE meant:
 * x runs to the left. */
static void read_matrix(const head *h, double m[3][3])
{
    const plan *p = h->plan;

    if (number_at(h, 'i', p->code, p->codes + p->code) > 0) {
        for (int r = 0; r < 3; r++)
            for (int c = 0; c < 3; c++)
                m[r][c] = real_at(h, p->matrix, 4 * r + c);
    } else if (number_at(h, 'i', p->code, p->codes) > 0) {
        matrix_of_quaternion(h, m);
    } else {
        for (int r = 0; r < 3; r++)
            for (int c = 0; c < 3; c++)
                m[r][c] = r != c ? 0 : r == 0 ? -1 : 1;
    }
}

/* Gives each voxel axis the axis of the body that it is nearest to, all three
 * together. */
static void find_orientation(const head *h, ost_nifti_header *out)
{
    static const int orders[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
                                      { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
    double m[3][3], best = -1;

    read_matrix(h, m);
    for (int c = 0; c < 3; c++) {
        double n =
            sqrt(m[0][c] * m[0][c] + m[1][c] * m[1][c] + m[2][c] * m[2][c]);

        for (int r = 0; r < 3; r++)
            m[r][c] = n > 0 && isfinite(n) ? m[r][c] / n : 0;
    }
    for (int k = 0; k < 6; k++) {
        const int *o = orders[k];
        double sum = fabs(m[o[0]][0]) + fabs(m[o[1]][1]) + fabs(m[o[2]][2]);

        if (sum <= best)
            continue;
        best = sum;
        for (int i = 0; i < 3; i++) {
            out->body[i] = o[i];
            out->back[i] = m[o[i]][i] >= 0;
        }
    }
}

ost_rc ost_nifti_read_header(const void *data, size_t size, ost_nifti_header *h,
                             ost_err *err)
{
    head in;
    char magic;
    ost_rc rc;

    *h = (ost_nifti_header){ 0 };
    if (!find_head(data, size, &in) || (magic = magic_of(&in)) == 0)
        return ost_fail(err, OST_EINPUT, "damaged NIfTI: no head of one");
    if (magic == 'i')
        return ost_fail(err, OST_EUNSUPPORTED,
                        "NIfTI: voxels in a file of their own (.hdr and .img) "
                        "are not supported; save it as one .nii file");
    rc = read_dims(&in, h, err);
    if (!rc)
        rc = read_type(&in, h, err);
    if (!rc)
        rc = read_place(&in, h, err);
    if (rc)
        return rc;
    read_sizes(&in, h);
    find_orientation(&in, h);
    return OST_OK;
}
