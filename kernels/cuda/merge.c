/* kernels/cuda/merge.c - pictures that overlap become one */
#include "base/alloc.h"
#include "kernels/cpu/image_checks.h"
#include "kernels/cuda/cuda_visit.h"
#include "kernels/cuda/merge_kernels.h"
#include "kernels/pixel.h"

#include "base/banned.h"

static const ost_cuda_merge_method methods[] = {
    [OST_MERGE_MEAN] = OST_CUDA_MERGE_MEAN,
    [OST_MERGE_MAX] = OST_CUDA_MERGE_MAX,
    [OST_MERGE_WEIGHTED] = OST_CUDA_MERGE_WEIGHTED,
    [OST_MERGE_VOTE] = OST_CUDA_MERGE_VOTE,
};

typedef struct merging {
    const ost_merge *spec;
    ost_image whole;
    ost_image *parts;
    int64_t down; /* squares */
    int64_t across;
    int64_t *begin; /* of squares in the list, and its end */
    int32_t *list;
} merging;

/* Squares that a part reaches into: from, and to before. */
typedef struct range {
    int64_t from;
    int64_t to;
} range;

static range squares_of(int64_t begin, int64_t length, int64_t whole)
{
    int64_t a = ost_px_clamp(begin, 0, whole);
    int64_t b = ost_px_clamp(begin + length, 0, whole);

    return a < b ? (range){ a / OST_CUDA_SQUARE, (b - 1) / OST_CUDA_SQUARE + 1 }
                 : (range){ 0, 0 };
}

/* Counts a part in its squares, or lists it there; begin[i + 1] is where the
 * next one of square i goes. */
static void enter(const merging *m, size_t i, bool list)
{
    const ost_merge_part *p = &m->spec->parts[i];
    range y = squares_of(p->top, m->parts[i].h, m->whole.h);
    range x = squares_of(p->left, m->parts[i].w, m->whole.w);

    for (int64_t v = y.from; v < y.to; v++)
        for (int64_t u = x.from; u < x.to; u++) {
            int64_t *next = &m->begin[v * m->across + u + 1];

            if (list)
                m->list[*next] = (int32_t)i;
            (*next)++;
        }
}

static ost_rc list_parts(merging *m, ost_err *err)
{
    size_t squares;
    int64_t total = 0;

    m->down = (m->whole.h + OST_CUDA_SQUARE - 1) / OST_CUDA_SQUARE;
    m->across = (m->whole.w + OST_CUDA_SQUARE - 1) / OST_CUDA_SQUARE;
    squares = (size_t)(m->down * m->across);
    m->begin = ost_try_alloc(squares + 1, sizeof(*m->begin));
    if (!m->begin || m->spec->n > INT32_MAX)
        return ost_fail(err, OST_ENOMEM, "merge: no memory for %zu parts",
                        m->spec->n);
    for (size_t i = 0; i < m->spec->n; i++)
        enter(m, i, false);
    for (size_t i = 0; i < squares; i++) {
        int64_t count = m->begin[i + 1];

        m->begin[i + 1] = total;
        total += count;
    }
    m->list = ost_try_alloc((size_t)total + 1, sizeof(*m->list));
    if (!m->list)
        return ost_fail(err, OST_ENOMEM, "merge: no memory for %zu parts",
                        m->spec->n);
    for (size_t i = 0; i < m->spec->n; i++)
        enter(m, i, true);
    return OST_OK;
}

static const ost_cuda_part *send_parts(ost_cuda_visit *v, const merging *m)
{
    size_t n = m->spec->n;
    ost_cuda_part *parts = ost_try_alloc(n + 1, sizeof(*parts));
    const ost_cuda_part *sent;

    if (!parts) {
        v->rc =
            ost_fail(v->err, OST_ENOMEM, "merge: no memory for %zu parts", n);
        return NULL;
    }
    for (size_t i = 0; i < n; i++)
        parts[i] =
            (ost_cuda_part){ ost_cuda_visit_send(v, &m->parts[i]),
                             m->spec->parts[i].top, m->spec->parts[i].left };
    sent = ost_cuda_visit_send_bytes(v, parts, n, sizeof(*parts));
    ost_free(parts);
    return sent;
}

static ost_rc run(merging *m, ost_merge_gap *gap, bool *left_to_cpu,
                  ost_err *err)
{
    const size_t squares = (size_t)(m->down * m->across);
    ost_cuda_gap none = { 0, UINT64_MAX }, found = none;
    ost_cuda_merge_args args = { .method = methods[m->spec->method],
                                 .fill = (float)m->spec->fill };
    ost_cuda_picture whole;
    ost_cuda_visit v;
    ost_cuda_gap *counted;
    ost_rc rc;

    ost_cuda_visit_begin(&v, err);
    args.parts = send_parts(&v, m);
    args.begin =
        ost_cuda_visit_send_bytes(&v, m->begin, squares + 1, sizeof(*m->begin));
    args.list = ost_cuda_visit_send_bytes(
        &v, m->list, (size_t)m->begin[squares], sizeof(*m->list));
    counted = ost_cuda_visit_send_bytes(&v, &none, 1, sizeof(none));
    whole = ost_cuda_visit_room(&v, m->whole.dtype, m->whole.h, m->whole.w,
                                m->whole.c);
    ost_cuda_visit_run(&v,
                       ost_cuda_merge_parts(&args, &whole, counted, v.stream));
    ost_cuda_visit_bring(&v, &whole, &m->whole, true);
    ost_cuda_visit_bring_bytes(&v, counted, 1, sizeof(found), &found);
    rc = ost_cuda_visit_end(&v);
    *left_to_cpu = v.left_to_cpu;
    if (found.count > 0)
        *gap = (ost_merge_gap){
            (int64_t)found.count,
            (int64_t)found.first / m->whole.w,
            (int64_t)found.first % m->whole.w,
        };
    return rc;
}

ost_rc ost_cuda_merge(const ost_merge *merge, ost_tensor *whole,
                      ost_merge_gap *gap, ost_err *err)
{
    merging m = { .spec = merge };
    bool left_to_cpu = false;
    ost_rc rc = OST_OK;

    *gap = (ost_merge_gap){ 0 };
    m.parts = ost_try_alloc(merge->n + 1, sizeof(*m.parts));
    if (!m.parts)
        rc = ost_fail(err, OST_ENOMEM, "merge: no memory for %zu parts",
                      merge->n);
    if (!rc)
        rc = ost_merge_check(merge, whole, &m.whole, m.parts, err);
    if (rc || ost_image_is_empty(&m.whole))
        goto out;
    rc = list_parts(&m, err);
    if (!rc)
        rc = run(&m, gap, &left_to_cpu, err);
out:
    ost_free(m.list);
    ost_free(m.begin);
    ost_free(m.parts);
    return left_to_cpu ? ost_cpu_merge(merge, whole, gap, err) : rc;
}
