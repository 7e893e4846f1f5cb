/* store/libarchive.c - libarchive, opened on use */
#include "store/libarchive.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>

#include "base/banned.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static ost_libarchive functions;
static const char *problem;

static const struct {
    const char *name;
    size_t offset; /* of the pointer */
} symbols[] = {
#define XX(name) { #name, offsetof(ost_libarchive, name) },
    OST_LIBARCHIVE_MAP(XX)
#undef XX
};

static void load(void)
{
    void *handle = dlopen("libarchive.so.13", RTLD_NOW | RTLD_LOCAL);
    void *p;

    if (!handle) {
        problem = "libarchive.so.13 is not installed (package libarchive13)";
        return;
    }
    for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
        p = dlsym(handle, symbols[i].name);
        if (!p) {
            problem = "libarchive.so.13 is not the version that osteon knows";
            return;
        }
        memcpy((char *)&functions + symbols[i].offset, &p, sizeof(p));
    }
}

ost_rc ost_libarchive_open(const ost_libarchive **lib, ost_err *err)
{
    pthread_once(&once, load);
    if (problem)
        return ost_fail(err, OST_EUNSUPPORTED, "%s", problem);
    *lib = &functions;
    return OST_OK;
}
