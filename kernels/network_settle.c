/* kernels/network_settle.c - what is kept for the backward pass, what made
 * again
 *
 * A backward function reads what a forward function has made long before.  What
 * is cheap to make is not kept meanwhile: it is made again, in memory that was
 * needed for other things in between, right before the first backward function
 * that reads it.  The rule hangs on shapes alone:
 *
 * - it must be cheap: no products to speak of, or (a convolution of a few
 *   channels) at most CHEAP operations for each number made, from something
 *   that is kept; or what reads it asks for it (OST_INPUT_AGAIN);
 * - it must not be smaller than what it is made from;
 * - more memory must become free than has to be kept to make it again;
 * - without that the fullest moment of the whole step would be fuller.
 */
#include "base/alloc.h"
#include "kernels/network_build.h"

#include <string.h>

#include "base/banned.h"

enum { CHEAP = 256 };

ost_room *ost_net_room(const ost_net *net, const ost_value *v)
{
    return &net->rooms[v->data_home->producer + 1];
}

int ost_net_backward_tick(const ost_net *net, const ost_layer *layer)
{
    const ost_layer *l = layer->led_by ? layer->led_by : layer;

    return 2 * (int)net->layers.len - l->serial;
}

static void widen(ost_room *r, int tick)
{
    if (tick < r->from)
        r->from = tick;
    if (tick > r->to)
        r->to = tick;
}

static void open_room(ost_room *r, const ost_value *v, int tick)
{
    *r = (ost_room){ .home = v,
                     .bytes = (size_t)ost_value_stored(v) * sizeof(float),
                     .last = v->producer,
                     .again = r->again,
                     .from = tick,
                     .to = tick };
}

/* What the forward pass needs. */
static void open_rooms(ost_net *net)
{
    int last = 2 * (int)net->layers.len;

    open_room(&net->rooms[0], net->input, 0);
    widen(&net->rooms[0], last);
    for (size_t i = 0; i < net->layers.len; i++) {
        const ost_layer *l = net->layers.data[i];
        ost_room *r = ost_net_room(net, l->out);

        if (l->absent)
            continue;
        if (l->out->data_home == l->out)
            open_room(r, l->out, l->at);
        r->last = l->serial;
        widen(r, l->at);
        for (int k = 0; k < l->n_inputs; k++)
            widen(ost_net_room(net, l->in[k]), l->at);
    }
    widen(ost_net_room(net, net->output), last);
}

/* Whether the layer writes into the room. */
static bool writes(const ost_net *net, const ost_layer *l, const ost_room *r)
{
    return !l->absent && ost_net_room(net, l->out) == r;
}

static void need_inputs(const ost_net *net, const ost_layer *l)
{
    for (int k = 0; k < l->n_inputs; k++)
        ost_net_room(net, l->in[k])->needed = true;
}

/* Needs inputs of all that writes into a room that is made again. */
static void need_makers(const ost_net *net, const ost_room *r)
{
    for (int i = r->home->producer; i <= r->last; i++)
        if (writes(net, net->layers.data[i], r))
            need_inputs(net, net->layers.data[i]);
}

static void note_needs(ost_net *net)
{
    for (size_t i = 0; i < net->layers.len; i++) {
        const ost_layer *l = net->layers.data[i];

        if (!l->learns)
            continue;
        if (l->kind->flags & OST_READS_OUTPUT)
            ost_net_room(net, l->out)->needed = true;
        if (l->kind->flags & OST_READS_INPUT)
            need_inputs(net, l);
    }
}

static bool is_kept(const ost_net *net, const ost_room *r)
{
    return r == &net->rooms[0] || (r->needed && !r->again);
}

/* Whether its reader wants the output made again at any price. */
static bool is_asked_for(const ost_net *net, const ost_layer *l)
{
    for (size_t i = (size_t)l->serial + 1; i < net->layers.len; i++) {
        const ost_layer *reader = net->layers.data[i];

        if (reader->n_inputs && reader->in[0] == l->out)
            return reader->kind->flags & OST_INPUT_AGAIN;
    }
    return false;
}

static bool is_cheap(const ost_net *net, const ost_layer *l)
{
    double flops =
        l->kind->flops && !is_asked_for(net, l) ? l->kind->flops(l) : 0.0;

    for (int k = 0; k < l->n_inputs; k++) {
        if (ost_value_stored(l->in[k]) > ost_value_stored(l->out))
            return false;
        if (flops > 0.0 && !is_kept(net, ost_net_room(net, l->in[k])))
            return false;
    }
    return flops <= CHEAP * (double)ost_value_stored(l->out);
}

/* Bytes that must be kept only to make the room's content again; SIZE_MAX when
 * it is not cheap. */
static size_t price(const ost_net *net, const ost_room *r)
{
    size_t bytes = 0;

    for (int i = r->home->producer; i <= r->last; i++) {
        const ost_layer *l = net->layers.data[i];

        if (!writes(net, l, r))
            continue;
        if (!is_cheap(net, l))
            return SIZE_MAX;
        for (int k = 0; k < l->n_inputs; k++) {
            const ost_room *from = ost_net_room(net, l->in[k]);

            if (from != r && !from->needed && from != &net->rooms[0])
                bytes += from->bytes;
        }
    }
    return bytes;
}

static void decide(ost_net *net, ost_room *r)
{
    if (!r->home || !r->needed || r->home->producer < 0 ||
        r == ost_net_room(net, net->output) || price(net, r) >= r->bytes)
        return;
    r->again = true;
    need_makers(net, r);
}

static void make_again(ost_net *net, ost_room *r, ost_layer *before);

/* The backward of `l`, or what is made again for it, reads the room. */
static void read_room(ost_net *net, ost_room *r, ost_layer *l)
{
    int tick = ost_net_backward_tick(net, l);

    if (!r->again) {
        widen(r, tick);
        return;
    }
    if (!r->again_from)
        make_again(net, r, l);
    r->again_to = tick;
}

static void run_again(ost_layer *before, ost_layer *l)
{
    before->again = ost_xrealloc(before->again, (size_t)(before->n_again + 1) *
                                                    sizeof(ost_layer *));
    before->again[before->n_again++] = l;
}

static void make_again(ost_net *net, ost_room *r, ost_layer *before)
{
    r->again_from = ost_net_backward_tick(net, before);
    for (int i = r->home->producer; i <= r->last; i++) {
        ost_layer *l = net->layers.data[i];

        if (!writes(net, l, r))
            continue;
        for (int k = 0; k < l->n_inputs; k++)
            if (ost_net_room(net, l->in[k]) != r)
                read_room(net, ost_net_room(net, l->in[k]), before);
        if (l->runs)
            run_again(before, l->runs);
    }
}

/* The layer after `l` that `leader` leads; NULL: none. */
static const ost_layer *led_after(const ost_net *net, const ost_layer *l,
                                  const ost_layer *leader)
{
    for (size_t i = (size_t)l->serial + 1; leader->leads && i < net->layers.len;
         i++)
        if (net->layers.data[i]->led_by == leader)
            return net->layers.data[i];
    return NULL;
}

/* What the backward of `l` reads, when `reader` runs backward. */
static void read_for(ost_net *net, const ost_layer *l, ost_layer *reader)
{
    if (l->kind->flags & OST_READS_OUTPUT)
        read_room(net, ost_net_room(net, l->out), reader);
    for (int k = 0; k < l->n_inputs; k++)
        if (l->kind->flags & OST_READS_INPUT)
            read_room(net, ost_net_room(net, l->in[k]), reader);
}

/* Goes backward, and makes again what is missing where it is missed. */
static void schedule(ost_net *net)
{
    for (size_t i = net->layers.len; i-- > 0;) {
        ost_layer *l = net->layers.data[i];

        if (!l->learns || l->led_by)
            continue;
        /* It is the only reader of what it leads. */
        for (const ost_layer *f = l; f; f = led_after(net, f, l))
            read_for(net, f, l);
    }
}

/* The bytes of the fullest tick, with rooms made again as they are marked. */
static size_t fullest(ost_net *net, const size_t *use, size_t *room_use)
{
    size_t ticks = 2 * net->layers.len + 2;
    size_t now = 0;
    size_t most = 0;

    for (size_t i = 0; i < net->layers.len; i++)
        net->layers.data[i]->n_again = 0;
    open_rooms(net);
    schedule(net);
    memset(room_use, 0, ticks * sizeof(*room_use));
    for (size_t i = 0; i <= net->layers.len; i++) {
        const ost_room *r = &net->rooms[i];

        if (!r->home)
            continue;
        room_use[r->from] += r->bytes;
        room_use[r->to + 1] -= r->bytes;
        if (r->again_from) {
            room_use[r->again_from] += r->bytes;
            room_use[r->again_to + 1] -= r->bytes;
        }
    }
    for (size_t t = 0; t < ticks; t++) {
        now += room_use[t];
        if (now + use[t] > most)
            most = now + use[t];
    }
    return most;
}

/* Keeps what the fullest moment has room for, the last first. */
static void keep_what_fits(ost_net *net, const size_t *use)
{
    size_t *room_use =
        ost_xalloc((2 * net->layers.len + 2) * sizeof(*room_use));
    size_t most = fullest(net, use, room_use);

    for (size_t i = net->layers.len; i > 0; i--) {
        ost_room *r = &net->rooms[i];
        size_t bytes;

        if (!r->again)
            continue;
        r->again = false;
        bytes = fullest(net, use, room_use);
        r->again = bytes > most;
        if (bytes < most)
            most = bytes;
    }
    fullest(net, use, room_use);
    ost_free(room_use);
}

void ost_net_settle(ost_net *net, const size_t *use)
{
    net->rooms = ost_xalloc((net->layers.len + 1) * sizeof(ost_room));
    open_rooms(net);
    note_needs(net);
    for (size_t i = 0; i < net->layers.len; i++) {
        ost_room *r = ost_net_room(net, net->layers.data[i]->out);

        if (!(net->flags & OST_NET_KEEP) && r->last == (int)i)
            decide(net, r);
    }
    keep_what_fits(net, use);
}
