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
    ost_map parts = { 0 };
    size_t divided = 0;
    uint64_t in;

    for (size_t i = 0; i < s->n; i++) {
        const char *group = s->items[i].group;
        uint64_t mine;

        if (s->part[i] == OST_LEFT_OUT)
            continue;
        mine = (uint64_t)1 << s->part[i];
        if (!ost_map_get(&parts, group, strlen(group), &in))
            in = 0;
        if ((in | mine) == in)
            continue;
        if (in && !(in & TOLD)) {
            *name = divided++ ? *name : group;
            mine |= TOLD;
        }
        ost_map_put(&parts, group, strlen(group), in | mine);
    }
    ost_map_release(&parts);
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

/* Members are what may not be divided. */
static void note_few(ost_splitting *s)
{
    ost_arena *arena = ost_ctx_arena(s->ctx);
    size_t *members = OST_ARENA_ARRAY(arena, size_t, s->n_strata);
    ost_map seen = { 0 };

    for (size_t i = 0; i < s->n; i++) {
        const char *key =
            ost_arena_printf(arena, "%u %s", s->strata[i], s->units[i]);

        members[s->strata[i]] += ost_map_put(&seen, key, strlen(key), 0);
    }
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

/* Counts items, and groups once per name and part, as members of `out`. */
static json_t *count_by(ost_splitting *s, uint8_t part, const char **names)
{
    ost_arena *arena = ost_ctx_arena(s->ctx);
    json_t *out = json_object();
    ost_map seen = { 0 };

    for (size_t i = 0; i < s->n; i++) {
        const char *key;
        json_t *entry;
        bool first;

        if (s->part[i] != part)
            continue;
        key = ost_arena_printf(arena, "%s\t%s", names[i], s->items[i].group);
        first = ost_map_put(&seen, key, strlen(key), 0);
        entry = json_object_get(out, names[i]);
        if (!entry) {
            entry = json_pack("{s:i, s:i}", "n_items", 0, "n_groups", 0);
            json_object_set_new(out, names[i], entry);
        }
        json_integer_set(json_object_get(entry, "n_items"),
                         json_integer_value(json_object_get(entry, "n_items")) +
                             1);
        if (first)
            json_integer_set(
                json_object_get(entry, "n_groups"),
                json_integer_value(json_object_get(entry, "n_groups")) + 1);
    }
    ost_map_release(&seen);
    return out;
}

static json_t *count_part(ost_splitting *s, uint8_t part)
{
    ost_map groups = { 0 };
    size_t items = 0, n = 0;
    json_t *out;

    for (size_t i = 0; i < s->n; i++) {
        const char *group = s->items[i].group;

        if (s->part[i] != part)
            continue;
        items++;
        n += ost_map_put(&groups, group, strlen(group), 0);
    }
    ost_map_release(&groups);
    out =
        json_pack("{s:I, s:I, s:o}", "n_items", (json_int_t)items, "n_groups",
                  (json_int_t)n, "classes", count_by(s, part, s->class_names));
    if (s->level_names)
        json_object_set_new(out, "levels", count_by(s, part, s->level_names));
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
    json_t *parts = json_object();
    ost_rc rc;

    for (uint8_t part = 0; part < OST_PARTS; part++)
        json_object_set_new(parts, part_names[part], count_part(s, part));
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
