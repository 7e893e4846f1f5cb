/* store/libarchive.c - libarchive, opened on use */
#include "store/libarchive.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

#include "base/banned.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static ost_libarchive functions;
static const char *problem;

static void load(void)
{
    void *handle = dlopen("libarchive.so.13", RTLD_NOW | RTLD_LOCAL);
    void *p;

    if (!handle) {
        problem = "libarchive.so.13 is not installed (package libarchive13)";
        return;
    }
#define XX(name)                                \
    p = dlsym(handle, #name);                   \
    if (p)                                      \
        memcpy(&functions.name, &p, sizeof(p)); \
    else                                        \
        problem = "libarchive.so.13 lacks " #name;
    OST_LIBARCHIVE_MAP(XX)
#undef XX
}

ost_rc ost_libarchive_open(const ost_libarchive **lib, ost_err *err)
{
    pthread_once(&once, load);
    if (problem)
        return ost_fail(err, OST_EUNSUPPORTED, "%s", problem);
    *lib = &functions;
    return OST_OK;
}
