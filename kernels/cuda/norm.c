/* kernels/cuda/norm.c - batch, instance and layer normalization
 *
 * Ioffe and Szegedy, ICML 2015; Ulyanov, Vedaldi and Lempitsky, arXiv
 * 1607.08022, 2016; Ba, Kiros and Hinton, arXiv 1607.06450, 2016, and, for what
 * has positions, Wu and He, ECCV 2018.  What differs is which numbers share a
 * mean (norm_kernels.h).
 *
 * An addition and a ReLU, leaky or not, that follow are done in the same pass
 * over the numbers; so is, on the way back, a ReLU that follows at once.
 * Running statistics: new = (1 - momentum) * old + momentum * batch, with the
 * unbiased variance of the batch.
 */
#include "base/alloc.h"
#include "kernels/cuda/cuda.h"
#include "kernels/cuda/norm_kernels.h"

#include <string.h>

#include "base/banned.h"

enum { WEIGHT, BIAS, RUNNING_MEAN, RUNNING_VAR };

typedef struct norm {
    ost_norm_work work;
    float *measured; /* of parts: forward, */
    float *summed;   /* and backward */
    float *stats;
    const ost_value *addend; /* of a following addition; NULL: none follows */
    bool bends;              /* a ReLU follows */
    float slope;             /* of its negative side */
    bool gates; /* a ReLU that follows has its gradient computed here */
    float gate_slope;
} norm;

static void release(ost_layer *layer)
{
    ost_free(layer->state);
    layer->state = NULL;
}

static bool is_batch(const ost_layer *layer)
{
    return layer->n_weights > RUNNING_VAR;
}

/* What is told at run time, since places of memory change. */
static ost_norm_work work_of(const ost_layer *layer, float *partial)
{
    const norm *s = layer->state;
    ost_norm_work w = s->work;

    w.stats = s->stats;
    w.partial = partial;
    if (layer->n_weights) {
        w.weight = layer->weights[WEIGHT]->data;
        w.bias = layer->weights[BIAS]->data;
    }
    return w;
}

static ost_rc forward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    const norm *s = layer->state;
    ost_norm_work w = work_of(layer, s->measured);
    ost_norm_forward p = {
        .source = pass->again ? OST_NORM_FROM_STATS : OST_NORM_FROM_NUMBERS,
        .x = layer->in[0]->data,
        .addend = s->addend ? s->addend->data : NULL,
        .bends = s->bends,
        .slope = s->slope,
        .y = layer->out->data,
    };

    if (is_batch(layer) && !layer->live)
        p.source = OST_NORM_FROM_RUNNING;
    if (is_batch(layer) && (!layer->live || layer->training)) {
        p.running_mean = layer->weights[RUNNING_MEAN]->data;
        p.running_var = layer->weights[RUNNING_VAR]->data;
        p.momentum = ost_layer_attr(layer, "momentum");
    }
    return ost_cuda_check(ost_cuda_launch_norm(&w, &p, ost_cuda_here()->stream),
                          "normalize", err);
}

static ost_rc backward(ost_layer *layer, const ost_pass *pass, ost_err *err)
{
    const norm *s = layer->state;
    ost_norm_work w = work_of(layer, s->summed);
    ost_norm_backward p = {
        .x = layer->in[0]->data,
        .dy = layer->out->grad,
        .bends = s->gates,
        .slope = s->gate_slope,
        .dx = layer->in_grad[0],
        .add = layer->add_in[0],
    };

    (void)pass;
    if (layer->n_weights) {
        p.weight_grad = layer->weight_grad[WEIGHT];
        p.bias_grad = layer->weight_grad[BIAS];
        p.add_weight = layer->add_weight[WEIGHT];
        p.add_bias = layer->add_weight[BIAS];
    }
    return ost_cuda_check(
        ost_cuda_launch_norm_back(&w, &p, ost_cuda_here()->stream),
        "normalize backward", err);
}

static bool take_bend(norm *s, float slope)
{
    s->slope = slope;
    return s->bends = true;
}

static bool fuse(ost_layer *layer, const ost_layer *next)
{
    norm *s = layer->state;
    const char *kind = next->kind->name;
    const ost_value *other;

    if (s->bends)
        return false;
    if (strcmp(kind, "relu") == 0)
        return take_bend(s, 0.0f);
    if (strcmp(kind, "leaky_relu") == 0)
        return take_bend(s, (float)ost_layer_attr(next, "slope"));
    if (strcmp(kind, "add") != 0 || next->n_inputs != 2 || s->addend)
        return false;
    other = next->in[next->in[0]->data_home == layer->out->data_home];
    if (!ost_value_same_shape(other, layer->out))
        return false;
    s->addend = other;
    return true;
}

/* What a ReLU lets through is told by the number that it has bent, which is
 * computed again: that is what the norm makes, if nothing is in between. */
static bool fuse_back(ost_layer *layer, const ost_layer *next)
{
    norm *s = layer->state;
    bool leaky = strcmp(next->kind->name, "leaky_relu") == 0;
    double slope = leaky ? ost_layer_attr(next, "slope") : 0.0;

    if (s->gates || slope < 0.0 || next->in[0] != layer->out ||
        (!leaky && strcmp(next->kind->name, "relu") != 0))
        return false;
    s->gate_slope = (float)slope;
    return s->gates = true;
}

static ost_norm_groups groups_of(int64_t groups, int64_t rows, int64_t area)
{
    return (ost_norm_groups){
        .groups = groups,
        .rows = rows,
        .area = area,
        .cut = ost_cut_of(rows * area, groups),
    };
}

static void ask_memory(ost_layer *layer, norm *s)
{
    const ost_norm_groups *all = &s->work.all;
    const ost_norm_groups *sums = &s->work.sums;
    size_t stats = (size_t)all->groups * OST_NORM_STATS * sizeof(float);
    size_t part = sizeof(float);

    if (layer->training)
        ost_layer_memory(layer, stats, OST_LIFE_SAVED, &s->stats);
    if (!ost_norm_is_whole(all) && (!is_batch(layer) || layer->live))
        ost_layer_memory(layer,
                         (size_t)(all->groups * all->cut.parts) *
                             OST_NORM_MOMENTS * part,
                         OST_LIFE_FORWARD, &s->measured);
    if (layer->training)
        ost_layer_memory(layer,
                         (size_t)(sums->groups * sums->cut.parts) *
                             OST_NORM_SUMS * part,
                         OST_LIFE_BACKWARD, &s->summed);
}

/* What all three have in common; `all` are the numbers that share a mean. */
static ost_rc prepare(ost_layer *layer, ost_norm_groups all, ost_err *err)
{
    const ost_value *in = layer->in[0];
    norm *s = ost_xalloc(sizeof(*s));
    ost_norm_work *w = &s->work;
    ost_rc rc = OST_OK;

    layer->state = s;
    layer->release = release;
    layer->forward = forward;
    layer->backward = backward;
    layer->fuse = fuse;
    layer->fuse_back = fuse_back;
    layer->adds = layer->adds_in = true;
    w->all = w->sums = all;
    w->channels = ost_value_channels(in);
    w->positions = ost_value_area(in);
    w->share = 1.0 / (double)all.cut.count;
    w->unbiased_share =
        all.cut.count > 1 ? 1.0 / (double)(all.cut.count - 1) : 0.0;
    w->epsilon = ost_layer_attr(layer, "epsilon");
    if (all.area > w->positions && layer->n_weights) {
        w->together = true;
        w->sums = groups_of(in->shape[0] * w->channels, 1, w->positions);
        if (all.area > INT32_MAX)
            return ost_fail(err, OST_EINPUT, "its input is too large");
    }
    for (int i = 0; i < layer->n_weights && !rc; i++)
        rc = ost_layer_place_weight(layer, i, w->channels, NULL, err);
    if (!rc)
        ask_memory(layer, s);
    return rc;
}

ost_rc ost_cuda_batch_norm(ost_layer *layer, ost_err *err)
{
    const ost_value *in = layer->in[0];
    int64_t area = ost_value_area(in);

    if (layer->live && in->shape[0] * area < 2)
        return ost_fail(err, OST_EINPUT,
                        "training needs more than one value per channel");
    return prepare(layer, groups_of(ost_value_channels(in), in->shape[0], area),
                   err);
}

static ost_rc item_norm(ost_layer *layer, int64_t groups, int64_t area,
                        ost_err *err)
{
    if (layer->training && area < 2)
        return ost_fail(err, OST_EINPUT,
                        "training needs more than one value to normalize");
    return prepare(layer, groups_of(groups, 1, area), err);
}

ost_rc ost_cuda_instance_norm(ost_layer *layer, ost_err *err)
{
    const ost_value *in = layer->in[0];

    return item_norm(layer, in->shape[0] * ost_value_channels(in),
                     ost_value_area(in), err);
}

ost_rc ost_cuda_layer_norm(ost_layer *layer, ost_err *err)
{
    const ost_value *in = layer->in[0];
    ost_rc rc = item_norm(layer, in->shape[0],
                          ost_value_channels(in) * ost_value_area(in), err);
    norm *s = layer->state;

    if (!rc)
        s->work.unbiased = ost_layer_attr_word(layer, "deviation") == 1;
    return rc;
}
