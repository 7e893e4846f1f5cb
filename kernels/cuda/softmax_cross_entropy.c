/* kernels/cuda/softmax_cross_entropy.c - the loss of classifiers
 *
 * That an item has a class that there is not is told by finish().
 */
#include "kernels/cuda/cuda_transfer.h"
#include "kernels/cuda/loss_kernels.h"

#include "base/banned.h"

/* Room on the device until the next finish(). */
typedef struct room {
    ost_class_verdict *verdict;
    double *parts;
    float *probabilities;
} room;

static ost_rc tell(void *host, const void *brought, ost_err *err)
{
    const ost_class_verdict *v = brought;
    double *loss = host;

    if (v->item >= 0)
        return ost_fail(
            err, OST_EINPUT, "item %lld has class %lld of only %lld",
            (long long)v->item, (long long)v->found, (long long)v->classes);
    if (loss)
        *loss = v->loss;
    return OST_OK;
}

static ost_rc take_room(const ost_class_loss *l, const ost_class_args *args,
                        room *r, ost_err *err)
{
    size_t parts =
        (size_t)ost_cuda_class_parts(args->items, args->kinds, args->area);
    size_t logits = (size_t)ost_tensor_count(&l->logits);
    void *verdict = NULL;
    void *sums = NULL;
    void *probabilities = NULL;
    ost_rc rc = ost_cuda_scratch(sizeof(*r->verdict), &verdict, err);

    if (!rc)
        rc = ost_cuda_scratch(parts * sizeof(*r->parts), &sums, err);
    if (!rc && l->probabilities)
        rc = ost_cuda_scratch(logits * sizeof(float), &probabilities, err);
    *r = (room){ verdict, sums, probabilities };
    return rc;
}

ost_rc ost_cuda_softmax_cross_entropy(const ost_class_loss *loss, ost_err *err)
{
    const ost_class_loss *l = loss;
    ost_class_args args = {
        .logits = l->logits.data,
        .classes = l->classes,
        .weights = l->class_weights,
        .grad = l->grad,
        .items = l->logits.shape[0],
        .kinds = l->logits.shape[1],
        .area = 1,
        .total = l->total,
    };
    room r = { 0 };
    ost_rc rc;

    for (int i = 2; i < l->logits.ndim; i++)
        args.area *= l->logits.shape[i];
    rc = take_room(l, &args, &r, err);
    if (rc)
        return rc;
    args.verdict = r.verdict;
    args.parts = r.parts;
    args.probabilities = r.probabilities;
    rc = ost_cuda_check(ost_cuda_launch_class(&args, ost_cuda_here()->stream),
                        "compute a loss", err);
    if (!rc && l->probabilities)
        rc = ost_cuda_bring(
            l->probabilities, r.probabilities,
            (size_t)ost_tensor_count(&l->logits) * sizeof(float), err);
    if (!rc)
        rc = ost_cuda_tell(tell, l->loss, r.verdict, sizeof(*r.verdict), err);
    return rc;
}
