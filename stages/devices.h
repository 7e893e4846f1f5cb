/* stages/devices.h - what the machine has, as far as keys and plans care
 *
 * Light: the command links this too, and nothing of CUDA is opened before
 * ost_gpus_find().
 *
 *     devices.c      numeric classes, and whether there is a CUDA backend
 *     device_list.c  the GPUs of the machine and who uses them
 *     device_choice.c  those that the command line allows
 *     nvml.c         the library that knows them
 */
#ifndef OST_STAGES_DEVICES_H
#define OST_STAGES_DEVICES_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>

/* --- numeric classes ------------------------------------------------------ */

/* The numeric class of the CPU backend: "cpu-f32-avx512", "cpu-f32-avx2" or
 * "cpu-f32-portable".  OSTEON_ISA=avx512|avx2|portable lowers it. */
const char *ost_cpu_numeric_class(void);

/* The words of --numerics and "numerics": how numbers are computed.
 *
 *     f32        what the machine has, single precision (the default)
 *     f32-tuned  on GPUs with algorithms chosen by timing
 *     tf32       on GPUs products of 10 bits of mantissa
 *     bf16       on GPUs products of bfloat16
 *     f16        on GPUs products of half precision, gradients scaled
 *     portable   on the CPU with the instructions that every x86-64-v3 machine
 *                has, for one key across machines; on no GPU
 *
 * All but the last say nothing about the CPU.  Ends with NULL. */
extern const char *const ost_numerics[];
/* The same, separated by '|'. */
#define OST_NUMERICS_WORDS   "f32|f32-tuned|tf32|bf16|f16|portable"
#define OST_NUMERICS_DEFAULT "f32"
/* OST_EUSAGE with the nearest when it is none of them. */
ost_rc ost_numerics_check(const char *word, ost_err *err);
bool ost_numerics_portable(const char *word);

/* The class that a CPU, a GPU computes in: "cpu-f32-avx2", "cuda-bf16", and on
 * the stand-in "sim-bf16".  The first lives for ever, the second in the
 * arena. */
const char *ost_numerics_cpu(const char *word);
const char *ost_numerics_gpu(const char *word, ost_arena *arena);

/* --- the CUDA backend ----------------------------------------------------- */

/* The folder of the CPU stand-in for CUDA that the tests have (OSTEON_CUDASIM),
 * or NULL.  What it computes is never taken for a GPU's. */
const char *ost_gpu_standin(void);
/* False, and the reason, when this build has no CUDA backend. */
bool ost_gpu_built(ost_buf *reason);

/* --- GPUs ----------------------------------------------------------------- */

/* A process that computes on a GPU. */
typedef struct ost_gpu_user {
    unsigned pid;
    const char *name; /* "?" when it cannot be seen */
    uint64_t memory;  /* bytes, 0: not told */
} ost_gpu_user;

/* A GPU, or a slice of one (MIG). */
typedef struct ost_gpu {
    const char *uuid; /* "GPU-...", "MIG-..." */
    const char *name; /* "NVIDIA H100 80GB HBM3" */
    unsigned index;   /* of the GPU, in the order of the bus */
    int slice;        /* of it, -1: all of it */
    uint64_t memory;  /* bytes */
    uint64_t free;
    int major; /* compute capability, 0: not known */
    int minor;
    const ost_gpu_user *users;
    size_t n_users;
    const char *unusable; /* why it is not used, or NULL */
} ost_gpu;

typedef struct ost_gpus {
    ost_arena arena;
    OST_VEC(ost_gpu) list;
    const char *reason; /* why none can be used; NULL when one can */
    const char *driver; /* version, "" when not known */
    int cuda; /* that the driver is for: 13000 for 13.0, 0: not known */
} ost_gpus;

/* Lists the GPUs of the machine.  What is missing (the backend, the driver, a
 * device) is the reason, no failure.  A GPU is unusable when it is too old,
 * when CUDA_VISIBLE_DEVICES leaves it out (its numbers count in the order of
 * the bus), or when it is cut into slices, which then stand for it. */
void ost_gpus_find(ost_gpus *gpus);
void ost_gpus_release(ost_gpus *gpus);

/* What --gpus says: "none", how many (those with the most free memory), or
 * UUIDs separated by commas, of each as much as tells it from the others; NULL
 * is all.  The others become unusable.  OST_EUSAGE names what is not there,
 * with the nearest. */
ost_rc ost_gpus_choose(ost_gpus *gpus, const char *words, ost_err *err);
/* What needs no look at the machine: OST_EUSAGE. */
ost_rc ost_gpus_check_words(const char *words, ost_err *err);

size_t ost_gpus_usable(const ost_gpus *gpus);
/* Memory of the largest usable one. */
uint64_t ost_gpus_largest(const ost_gpus *gpus);

/* Appends "GPU 0", "GPU 0.2" (a slice), "stand-in 0": what people call it. */
void ost_gpu_label(const ost_gpu *gpu, ost_buf *out);
/* Appends who uses it: "python (pid 4711, 9.8 GB), ..."; nothing for nobody. */
void ost_gpu_users_text(const ost_gpu *gpu, ost_buf *out);
/* Appends two lines of at most 80 columns for usual names, `indent` spaces
 * before the first and two more before the second: label, name and free memory;
 * UUID and compute capability. */
void ost_gpu_text(const ost_gpu *gpu, int indent, ost_buf *out);
/* Appends all of them, with what uses them; and the reason. */
void ost_gpus_text(const ost_gpus *gpus, ost_buf *out);
/* Appends an array of objects: uuid, name, index, slice (or null), memory,
 * free, capability, users, unusable. */
void ost_gpus_json(const ost_gpus *gpus, ost_buf *out);

#endif
