/* tests/property/test_dataset_stages.c - what the stages on datasets keep */
/* links: stages store base */
#include "stages/stage.h"
#include "tests/support/item_sets.h"
#include "tests/support/seed.h"

#include "base/banned.h"

extern const ost_stage ost_stage_balance, ost_stage_concat, ost_stage_frames,
    ost_stage_montage, ost_stage_restrict, ost_stage_select, ost_stage_sequence;
const ost_stage *const ost_stages[] = { &ost_stage_balance,  &ost_stage_concat,
                                        &ost_stage_frames,   &ost_stage_montage,
                                        &ost_stage_restrict, &ost_stage_select,
                                        &ost_stage_sequence, NULL };

/* Of the test that runs; its memory is given back after each case. */
static step_fixture *fixture;

enum { CLASSES = 4 };

static unsigned below(ost_rng *r, unsigned n)
{
    return (unsigned)ost_rng_below(r, n);
}

static ost_digest first_output(const ost_done_msg *done)
{
    if (done->rc)
        fail_msg("%s", done->error);
    return done->outputs[0].artifact;
}

static ost_digest run_one(const char *stage, const char *with, ost_digest in)
{
    ost_step_input input = step_input_of("in", in);
    ost_done_msg done = run_stage(fixture, stage, with, &input, 1);

    return first_output(&done);
}

static const ost_item *items_of(ost_digest d, size_t *n)
{
    ost_err err = { 0 };
    ost_item *items;
    ost_artifact a;

    assert_ok(ost_artifact_get(fixture->batch, &d, &fixture->arena, &a, &err),
              &err);
    assert_ok(
        ost_dataset_items(fixture->batch, &a, &fixture->arena, &items, n, &err),
        &err);
    return items;
}

/* --- balance -------------------------------------------------------------- */

static const char *check_balance(ost_rng *r)
{
    ost_arena *arena = &fixture->arena;
    item_set s = { .f = fixture };
    unsigned want[CLASSES], have[CLASSES];
    size_t found[CLASSES] = { 0 };
    const char *with = "{\"to\":{";
    const ost_item *items;
    size_t n;

    for (unsigned c = 0; c < CLASSES; c++) {
        have[c] = 1 + below(r, 20);
        want[c] = below(r, 60);
        with = ost_arena_printf(arena, "%s%s\"c%u\":%u", with, c ? "," : "", c,
                                want[c]);
        for (unsigned i = 0; i < have[c]; i++) {
            ost_item *item =
                set_item(&s, ost_arena_printf(arena, "c%u/%u", c, i),
                         ost_arena_printf(arena, "p%u", below(r, 9)),
                         ost_arena_printf(arena, "c%u", c));

            set_image(&s, item, "image", 1, 4, below(r, 1000));
        }
    }
    items = items_of(run_one("balance", ost_arena_printf(arena, "%s}}", with),
                             finish_set(&s, "in").artifact),
                     &n);
    for (size_t i = 0; i < n; i++) {
        unsigned c = (unsigned)(ost_item_label(&items[i])[1] - '0');

        found[c]++;
        if (items[i].n_parents && strncmp(items[i].id, items[i].parents[0],
                                          strlen(items[i].parents[0])) != 0)
            return "a copy is not called after its parent";
    }
    for (unsigned c = 0; c < CLASSES; c++)
        if (found[c] != want[c])
            return "a class has not the count that was asked for";
    return NULL;
}

static void balance_meets_every_count(void **state)
{
    fixture = *state;
    assert_int_equal(each_seed(60, check_balance), 0);
}

/* --- what is divided comes together again --------------------------------- */

static ost_digest random_set(ost_rng *r)
{
    ost_arena *arena = &fixture->arena;
    item_set s = { .f = fixture };
    unsigned n = 1 + below(r, 60);

    for (unsigned i = 0; i < n; i++) {
        ost_item *item = set_item(
            &s, ost_arena_printf(arena, "i%u%s", i, below(r, 2) ? "#0" : ""),
            ost_arena_printf(arena, "p%u", below(r, 12)),
            below(r, 3) ? "x" : "y");

        if (below(r, 2))
            ost_item_set_number(arena, item, "day", below(r, 5));
        for (unsigned k = below(r, 3); k > 0; k--)
            set_parent(&s, item, ost_arena_printf(arena, "q%u", below(r, 5)));
    }
    return finish_set(&s, "in").artifact;
}

/* The parts, which share no item, are the whole. */
static const char *check_parts(ost_digest whole, ost_digest a, ost_digest b)
{
    ost_step_input in[2] = { step_input_of("in", a), step_input_of("in", b) };
    ost_done_msg done = run_stage(fixture, "concat", "{}", in, 2);
    ost_digest again = first_output(&done);

    return ost_digest_equal(&again, &whole) ? NULL
                                            : "the parts are not the whole";
}

static const char *check_select(ost_rng *r)
{
    static const char *const with[] = {
        "{\"labels\":[\"x\"],\"allow_empty\":true,\"invert\":%s}",
        "{\"where\":{\"day\":{\"min\":1,\"max\":3}},\"allow_empty\":true,"
        "\"invert\":%s}",
        "{\"ids\":[\"i?\",\"*#0\"],\"allow_empty\":true,\"invert\":%s}",
        "{\"groups\":[\"p1*\"],\"allow_empty\":true,\"invert\":%s}",
    };
    const char *text = with[below(r, 4)];
    const char *at = strstr(text, "%s");
    ost_digest whole = random_set(r), part[2];

    for (int k = 0; k < 2; k++)
        part[k] = run_one("select",
                          ost_arena_printf(&fixture->arena, "%.*s%s%s",
                                           (int)(at - text), text,
                                           k ? "true" : "false", at + 2),
                          whole);
    return check_parts(whole, part[0], part[1]);
}

static void select_and_its_inverse_are_the_whole(void **state)
{
    fixture = *state;
    assert_int_equal(each_seed(80, check_select), 0);
}

/* Of a half that was chosen at random. */
static const char *check_restrict(ost_rng *r)
{
    static const char *const by[] = { "id", "group", "root" };
    ost_digest whole = random_set(r);
    const char *word = by[below(r, 3)];
    item_set to = { .f = fixture };
    ost_step_input in[2] = { step_input_of("in", whole), { 0 } };
    ost_digest part[2], again;
    const ost_item *items;
    ost_done_msg done;
    size_t n;

    items = items_of(whole, &n);
    for (size_t i = 0; i < n; i++)
        if (below(r, 2))
            set_item(&to, items[i].id, items[i].group, NULL);
    in[1] = finish_set(&to, "to");
    for (int k = 0; k < 2; k++) {
        done = run_stage(
            fixture, "restrict",
            ost_arena_printf(&fixture->arena,
                             "{\"by\":\"%s\",\"exclude\":%s,\"allow_empty\":"
                             "true}",
                             word, k ? "true" : "false"),
            in, 2);
        part[k] = first_output(&done);
    }
    in[0].artifact = part[0];
    done = run_stage(fixture, "restrict",
                     ost_arena_printf(&fixture->arena,
                                      "{\"by\":\"%s\",\"allow_empty\":true}",
                                      word),
                     in, 2);
    again = first_output(&done);
    if (!ost_digest_equal(&again, &part[0]))
        return "restricted twice is not restricted once";
    return check_parts(whole, part[0], part[1]);
}

static void restrict_and_exclude_are_the_whole(void **state)
{
    fixture = *state;
    assert_int_equal(each_seed(80, check_restrict), 0);
}

/* No parent of an item that is kept is a parent of one that is excluded. */
static const char *check_parents(ost_rng *r)
{
    ost_step_input in[2] = { step_input_of("in", random_set(r)), { 0 } };
    item_set to = { .f = fixture };
    const ost_item *part[2];
    size_t n[2];

    for (unsigned q = 0; q < 5; q++)
        if (below(r, 2))
            set_item(&to, ost_arena_printf(&fixture->arena, "q%u", q), "g",
                     NULL);
    in[1] = finish_set(&to, "to");
    for (int k = 0; k < 2; k++) {
        ost_done_msg done = run_stage(
            fixture, "restrict",
            ost_arena_printf(&fixture->arena,
                             "{\"by\":\"parent\",\"exclude\":%s,\"allow_empty\""
                             ":true}",
                             k ? "true" : "false"),
            in, 2);

        part[k] = items_of(first_output(&done), &n[k]);
    }
    for (size_t i = 0; i < n[0]; i++)
        for (size_t k = 0; k < n[1]; k++)
            for (size_t x = 0; x < part[0][i].n_parents; x++)
                for (size_t y = 0; y < part[1][k].n_parents; y++)
                    if (strcmp(part[0][i].parents[x], part[1][k].parents[y]) ==
                        0)
                        return "two sides share a parent";
    return NULL;
}

static void restrict_divides_no_parent(void **state)
{
    fixture = *state;
    assert_int_equal(each_seed(60, check_parents), 0);
}

/* --- pictures come together and apart --------------------------------------
 */

/* The numbers of a field, row by row. */
static const unsigned char *pixels_of(const ost_item *item, const char *name)
{
    const ost_field *f = ost_item_field(item, name);
    const unsigned char *all;
    unsigned char *out;
    size_t count = 1, at = 0;

    assert_non_null(f);
    for (int d = 0; d < f->ndim; d++)
        count *= (size_t)f->shape[d];
    all = field_bytes(fixture, item, name, NULL) + f->offset;
    out = ost_arena_alloc(&fixture->arena, count);
    for (int64_t t = 0; t < (f->ndim == 3 ? f->shape[0] : 1); t++)
        for (int64_t y = 0; y < f->shape[f->ndim - 2]; y++)
            for (int64_t x = 0; x < f->shape[f->ndim - 1]; x++)
                out[at++] = all[(f->ndim == 3 ? t * f->stride[0] : 0) +
                                y * f->stride[f->ndim - 2] +
                                x * f->stride[f->ndim - 1]];
    return out;
}

static const char *compare(const ost_item *a, size_t n, const ost_item *b,
                           size_t m, size_t size)
{
    if (n != m)
        return "there are not as many items as before";
    for (size_t i = 0; i < n; i++) {
        if (strcmp(a[i].id, b[i].id) != 0 ||
            strcmp(a[i].group, b[i].group) != 0 ||
            strcmp(ost_item_label(&a[i]), ost_item_label(&b[i])) != 0)
            return "an item is called or labeled otherwise than before";
        if (memcmp(pixels_of(&a[i], "image"), pixels_of(&b[i], "image"),
                   size) != 0)
            return "an item has other pixels than before";
        if (a[i].n_attrs != b[i].n_attrs)
            return "an item has other attributes than before";
        for (size_t k = 0; k < a[i].n_attrs; k++) {
            const ost_attr *x = &a[i].attrs[k];
            const ost_attr *y = ost_item_attr(&b[i], x->name);

            if (!y || y->number != x->number)
                return "an item has another attribute than before";
        }
    }
    return NULL;
}

/* `groups` patients with `each` images. */
static ost_digest random_images(ost_rng *r, unsigned groups, unsigned each,
                                int64_t h, int64_t w)
{
    ost_arena *arena = &fixture->arena;
    item_set s = { .f = fixture };

    for (unsigned g = 0; g < groups; g++)
        for (unsigned i = each ? each : 1 + below(r, 5); i > 0; i--) {
            ost_item *item = set_item(
                &s, ost_arena_printf(arena, "p%u/%u", g, i),
                ost_arena_printf(arena, "p%u", g), below(r, 2) ? "x" : "y");

            set_image(&s, item, "image", h, w, below(r, 1u << 30));
            ost_item_set_number(arena, item, "day", below(r, 4));
            if (below(r, 2))
                ost_item_set_number(arena, item, "dose", below(r, 2));
        }
    return finish_set(&s, "in").artifact;
}

static const char *check_sequence(ost_rng *r)
{
    int64_t h = 1 + below(r, 6), w = 1 + below(r, 6);
    const char *end = below(r, 2) ? "repeat_first" : "repeat_last";
    ost_digest whole = random_images(r, 1 + below(r, 6), 0, h, w), d;
    const ost_item *before, *after;
    size_t n, m;

    d = run_one("sequence",
                ost_arena_printf(&fixture->arena,
                                 "{\"length\":%u,\"short\":\"%s\"}",
                                 5 + below(r, 3), end),
                whole);
    d = run_one("frames", "{\"ids\":\"parents\"}", d);
    before = items_of(whole, &n);
    after = items_of(d, &m);
    return compare(before, n, after, m, (size_t)(h * w));
}

static void frames_undo_a_sequence(void **state)
{
    fixture = *state;
    assert_int_equal(each_seed(60, check_sequence), 0);
}

static const char *check_montage(ost_rng *r)
{
    int64_t h = 1 + below(r, 6), w = 1 + below(r, 6);
    unsigned rows = 1 + below(r, 3), cols = 1 + below(r, 3);
    ost_digest whole = random_images(r, 1 + below(r, 4), rows * cols, h, w);
    const ost_item *before, *after;
    ost_digest d;
    size_t n, m;

    d = run_one("montage",
                ost_arena_printf(&fixture->arena,
                                 "{\"rows\":%u,\"order\":\"%s\",\"labels\":"
                                 "\"first\"}",
                                 rows, below(r, 2) ? "day" : "id"),
                whole);
    d = run_one("montage",
                ost_arena_printf(&fixture->arena,
                                 "{\"direction\":\"split\",\"rows\":%u,"
                                 "\"cols\":%u,\"ids\":\"parents\"}",
                                 rows, cols),
                d);
    before = items_of(whole, &n);
    after = items_of(d, &m);
    return compare(before, n, after, m, (size_t)(h * w));
}

static void split_undoes_a_montage_of_items(void **state)
{
    fixture = *state;
    assert_int_equal(each_seed(60, check_montage), 0);
}

static const char *check_stack(ost_rng *r)
{
    int64_t h = 1 + below(r, 6), w = 1 + below(r, 6);
    unsigned rows = 1 + below(r, 3), cols = 1 + below(r, 3);
    ost_digest whole, d;
    const ost_item *before, *after;
    size_t n, m;

    whole = run_one(
        "sequence",
        ost_arena_printf(&fixture->arena, "{\"length\":%u}", rows * cols),
        random_images(r, 1, rows * cols, h, w));
    d = run_one("montage",
                ost_arena_printf(&fixture->arena,
                                 "{\"parts\":\"frames\",\"rows\":%u}", rows),
                whole);
    d = run_one("montage",
                ost_arena_printf(&fixture->arena,
                                 "{\"parts\":\"frames\",\"direction\":"
                                 "\"split\",\"rows\":%u,\"cols\":%u}",
                                 rows, cols),
                d);
    before = items_of(whole, &n);
    after = items_of(d, &m);
    if (n != 1 || m != 1 || before->n_attrs != after->n_attrs)
        return "the item is not the same";
    return memcmp(pixels_of(before, "frames"), pixels_of(after, "frames"),
                  (size_t)(h * w) * rows * cols) == 0
               ? NULL
               : "a frame has other pixels than before";
}

static void split_undoes_a_montage_of_frames(void **state)
{
    fixture = *state;
    assert_int_equal(each_seed(60, check_stack), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        step_test(balance_meets_every_count),
        step_test(select_and_its_inverse_are_the_whole),
        step_test(restrict_and_exclude_are_the_whole),
        step_test(restrict_divides_no_parent),
        step_test(frames_undo_a_sequence),
        step_test(split_undoes_a_montage_of_items),
        step_test(split_undoes_a_montage_of_frames),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
