/* stages/nvml.h - the calls of NVIDIA's management library that we make
 *
 * Declared here, so that nothing of CUDA is needed to build or to start.  The
 * library is libnvidia-ml.so.1 of the driver; with OSTEON_CUDASIM=FOLDER it is
 * FOLDER/libcudasim.so, which exports the same names.
 */
#ifndef OST_STAGES_NVML_H
#define OST_STAGES_NVML_H

#include "base/err.h"

#include <stdbool.h>

/* Values of nvmlReturn_t. */
enum {
    NVML_SUCCESS = 0,
    NVML_NOT_SUPPORTED = 3,
    NVML_NO_PERMISSION = 4,
    NVML_NOT_FOUND = 6,
    NVML_INSUFFICIENT_SIZE = 7,
};

typedef struct nvml_device_handle *nvml_device;

typedef struct nvml_memory {
    unsigned long long total;
    unsigned long long free;
    unsigned long long used;
} nvml_memory;

/* nvmlProcessInfo_t, as the _v3 call fills it. */
typedef struct nvml_process {
    unsigned pid;
    unsigned long long memory; /* all ones: not told */
    unsigned gpu_instance;
    unsigned compute_instance;
} nvml_process;

/* result, name, arguments, whether every version of the library has it */
#define NVML_CALLS(XX)                                                        \
    XX(int, nvmlInit_v2, (void), true)                                        \
    XX(int, nvmlShutdown, (void), true)                                       \
    XX(const char *, nvmlErrorString, (int result), true)                     \
    XX(int, nvmlSystemGetDriverVersion, (char *version, unsigned length),     \
       true)                                                                  \
    XX(int, nvmlSystemGetCudaDriverVersion_v2, (int *version), true)          \
    XX(int, nvmlDeviceGetCount_v2, (unsigned *count), true)                   \
    XX(int, nvmlDeviceGetHandleByIndex_v2,                                    \
       (unsigned index, nvml_device *device), true)                           \
    XX(int, nvmlDeviceGetUUID,                                                \
       (nvml_device device, char *uuid, unsigned length), true)               \
    XX(int, nvmlDeviceGetName,                                                \
       (nvml_device device, char *name, unsigned length), true)               \
    XX(int, nvmlDeviceGetMemoryInfo,                                          \
       (nvml_device device, nvml_memory * memory), true)                      \
    XX(int, nvmlDeviceGetCudaComputeCapability,                               \
       (nvml_device device, int *major, int *minor), true)                    \
    XX(int, nvmlDeviceGetComputeRunningProcesses_v3,                          \
       (nvml_device device, unsigned *count, nvml_process *processes), false) \
    XX(int, nvmlDeviceGetMigMode,                                             \
       (nvml_device device, unsigned *current, unsigned *pending), false)     \
    XX(int, nvmlDeviceGetMaxMigDeviceCount,                                   \
       (nvml_device device, unsigned *count), false)                          \
    XX(int, nvmlDeviceGetMigDeviceHandleByIndex,                              \
       (nvml_device device, unsigned index, nvml_device *slice), false)

/* The opened library; calls that it lacks are NULL. */
typedef struct nvml_library {
    void *handle;
    bool initialized;
#define XX(result, name, args, needed) result(*name) args;
    NVML_CALLS(XX)
#undef XX
} nvml_library;

/* Opens the library and initializes it.  OST_EUNSUPPORTED says what is missing:
 * the library, a call, the driver.  Close also after a failure. */
ost_rc ost_nvml_open(nvml_library *nvml, ost_err *err);
void ost_nvml_close(nvml_library *nvml);

#endif
