/* kernels/cpu/onednn.h - oneDNN with our errors and our layouts
 *
 * Two kinds of primitives are used.  Those whose results do not depend on the
 * number of threads run on all of them.  The others are made for one thread and
 * run side by side, each on its own piece.  A primitive that was made for
 * several threads never runs inside a parallel region: it would hang.
 */
#ifndef OST_KERNELS_CPU_ONEDNN_H
#define OST_KERNELS_CPU_ONEDNN_H

#include "kernels/cpu/cpu.h"

#include <dnnl.h>

typedef struct ost_dnnl {
    dnnl_engine_t engine;
    dnnl_stream_t *streams; /* one per thread */
    dnnl_primitive_attr_t attr;
    int block;
} ost_dnnl;

ost_dnnl *ost_dnnl_of(const ost_backend *backend);

/* OST_OK or a message "oneDNN cannot <what>: out of memory". */
ost_rc ost_dnnl_check(dnnl_status_t status, const char *what, ost_err *err);

/* The description of a value in channel block `block`. */
dnnl_memory_desc_t ost_dnnl_desc(const ost_value *v, int block);
/* The same for `items` items instead of all, and with the lanes of missing
 * channels counted as channels. */
dnnl_memory_desc_t ost_dnnl_desc_full(const ost_value *v, int block,
                                      int64_t items);
/* Open layout, for weights. */
dnnl_memory_desc_t ost_dnnl_any(int ndim, const int64_t *shape);
/* Plain row-major. */
dnnl_memory_desc_t ost_dnnl_plain(int ndim, const int64_t *shape);

enum { OST_DNNL_ARGS = 6 };

/* A primitive. */
typedef struct ost_prim {
    dnnl_primitive_desc_t pd;
    dnnl_primitive_t prim;
    size_t scratch; /* bytes it needs while it runs */
    int threads;
} ost_prim;

/* Makes it from an operation descriptor, for all threads or for one. */
ost_rc ost_prim_init(ost_prim *p, const ost_backend *backend,
                     const_dnnl_op_desc_t op, const ost_prim *hint, int threads,
                     const char *what, ost_err *err);
/* A conversion between two descriptions. */
ost_rc ost_prim_init_reorder(ost_prim *p, const ost_backend *backend,
                             const dnnl_memory_desc_t *from,
                             const dnnl_memory_desc_t *to, ost_err *err);
void ost_prim_release(ost_prim *p);
const dnnl_memory_desc_t *ost_prim_desc(const ost_prim *p, dnnl_query_t what);
/* False for oneDNN's reference code, which is many times slower. */
bool ost_prim_is_fast(const ost_prim *p);
const char *ost_prim_code(const ost_prim *p);

/* Its operands: made once, pointed to data before each run. */
typedef struct ost_args {
    int count;
    dnnl_exec_arg_t arg[OST_DNNL_ARGS];
    void *data[OST_DNNL_ARGS];
} ost_args;

ost_rc ost_args_add(ost_args *a, const ost_backend *backend, int name,
                    const dnnl_memory_desc_t *md, ost_err *err);
/* The scratch memory of a primitive, when it wants any. */
ost_rc ost_args_add_scratch(ost_args *a, const ost_backend *backend,
                            const ost_prim *p, ost_err *err);
void ost_args_release(ost_args *a);

/* Runs it; data[i] belongs to the i-th operand that was added. */
ost_rc ost_prim_run(const ost_prim *p, const ost_backend *backend,
                    ost_args *args, void *const *data, ost_err *err);

#endif
