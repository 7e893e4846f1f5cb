/* tests/support/check.h - cmocka with the headers that it wants before it */
#ifndef OST_TESTS_SUPPORT_CHECK_H
#define OST_TESTS_SUPPORT_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Fails the test, with the message, when `rc` is not OST_OK. */
#define assert_ok(rc, err)               \
    do {                                 \
        if ((rc) != OST_OK)              \
            fail_msg("%s", (err)->text); \
    } while (0)

#endif
