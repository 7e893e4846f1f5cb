/* kernels/network_arrange.c - which layers run where, and who shares memory
 *
 * Three things happen here, none of which changes a number.  A layer absorbs
 * the one before it (max pooling a ReLU, which then works on fewer numbers).  A
 * layer writes over an input that nobody reads any more.  A layer that writes
 * over what it reads is taken over by the one that made that (batch norm takes
 * an addition and a ReLU along, so that the numbers pass through the processor
 * once, and in inference the convolution before may take all three); both then
 * run in the place of the later one, because that may have further inputs.  On
 * the way back both may run in the place of the earlier one.
 */
#include "base/alloc.h"
#include "kernels/network_build.h"

#include "base/banned.h"

static ost_layer *maker_of(const ost_net *net, const ost_value *v)
{
    return v->producer < 0 ? NULL : net->layers.data[v->producer];
}

static void count_readers(ost_net *net)
{
    for (size_t i = 0; i < net->layers.len; i++)
        for (int k = 0; k < net->layers.data[i]->n_inputs; k++)
            net->layers.data[i]->in[k]->consumers++;
    net->output->consumers++; /* the caller */
}

static void absorb(const ost_net *net, ost_layer *l)
{
    ost_layer *before = maker_of(net, l->in[0]);

    if (!l->absorb || !before || before->n_inputs != 1 ||
        l->in[0]->consumers != 1 || before->in[0]->block != l->in[0]->block ||
        !l->absorb(l, before))
        return;
    l->in[0]->consumers = 0;
    l->in[0]->wants_grad = false;
    l->in[0] = before->in[0];
    before->absent = true;
    before->runs = NULL;
}

/* What gradients of values lead to. */
static void find_ends(ost_net *net)
{
    net->input->ends = net->input->wants_grad ? OST_NET_TO_INPUT : 0;
    for (size_t i = 0; i < net->layers.len; i++) {
        ost_layer *l = net->layers.data[i];

        for (int k = 0; k < l->n_inputs; k++)
            l->out->ends |= l->in[k]->ends;
        for (int k = 0; k < l->n_weights; k++)
            if (l->weights[k]->learned)
                l->out->ends |= OST_NET_TO_WEIGHTS;
    }
}

/* What the output does not hang on learns nothing. */
static void find_learners(ost_net *net)
{
    size_t n = net->layers.len;
    bool *reached = ost_xalloc((n + 1) * sizeof(*reached));

    reached[net->output->producer + 1] = net->flags & OST_NET_TRAIN;
    for (size_t i = n; i-- > 0;) {
        ost_layer *l = net->layers.data[i];

        l->learns = reached[i + 1] && l->out->wants_grad;
        for (int k = l->kind->flags & OST_CUTS_FIRST ? 1 : 0;
             l->learns && k < l->n_inputs; k++)
            reached[l->in[k]->producer + 1] = true;
    }
    for (size_t i = 0; i < n; i++)
        if (!reached[i + 1])
            net->layers.data[i]->out->wants_grad = false;
    ost_free(reached);
}

/* Of several inputs those before k must have the output's shape too: others
 * would be spread over it first. */
static bool may_write_over(const ost_net *net, const ost_layer *l, int k)
{
    for (int i = 0; i <= k; i++)
        if (ost_value_stored(l->in[i]) != ost_value_stored(l->out) ||
            (l->n_inputs > 1 && !ost_value_same_shape(l->in[i], l->out)))
            return false;
    return l->in[k]->consumers == 1 && maker_of(net, l->in[k]);
}

/* Whether backward functions have no need of what `l` would write over. */
static bool is_done_with(const ost_net *net, const ost_layer *l,
                         const ost_value *in)
{
    const ost_layer *maker = maker_of(net, in);

    return !(l->learns && (l->kind->flags & OST_READS_INPUT)) &&
           !(maker->learns && (maker->kind->flags & OST_READS_OUTPUT));
}

/* Whether what makes `v` takes layers along. */
static bool is_led(const ost_net *net, const ost_value *v)
{
    const ost_layer *leader = maker_of(net, v)->runs;

    return leader && leader->fuse;
}

/* The input that `l` writes over, of the first `choices`; NULL: none.  In
 * inference it is the one that is made last, if its maker may take `l` along:
 * that finds the other one ready. */
static const ost_value *written_over(const ost_net *net, const ost_layer *l,
                                     int choices)
{
    const ost_value *best = NULL;

    for (int k = 0; k < choices; k++) {
        const ost_value *in = l->in[k];

        if (!may_write_over(net, l, k) || !is_done_with(net, l, in))
            continue;
        if (!best ||
            (!l->training && is_led(net, in) && in->producer > best->producer))
            best = in;
    }
    return best;
}

/* A layer that may write over an input does so when nobody else reads it. */
static void share(const ost_net *net, ost_layer *l)
{
    int choices = l->n_inputs < 2 ? l->n_inputs : 2;
    const ost_value *over;

    if (!(l->kind->flags & OST_IN_PLACE))
        return;
    over = written_over(net, l, choices);
    if (over)
        l->out->data_home = over->data_home;
    for (int k = 0; k < choices; k++) {
        const ost_value *in = l->in[k];

        if (!may_write_over(net, l, k) || !in->wants_grad)
            continue;
        l->out->grad_home = in->grad_home;
        break;
    }
}

/* The layer that makes what `l` writes over takes `l` along if it can. */
static void fuse(const ost_net *net, ost_layer *l)
{
    for (int k = 0; k < l->n_inputs; k++) {
        ost_layer *tail = maker_of(net, l->in[k]);
        ost_layer *leader;

        if (!tail || l->in[k]->data_home != l->out->data_home)
            continue;
        leader = tail->runs;
        if (!leader || !leader->fuse || !leader->fuse(leader, l))
            return;
        tail->runs = NULL;
        l->runs = leader;
        for (int i = leader->serial; i < l->serial; i++)
            if (net->layers.data[i]->at == tail->serial)
                net->layers.data[i]->at = l->serial;
        return;
    }
}

/* What makes the input of `l` takes its backward over if it can. */
static void fuse_back(const ost_net *net, ost_layer *l)
{
    const ost_value *in = l->in[0];
    ost_layer *leader = maker_of(net, in);

    if (!leader || l->n_inputs != 1 || !l->learns || in->consumers != 1 ||
        in->grad_home != l->out->grad_home)
        return;
    if (leader->led_by)
        leader = leader->led_by;
    if (!leader->learns || !leader->fuse_back || !leader->fuse_back(leader, l))
        return;
    l->led_by = leader;
    leader->leads = true;
}

void ost_net_arrange(ost_net *net)
{
    bool plain = net->flags & OST_NET_KEEP;

    for (size_t i = 0; i < net->values.len; i++) {
        net->values.data[i]->data_home = net->values.data[i];
        net->values.data[i]->grad_home = net->values.data[i];
    }
    count_readers(net);
    for (size_t i = 0; i < net->layers.len; i++) {
        ost_layer *l = net->layers.data[i];

        l->runs = l;
        l->at = l->serial;
        if (!plain)
            absorb(net, l);
    }
    find_ends(net);
    find_learners(net);
    for (size_t i = 0; i < net->layers.len; i++) {
        ost_layer *l = net->layers.data[i];

        if (l->absent)
            continue;
        share(net, l);
        if (plain)
            continue;
        fuse(net, l);
        fuse_back(net, l);
    }
}
