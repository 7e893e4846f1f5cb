/* kernels/memory_plan.c - who may use which bytes, and when */
#include "kernels/memory_plan.h"

#include "base/alloc.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/banned.h"

enum { ALIGN = 64 };

static int larger_first(const void *a, const void *b)
{
    const ost_span *x = *(const ost_span *const *)a;
    const ost_span *y = *(const ost_span *const *)b;

    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? 1 : -1;
    return x < y ? -1 : x > y;
}

static int longer_first(const void *a, const void *b)
{
    const ost_span *x = *(const ost_span *const *)a;
    const ost_span *y = *(const ost_span *const *)b;

    if (x->to - x->from != y->to - y->from)
        return x->to - x->from < y->to - y->from ? 1 : -1;
    return larger_first(a, b);
}

static int earlier_first(const void *a, const void *b)
{
    const ost_span *x = *(const ost_span *const *)a;
    const ost_span *y = *(const ost_span *const *)b;

    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    return larger_first(a, b);
}

static int (*const orders[])(const void *, const void *) = {
    larger_first,
    longer_first,
    earlier_first,
};

enum { ORDERS = sizeof(orders) / sizeof(orders[0]) };

static int lower_first(const void *a, const void *b)
{
    const ost_span *x = *(const ost_span *const *)a;
    const ost_span *y = *(const ost_span *const *)b;

    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    return x < y ? -1 : x > y;
}

/* The lowest place for `span` between those of the `n` placed ones that are
 * needed while it is; `busy` has room for them. */
static size_t lowest_gap(const ost_span *span, ost_span *const *placed,
                         size_t n, const ost_span **busy)
{
    size_t count = 0;
    size_t at = 0;

    for (size_t i = 0; i < n; i++)
        if (placed[i]->from <= span->to && span->from <= placed[i]->to)
            busy[count++] = placed[i];
    qsort(busy, count, sizeof(*busy), lower_first);
    for (size_t i = 0; i < count; i++) {
        if (busy[i]->offset >= at && busy[i]->offset - at >= span->bytes)
            break;
        if (busy[i]->offset + busy[i]->bytes > at)
            at = busy[i]->offset + busy[i]->bytes;
    }
    return at;
}

/* Places all spans in the order that they have in `order`. */
static size_t place(ost_span **order, size_t count, const ost_span **busy)
{
    size_t total = 0;

    for (size_t i = 0; i < count; i++) {
        order[i]->offset = lowest_gap(order[i], order, i, busy);
        if (order[i]->offset + order[i]->bytes > total)
            total = order[i]->offset + order[i]->bytes;
    }
    return total;
}

size_t ost_memory_plan(ost_span *spans, size_t count)
{
    ost_span **order = ost_xalloc((count + 1) * sizeof(*order));
    const ost_span **busy = ost_xalloc((count + 1) * sizeof(*busy));
    size_t best = 0;
    size_t total = SIZE_MAX;
    size_t sum = 0;

    for (size_t i = 0; i < count; i++) {
        if (spans[i].bytes > SIZE_MAX / 2 - sum - ALIGN)
            goto out;
        spans[i].bytes = (spans[i].bytes + ALIGN - 1) / ALIGN * ALIGN;
        sum += spans[i].bytes;
        order[i] = &spans[i];
    }
    for (size_t k = 0; k <= ORDERS; k++) {
        size_t bytes;

        qsort(order, count, sizeof(ost_span *), orders[k < ORDERS ? k : best]);
        bytes = place(order, count, busy);
        if (bytes < total) {
            total = bytes;
            best = k;
        }
    }
out:
    ost_free(busy);
    ost_free(order);
    return total;
}
