/* tests/fuzz/fuzz_safetensors.c - any bytes as a file of weights
 *
 * Every tensor of a file that is accepted lies within it, is found by its name,
 * and can be read when it holds floats.
 */
/* links: stages kernels store base */
#include "base/alloc.h"
#include "stages/safetensors.h"
#include "stages/stage.h"
#include "tests/fuzz/fuzzed.h"

#include <string.h>

#include "base/banned.h"

const ost_stage *const ost_stages[] = { NULL };

static void read_numbers(const ost_stored_tensor *t)
{
    float *out = ost_xalloc((size_t)t->count * sizeof(*out) + 1);
    ost_err err = { 0 };
    ost_rc rc = ost_stored_tensor_read(t, out, &err);

    if (rc && (rc != OST_EINPUT || !err.text[0]))
        OST_BUG();
    ost_free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ost_safetensors *file = NULL;
    ost_err err = { 0 };
    size_t sum = 0;

    if (ost_safetensors_open(data, size, &file, &err)) {
        if (!err.text[0])
            OST_BUG();
        return 0;
    }
    for (size_t i = 0; i < ost_safetensors_count(file); i++) {
        const ost_stored_tensor *t = ost_safetensors_at(file, i);

        if (t->data < data || t->bytes > (size_t)(data + size - t->data) ||
            ost_safetensors_find(file, t->name) != t)
            OST_BUG();
        sum += t->bytes;
        read_numbers(t);
    }
    if (sum > size)
        OST_BUG();
    ost_safetensors_close(file);
    return 0;
}
