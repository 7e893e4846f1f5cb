/* store/libcurl.h - libcurl, opened on use
 *
 * Most runs never touch the network, and it brings two dozen libraries along.
 */
#ifndef OST_STORE_LIBCURL_H
#define OST_STORE_LIBCURL_H

#include "base/err.h"

/* Its macros around variadic functions do not work through pointers. */
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

/* How to add a function: one row. */
#define OST_LIBCURL_MAP(XX) \
    XX(curl_easy_cleanup)   \
    XX(curl_easy_getinfo)   \
    XX(curl_easy_init)      \
    XX(curl_easy_perform)   \
    XX(curl_easy_setopt)    \
    XX(curl_easy_strerror)  \
    XX(curl_global_init)    \
    XX(curl_slist_append)   \
    XX(curl_slist_free_all)

typedef struct ost_libcurl {
#define XX(name) __typeof__(&(name)) name;
    OST_LIBCURL_MAP(XX)
#undef XX
} ost_libcurl;

/* The functions, for as long as the process lives; OST_EUNSUPPORTED names the
 * package when the library is not there. */
ost_rc ost_libcurl_open(const ost_libcurl **lib, ost_err *err);

#endif
