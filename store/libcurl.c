/* store/libcurl.c - libcurl, opened on use */
#include "store/libcurl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>

#include "base/banned.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static ost_libcurl functions;
static const char *problem;

static const struct {
    const char *name;
    size_t offset; /* of the pointer */
} symbols[] = {
#define XX(name) { #name, offsetof(ost_libcurl, name) },
    OST_LIBCURL_MAP(XX)
#undef XX
};

static void load(void)
{
    void *handle = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    void *p;

    if (!handle) {
        problem = "libcurl.so.4 is not installed (package libcurl4)";
        return;
    }
    for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
        p = dlsym(handle, symbols[i].name);
        if (!p) {
            problem = "libcurl.so.4 is not the version that osteon knows";
            return;
        }
        memcpy((char *)&functions + symbols[i].offset, &p, sizeof(p));
    }
    if (functions.curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
        problem = "libcurl does not start";
}

ost_rc ost_libcurl_open(const ost_libcurl **lib, ost_err *err)
{
    pthread_once(&once, load);
    if (problem)
        return ost_fail(err, OST_EUNSUPPORTED, "%s", problem);
    *lib = &functions;
    return OST_OK;
}
