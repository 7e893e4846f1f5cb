/* stages/split_table.c - what a division came out as
 *
 * A group in two parts is refused or noted, as are classes that a part has
 * none of; the counts of each class and group per part are metrics of kind
 * "split"; the folds are listed as nnU-Net's splits_final.json.
 */
#include "base/map.h"
#include "stages/splitting.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static const char *const part_titles[OST_PARTS] = { "training", "test",
                                                    "validation" };
static const char *const part_names[OST_PARTS] = { "train", "test",
                                                   "validation" };

/* --- checks ------------------------------------------------------------- */

/* Groups that are in more than one part; the first of them in *name. */
static size_t count_divided(ost_splitting *s, const char **name)
{
    enum { TOLD = 1u << OST_PARTS };
    uint8_t *parts =
        OST_ARENA_ARRAY(ost_ctx_arena(s->ctx), uint8_t, s->n_groups);
    size_t divided = 0;

    for (size_t i = 0; i < s->n; i++) {
        uint8_t *in = &parts[s->groups[i]];
        uint8_t mine = (uint8_t)(1u << s->part[i]);

        if (s->part[i] == OST_LEFT_OUT)
            continue;
        if ((*in & ~mine) && !(*in & TOLD)) {
            *name = divided++ ? *name : s->items[i].group;
            mine |= TOLD;
        }
        *in |= mine;
    }
    return divided;
}

static ost_rc check_divided(ost_splitting *s, ost_err *err)
{
    int how = s->p->divided;
    const char *name = "";
    size_t divided;

    if (how == OST_DIVIDED_AUTO)
        how = s->p->group ? OST_DIVIDED_ERROR : OST_DIVIDED_WARN;
    divided = count_divided(s, &name);
    s->divided = divided;
    if (divided && how == OST_DIVIDED_ERROR)
        return ost_fail(err, OST_EINPUT,
                        "group '%s' is in more than one part (%zu such "
                        "groups): a model would be tested on patients that it "
                        "knows (divided: warn allows that)",
                        name, divided);
    if (divided)
        ost_note(s->ctx,
                 "%zu groups are in more than one part, such as '%s': what is "
                 "trained here knows patients that it is tested on",
                 divided, name);
    return OST_OK;
}

/* True when a thing of a kind was not seen before. */
static bool is_new(ost_map *seen, uint32_t kind, uint32_t thing)
{
    const uint32_t key[] = { kind, thing };

    return ost_map_put(seen, key, sizeof(key), 0);
}

/* Members are what may not be divided. */
static void note_few(ost_splitting *s)
{
    ost_arena *arena = ost_ctx_arena(s->ctx);
    size_t *members = OST_ARENA_ARRAY(arena, size_t, s->n_strata);
    ost_map seen = { 0 };

    for (size_t i = 0; i < s->n; i++)
        members[s->strata[i]] +=
            !s->p->group || is_new(&seen, s->strata[i], s->groups[i]);
    for (uint32_t c = 0; c < s->n_strata; c++)
        if (members[c] < (uint64_t)s->p->folds)
            ost_note(s->ctx, "'%s' has %zu %s, fewer than %lld folds",
                     s->strata_names[c], members[c],
                     s->p->group ? "groups" : "items", (long long)s->p->folds);
    ost_map_release(&seen);
}

/* Says which classes a part has none of, though there are some. */
static void note_missing(ost_splitting *s, uint8_t part)
{
    ost_arena *arena = ost_ctx_arena(s->ctx);
    bool *there = OST_ARENA_ARRAY(arena, bool, s->n_strata);
    size_t *size = OST_ARENA_ARRAY(arena, size_t, s->n_strata);
    const char *what = s->p->strata == OST_BY_CLASS ? "class" : "level";

    for (size_t i = 0; i < s->n; i++) {
        size[s->strata[i]]++;
        if (s->part[i] == part)
            there[s->strata[i]] = true;
    }
    for (uint32_t c = 0; c < s->n_strata; c++)
        if (!there[c])
            ost_note(s->ctx, "the %s set has no item of %s '%s' (%zu in all)",
                     part_titles[part], what, s->strata_names[c], size[c]);
}

ost_rc ost_split_check(ost_splitting *s, ost_err *err)
{
    ost_rc rc = check_divided(s, err);

    if (rc)
        return rc;
    if (s->p->method == OST_KFOLD && s->p->stratify)
        note_few(s);
    note_missing(s, OST_TRAIN);
    note_missing(s, OST_TEST);
    return OST_OK;
}

/* --- counts ------------------------------------------------------------- */

/* Names of items, numbered by first appearance. */
typedef struct {
    uint32_t *of; /* per item */
    const char **names;
    uint32_t n;
} naming;

static naming number_names(ost_splitting *s, const char **names)
{
    ost_arena *arena = ost_ctx_arena(s->ctx);
    naming out = { .of = OST_ARENA_ARRAY(arena, uint32_t, s->n),
                   .names = OST_ARENA_ARRAY(arena, const char *, s->n) };
    ost_map numbers = { 0 };
    uint64_t at;

    for (size_t i = 0; i < s->n; i++) {
        if (!ost_map_get(&numbers, names[i], strlen(names[i]), &at)) {
            at = out.n++;
            ost_map_put(&numbers, names[i], strlen(names[i]), at);
            out.names[at] = names[i];
        }
        out.of[i] = (uint32_t)at;
    }
    ost_map_release(&numbers);
    return out;
}

/* Items and groups of each name in a part. */
static json_t *count_by(ost_splitting *s, uint8_t part, const naming *by)
{
    ost_arena *arena = ost_ctx_arena(s->ctx);
    size_t *items = OST_ARENA_ARRAY(arena, size_t, by->n);
    size_t *groups = OST_ARENA_ARRAY(arena, size_t, by->n);
    json_t *out = json_object();
    ost_map seen = { 0 };

    for (size_t i = 0; i < s->n; i++) {
        if (s->part[i] != part)
            continue;
        items[by->of[i]]++;
        groups[by->of[i]] += is_new(&seen, by->of[i], s->groups[i]);
    }
    for (uint32_t c = 0; c < by->n; c++)
        if (items[c])
            json_object_set_new(out, by->names[c],
                                json_pack("{s:I, s:I}", "n_items",
                                          (json_int_t)items[c], "n_groups",
                                          (json_int_t)groups[c]));
    ost_map_release(&seen);
    return out;
}

static json_t *count_part(ost_splitting *s, uint8_t part, const naming *classes,
                          const naming *levels)
{
    bool *seen = OST_ARENA_ARRAY(ost_ctx_arena(s->ctx), bool, s->n_groups);
    size_t items = 0, groups = 0;
    json_t *out;

    for (size_t i = 0; i < s->n; i++) {
        if (s->part[i] != part)
            continue;
        items++;
        groups += !seen[s->groups[i]];
        seen[s->groups[i]] = true;
    }
    out = json_pack("{s:I, s:I, s:o}", "n_items", (json_int_t)items, "n_groups",
                    (json_int_t)groups, "classes", count_by(s, part, classes));
    if (levels->n)
        json_object_set_new(out, "levels", count_by(s, part, levels));
    return out;
}

ost_rc ost_split_emit_table(ost_splitting *s, ost_err *err)
{
    const json_t *with = ost_ctx_with(s->ctx);
    json_t *out = json_pack(
        "{s:s, s:O, s:O, s:I, s:I, s:I, s:I}", "kind", "split", "method",
        json_object_get(with, "method"), "like", json_object_get(with, "like"),
        "n_folds", (json_int_t)s->n_folds, "fold", (json_int_t)s->test_fold,
        "divided_groups", (json_int_t)s->divided, "left_out",
        (json_int_t)s->left_out);
    naming classes = number_names(s, s->class_names), levels = { 0 };
    json_t *parts = json_object();
    ost_rc rc;

    if (s->level_names)
        levels = number_names(s, s->level_names);
    for (uint8_t part = 0; part < OST_PARTS; part++)
        json_object_set_new(parts, part_names[part],
                            count_part(s, part, &classes, &levels));
    json_object_set_new(out, "parts", parts);
    rc = ost_emit_meta(s->ctx, "table", out, err);
    json_decref(out);
    return rc;
}

/* --- nnU-Net's list ----------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The cases in (or not in) the test set of a fold, sorted, each once. */
static json_t *list_cases(ost_splitting *s, uint32_t fold, bool tested)
{
    const char **names =
        OST_ARENA_ARRAY(ost_ctx_arena(s->ctx), const char *, s->n);
    json_t *list = json_array();
    size_t n = 0;

    for (size_t i = 0; i < s->n; i++)
        if (s->part[i] != OST_LEFT_OUT && (s->fold[i] == fold) == tested)
            names[n++] = ost_split_case(s->p, &s->items[i]);
    qsort(names, n, sizeof(*names), by_name);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || strcmp(names[i], names[i - 1]) != 0)
            json_array_append_new(list, json_string(names[i]));
    return list;
}

ost_rc ost_split_emit_list(ost_splitting *s, ost_err *err)
{
    json_t *folds = json_array();
    char *text;
    ost_rc rc;

    for (uint32_t k = 0; k < s->n_folds; k++)
        json_array_append_new(folds, json_pack("{s:o, s:o}", "train",
                                               list_cases(s, k, false), "val",
                                               list_cases(s, k, true)));
    text = json_dumps(folds, JSON_INDENT(4) | JSON_SORT_KEYS);
    rc = ost_emit_file(s->ctx, "files", "splits_final.json", text, strlen(text),
                       err);
    json_decref(folds);
    free(text);
    return rc;
}
