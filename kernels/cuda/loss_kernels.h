/* kernels/cuda/loss_kernels.h - what outputs cost, and their gradients
 *
 * All in the device's memory.  Sums are taken in double, part by part
 * (kernels/cuda/cuts.h), and the parts joined in their order.  Each function
 * returns the cudaError_t of its launches on `stream` and does not wait.
 */
#ifndef OST_KERNELS_CUDA_LOSS_KERNELS_H
#define OST_KERNELS_CUDA_LOSS_KERNELS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What one number adds to the sum: kernels/loss.h has the formulas.  The last
 * four are those of discriminators, whose `label` is one for all; LINE is label
 * times x. */
typedef enum ost_loss_term {
    OST_LOSS_SIGMOID,
    OST_LOSS_FOCAL,
    OST_LOSS_L1,
    OST_LOSS_L2,
    OST_LOSS_BCE,
    OST_LOSS_SQUARES,
    OST_LOSS_HINGE,
    OST_LOSS_LINE,
} ost_loss_term;

/* loss = scale * the sum of terms, grad = scale * weight * their slopes. */
typedef struct ost_loss_args {
    ost_loss_term term;
    const float *x;
    const float *target;  /* NULL for the last four */
    const float *weights; /* of the channels; NULL: all 1 */
    float *grad;          /* or NULL */
    int64_t count;
    int64_t channels;
    int64_t area;
    double label;
    double gamma;
    double scale;
    double weight;
    double *parts; /* room for ost_cuda_loss_parts() */
    double *loss;  /* or NULL */
} ost_loss_args;

int64_t ost_cuda_loss_parts(int64_t count);
int ost_cuda_launch_loss(const ost_loss_args *loss, void *stream);

/* dice, of `items` of `count` numbers each. */
typedef struct ost_overlap_args {
    const float *x;
    const float *target;
    float *grad; /* or NULL */
    int64_t items;
    int64_t count;
    double smoothing;
    double scale;
    double *parts; /* room for ost_cuda_overlap_parts() */
    double *loss;  /* or NULL */
} ost_overlap_args;

int64_t ost_cuda_overlap_parts(int64_t items, int64_t count);
int ost_cuda_launch_overlap(const ost_overlap_args *loss, void *stream);

/* What came out of a class loss.  `item` is -1 unless that item has the class
 * `found`, which there is not; no sum is of use then. */
typedef struct ost_class_verdict {
    double loss;
    int64_t item;
    int64_t found;
    int64_t classes;
} ost_class_verdict;

typedef struct ost_class_args {
    const float *logits;
    const int32_t *classes;
    const float *weights; /* or NULL */
    float *probabilities; /* or NULL */
    float *grad;          /* or NULL */
    int64_t items;
    int64_t kinds; /* how many classes there are */
    int64_t area;
    double total;
    double *parts; /* room for ost_cuda_class_parts() */
    ost_class_verdict *verdict;
} ost_class_args;

int64_t ost_cuda_class_parts(int64_t items, int64_t kinds, int64_t area);
int ost_cuda_launch_class(const ost_class_args *loss, void *stream);

/* sum = the sum of squares of `v`; `parts` has room for
 * ost_cuda_loss_parts(). */
int ost_cuda_launch_squares(const float *v, int64_t count, double *parts,
                            double *sum, void *stream);

#ifdef __cplusplus
}
#endif

#endif
