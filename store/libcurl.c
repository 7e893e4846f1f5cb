/* store/libcurl.c - libcurl, opened on use */
#include "store/libcurl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

#include "base/banned.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static ost_libcurl functions;
static const char *problem;

static void load(void)
{
    void *handle = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    void *p;

    if (!handle) {
        problem = "libcurl.so.4 is not installed (package libcurl4)";
        return;
    }
#define XX(name)                                \
    p = dlsym(handle, #name);                   \
    if (p)                                      \
        memcpy(&functions.name, &p, sizeof(p)); \
    else                                        \
        problem = "libcurl.so.4 lacks " #name;
    OST_LIBCURL_MAP(XX)
#undef XX
    if (!problem && functions.curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
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
