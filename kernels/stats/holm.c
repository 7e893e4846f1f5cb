/* kernels/stats/holm.c - p-values of several tests (Holm 1979) */
#include "base/alloc.h"
#include "kernels/stats/hypothesis.h"
#include "kernels/stats/sorting.h"

#include "base/banned.h"

void ost_holm(const double *p, size_t n, double *adjusted)
{
    double *known = ost_xalloc(sizeof(*known) * (n + 1)), most = 0;
    uint32_t *index = ost_xalloc(2 * sizeof(*index) * (n + 1));
    uint32_t *of = index + n;
    size_t count = 0;

    for (size_t i = 0; i < n; i++) {
        adjusted[i] = OST_UNDEFINED;
        if (isnan(p[i]))
            continue;
        known[count] = p[i];
        of[count++] = (uint32_t)i;
    }
    ost_sort_falling(known, count, index);
    for (size_t k = count; k > 0; k--) {
        most = fmin(fmax(most, known[index[k - 1]] * (double)k), 1);
        adjusted[of[index[k - 1]]] = most;
    }
    ost_free(known);
    ost_free(index);
}
