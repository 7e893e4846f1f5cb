/* kernels/cuda/ranges.c - what the device is told has a name in profilers */
#include "kernels/cuda/ranges.h"

#include <nvtx3/nvToolsExt.h>

#include "base/banned.h"

/* NULL where nobody watches. */
static nvtxDomainHandle_t domain;

void ost_cuda_ranges_open(void)
{
    domain = nvtxDomainCreateA("osteon");
}

void ost_cuda_ranges_close(void)
{
    if (domain)
        nvtxDomainDestroy(domain);
    domain = NULL;
}

void ost_cuda_enter(ost_backend *backend, const char *what)
{
    nvtxEventAttributes_t range = {
        .version = NVTX_VERSION,
        .size = NVTX_EVENT_ATTRIB_STRUCT_SIZE,
        .messageType = NVTX_MESSAGE_TYPE_ASCII,
        .message = { .ascii = what },
    };

    (void)backend;
    if (domain)
        nvtxDomainRangePushEx(domain, &range);
}

void ost_cuda_leave(ost_backend *backend)
{
    (void)backend;
    if (domain)
        nvtxDomainRangePop(domain);
}
