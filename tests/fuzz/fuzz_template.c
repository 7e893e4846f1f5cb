/* tests/fuzz/fuzz_template.c - any text as a template
 *
 * What can be parsed is filled, twice, with the same result; what is read are
 * names that the facts have or that the template names.
 */
/* links: stages store base kernels */
#include "stages/template.h"
#include "tests/fuzz/fuzzed.h"

#include <string.h>

#include "base/banned.h"

const ost_stage *const ost_stages[] = { NULL };

static void add_facts(ost_arena *arena, ost_item *facts)
{
    ost_item_set_number(arena, facts, "n", 2);
    ost_item_set_number(arena, facts, "burden", 0.0734);
    ost_item_set_number(arena, facts, "burden.frame1", 1e300);
    ost_item_set_number(arena, facts, "burden.frame2", -0.5);
    ost_item_set_text(arena, facts, "scan.predicted", "bladder|lesion");
    ost_item_set_text(arena, facts, "sites.predicted", "rib|spine");
    ost_item_set_text(arena, facts, "empty", "");
    ost_item_set_text(arena, facts, "id", "a/b");
    ost_item_set_text(arena, facts, "group", "p|");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ost_arena arena = { 0 };
    ost_file file = { .name = "fuzz", .size = size };
    ost_template_names read[2] = { { 0 }, { 0 } };
    ost_buf text[2] = { { 0 }, { 0 } };
    ost_item facts = { .id = "a/b", .group = "p" };
    const ost_template *t;
    ost_err err = { 0 };
    ost_rc rc[2];

    /* The parameter of a stage holds no NUL. */
    if (memchr(data, 0, size))
        return 0;
    file.data = ost_arena_strndup(&arena, (const char *)data, size);
    add_facts(&arena, &facts);
    if (ost_template_parse(&file, &arena, &t, &err)) {
        if (strncmp(err.text, "fuzz:", 5) != 0)
            OST_BUG();
        goto out;
    }
    for (int k = 0; k < 2; k++)
        rc[k] =
            ost_template_render(t, &facts, &arena, &read[k], &text[k], &err);
    if (rc[0] != rc[1] || text[0].len != text[1].len ||
        read[0].len != read[1].len ||
        strcmp(ost_buf_str(&text[0]), ost_buf_str(&text[1])) != 0)
        OST_BUG();
    if (rc[0] != OST_OK && rc[0] != OST_EINPUT)
        OST_BUG();
out:
    for (int k = 0; k < 2; k++) {
        ost_vec_release(&read[k]);
        ost_buf_release(&text[k]);
    }
    ost_arena_release(&arena);
    return 0;
}
