/* kernels/network_pass.c - what a network makes of numbers, and back
 *
 * A device that can (backend->record) is told a pass call by call the first
 * time, which also lets libraries settle what they do only once.  The second
 * time what it is told is recorded, and from then on it is told all of it at
 * once.  What changes the calls of a pass stands in ost_recording; what differs
 * otherwise from one pass to the next, the draw and the numbers that come in,
 * is in the device's memory.
 */
#include "base/alloc.h"
#include "base/log.h"
#include "kernels/network_build.h"

#include <string.h>

#include "base/banned.h"

enum { RECORDINGS = 16 };

/* --- in and out ---------------------------------------------------------- */

ost_tensor ost_net_input(ost_net *net)
{
    return ost_tensor_of(net->input->data, OST_F32, net->input->ndim,
                         net->input->shape);
}

ost_tensor ost_net_output(const ost_net *net)
{
    return ost_tensor_of(net->output->data, OST_F32, net->output->ndim,
                         net->output->shape);
}

ost_tensor ost_net_output_grad(ost_net *net)
{
    return ost_tensor_of(net->output->grad, OST_F32, net->output->ndim,
                         net->output->shape);
}

ost_tensor ost_net_input_grad(const ost_net *net)
{
    return ost_tensor_of(net->input->grad, OST_F32, net->input->ndim,
                         net->input->shape);
}

static size_t bytes_of(const ost_value *v)
{
    return (size_t)ost_value_stored(v) * sizeof(float);
}

static ost_rc need_host(const ost_net *net, const ost_value *v, void **memory,
                        ost_err *err)
{
    if (!*memory)
        *memory = net->backend->host_alloc(net->backend, bytes_of(v));
    if (!*memory)
        return ost_backend_no_memory(
            net->backend, err, "numbers that go to the device or come from it");
    return OST_OK;
}

ost_rc ost_net_host_input(ost_net *net, ost_tensor *input, ost_err *err)
{
    void **memory = &net->host_input[net->turn];
    ost_rc rc = OST_OK;

    *input = ost_net_input(net);
    if (net->backend->host_memory)
        return OST_OK;
    if (*memory)
        rc = net->backend->sent(net->backend, *memory, err);
    else
        rc = need_host(net, net->input, memory, err);
    input->data = *memory;
    net->fed = !rc;
    return rc;
}

ost_rc ost_net_host_output(ost_net *net, ost_tensor *output, ost_err *err)
{
    ost_rc rc;

    *output = ost_net_output(net);
    if (net->backend->host_memory)
        return OST_OK;
    rc = need_host(net, net->output, &net->host_output, err);
    if (!rc)
        rc = net->backend->read(net->backend, net->host_output,
                                net->output->data, bytes_of(net->output), err);
    output->data = net->host_output;
    return rc;
}

/* What was filled in on the host. */
static ost_rc send_input(ost_net *net, ost_err *err)
{
    const void *from = net->host_input[net->turn];

    if (!net->fed)
        return OST_OK;
    net->fed = false;
    net->turn = !net->turn;
    return net->backend->send(net->backend, net->input->data, from,
                              bytes_of(net->input), err);
}

const uint64_t *ost_layer_draw(const ost_layer *layer)
{
    layer->net->draws = true;
    return layer->net->draw;
}

/* Tells a device with memory of its own what names the pass's numbers, if any
 * layer wants to know; after the first pass that is known. */
static ost_rc send_draw(ost_net *net, uint64_t draw, ost_err *err)
{
    ost_backend *b = net->backend;

    if (b->host_memory || (net->draw && !net->draws))
        return OST_OK;
    if (!net->draw)
        net->draw = b->alloc(b, sizeof(draw), "numbers of a pass");
    if (!net->draw)
        return ost_backend_no_memory(b, err, "numbers of a pass");
    return b->set(net->draw, draw, err);
}

/* --- call by call -------------------------------------------------------- */

static ost_rc run_forward(ost_net *net, ost_err *err)
{
    const ost_pass pass = net->tape.pass;

    ost_tape_start(&net->tape, pass);
    for (size_t i = 0; i < net->layers.len; i++) {
        ost_layer *l = net->layers.data[i];
        ost_rc rc = OST_OK;

        if (l->runs) {
            ost_backend_enter(net->backend, l->runs->name);
            rc = l->runs->forward(l->runs, &pass, err);
            ost_backend_leave(net->backend);
        }
        if (rc) {
            ost_err_at(err, "layer '%s' (%s)", l->name, l->kind->name);
            return rc;
        }
        ost_tape_record(&net->tape, l);
    }
    return OST_OK;
}

static ost_rc run(ost_net *net, int pass, unsigned ends, ost_err *err)
{
    if (pass == OST_FORWARD)
        return run_forward(net, err);
    return ost_tape_replay(&net->tape, net->output, ends, err);
}

/* --- recorded ------------------------------------------------------------ */

static size_t count_weights(const ost_net *net)
{
    size_t n = 0;

    for (size_t i = 0; i < net->layers.len; i++)
        n += (size_t)net->layers.data[i]->n_weights;
    return n;
}

/* Copies whether weights have gradients to `set`, or from it. */
static void copy_set(const ost_net *net, bool *set, bool back)
{
    for (size_t i = 0; i < net->layers.len; i++)
        for (int k = 0; k < net->layers.data[i]->n_weights; k++, set++) {
            bool *own = &net->layers.data[i]->weights[k]->grad_set;

            *(back ? own : set) = *(back ? set : own);
        }
}

static bool is_like(const ost_recording *r, const ost_recording *now, size_t n)
{
    return r->pass == now->pass && r->ends == now->ends &&
           r->memory == now->memory && r->pool == now->pool &&
           memcmp(r->grad_set, now->grad_set, n * sizeof(bool)) == 0;
}

/* That of a pass like the one that begins; NULL where none is to be made. */
static ost_recording *find(ost_net *net, int pass, unsigned ends)
{
    const ost_pool *pool = net->weights->pool;
    size_t n = count_weights(net);
    ost_recording now = { .pass = pass,
                          .ends = ends,
                          .memory = net->memory,
                          .pool = pool ? pool->memory : NULL };

    if (!net->backend->record || net->unrecorded)
        return NULL;
    now.grad_set = ost_xalloc((n + 1) * sizeof(bool));
    if (pass == OST_BACKWARD)
        copy_set(net, now.grad_set, false);
    for (size_t i = 0; i < net->recordings.len; i++)
        if (is_like(&net->recordings.data[i], &now, n)) {
            ost_free(now.grad_set);
            return &net->recordings.data[i];
        }
    if (net->recordings.len == RECORDINGS) {
        ost_free(now.grad_set);
        return NULL;
    }
    ost_vec_push(&net->recordings, now);
    return &net->recordings.data[net->recordings.len - 1];
}

void ost_net_forget(ost_net *net)
{
    for (size_t i = 0; i < net->recordings.len; i++) {
        if (net->recordings.data[i].work)
            net->backend->forget(net->backend, net->recordings.data[i].work);
        ost_free(net->recordings.data[i].grad_set);
    }
    ost_vec_release(&net->recordings);
}

/* Leaves the network as it was when it fails. */
static ost_rc record(ost_net *net, ost_recording *r, ost_err *err)
{
    ost_backend *b = net->backend;
    ost_rc rc = b->record(b, err);
    ost_rc ended;

    if (rc)
        return rc;
    rc = run(net, r->pass, r->ends, err);
    ended = b->recorded(b, &r->work, rc ? NULL : err);
    if (rc && r->work) {
        b->forget(b, r->work);
        r->work = NULL;
    }
    if (r->pass == OST_BACKWARD)
        copy_set(net, r->grad_set, true);
    return rc ? rc : ended;
}

/* Once for a process. */
static void tell_why(const ost_net *net, const ost_err *err)
{
    static bool told;

    if (!told)
        ost_warn("the backend '%s' is told passes call by call: %s",
                 net->backend->name, err->text);
    told = true;
}

static ost_rc tell(ost_net *net, int pass, unsigned ends, ost_err *err)
{
    ost_recording *r = find(net, pass, ends);
    ost_err why = { 0 };

    ost_net_enter(net, pass);
    if (!r || r->runs++ == 0)
        return run(net, pass, ends, err);
    if (!r->work && record(net, r, &why)) {
        net->unrecorded = true;
        tell_why(net, &why);
        return run(net, pass, ends, err);
    }
    if (pass == OST_BACKWARD)
        ost_tape_skip(&net->tape, ends);
    return net->backend->repeat(net->backend, r->work, err);
}

static ost_rc tell_named(ost_net *net, int pass, unsigned ends, ost_err *err)
{
    ost_rc rc;

    ost_backend_enter(net->backend,
                      pass == OST_FORWARD ? "forward" : "backward");
    rc = tell(net, pass, ends, err);
    ost_backend_leave(net->backend);
    return rc;
}

/* --- passes -------------------------------------------------------------- */

ost_rc ost_net_forward(ost_net *net, uint64_t draw, ost_err *err)
{
    ost_rc rc = send_input(net, err);

    if (!rc)
        rc = send_draw(net, draw, err);
    net->tape.pass = (ost_pass){ .draw = draw };
    return rc ? rc : tell_named(net, OST_FORWARD, 0, err);
}

ost_rc ost_net_backward(ost_net *net, ost_err *err)
{
    return ost_net_backward_to(net, OST_NET_TO_WEIGHTS | OST_NET_TO_INPUT, err);
}

ost_rc ost_net_backward_to(ost_net *net, unsigned ends, ost_err *err)
{
    bool weights = ends & OST_NET_TO_WEIGHTS;

    if (!(net->flags & OST_NET_TRAIN))
        OST_BUG();
    for (size_t i = 0; i < net->layers.len; i++) {
        const ost_layer *l = net->layers.data[i];

        for (int k = 0; k < l->n_weights; k++)
            if (weights && !(net->flags & OST_NET_ADD_GRAD))
                l->weights[k]->grad_set = false;
    }
    return tell_named(net, OST_BACKWARD, ends, err);
}
