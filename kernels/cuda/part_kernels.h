/* kernels/cuda/part_kernels.h - values that stand side by side in a larger one
 *
 * The whole has `rows` rows of `length` numbers; part k has as many rows of
 * `run` numbers, which stand from `first` on in the whole's.
 */
#ifndef OST_KERNELS_CUDA_PART_KERNELS_H
#define OST_KERNELS_CUDA_PART_KERNELS_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { OST_PARTS = 33 };

typedef struct ost_part {
    float *data;
    int64_t first;
    int64_t run;
    int64_t before; /* numbers of a row in the parts before it in the list */
    bool add;       /* split: to what is there */
} ost_part;

typedef struct ost_part_args {
    float *whole;
    int64_t rows;
    int64_t length;
    int parts;
    int64_t listed; /* numbers of a row in all parts of the list */
    bool add;       /* join: to what is there, of the parts in the list */
    ost_part part[OST_PARTS];
} ost_part_args;

/* Each returns the cudaError_t of the launch on `stream` and does not wait.
 *     join   whole = its parts, which the list has all of, side by side;
 *            numbers of a part without data are 0
 *     split  parts = what of the whole is theirs, of those in the list */
int ost_cuda_launch_join(const ost_part_args *parts, void *stream);
int ost_cuda_launch_split(const ost_part_args *parts, void *stream);

#ifdef __cplusplus
}
#endif

#endif
