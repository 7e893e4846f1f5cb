/* kernels/cpu/cpu.h - the CPU backend: oneDNN, OpenMP and our own loops
 *
 * Private to kernels/cpu/ and kernels/backend.c.
 */
#ifndef OST_KERNELS_CPU_CPU_H
#define OST_KERNELS_CPU_CPU_H

#include "kernels/backend.h"
#include "kernels/layer.h"
#include "kernels/loss.h"
#include "kernels/optimizer.h"
#include "kernels/spectral.h"

#include <stdint.h>

ost_rc ost_cpu_open(const char *numeric_class, int threads,
                    ost_backend **backend, ost_err *err);

#define OPERATOR(name, args) ost_rc ost_cpu_##name args;
#include "kernels/operator_list.def"

/* The channel block that this machine's instructions like: 16 or 8. */
int ost_cpu_block(const ost_backend *backend);

/* `out` gets the layout of input 0, for layers that work number by number. */
void ost_cpu_same_layout(ost_layer *layer);
/* The channel block for a layer whose values lie alike: that of the first of
 * its largest inputs that is not plain, or 1. */
int ost_cpu_common_block(const ost_layer *layer);
/* Makes input 0's block one of at most `most` lanes. */
int ost_cpu_limit_block(ost_layer *layer, int most);

enum { OST_CPU_CHUNK = 4096 }; /* floats that one thread takes at a time */
static inline int64_t ost_cpu_chunks(int64_t count)
{
    return (count + OST_CPU_CHUNK - 1) / OST_CPU_CHUNK;
}

#endif
