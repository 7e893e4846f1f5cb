/* tests/support/image_ops.h - the operators on images of the device under test
 *
 * For tests that run on every device (backend_case.h): images()->canny(...).
 */
#ifndef OST_TESTS_SUPPORT_IMAGE_OPS_H
#define OST_TESTS_SUPPORT_IMAGE_OPS_H

#include "tests/support/backend_case.h"

static ost_backend *images_opened;

static inline void images_close(void)
{
    ost_backend_close(images_opened);
    images_opened = NULL;
}

/* Open until the process ends. */
static inline const ost_backend *images(void)
{
    if (!images_opened) {
        images_opened = backend_case_open(1);
        atexit(images_close);
    }
    return images_opened;
}

#endif
