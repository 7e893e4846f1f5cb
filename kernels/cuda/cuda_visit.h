/* kernels/cuda/cuda_visit.h - an operator on images goes to the device and back
 *
 * Image operators take and give tensors in the host's memory, with any strides.
 * A visit packs them in pinned memory, sends them, launches kernels on the
 * stream of the backend, brings results, and waits once, at its end.  One visit
 * is at the device at a time; others wait.
 *
 *     rc = ost_X_check(...);            the CPU operator's
 *     ost_cuda_visit_begin(&v, err);
 *     in = ost_cuda_visit_send(&v, &image);
 *     out = ost_cuda_visit_room(&v, dtype, h, w, c);
 *     ost_cuda_visit_run(&v, ost_cuda_SOMETHING(&in, &out, v.stream));
 *     ost_cuda_visit_bring(&v, &out, &made, 0);
 *     return ost_cuda_visit_end(&v);
 *
 * The first failure is kept, and what comes after it does nothing.  Where
 * v.left_to_cpu is set at the end nothing was written, and the operator calls
 * its twin on the CPU, which makes the same bytes.  That is so for
 *
 *   - NaN among results that are computed in f32.  Which of the 2^23 it is
 *     depends on the processor;
 *   - images of 2^31 values and more.
 */
#ifndef OST_KERNELS_CUDA_CUDA_VISIT_H
#define OST_KERNELS_CUDA_CUDA_VISIT_H

#include "base/vec.h"
#include "kernels/cpu/rows.h"
#include "kernels/cuda/cuda.h"
#include "kernels/cuda/picture.h"

#include <stdbool.h>

/* What comes back. */
typedef struct ost_cuda_homecoming {
    const void *pinned;
    size_t bytes;
    void *plain; /* bytes go here, or */
    ost_image image;
    bool computed; /* in floating point */
} ost_cuda_homecoming;

typedef struct ost_cuda_visit {
    ost_cuda *cuda;
    void *stream; /* what kernels are launched on */
    ost_rc rc;
    ost_err *err;
    bool left_to_cpu;
    OST_VEC(void *) rooms;
    OST_VEC(ost_cuda_homecoming) coming;
} ost_cuda_visit;

void ost_cuda_visit_begin(ost_cuda_visit *v, ost_err *err);

/* Memory of the device until the end; zeroed. */
void *ost_cuda_visit_bytes(ost_cuda_visit *v, size_t count, size_t size);
/* A picture of it. */
ost_cuda_picture ost_cuda_visit_room(ost_cuda_visit *v, ost_dtype dtype,
                                     int64_t h, int64_t w, int64_t c);

/* A copy of an image on the device. */
ost_cuda_picture ost_cuda_visit_send(ost_cuda_visit *v, const ost_image *image);
/* A copy of `count` things of `size` bytes. */
void *ost_cuda_visit_send_bytes(ost_cuda_visit *v, const void *from,
                                size_t count, size_t size);

/* The bits of a value as a type has it, in the lowest bytes. */
uint32_t ost_cuda_bits_of(ost_dtype dtype, float v);

/* Nothing more is to be done. */
bool ost_cuda_visit_is_over(const ost_cuda_visit *v);
/* Takes the status of a launch; run() launches unless all is over. */
void ost_cuda_visit_ran(ost_cuda_visit *v, int status);
#define ost_cuda_visit_run(v, launch)    \
    ((void)(ost_cuda_visit_is_over(v) || \
            (ost_cuda_visit_ran((v), (launch)), false)))

/* What `image` becomes at the end, of the picture's size and type.  `computed`
 * says that its f32 are made, not moved. */
void ost_cuda_visit_bring(ost_cuda_visit *v, const ost_cuda_picture *picture,
                          const ost_image *image, bool computed);
void ost_cuda_visit_bring_bytes(ost_cuda_visit *v, const void *device,
                                size_t count, size_t size, void *to);

/* Waits, and puts what was to be brought so far where it belongs: for operators
 * that have to know something before they go on. */
ost_rc ost_cuda_visit_wait(ost_cuda_visit *v);
/* The same, and all memory is given back. */
ost_rc ost_cuda_visit_end(ost_cuda_visit *v);

/* Gives back the pinned memory that is kept between visits. */
void ost_cuda_visit_close(ost_cuda *cuda);

#endif
