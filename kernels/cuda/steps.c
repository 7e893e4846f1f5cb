/* kernels/cuda/steps.c - updates of many weights in few launches */
#include "kernels/cuda/steps.h"

#include "base/banned.h"

static int64_t blocks_of(int64_t count)
{
    return (count + OST_STEP_NUMBERS - 1) / OST_STEP_NUMBERS;
}

int64_t ost_cuda_step_blocks(const ost_update *updates, int count)
{
    int64_t blocks = 0;

    for (int i = 0; i < count; i++)
        blocks += blocks_of(updates[i].count);
    return blocks;
}

static void add_array(ost_step_args *args, const ost_update *u)
{
    int k = args->arrays++;

    args->array[k] = (ost_step_array){ .data = u->data,
                                       .grad = u->grad,
                                       .state = { u->state[0], u->state[1] },
                                       .count = u->count,
                                       .decay = (float)u->decay,
                                       .shrink = (float)u->shrink };
    args->first[k + 1] = args->first[k] + (uint32_t)blocks_of(u->count);
}

ost_rc ost_cuda_steps(const ost_update *updates, int count, ost_step_args *args,
                      ost_cuda_step_fn *launch, void *given, ost_err *err)
{
    int64_t before = 0;

    for (int i = 0; i < count;) {
        ost_rc rc;

        args->arrays = 0;
        args->first[0] = 0;
        for (; i < count && args->arrays < OST_STEP_ARRAYS; i++)
            if (updates[i].count > 0)
                add_array(args, &updates[i]);
        if (args->arrays == 0)
            break;
        rc = ost_cuda_check(launch(args, before, given), "update weights", err);
        if (rc)
            return rc;
        before += args->first[args->arrays];
    }
    return OST_OK;
}
