/* tests/support/trainings.h - train and predict run as steps, for tests
 *
 * Pictures whose class is a bright square on the left or on the right, or none:
 * learned in a second.
 */
#ifndef OST_TESTS_SUPPORT_TRAININGS_H
#define OST_TESTS_SUPPORT_TRAININGS_H

#include "base/rng.h"
#include "stages/context.h"
#include "stages/params.h"
#include "tests/support/backend_case.h"
#include "tests/support/store.h"

#include <stdlib.h>

enum { SIDE = 16 };

static const char network_text[] =
    "{\"osteon_model\": 1, \"name\": \"tiny\",\n"
    "\"params\": {\"width\": 8, \"classes\": 9},\n"
    "\"layers\": [{\"op\": \"conv2d\", \"out\": \"${width}\", \"kernel\": 3},\n"
    "{\"op\": \"batch_norm\"}, {\"op\": \"relu\"},\n"
    "{\"op\": \"max_pool2d\", \"kernel\": 4}, {\"op\": \"flatten\"},\n"
    "{\"op\": \"dropout\", \"p\": 0.2},\n"
    "{\"op\": \"dense\", \"out\": \"${classes}\"}]}";

/* Without batch statistics and random numbers; file names that begin with
 * "plain". */
static const char plain_text[] =
    "{\"osteon_model\": 1, \"name\": \"plain\",\n"
    "\"params\": {\"classes\": 9},\n"
    "\"layers\": [{\"op\": \"conv2d\", \"out\": 8, \"kernel\": 3},\n"
    "{\"op\": \"relu\"}, {\"op\": \"max_pool2d\", \"kernel\": 4},\n"
    "{\"op\": \"flatten\"},\n"
    "{\"op\": \"dense\", \"out\": \"${classes}\", \"name\": \"head\", "
    "\"l2\": 0.01}]}";

/* Both sides of a training of generators; file names that begin with
 * "generator", "drawn" (from numbers, 16 x 16), "discriminator"; of series
 * "series", "judge". */
static const char generator_text[] =
    "{\"osteon_model\": 1, \"name\": \"tiny_generator\",\n"
    "\"params\": {\"width\": 4, \"channels\": 1, \"noise\": 0.3},\n"
    "\"layers\": [{\"op\": \"conv2d\", \"out\": \"${width}\", \"kernel\": 4,\n"
    "\"stride\": 2, \"padding\": 1}, {\"op\": \"batch_norm\"},\n"
    "{\"op\": \"leaky_relu\"}, {\"op\": \"dropout\", \"p\": \"${noise}\"},\n"
    "{\"op\": \"conv_transpose2d\", \"out\": \"${channels}\", \"kernel\": 4,\n"
    "\"stride\": 2, \"padding\": 1}, {\"op\": \"tanh\"}]}";
static const char drawn_text[] =
    "{\"osteon_model\": 1, \"name\": \"tiny_drawn\", \"input\": [6, 1, 1],\n"
    "\"layers\": [{\"op\": \"conv_transpose2d\", \"out\": 8, \"kernel\": 4},\n"
    "{\"op\": \"batch_norm\"}, {\"op\": \"relu\"},\n"
    "{\"op\": \"conv_transpose2d\", \"out\": 1, \"kernel\": 4, \"stride\": "
    "4},\n"
    "{\"op\": \"tanh\"}]}";
static const char series_text[] =
    "{\"osteon_model\": 1, \"name\": \"tiny_series\", \"layers\": [\n"
    "{\"op\": \"conv3d\", \"out\": 4, \"kernel\": 3, \"padding\": 1},\n"
    "{\"op\": \"leaky_relu\"},\n"
    "{\"op\": \"conv3d\", \"out\": 1, \"kernel\": 3, \"padding\": 1},\n"
    "{\"op\": \"tanh\"}]}";
static const char judge_text[] =
    "{\"osteon_model\": 1, \"name\": \"tiny_judge\",\n"
    "\"params\": {\"frames\": 9}, \"layers\": [\n"
    "{\"op\": \"conv3d\", \"out\": 4, \"kernel\": [\"${frames}\", 4, 4],\n"
    "\"stride\": [1, 2, 2]}, {\"op\": \"leaky_relu\"},\n"
    "{\"op\": \"conv3d\", \"out\": 1, \"kernel\": [1, 3, 3]}]}";
static const char discriminator_text[] =
    "{\"osteon_model\": 1, \"name\": \"tiny_discriminator\",\n"
    "\"params\": {\"width\": 4},\n"
    "\"layers\": [{\"op\": \"conv2d\", \"out\": \"${width}\", \"kernel\": 4,\n"
    "\"stride\": 2, \"padding\": 1}, {\"op\": \"leaky_relu\"},\n"
    "{\"op\": \"conv2d\", \"out\": 1, \"kernel\": 3, \"padding\": 1}]}";

typedef struct fixture {
    ost_store *store;
    ost_batch *batch;
    ost_arena arena;
    int stop_after; /* looks; -1 never */
    int looks;
    unsigned char work; /* names checkpoints: another one after each end */
} fixture;

static inline int setup(void **state)
{
    fixture *f = ost_xalloc(sizeof(*f));

    f->store = new_store("store");
    f->batch = ost_batch_new(f->store);
    f->stop_after = -1;
    *state = f;
    return setenv("OSTEON_CHECKPOINT_SECONDS", "0", 1);
}

static inline int teardown(void **state)
{
    fixture *f = *state;

    ost_batch_free(f->batch);
    ost_store_close(f->store);
    ost_arena_release(&f->arena);
    ost_free(f);
    return 0;
}

static inline void paint(unsigned char *p, int kind, uint64_t seed)
{
    ost_rng r = ost_rng_of(seed, 1);
    int y = 2 + (int)ost_rng_below(&r, 8);

    for (int i = 0; i < SIDE * SIDE; i++)
        p[i] = (unsigned char)ost_rng_below(&r, 100);
    for (int i = 0; i < 16 && kind < 2; i++)
        p[(y + i / 4) * SIDE + (kind ? 10 : 2) + i % 4] = 240;
}

enum { FLIPPED = 1, TWO_CLASSES = 2, MOSTLY_LEFT = 4 };

static inline void flip(unsigned char *p)
{
    for (int i = 0; i < SIDE * SIDE; i++) {
        unsigned char *other = p + i - i % SIDE + SIDE - 1 - i % SIDE;
        unsigned char was = p[i];

        if (other <= p + i)
            continue;
        p[i] = *other;
        *other = was;
    }
}

/* `n` pictures from number `first` on. */
static inline ost_digest special_pictures(fixture *f, int first, int n,
                                          unsigned flags)
{
    static const char *const words[] = { "left", "right", "none" };
    ost_item *items = OST_ARENA_ARRAY(&f->arena, ost_item, (size_t)n);
    ost_field *fields = OST_ARENA_ARRAY(&f->arena, ost_field, (size_t)n);
    const char **labels = OST_ARENA_ARRAY(&f->arena, const char *, (size_t)n);
    ost_err err = { 0 };
    ost_digest d;

    for (int i = 0; i < n; i++) {
        unsigned char p[SIDE * SIDE];
        int kind;
        char *id = ost_arena_printf(&f->arena, "p%04d", first + i);

        kind = i % (flags & TWO_CLASSES ? 2 : 3);
        if ((flags & MOSTLY_LEFT) && i > 8)
            kind = 0;
        paint(p, kind, (uint64_t)(first + i));
        if (flags & FLIPPED)
            flip(p);
        fields[i] = (ost_field){ .name = "image",
                                 .dtype = OST_U8,
                                 .ndim = 2,
                                 .shape = { SIDE, SIDE },
                                 .stride = { SIDE, 1 } };
        assert_ok(
            ost_batch_put_blob(f->batch, p, sizeof(p), &fields[i].blob, &err),
            &err);
        labels[i] = words[kind];
        items[i] = (ost_item){ .id = id,
                               .group = id,
                               .labels = &labels[i],
                               .n_labels = 1,
                               .fields = &fields[i],
                               .n_fields = 1 };
    }
    assert_ok(ost_dataset_put(f->batch, OST_DATASET, "{}", items, (size_t)n, &d,
                              &err),
              &err);
    commit(f->batch);
    return d;
}

static inline ost_digest pictures(fixture *f, int first, int n)
{
    return special_pictures(f, first, n, 0);
}

static inline ost_rc give_network(void *user, const char *name, ost_buf *data,
                                  ost_err *err)
{
    const char *text = network_text;

    (void)user;
    (void)err;
    if (strncmp(name, "plain", 5) == 0)
        text = plain_text;
    else if (strncmp(name, "generator", 9) == 0)
        text = generator_text;
    else if (strncmp(name, "series", 6) == 0)
        text = series_text;
    else if (strncmp(name, "judge", 5) == 0)
        text = judge_text;
    else if (strncmp(name, "drawn", 5) == 0)
        text = drawn_text;
    else if (strncmp(name, "discriminator", 13) == 0)
        text = discriminator_text;
    ost_buf_adds(data, text);
    return OST_OK;
}

static inline bool on_stop(void *user)
{
    fixture *f = user;

    return f->stop_after >= 0 && f->looks++ >= f->stop_after;
}

static inline void on_commit(void *user, ost_batch *batch)
{
    (void)user;
    commit(batch);
}

static inline ost_done_msg run(fixture *f, const ost_stage *stage,
                               const char *with, uint32_t threads,
                               const ost_step_input *inputs, uint32_t n_inputs)
{
    json_t *given = json_loads(with, 0, NULL);
    json_t *full = NULL;
    step_link link = { .commit = on_commit, .stop = on_stop, .user = f };
    ost_step_msg msg = { .name = stage->name,
                         .stage = stage->name,
                         .key = { { ++f->work } },
                         .seed = "7",
                         .numeric = backend_case_numeric(),
                         .threads = threads,
                         .inputs = inputs,
                         .n_inputs = n_inputs };
    ost_done_msg done;
    ost_err err = { 0 };

    assert_ok(
        ost_params_complete(stage, given, give_network, NULL, &full, &err),
        &err);
    msg.params = json_dumps(full, 0);
    f->looks = 0;
    ost_step_execute(f->batch, &msg, &link, &f->arena, &done);
    if (done.rc == OST_EINTERRUPTED)
        f->work--;
    assert_ok(
        ost_batch_add_encoded(f->batch, done.batch, done.batch_size, &err),
        &err);
    commit(f->batch);
    (free)((void *)(uintptr_t)msg.params);
    json_decref(full);
    json_decref(given);
    return done;
}

static inline ost_step_input input(const char *port, ost_digest d)
{
    return (
        ost_step_input){ .port = port, .row = "", .root = "", .artifact = d };
}

#endif
