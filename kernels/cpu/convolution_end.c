/* kernels/cpu/convolution_end.c - what follows a convolution */
#include "kernels/cpu/convolution_end.h"

#include <string.h>

#include "base/banned.h"

static bool is_kind(const ost_layer *layer, const char *kind)
{
    return strcmp(layer->kind->name, kind) == 0;
}

/* The other operand, if it lies as the output does and is there before the
 * layer runs: to wait for it would take more memory.  Else NULL. */
static const ost_value *addend_of(const ost_layer *layer, const ost_layer *add)
{
    const ost_value *other;

    if (add->n_inputs != 2)
        return NULL;
    other = add->in[add->in[0]->data_home == layer->out->data_home];
    if (other->producer > layer->serial || other->block != layer->out->block ||
        !ost_value_same_shape(other, layer->out))
        return NULL;
    return other;
}

bool ost_finish_take(ost_finish *f, const ost_layer *layer,
                     const ost_layer *next)
{
    if (!f->norm) {
        if (!is_kind(next, "batch_norm") || next->live ||
            next->in_block[0] != layer->out->block)
            return false;
        f->norm = next;
        return true;
    }
    if (f->relu)
        return false;
    if (is_kind(next, "relu"))
        return f->relu = true;
    if (!is_kind(next, "add") || f->addend)
        return false;
    f->addend = addend_of(layer, next);
    return f->addend != NULL;
}

void ost_finish_begin(ost_finish *f)
{
    if (f->norm)
        f->line = ost_batch_norm_line(f->norm);
}
