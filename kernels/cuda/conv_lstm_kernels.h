/* kernels/cuda/conv_lstm_kernels.h - from gates and a state to the next state
 *
 * Of `items` items with gates [i f o g] (items, 4, run), a state [h c] (items,
 * 2, run), or none (NULL: zeros), and the next state (items, 2, run); `run` is
 * hidden channels times positions.  Each returns the cudaError_t of its launch
 * on `stream` and does not wait.
 */
#ifndef OST_KERNELS_CUDA_CONV_LSTM_KERNELS_H
#define OST_KERNELS_CUDA_CONV_LSTM_KERNELS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ost_lstm {
    int64_t items;
    int64_t run;
    const float *gates;
    const float *state;
    float *next;
    /* Backward: */
    const float *next_grad;
    float *gates_grad;
    float *state_grad; /* NULL: not wanted.  That of h is 0: h goes through the
                          convolution. */
} ost_lstm;

int ost_cuda_launch_lstm(const ost_lstm *lstm, void *stream);
int ost_cuda_launch_lstm_back(const ost_lstm *lstm, void *stream);

#ifdef __cplusplus
}
#endif

#endif
