/* tests/support/squares.h - pictures of squares, for tests of networks
 *
 * Pictures have a bright square on the left, on the right, both or neither, in
 * turn; labels ("left", "right"), the attributes "side" (none, left, right,
 * both), "found" (yes, no) and "squares" (0, 1, 2), and "mask.square" say so.
 */
#ifndef OST_TESTS_SUPPORT_SQUARES_H
#define OST_TESTS_SUPPORT_SQUARES_H

#include "base/rng.h"
#include "tests/support/step.h"

enum { SIDE = 16 };

static inline void add_field(step_fixture *f, ost_item *item, const char *name,
                             const unsigned char *pixels)
{
    ost_field field = { .name = name,
                        .dtype = OST_U8,
                        .ndim = 2,
                        .shape = { SIDE, SIDE },
                        .stride = { SIDE, 1 } };
    ost_err err = { 0 };

    assert_ok(
        ost_batch_put_blob(f->batch, pixels, SIDE * SIDE, &field.blob, &err),
        &err);
    ost_item_set_field(&f->arena, item, &field);
}

/* Bit 0 of `kind`: a square on the left, bit 1: on the right. */
static inline void paint(step_fixture *f, ost_item *item, int kind,
                         uint64_t seed)
{
    unsigned char picture[SIDE * SIDE];
    unsigned char mask[SIDE * SIDE] = { 0 };
    ost_rng r = ost_rng_of(seed, 1);
    int y = 2 + (int)ost_rng_below(&r, 8);

    for (int i = 0; i < SIDE * SIDE; i++)
        picture[i] = (unsigned char)ost_rng_below(&r, 100);
    for (int side = 0; side < 2; side++)
        for (int i = 0; i < 16 && (kind >> side & 1); i++) {
            int at = (y + i / 4) * SIDE + (side ? 10 : 2) + i % 4;

            picture[at] = 240;
            mask[at] = 1;
        }
    add_field(f, item, "image", picture);
    add_field(f, item, "mask.square", mask);
}

static inline ost_item new_item(step_fixture *f, int i)
{
    static const char *const sides[] = { "none", "left", "right", "both" };
    const char **labels = OST_ARENA_ARRAY(&f->arena, const char *, 2);
    char *id = ost_arena_printf(&f->arena, "p%04d", i);
    ost_item item = { .id = id, .group = id, .labels = labels };
    int kind = i % 4;

    if (kind & 1)
        labels[item.n_labels++] = "left";
    if (kind & 2)
        labels[item.n_labels++] = "right";
    paint(f, &item, kind, (uint64_t)i);
    ost_item_set_text(&f->arena, &item, "side", sides[kind]);
    ost_item_set_text(&f->arena, &item, "found", kind ? "yes" : "no");
    ost_item_set_number(&f->arena, &item, "squares", (kind & 1) + (kind >> 1));
    return item;
}

/* `n` of them from number `first` on; `change` (may be NULL) gets the second.
 */
static inline ost_digest items_of(step_fixture *f, int first, int n,
                                  void (*change)(step_fixture *f,
                                                 ost_item *item))
{
    ost_item *items = OST_ARENA_ARRAY(&f->arena, ost_item, (size_t)n);
    ost_err err = { 0 };
    ost_digest d;

    for (int i = 0; i < n; i++)
        items[i] = new_item(f, first + i);
    if (change)
        change(f, &items[1]);
    assert_ok(ost_dataset_put(f->batch, OST_DATASET, "{}", items, (size_t)n, &d,
                              &err),
              &err);
    commit(f->batch);
    return d;
}

#define ROW_NETWORK                                                       \
    "{\"osteon_model\": 1, \"name\": \"tiny\", \"scores\": \"SCORES\",\n" \
    "\"params\": {\"classes\": 9},\n"                                     \
    "\"layers\": [{\"op\": \"conv2d\", \"out\": 8, \"kernel\": 3},\n"     \
    "{\"op\": \"batch_norm\"}, {\"op\": \"relu\"},\n"                     \
    "{\"op\": \"max_pool2d\", \"kernel\": 4}, {\"op\": \"flatten\"},\n"   \
    "{\"op\": \"dense\", \"out\": \"${classes}\"}]}"
#define MASK_NETWORK                                                      \
    "{\"osteon_model\": 1, \"name\": \"tiny\", \"scores\": \"SCORES\",\n" \
    "\"layers\": [{\"op\": \"conv2d\", \"out\": 8, \"kernel\": 3, "       \
    "\"padding\": 1},\n"                                                  \
    "{\"op\": \"batch_norm\"}, {\"op\": \"relu\"},\n"                     \
    "{\"op\": \"conv2d\", \"out\": 1, \"kernel\": 1}]}"

/* A network with "SCORES" replaced. */
static inline const char *with_scores(step_fixture *f, const char *network,
                                      const char *scores)
{
    const char *at = strstr(network, "SCORES");

    return ost_arena_printf(&f->arena, "%.*s%s%s", (int)(at - network), network,
                            scores, at + 6);
}

#endif
