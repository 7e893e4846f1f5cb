/* tests/fuzz/fuzz_exif.c - any bytes as an EXIF block */
/* links: base stages */
#include "stages/exif.h"
#include "tests/fuzz/fuzzed.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int orientation = ost_exif_orientation(data, size);

    if (orientation < 1 || orientation > 8)
        OST_BUG();
    return 0;
}
