/* kernels/cpu/value_loss.c - sums of losses, the same for any thread count */
#include "kernels/cpu/value_loss.h"

#include "kernels/cpu/threads.h"

#include <math.h>

#include "base/banned.h"

int ost_loss_pieces(int64_t count)
{
    int64_t chunks = ost_cpu_chunks(count);

    return chunks < OST_LOSS_PIECES ? (int)chunks : OST_LOSS_PIECES;
}

double ost_loss_sum(const double *part, int pieces)
{
    double sum = 0.0;

    for (int i = 0; i < pieces; i++)
        sum += part[i];
    return sum;
}

double ost_sigmoid(double x)
{
    double e = exp(-fabs(x));

    return x < 0.0 ? e / (1.0 + e) : 1.0 / (1.0 + e);
}

/* Numbers a to e, which go through the channels' rows of `area` numbers. */
static double sum_span(const ost_value_loss *l, ost_loss_term term,
                       double scale, int64_t area, int64_t a, int64_t e)
{
    int64_t channels = l->output.ndim > 1 ? l->output.shape[1] : 1;
    const float *x = l->output.data;
    double sum = 0.0;

    for (int64_t i = a; i < e; i++) {
        int64_t c = i / area % channels;
        double w = l->weights ? (double)l->weights[c] : 1.0;
        double slope;

        sum += term((double)x[i], (double)l->target[i], w, l->gamma, &slope);
        if (l->grad)
            l->grad[i] = (float)(slope * scale);
    }
    return sum * scale;
}

ost_rc ost_cpu_value_loss(const ost_value_loss *l, ost_loss_term term)
{
    int64_t count = ost_tensor_count(&l->output);
    int64_t items = l->output.shape[0];
    double total = l->total > 0.0 ? l->total : (double)items;
    double scale = 1.0 / (total * (double)(count / items));
    int pieces = ost_loss_pieces(count);
    double part[OST_LOSS_PIECES];
    int64_t area = 1;

    for (int i = 2; i < l->output.ndim; i++)
        area *= l->output.shape[i];
    OST_OMP("omp parallel for schedule(static)")
    for (int i = 0; i < pieces; i++)
        part[i] = sum_span(l, term, scale, area, ost_loss_piece(count, i),
                           ost_loss_piece(count, i + 1));
    if (l->loss)
        *l->loss = ost_loss_sum(part, pieces);
    return OST_OK;
}
