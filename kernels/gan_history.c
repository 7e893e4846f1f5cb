/* kernels/gan_history.c - images that were made before, shown again
 *
 * For a checkpoint a pool is room for spec->history images, and one number
 * more, which says how many are there.
 */
#include "base/rng.h"
#include "kernels/gan.h"

#include <assert.h>

#include "base/banned.h"

ost_rc ost_gan_pool(ost_gan *gan, int64_t numbers, int *pool, ost_err *err)
{
    ost_gan_kept *kept = &gan->kept[gan->n_kept];
    int64_t count;
    ost_rc rc = OST_OK;

    assert(gan->n_kept < OST_GAN_KEPT);
    if (__builtin_mul_overflow(numbers, gan->spec->history, &count))
        return ost_fail(err, OST_ENOMEM, "no memory for %lld images",
                        (long long)gan->spec->history);
    *pool = gan->n_kept;
    kept->each = numbers;
    if (count)
        rc = ost_gan_floats(gan, count, &kept->data, err);
    if (!rc && count)
        rc = ost_gan_floats(gan, numbers, &kept->held, err);
    gan->n_kept += !rc;
    return rc;
}

size_t ost_gan_kept_count(const ost_gan *gan, int i)
{
    return (size_t)(gan->spec->history * gan->kept[i].each) + 1;
}

ost_rc ost_gan_kept_get(ost_gan *gan, int i, float *numbers, ost_err *err)
{
    const ost_gan_kept *kept = &gan->kept[i];
    size_t images = ost_gan_kept_count(gan, i) - 1;

    numbers[images] = (float)kept->filled;
    if (!images)
        return OST_OK;
    return gan->backend->read(gan->backend, numbers, kept->data,
                              images * sizeof(*numbers), err);
}

ost_rc ost_gan_kept_set(ost_gan *gan, int i, const float *numbers, ost_err *err)
{
    ost_gan_kept *kept = &gan->kept[i];
    size_t images = ost_gan_kept_count(gan, i) - 1;

    if (!(numbers[images] >= 0.0f &&
          numbers[images] <= (float)gan->spec->history))
        return ost_fail(err, OST_EINPUT, "a pool of %lld images cannot have %g",
                        (long long)gan->spec->history, (double)numbers[images]);
    kept->filled = (int64_t)numbers[images];
    if (!images)
        return OST_OK;
    return gan->backend->write(gan->backend, kept->data, numbers,
                               images * sizeof(*numbers), err);
}

static ost_rc exchange(const ost_gan *gan, const ost_gan_kept *kept, float *a,
                       float *b, ost_err *err)
{
    ost_rc rc = ost_gan_copy(gan, kept->held, a, kept->each, err);

    if (!rc)
        rc = ost_gan_copy(gan, a, b, kept->each, err);
    return rc ? rc : ost_gan_copy(gan, b, kept->held, kept->each, err);
}

ost_rc ost_gan_show_again(ost_gan *gan, int pool, int pass, int64_t items,
                          float *images, ost_err *err)
{
    int64_t size = gan->spec->history;
    ost_gan_kept *kept = &gan->kept[pool];
    ost_rc rc = OST_OK;

    if (!size)
        return OST_OK;
    for (int64_t i = 0; i < items && !rc; i++, images += kept->each) {
        ost_rng rng = ost_rng_of(ost_gan_draw(gan, pass), (uint64_t)i);

        if (kept->filled < size) {
            rc = ost_gan_copy(gan, kept->data + kept->filled * kept->each,
                              images, kept->each, err);
            kept->filled++;
        } else if (ost_rng_f64(&rng) < 0.5) {
            int64_t at = (int64_t)ost_rng_below(&rng, (uint64_t)size);

            rc = exchange(gan, kept, images, kept->data + at * kept->each, err);
        }
    }
    return rc;
}
