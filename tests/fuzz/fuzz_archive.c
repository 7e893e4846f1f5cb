/* tests/fuzz/fuzz_archive.c - any bytes as an archive
 *
 * No member comes out whose name would leave a folder, and no more bytes than
 * the limits allow.
 */
/* links: base stages */
#include "base/fs.h"
#include "stages/archive.h"
#include "tests/fuzz/fuzzed.h"

#include "base/banned.h"

enum { MEMBER = 1 << 18, TOTAL = 1 << 20 };

static bool wants(void *user, const char *path)
{
    (void)user;
    if (!ost_path_is_plain(path))
        OST_BUG();
    return true;
}

static ost_rc member(void *user, const char *path, const void *data,
                     size_t size, ost_err *err)
{
    const volatile unsigned char *v = data;
    size_t *total = user;

    (void)path;
    (void)err;
    for (size_t i = 0; i < size; i++)
        (void)v[i];
    *total += size;
    if (size > MEMBER || *total > TOTAL)
        OST_BUG();
    return OST_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t total = 0;
    ost_archive_reader reader = {
        .limits = { MEMBER, TOTAL, 200, 1 << 16 },
        .wants = wants,
        .member = member,
        .user = &total,
    };
    ost_err err = { 0 };

    reader.skip_bad = size & 1;
    if (ost_archive_read(data, size, &reader, &err) && !err.text[0])
        OST_BUG();
    return 0;
}
