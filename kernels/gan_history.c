/* kernels/gan_history.c - images that were made before, shown again
 *
 * A pool is one of gan->kept: room for spec->history images, and one number
 * more, which says how many are there.
 */
#include "base/rng.h"
#include "kernels/gan.h"

#include <assert.h>

#include "base/banned.h"

ost_rc ost_gan_pool(ost_gan *gan, int64_t numbers, int *pool, ost_err *err)
{
    int64_t count;
    ost_rc rc;

    assert(gan->n_kept < OST_GAN_KEPT);
    if (__builtin_mul_overflow(numbers, gan->spec->history, &count))
        return ost_fail(err, OST_ENOMEM, "no memory for %lld images",
                        (long long)gan->spec->history);
    *pool = gan->n_kept;
    rc = ost_gan_floats(gan, count + 1, &gan->kept[*pool].data, err);
    if (rc)
        return rc;
    gan->kept[*pool].count = (size_t)count + 1;
    gan->n_kept++;
    return OST_OK;
}

static void exchange(float *a, float *b, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        float held = a[i];

        a[i] = b[i];
        b[i] = held;
    }
}

void ost_gan_show_again(ost_gan *gan, int pool, int pass, int64_t items,
                        float *images)
{
    int64_t size = gan->spec->history;
    ost_gan_kept *kept = &gan->kept[pool];
    float *filled = kept->data + kept->count - 1;
    int64_t numbers;

    if (!size)
        return;
    numbers = (int64_t)(kept->count - 1) / size;
    for (int64_t i = 0; i < items; i++, images += numbers) {
        ost_rng rng = ost_rng_of(ost_gan_draw(gan, pass), (uint64_t)i);
        int64_t n = (int64_t)*filled;

        if (n < size) {
            ost_gan_copy(gan, kept->data + n * numbers, images, numbers);
            *filled = (float)(n + 1);
        } else if (ost_rng_f64(&rng) < 0.5) {
            uint64_t at = ost_rng_below(&rng, (uint64_t)size);

            exchange(images, kept->data + (int64_t)at * numbers, numbers);
        }
    }
}
