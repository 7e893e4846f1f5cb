/* tests/fuzz/fuzz_artifact.c - any bytes as a record of the store
 *
 * The first byte chooses the decoder.  What decodes is used, and an item that
 * decodes must be the same item after another round.
 */
/* links: base store */
#include "store/artifact.h"
#include "store/item_chain.h"
#include "store/item_codec.h"
#include "store/pin.h"
#include "store/record.h"
#include "tests/fuzz/fuzzed.h"

#include <string.h>

#include "base/banned.h"

enum { ARTIFACT, ITEM, PAGE, GROUPS, NODE, RUN, PIN, KINDS };

static size_t total; /* so that reading is not optimized away */

static void use_text(const char *s)
{
    total += strlen(s);
}

static void use_item(const ost_item *item)
{
    ost_arena arena = { 0 };
    ost_buf once = { 0 }, twice = { 0 };
    ost_item back;
    ost_reader r;

    use_text(item->id);
    use_text(item->group);
    for (size_t i = 0; i < item->n_parents; i++)
        use_text(item->parents[i]);
    ost_item_encode(&once, item);
    r = ost_reader_of(once.data, once.len);
    if (!ost_item_decode(&r, &arena, &back) || ost_read_left(&r))
        OST_BUG();
    ost_item_encode(&twice, &back);
    if (once.len != twice.len || memcmp(once.data, twice.data, once.len) != 0)
        OST_BUG();
    ost_buf_release(&once);
    ost_buf_release(&twice);
    ost_arena_release(&arena);
}

static void decode_artifact(const uint8_t *data, size_t size, ost_arena *arena)
{
    ost_reader r = ost_reader_of(data, size);
    ost_artifact a;

    if (!ost_artifact_decode(&r, arena, &a))
        return;
    use_text(a.meta);
    use_text(ost_artifact_type_name(a.type));
    for (size_t i = 0; i < a.n_refs; i++)
        use_text(a.refs[i].name);
}

static void decode_item(const uint8_t *data, size_t size, ost_arena *arena)
{
    ost_reader r = ost_reader_of(data, size);
    ost_item item;

    if (ost_item_decode(&r, arena, &item))
        use_item(&item);
}

/* What decodes must encode, and then decode to what encodes the same. */
static void use_chain(const ost_item *items, size_t n)
{
    ost_arena arena = { 0 };
    ost_item_chain there = { 0 }, back = { 0 }, again = { 0 };
    ost_buf once = { 0 }, twice = { 0 };
    ost_item item;
    ost_reader r;

    for (size_t i = 0; i < n; i++)
        ost_chain_add(&there, &once, &items[i]);
    r = ost_reader_of(once.data, once.len);
    for (size_t i = 0; i < n; i++) {
        if (!ost_chain_read(&back, &r, &arena, &item))
            OST_BUG();
        ost_chain_add(&again, &twice, &item);
        ost_chain_settle(&again);
    }
    if (ost_read_left(&r) || once.len != twice.len ||
        (n && memcmp(once.data, twice.data, once.len) != 0))
        OST_BUG();
    ost_chain_release(&there);
    ost_chain_release(&back);
    ost_chain_release(&again);
    ost_buf_release(&once);
    ost_buf_release(&twice);
    ost_arena_release(&arena);
}

static void decode_page(const uint8_t *data, size_t size, ost_arena *arena)
{
    enum { ROOM = 8 };
    ost_item items[ROOM];

    for (size_t n = 0; n < ROOM; n++) {
        if (!ost_page_decode(data, size, arena, items, n))
            continue;
        for (size_t i = 0; i < n; i++)
            use_item(&items[i]);
        use_chain(items, n);
    }
}

static void decode_groups(const uint8_t *data, size_t size, ost_arena *arena)
{
    const char *const *groups;
    size_t n;

    if (!ost_groups_decode(data, size, arena, &groups, &n))
        return;
    for (size_t i = 0; i < n; i++)
        use_text(groups[i]);
}

static void decode_node(const uint8_t *data, size_t size, ost_arena *arena)
{
    ost_node_record r;
    ost_err err;

    if (ost_node_record_decode(data, size, arena, &r, &err))
        return;
    use_text(r.components);
    use_text(r.notes);
    for (size_t i = 0; i < r.n_outputs; i++)
        use_text(r.outputs[i].port);
}

static void decode_run(const uint8_t *data, size_t size, ost_arena *arena)
{
    ost_run_record r;
    ost_err err;

    if (ost_run_record_decode(data, size, arena, &r, &err))
        return;
    use_text(r.meta);
    for (size_t i = 0; i < r.n_steps; i++)
        use_text(r.steps[i].message);
    for (size_t i = 0; i < r.n_outputs; i++)
        use_text(r.outputs[i].port);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const decoders[])(const uint8_t *, size_t, ost_arena *) = {
        [ARTIFACT] = decode_artifact, [ITEM] = decode_item,
        [PAGE] = decode_page,         [GROUPS] = decode_groups,
        [NODE] = decode_node,         [RUN] = decode_run,
    };
    ost_arena arena = { 0 };
    ost_pin pin;
    ost_err err;

    if (size == 0)
        return 0;
    if (data[0] % KINDS == PIN) {
        if (ost_pin_decode(data + 1, size - 1, &pin, &err) == OST_OK)
            use_text(pin.run);
    } else {
        decoders[data[0] % KINDS](data + 1, size - 1, &arena);
    }
    ost_arena_release(&arena);
    return 0;
}
