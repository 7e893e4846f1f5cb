/* kernels/cuda/cuts.h - how a sum is cut among blocks, by its length alone
 *
 * What is summed is cut into parts of one size (the last may be shorter), each
 * of which one block sums; what they make is joined in the order of the parts.
 * The same cut on any device gives the same bits.  C and C++ can both read
 * this.
 */
#ifndef OST_KERNELS_CUDA_CUTS_H
#define OST_KERNELS_CUDA_CUTS_H

#include <stdint.h>

/* What a block takes at least: 16 numbers for each of its threads. */
#define OST_PART_LEAST 4096

typedef struct ost_cut {
    int64_t count; /* numbers in all */
    int64_t size;  /* of a part; a multiple of OST_PART_LEAST */
    int64_t parts; /* at least 1 */
} ost_cut;

/* Of `count` numbers, of which `sums` such sums are taken at once: enough
 * parts that they fill a device, few enough that joining them is cheap. */
static inline ost_cut ost_cut_of(int64_t count, int64_t sums)
{
    const int64_t wanted = 2048 / (sums < 1 ? 1 : sums);
    const int64_t most = wanted < 64 ? 64 : wanted < 512 ? wanted : 512;
    const int64_t share = (count + most - 1) / most;
    const int64_t pieces = (share + OST_PART_LEAST - 1) / OST_PART_LEAST;
    ost_cut cut;

    cut.count = count;
    cut.size = (pieces < 1 ? 1 : pieces) * OST_PART_LEAST;
    cut.parts = (count + cut.size - 1) / cut.size;
    if (cut.parts < 1)
        cut.parts = 1;
    return cut;
}

#endif
