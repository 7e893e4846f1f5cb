/* kernels/cuda/graphs.c - passes of networks as CUDA graphs */
#include "kernels/cuda/graphs.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

bool ost_cuda_graphs_wanted(void)
{
    const char *text = getenv("OSTEON_CUDA_GRAPHS");

    return !text || strcmp(text, "0") != 0;
}

ost_rc ost_cuda_record(ost_backend *backend, ost_err *err)
{
    ost_cuda *cuda = backend->state;
    ost_rc rc = ost_cuda_check(
        cudaStreamBeginCapture(cuda->stream, cudaStreamCaptureModeThreadLocal),
        "record a pass", err);

    cuda->recording = !rc;
    return rc;
}

ost_rc ost_cuda_recorded(ost_backend *backend, void **work, ost_err *err)
{
    ost_cuda *cuda = backend->state;
    cudaGraph_t graph = NULL;
    cudaGraphExec_t exec = NULL;
    ost_rc rc = ost_cuda_check(cudaStreamEndCapture(cuda->stream, &graph),
                               "record a pass", err);

    cuda->recording = false;
    if (!rc)
        rc = ost_cuda_check(cudaGraphInstantiate(&exec, graph, 0),
                            "take a recorded pass", err);
    if (graph)
        (void)cudaGraphDestroy(graph);
    *work = rc ? NULL : exec;
    return rc;
}

ost_rc ost_cuda_repeat(ost_backend *backend, void *work, ost_err *err)
{
    ost_cuda *cuda = backend->state;

    return ost_cuda_check(cudaGraphLaunch(work, cuda->stream),
                          "repeat a recorded pass", err);
}

void ost_cuda_forget(ost_backend *backend, void *work)
{
    ost_cuda *cuda = backend->state;

    /* It may still run. */
    (void)cudaStreamSynchronize(cuda->stream);
    (void)cudaGraphExecDestroy(work);
}
