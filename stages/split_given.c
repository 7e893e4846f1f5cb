/* stages/split_given.c - divisions that others made
 *
 * A column of the items says the part; each value of an attribute (or each
 * group) is left out once; or a file lists the cases of each fold as nnU-Net's
 * splits_final.json does: [{"train": [...], "val": [...]}, ...].
 */
#include "base/json.h"
#include "base/map.h"
#include "stages/matching.h"
#include "stages/splitting.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"

/* An item that is in no part. */
static ost_rc leave_out(ost_splitting *s, size_t i, const char *why,
                        ost_err *err)
{
    if (s->p->unlisted == OST_UNLISTED_ERROR)
        return ost_fail(err, OST_EINPUT,
                        "item '%s' %s (unlisted: drop leaves such items out)",
                        s->items[i].id, why);
    s->part[i] = OST_LEFT_OUT;
    s->left_out++;
    return OST_OK;
}

/* --- a column ----------------------------------------------------------- */

static const char *const part_words[OST_PARTS][4] = {
    [OST_TRAIN] = { "train", "training" },
    [OST_TEST] = { "test", "testing" },
    [OST_VALIDATION] = { "validation", "valid", "val" },
};
static const char *const part_names[OST_PARTS] = { "train", "test",
                                                   "validation" };

/* Words that the workflow gives, or the usual ones in any case. */
static bool is_word_of(const json_t *given, int part, const char *word)
{
    const json_t *list = json_object_get(given, part_names[part]), *w;
    size_t i;

    if (json_object_size(given) == 0) {
        for (i = 0; part_words[part][i]; i++)
            if (strcasecmp(part_words[part][i], word) == 0)
                return true;
        return false;
    }
    json_array_foreach((json_t *)(uintptr_t)list, i,
                       w) if (strcmp(json_string_value(w), word) ==
                              0) return true;
    return false;
}

static ost_rc read_column(ost_splitting *s, ost_err *err)
{
    ost_arena *arena = ost_ctx_arena(s->ctx);
    ost_rc rc = OST_OK;

    s->n_folds = 1;
    for (size_t i = 0; i < s->n && !rc; i++) {
        const ost_attr *a = ost_item_attr(&s->items[i], s->p->column);
        const char *word = a ? ost_attr_text(arena, a) : NULL;
        int part = 0;

        while (word && part < OST_PARTS &&
               !is_word_of(s->p->values, part, word))
            part++;
        if (!word)
            rc = leave_out(
                s, i,
                ost_arena_printf(arena, "has no attribute '%s'", s->p->column),
                err);
        else if (part == OST_PARTS)
            rc =
                leave_out(s, i,
                          ost_arena_printf(arena, "is in no part: '%s' is '%s'",
                                           s->p->column, word),
                          err);
        else
            s->part[i] = (uint8_t)part;
        s->fold[i] = s->part[i] != OST_TEST;
    }
    return rc;
}

/* --- one left out ------------------------------------------------------- */

typedef struct {
    const char *text;
    bool is_number;
    double number;
} value;

static int by_value(const void *a, const void *b)
{
    const value *x = a, *y = b;

    if (x->is_number != y->is_number)
        return x->is_number ? -1 : 1;
    if (x->is_number && (x->number < y->number || x->number > y->number))
        return x->number < y->number ? -1 : 1;
    return strcmp(x->text, y->text);
}

static ost_rc value_of(ost_splitting *s, size_t i, value *v, ost_err *err)
{
    const ost_attr *a;

    if (!s->p->of) {
        *v = (value){ .text = s->items[i].group };
        return OST_OK;
    }
    a = ost_item_attr(&s->items[i], s->p->of);
    if (!a)
        return ost_fail(err, OST_EINPUT, "item '%s' has no attribute '%s'",
                        s->items[i].id, s->p->of);
    *v = (value){ .text = ost_attr_text(ost_ctx_arena(s->ctx), a),
                  .is_number = a->kind == OST_ATTR_NUMBER,
                  .number = a->number };
    return OST_OK;
}

/* The fold that params ask for, by number or by value. */
static ost_rc find_fold(ost_splitting *s, const value *values, ost_err *err)
{
    const char *what = s->p->of ? s->p->of : "group";
    const json_t *wanted = s->p->value;
    ost_arena *arena = ost_ctx_arena(s->ctx);
    ost_attr as_attr = { .kind = OST_ATTR_NUMBER };
    const char **names, *text;

    if (!wanted || json_is_null(wanted)) {
        if (s->p->fold < s->n_folds) {
            s->test_fold = (uint32_t)s->p->fold;
            return OST_OK;
        }
        return ost_fail(err, OST_EINPUT,
                        "param 'fold': there is no fold %lld; '%s' has %u "
                        "values, so folds go from 0 to %u",
                        (long long)s->p->fold, what, s->n_folds,
                        s->n_folds - 1);
    }
    as_attr.number = json_number_value(wanted);
    text = json_is_string(wanted) ? json_string_value(wanted)
                                  : ost_attr_text(arena, &as_attr);
    names = OST_ARENA_ARRAY(arena, const char *, s->n_folds);
    for (uint32_t k = 0; k < s->n_folds; k++) {
        names[k] = values[k].text;
        if (strcmp(text, names[k]) == 0) {
            s->test_fold = k;
            return OST_OK;
        }
    }
    return ost_fail(err, OST_EINPUT, "param 'value': no item has %s '%s'%s",
                    what, text,
                    ost_did_you_mean(arena, text, names, s->n_folds));
}

static ost_rc leave_one_out(ost_splitting *s, ost_err *err)
{
    ost_arena *arena = ost_ctx_arena(s->ctx);
    value *values = OST_ARENA_ARRAY(arena, value, s->n), v;
    const char **texts = OST_ARENA_ARRAY(arena, const char *, s->n);
    ost_map numbers = { 0 };
    uint64_t at;
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < s->n && !rc; i++) {
        rc = value_of(s, i, &v, err);
        if (rc)
            break;
        texts[i] = v.text;
        if (ost_map_put(&numbers, v.text, strlen(v.text), 0))
            values[s->n_folds++] = v;
    }
    if (!rc && s->n_folds < 2)
        rc = ost_fail(err, OST_EINPUT,
                      "'%s' has one value, '%s': with it left out nothing is "
                      "there to train on",
                      s->p->of ? s->p->of : "group", values[0].text);
    if (rc)
        goto out;
    qsort(values, s->n_folds, sizeof(*values), by_value);
    for (uint32_t k = 0; k < s->n_folds; k++)
        ost_map_put(&numbers, values[k].text, strlen(values[k].text), k);
    rc = find_fold(s, values, err);
    for (size_t i = 0; i < s->n && !rc; i++) {
        ost_map_get(&numbers, texts[i], strlen(texts[i]), &at);
        s->fold[i] = (uint32_t)at;
        s->part[i] = at == s->test_fold ? OST_TEST : OST_TRAIN;
    }
out:
    ost_map_release(&numbers);
    return rc;
}

/* --- nnU-Net's file ----------------------------------------------------- */

const char *ost_split_case(const ost_split_params *p, const ost_item *item)
{
    const char *slash;

    if (p->listed == OST_LISTED_GROUP)
        return item->group;
    slash = p->listed == OST_LISTED_NAME ? strrchr(item->id, '/') : NULL;
    return slash ? slash + 1 : item->id;
}

enum { FOUND = 8 }; /* added to the part of a case that an item has */

/* Notes the part of each case of one list of the fold. */
static ost_rc read_list(ost_splitting *s, const json_t *fold, const char *name,
                        uint8_t part, ost_map *cases, ost_err *err)
{
    json_t *list = json_object_get(fold, name), *c;
    size_t i;

    if (!json_is_array(list))
        return ost_fail(err, OST_EINPUT, "%s: fold %lld has no list \"%s\"",
                        s->p->file.name, (long long)s->p->fold, name);
    json_array_foreach(list, i, c)
    {
        const char *text = json_string_value(c);

        if (!text)
            return ost_fail(err, OST_EINPUT,
                            "%s: fold %lld, \"%s\": element %zu is no text",
                            s->p->file.name, (long long)s->p->fold, name, i);
        if (!ost_map_put(cases, text, strlen(text), part))
            return ost_fail(err, OST_EINPUT, "%s: fold %lld lists '%s' twice",
                            s->p->file.name, (long long)s->p->fold, text);
    }
    return OST_OK;
}

/* A listed case that no item is, is nearly always another way of naming. */
static ost_rc check_found(ost_splitting *s, const json_t *fold,
                          const ost_map *cases, ost_err *err)
{
    static const char *const lists[] = { "train", "val" };
    const char *first = NULL;
    size_t missing = 0, i;
    uint64_t at;
    json_t *c;

    for (int l = 0; l < 2; l++)
        json_array_foreach(json_object_get(fold, lists[l]), i, c)
        {
            const char *text = json_string_value(c);

            if (ost_map_get(cases, text, strlen(text), &at) && at >= FOUND)
                continue;
            first = missing++ ? first : text;
        }
    if (!missing)
        return OST_OK;
    if (s->p->unlisted == OST_UNLISTED_ERROR)
        return ost_fail(err, OST_EINPUT,
                        "%s: no item is case '%s' of fold %lld (%zu such "
                        "cases; param 'listed' says what cases are named "
                        "after, unlisted: drop allows it)",
                        s->p->file.name, first, (long long)s->p->fold, missing);
    ost_note(s->ctx, "%zu listed cases are not among the items, such as '%s'",
             missing, first);
    return OST_OK;
}

static ost_rc apply_fold(ost_splitting *s, const json_t *fold, ost_map *cases,
                         ost_err *err)
{
    ost_rc rc = read_list(s, fold, "train", OST_TRAIN, cases, err);
    uint64_t part;

    if (!rc)
        rc = read_list(s, fold, "val", OST_TEST, cases, err);
    for (size_t i = 0; i < s->n && !rc; i++) {
        const char *name = ost_split_case(s->p, &s->items[i]);

        if (!ost_map_get(cases, name, strlen(name), &part)) {
            rc = leave_out(s, i,
                           ost_arena_printf(ost_ctx_arena(s->ctx),
                                            "is not in fold %lld of %s",
                                            (long long)s->p->fold,
                                            s->p->file.name),
                           err);
            continue;
        }
        s->part[i] = (uint8_t)(part % FOUND);
        ost_map_put(cases, name, strlen(name), part % FOUND + FOUND);
    }
    return rc ? rc : check_found(s, fold, cases, err);
}

static ost_rc read_nnunet(ost_splitting *s, ost_err *err)
{
    const ost_file *file = &s->p->file;
    ost_map cases = { 0 };
    ost_json_doc *doc = NULL;
    const json_t *folds;
    ost_rc rc;

    rc = ost_json_parse(file->name, file->data, file->size, &doc, err);
    if (rc)
        goto out;
    folds = ost_json_root(doc);
    if (!json_is_array(folds) || (size_t)s->p->fold >= json_array_size(folds)) {
        rc =
            ost_fail(err, OST_EINPUT,
                     "%s: expected a list of more than %lld folds, there are "
                     "%zu",
                     file->name, (long long)s->p->fold, json_array_size(folds));
        goto out;
    }
    s->n_folds = (uint32_t)json_array_size(folds);
    s->test_fold = (uint32_t)s->p->fold;
    rc = apply_fold(s, json_array_get(folds, s->test_fold), &cases, err);
out:
    ost_map_release(&cases);
    ost_json_free(doc);
    return rc;
}

ost_rc ost_split_read(ost_splitting *s, ost_err *err)
{
    size_t in[OST_LEFT_OUT + 1] = { 0 };
    ost_rc rc = s->p->method == OST_COLUMN          ? read_column(s, err)
                : s->p->method == OST_LEAVE_ONE_OUT ? leave_one_out(s, err)
                                                    : read_nnunet(s, err);

    if (rc)
        return rc;
    for (size_t i = 0; i < s->n; i++)
        in[s->part[i]]++;
    if (in[OST_TRAIN] == 0 || in[OST_TEST] == 0)
        return ost_fail(err, OST_EINPUT, "no item is in the %s set",
                        in[OST_TRAIN] ? "test" : "training");
    if (s->left_out)
        ost_note(s->ctx, "%zu items are in no part and left out", s->left_out);
    return OST_OK;
}
