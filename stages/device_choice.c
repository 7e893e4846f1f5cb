/* stages/device_choice.c - the GPUs that the command line allows */
#include "base/text.h"
#include "base/vec.h"
#include "stages/devices.h"

#include <string.h>

#include "base/banned.h"

enum { MANY = 1024 };

size_t ost_gpus_usable(const ost_gpus *gpus)
{
    size_t n = 0;

    for (size_t i = 0; i < gpus->list.len && !gpus->reason; i++)
        n += gpus->list.data[i].unusable == NULL;
    return n;
}

uint64_t ost_gpus_largest(const ost_gpus *gpus)
{
    uint64_t most = 0;

    for (size_t i = 0; i < gpus->list.len && !gpus->reason; i++) {
        const ost_gpu *gpu = &gpus->list.data[i];

        if (!gpu->unusable && gpu->memory > most)
            most = gpu->memory;
    }
    return most;
}

static bool is_none(const char *words)
{
    return strcmp(words, "none") == 0;
}

ost_rc ost_gpus_check_words(const char *words, ost_err *err)
{
    int64_t n;

    if (!*words)
        return ost_fail(err, OST_EUSAGE,
                        "--gpus wants UUIDs, a number, or 'none'");
    if (ost_parse_i64(words, &n) && (n < 1 || n > MANY))
        return ost_fail(err, OST_EUSAGE,
                        "--gpus %s: a number of GPUs from 1 to %d, or 'none'",
                        words, MANY);
    return OST_OK;
}

/* The usable one with the most free memory that is not chosen yet. */
static size_t freest(const ost_gpus *gpus, const bool *chosen)
{
    size_t best = SIZE_MAX;

    for (size_t i = 0; i < gpus->list.len; i++) {
        const ost_gpu *gpu = &gpus->list.data[i];

        if (!chosen[i] && !gpu->unusable &&
            (best == SIZE_MAX || gpu->free > gpus->list.data[best].free))
            best = i;
    }
    return best;
}

static ost_rc choose_number(ost_gpus *gpus, int64_t n, bool *chosen,
                            ost_err *err)
{
    size_t usable = ost_gpus_usable(gpus);

    if ((size_t)n > usable)
        return ost_fail(err, OST_EUSAGE, "--gpus %lld: %s%zu can be used%s%s",
                        (long long)n, usable ? "only " : "", usable,
                        gpus->reason ? ": " : "",
                        gpus->reason ? gpus->reason : "");
    for (int64_t i = 0; i < n; i++)
        chosen[freest(gpus, chosen)] = true;
    return OST_OK;
}

static ost_rc no_such_gpu(const ost_gpus *gpus, const char *word, size_t n,
                          ost_err *err)
{
    OST_VEC(const char *) names = { 0 };
    char given[128];
    const char *near;

    ost_vec_push(&names, "none");
    for (size_t i = 0; i < gpus->list.len; i++)
        ost_vec_push(&names, gpus->list.data[i].uuid);
    ost_utf8_shown(given, n + 1 < sizeof(given) ? n + 1 : sizeof(given), word,
                   "");
    near = ost_nearest(given, names.data, names.len);
    ost_vec_release(&names);
    return ost_fail(err, OST_EUSAGE,
                    "--gpus: no GPU '%s'%s%s%s ('osteon devices' lists them)",
                    given, near ? ", did you mean '" : "", near ? near : "",
                    near ? "'?" : "");
}

static ost_rc choose_named(ost_gpus *gpus, const char *word, size_t n,
                           bool *chosen, ost_err *err)
{
    size_t found = SIZE_MAX;

    for (size_t i = 0; i < gpus->list.len && n > 0; i++) {
        const ost_gpu *gpu = &gpus->list.data[i];

        if (strncmp(gpu->uuid, word, n) != 0)
            continue;
        if (found != SIZE_MAX)
            return ost_fail(err, OST_EUSAGE,
                            "--gpus: '%.*s' may be '%s' and '%s'", (int)n, word,
                            gpus->list.data[found].uuid, gpu->uuid);
        found = i;
    }
    if (found == SIZE_MAX)
        return no_such_gpu(gpus, word, n, err);
    if (gpus->list.data[found].unusable)
        return ost_fail(err, OST_EUSAGE, "--gpus: '%s' cannot be used: %s",
                        gpus->list.data[found].uuid,
                        gpus->list.data[found].unusable);
    chosen[found] = true;
    return OST_OK;
}

static ost_rc choose_words(ost_gpus *gpus, const char *words, bool *chosen,
                           ost_err *err)
{
    ost_rc rc = OST_OK;
    int64_t number;

    if (ost_parse_i64(words, &number))
        return choose_number(gpus, number, chosen, err);
    for (const char *w = words; *w && !rc;) {
        size_t n = strcspn(w, ",");

        rc = choose_named(gpus, w, n, chosen, err);
        w += n + (w[n] == ',');
    }
    return rc;
}

ost_rc ost_gpus_choose(ost_gpus *gpus, const char *words, ost_err *err)
{
    bool *chosen;
    ost_rc rc;

    if (!words)
        return OST_OK;
    rc = ost_gpus_check_words(words, err);
    if (rc)
        return rc;
    chosen = OST_ARENA_ARRAY(&gpus->arena, bool, gpus->list.len + 1);
    if (!is_none(words))
        rc = choose_words(gpus, words, chosen, err);
    for (size_t i = 0; i < gpus->list.len && !rc; i++) {
        if (!chosen[i] && !gpus->list.data[i].unusable)
            gpus->list.data[i].unusable = "left out by --gpus";
    }
    if (!rc && is_none(words) && !gpus->reason)
        gpus->reason = "'--gpus none' leaves none";
    return rc;
}
