/* engine/librsvg.c - librsvg and cairo, opened on use */
#include "engine/librsvg.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>

#include "base/banned.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static ost_librsvg functions;
static const char *problem;

static const struct {
    const char *name;
    size_t offset; /* of the pointer */
} symbols[] = {
#define XX(result, name, parameters) { #name, offsetof(ost_librsvg, name) },
    OST_LIBRSVG_MAP(XX)
#undef XX
};

/* cairo and GObject come along with librsvg: its handle finds them. */
static void load(void)
{
    void *handle = dlopen("librsvg-2.so.2", RTLD_NOW | RTLD_LOCAL);
    void *p;

    if (!handle) {
        problem = "librsvg-2.so.2 is not installed (package librsvg2-2)";
        return;
    }
    for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
        p = dlsym(handle, symbols[i].name);
        if (!p) {
            problem = "librsvg-2.so.2 is not the version that osteon knows";
            return;
        }
        memcpy((char *)&functions + symbols[i].offset, &p, sizeof(p));
    }
}

ost_rc ost_librsvg_open(const ost_librsvg **lib, ost_err *err)
{
    pthread_once(&once, load);
    if (problem)
        return ost_fail(err, OST_EUNSUPPORTED, "%s", problem);
    *lib = &functions;
    return OST_OK;
}
