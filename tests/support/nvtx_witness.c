/* tests/support/nvtx_witness.c - a tool that notes ranges of NVTX
 *
 * A library of its own: NVTX_INJECTION64_PATH names it, and
 * nvtx_witness_seen() says what was entered and left: "forward(stem())", of the
 * domain "osteon" alone.
 */
#include <nvtx3/nvToolsExt.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

enum { ROOM = 1 << 16 };

static char seen[ROOM];
static size_t length;
static int own; /* its address is the domain's handle */
static int other;

/* Returns what was noted since the last call. */
const char *nvtx_witness_seen(void);
int InitializeInjectionNvtx2(NvtxGetExportTableFunc_t get);

const char *nvtx_witness_seen(void)
{
    static char given[ROOM];

    memcpy(given, seen, ROOM);
    length = 0;
    seen[0] = 0;
    return given;
}

static nvtxDomainHandle_t create(const char *name)
{
    return (nvtxDomainHandle_t)(void *)(strcmp(name, "osteon") == 0 ? &own
                                                                    : &other);
}

static int push(nvtxDomainHandle_t domain, const nvtxEventAttributes_t *range)
{
    if ((void *)domain == &own && range->size == NVTX_EVENT_ATTRIB_STRUCT_SIZE)
        length += (size_t)snprintf(seen + length, ROOM - length, "%s(",
                                   range->message.ascii);
    return 0;
}

static int pop(nvtxDomainHandle_t domain)
{
    if ((void *)domain == &own)
        length += (size_t)snprintf(seen + length, ROOM - length, ")");
    return 0;
}

static void set(NvtxFunctionTable table, int which, void *function)
{
    memcpy(table[which], &function, sizeof(function));
}

__attribute__((visibility("default"))) int
InitializeInjectionNvtx2(NvtxGetExportTableFunc_t get)
{
    const NvtxExportTableCallbacks *calls = get(NVTX_ETID_CALLBACKS);
    NvtxFunctionTable table = NULL;
    unsigned size = 0;
    nvtxDomainHandle_t (*c)(const char *) = create;
    int (*enter)(nvtxDomainHandle_t, const nvtxEventAttributes_t *) = push;
    int (*leave)(nvtxDomainHandle_t) = pop;
    void *p;

    if (!calls ||
        !calls->GetModuleFunctionTable(NVTX_CB_MODULE_CORE2, &table, &size) ||
        size <= NVTX_CBID_CORE2_DomainRangePop)
        return 0;
    memcpy(&p, &c, sizeof(p));
    set(table, NVTX_CBID_CORE2_DomainCreateA, p);
    memcpy(&p, &enter, sizeof(p));
    set(table, NVTX_CBID_CORE2_DomainRangePushEx, p);
    memcpy(&p, &leave, sizeof(p));
    set(table, NVTX_CBID_CORE2_DomainRangePop, p);
    return 1;
}
