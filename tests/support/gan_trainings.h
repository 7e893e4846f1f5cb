/* tests/support/gan_trainings.h - train_gan run as a step, for tests
 *
 * The networks are those of trainings.h; a file that uses this one lists the
 * stage in ost_stages[].
 */
#ifndef OST_TESTS_SUPPORT_GAN_TRAININGS_H
#define OST_TESTS_SUPPORT_GAN_TRAININGS_H

#include "tests/support/trainings.h"

extern const ost_stage ost_stage_train_gan;

#define SIDES                                                    \
    "\"objective\": \"pix2pix\", \"generator\": \"generator\", " \
    "\"discriminator\": \"discriminator\""

static inline ost_done_msg train_on(fixture *f, const char *with,
                                    uint32_t threads, ost_digest in)
{
    ost_step_input ports[] = { input("in", in) };

    return run(f, &ost_stage_train_gan, with, threads, ports, 1);
}

static inline const ost_done_msg *must(const ost_done_msg *done)
{
    if (done->rc)
        fail_msg("%s", done->error);
    return done;
}

/* Caller decrefs. */
static inline json_t *meta_of(fixture *f, const ost_done_msg *done, int output)
{
    ost_artifact a;
    ost_err err = { 0 };

    assert_ok(ost_artifact_get(f->batch, &done->outputs[output].artifact,
                               &f->arena, &a, &err),
              &err);
    return json_loads(a.meta, 0, NULL);
}

static inline void same_outputs(const ost_done_msg *a, const ost_done_msg *b)
{
    must(a);
    must(b);
    assert_int_equal(a->n_outputs, b->n_outputs);
    for (uint32_t i = 0; i < a->n_outputs; i++)
        assert_memory_equal(&a->outputs[i].artifact, &b->outputs[i].artifact,
                            sizeof(ost_digest));
}

static inline ost_digest weights_of(fixture *f, const ost_done_msg *done)
{
    ost_artifact a;
    ost_err err = { 0 };

    assert_ok(ost_artifact_get(f->batch, &must(done)->outputs[0].artifact,
                               &f->arena, &a, &err),
              &err);
    return a.refs[0].digest;
}

/* The items at an output. */
static inline ost_item *items_at(fixture *f, const ost_done_msg *done,
                                 int output, size_t *n)
{
    ost_artifact a;
    ost_item *items;
    ost_err err = { 0 };

    assert_ok(ost_artifact_get(f->batch, &must(done)->outputs[output].artifact,
                               &f->arena, &a, &err),
              &err);
    assert_ok(ost_dataset_items(f->batch, &a, &f->arena, &items, n, &err),
              &err);
    return items;
}

#endif
