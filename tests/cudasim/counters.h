/* tests/cudasim/counters.h - what the stand-in for CUDA counted
 *
 * Found by its name in libcudasim.so (dlsym "cudasim_counters"); counts since
 * the process began, of all devices.  With OSTEON_CUDASIM_COUNTERS=<file> the
 * same numbers are written there as JSON when the process ends, by one that had
 * memory on a device.
 */
#ifndef OST_TESTS_CUDASIM_COUNTERS_H
#define OST_TESTS_CUDASIM_COUNTERS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CUDASIM_COUNTERS(X)                                               \
    X(launches)       /* of kernels, by the host: not those of graphs */  \
    X(library_calls)  /* of cuBLAS and cuDNN that put work on a stream */ \
    X(graph_launches) /* each one launch for the host */                  \
    X(graph_nodes)    /* kernels, copies, ... that graphs ran */          \
    X(copies)         /* and fills, by the host */                        \
    X(bytes_to_device)                                                    \
    X(bytes_to_host)                                                      \
    X(bytes_on_device)                                                    \
    X(allocations) /* of device memory */                                 \
    X(memory)      /* bytes of device memory now */                       \
    X(peak_memory)                                                        \
    X(pinned_memory)                                                      \
    X(host_waits) /* calls in which the host waits for the device */      \
    X(events)     /* recorded */

typedef struct cudasim_counts {
#define CUDASIM_FIELD(name) uint64_t name;
    CUDASIM_COUNTERS(CUDASIM_FIELD)
#undef CUDASIM_FIELD
} cudasim_counts;

/* Borrowed; the numbers go on changing. */
const cudasim_counts *cudasim_counters(void);

/* 1: nobody mistakes this for a GPU. */
extern const int cudasim_is_standin;

#ifdef __cplusplus
}
#endif

#endif
