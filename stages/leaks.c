/* stages/leaks.c - the groups that what judged them had learned from
 *
 * Exposures are shared by digest, so rows are sorted into buckets of one
 * exposure (by counting), each set is decoded once, and each row looks its
 * group up.  Rows come in the order of ids, groups as a rule alike: the search
 * begins where the last one ended, and becomes a table where they do not.
 */
#include "stages/leaks.h"

#include "base/map.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum {
    NAMED = 20, /* groups that the document names, of each part */
    TOLD = 4,   /* groups and parts that a message names */
};

/* What was found in one part, or in all. */
typedef struct {
    const char *name;
    size_t checked, leaked;
    ost_map seen; /* groups that leaked */
    OST_VEC(const char *) groups;
} finding;

typedef struct {
    ost_leak_check *check;
    uint32_t *set;  /* per row: its exposure, by first appearance; 0: none */
    uint32_t *part; /* per row: 0 for all, k for part k - 1 */
    uint8_t *leaked;
    OST_VEC(const ost_digest *) sets;
    OST_VEC(finding) findings; /* [0]: all; then the parts */
} search;

void ost_leaks_add_against(ost_leak_check *c, const ost_item *item,
                           const ost_digest *exposure, const char *part)
{
    if (c->mode != OST_LEAKAGE_OFF)
        ost_vec_push(&c->rows, (ost_leak_row){ item, exposure, part });
}

void ost_leaks_add(ost_leak_check *c, const ost_item *item, const char *part)
{
    ost_leaks_add_against(c, item, &item->exposure, part);
}

void ost_leaks_release(ost_leak_check *c)
{
    ost_vec_release(&c->rows);
}

/* --- sets and parts ---------------------------------------------------- */

static void number_sets(search *s)
{
    const ost_digest none = { { 0 } }, *last = &none;
    ost_map seen = { 0 };
    uint64_t at = 0;

    ost_vec_push(&s->sets, last);
    for (size_t i = 0; i < s->check->rows.len; i++) {
        const ost_digest *d = s->check->rows.data[i].exposure;

        if (d != last && !ost_digest_equal(d, last)) {
            last = d;
            at = 0;
            if (!ost_digest_is_zero(d) &&
                !ost_map_get(&seen, d->b, sizeof(d->b), &at)) {
                at = s->sets.len;
                ost_map_put(&seen, d->b, sizeof(d->b), at);
                ost_vec_push(&s->sets, d);
            }
        }
        s->set[i] = (uint32_t)at;
    }
    ost_map_release(&seen);
}

static void number_parts(search *s)
{
    const char *last = NULL;
    ost_map seen = { 0 };
    uint64_t at = 0;

    ost_vec_push(&s->findings, (finding){ 0 });
    for (size_t i = 0; i < s->check->rows.len; i++) {
        const char *part = s->check->rows.data[i].part;

        if (part != last) {
            last = part;
            at = 0;
            if (part && !ost_map_get(&seen, part, strlen(part), &at)) {
                at = s->findings.len;
                ost_map_put(&seen, part, strlen(part), at);
                ost_vec_push(&s->findings, (finding){ .name = part });
            }
        }
        s->part[i] = (uint32_t)at;
    }
    ost_map_release(&seen);
}

/* --- looking up -------------------------------------------------------- */

/* Whether sorted `names` hold `name`; *at is where it is or would be, and
 * where the search begins. */
static bool holds(const char *const *names, size_t n, const char *name,
                  size_t *at)
{
    size_t lo = 0, hi = n, step = 1;
    int order = *at < n ? strcmp(names[*at], name) : 1;

    if (order == 0)
        return true;
    if (order < 0) {
        lo = *at + 1;
        while (lo + step <= n && strcmp(names[lo + step - 1], name) < 0) {
            lo += step;
            step *= 2;
        }
        hi = lo + step < n ? lo + step : n;
    } else if (*at < n) {
        hi = *at;
    }
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (strcmp(names[mid], name) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    *at = lo;
    return lo < n && strcmp(names[lo], name) == 0;
}

/* A set that names are looked up in. */
typedef struct {
    const char *const *names;
    size_t n;
    size_t at;       /* where the search begins */
    ost_map by_name; /* once names come in no order */
} lookup;

static void hash_names(lookup *l)
{
    for (size_t i = 0; i < l->n; i++)
        ost_map_put(&l->by_name, l->names[i], strlen(l->names[i]), 0);
}

static bool find(lookup *l, const char *name, const char *last)
{
    if (l->by_name.len == 0 && last && strcmp(name, last) < 0)
        hash_names(l);
    if (l->by_name.len > 0)
        return ost_map_get(&l->by_name, name, strlen(name), NULL);
    return holds(l->names, l->n, name, &l->at);
}

/* Looks up the rows `index[0..n-1]`, all of them exposed to `exposure`. */
static ost_rc look_up(search *s, const ost_digest *exposure,
                      const uint32_t *index, size_t n, ost_arena *arena,
                      ost_err *err)
{
    const ost_leak_row *rows = s->check->rows.data;
    const char *last = NULL;
    lookup l = { 0 };
    bool found = false;
    ost_rc rc;

    rc = ost_ctx_groups(s->check->ctx, exposure, arena, &l.names, &l.n, err);
    for (size_t i = 0; i < n && !rc; i++) {
        const char *group = rows[index[i]].item->group;

        if (!last || (group != last && strcmp(group, last) != 0))
            found = find(&l, group, last);
        last = group;
        s->leaked[index[i]] = found;
        if (!found && s->check->twins)
            ost_twins_look(s->check->twins, rows[index[i]].item,
                           rows[index[i]].part, l.names, l.n);
    }
    ost_map_release(&l.by_name);
    return rc;
}

static ost_rc look(search *s, ost_arena *arena, ost_err *err)
{
    size_t n = s->check->rows.len;
    size_t *end = OST_ARENA_ARRAY(arena, size_t, s->sets.len + 1);
    uint32_t *order = OST_ARENA_ARRAY(arena, uint32_t, n);
    ost_arena groups = { 0 };
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < n; i++)
        end[s->set[i] + 1]++;
    for (size_t k = 1; k <= s->sets.len; k++)
        end[k] += end[k - 1];
    for (size_t i = 0; i < n; i++)
        order[end[s->set[i]]++] = (uint32_t)i;
    for (size_t k = 1; k < s->sets.len && !rc; k++) {
        rc = look_up(s, s->sets.data[k], order + end[k - 1],
                     end[k] - end[k - 1], &groups, err);
        ost_arena_reset(&groups);
    }
    ost_arena_release(&groups);
    return rc;
}

/* --- what was found ---------------------------------------------------- */

static void count(finding *f, const char *group, bool leaked)
{
    f->checked++;
    f->leaked += leaked;
    if (leaked && ost_map_put(&f->seen, group, strlen(group), 0))
        ost_vec_push(&f->groups, group);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void count_all(search *s)
{
    for (size_t i = 0; i < s->check->rows.len; i++) {
        const char *group = s->check->rows.data[i].item->group;

        if (s->set[i] == 0)
            continue;
        count(&s->findings.data[0], group, s->leaked[i]);
        if (s->part[i])
            count(&s->findings.data[s->part[i]], group, s->leaked[i]);
    }
    for (size_t k = 0; k < s->findings.len; k++) {
        finding *f = &s->findings.data[k];

        if (f->groups.len)
            qsort(f->groups.data, f->groups.len, sizeof(char *), by_name);
    }
}

static json_t *part_name(const char *part)
{
    int64_t number;

    if (ost_parse_i64(part, &number))
        return json_integer((json_int_t)number);
    return json_string(part);
}

static void add_finding(const finding *f, json_t *out)
{
    json_t *groups = json_array();

    for (size_t i = 0; i < f->groups.len && i < NAMED; i++)
        json_array_append_new(groups, json_string(f->groups.data[i]));
    json_object_set_new(out, "n_checked", json_integer((json_int_t)f->checked));
    json_object_set_new(out, "n_leaked", json_integer((json_int_t)f->leaked));
    json_object_set_new(out, "n_groups",
                        json_integer((json_int_t)f->groups.len));
    json_object_set_new(out, "groups", groups);
}

static json_t *document(const search *s)
{
    const ost_leak_check *c = s->check;
    json_t *out = json_object(), *parts = json_array();
    size_t unknown = c->rows.len - s->findings.data[0].checked;

    json_object_set_new(
        out, "mode",
        json_string(c->mode == OST_LEAKAGE_ERROR ? "error" : "warn"));
    json_object_set_new(out, "n_unknown", json_integer((json_int_t)unknown));
    add_finding(&s->findings.data[0], out);
    for (size_t k = 1; k < s->findings.len; k++) {
        json_t *part = json_object();

        json_object_set_new(part, c->axis, part_name(s->findings.data[k].name));
        add_finding(&s->findings.data[k], part);
        json_array_append_new(parts, part);
    }
    if (s->findings.len > 1) {
        json_object_set_new(out, "by", json_string(c->axis));
        json_object_set(out, "parts", parts);
    }
    json_decref(parts);
    if (c->twins)
        json_object_set_new(out, "duplicates",
                            ost_twins_json(c->twins, c->axis));
    return out;
}

/* "fold 1: 24 of 96 items, fold 2: ..." of the parts in which groups leaked. */
static void tell_parts(const search *s, ost_buf *out)
{
    size_t told = 0;

    for (size_t k = 1; k < s->findings.len; k++) {
        const finding *f = &s->findings.data[k];

        if (f->leaked == 0)
            continue;
        if (told == TOLD) {
            ost_buf_adds(out, ", ...");
            break;
        }
        ost_buf_addf(out, "%s%s %s: %zu of %zu", told++ ? ", " : " (",
                     s->check->axis, f->name, f->leaked, f->checked);
    }
    if (told)
        ost_buf_addc(out, ')');
}

static void tell(const search *s, ost_buf *out)
{
    const finding *all = &s->findings.data[0];

    ost_buf_addf(out,
                 "leakage: %zu of %zu items%s were judged by a model that had "
                 "learned from their group, itself or through other models",
                 all->leaked, all->checked,
                 all->checked < s->check->rows.len ? " with known exposure"
                                                   : "");
    tell_parts(s, out);
    ost_buf_adds(out, ": ");
    for (size_t i = 0; i < all->groups.len && i < TOLD; i++)
        ost_buf_addf(out, "%s'%s'", i ? ", " : "", all->groups.data[i]);
    if (all->groups.len > TOLD)
        ost_buf_addf(out, " and %zu more", all->groups.len - TOLD);
}

/* What is found is an error or a note; of several errors the first is told. */
static ost_rc raise_finding(const search *s, ost_leakage mode, const char *text,
                            const char *advice, ost_err *err)
{
    if (mode == OST_LEAKAGE_ERROR)
        return ost_fail(err, OST_EINPUT, "%s; %s", text, advice);
    if (mode == OST_LEAKAGE_WARN)
        ost_note(s->check->ctx, "%s", text);
    return OST_OK;
}

static ost_rc conclude_groups(const search *s, ost_err *err)
{
    size_t leaked = s->findings.data[0].leaked;
    ost_buf text = { 0 };
    ost_rc rc;

    if (leaked == 0)
        return OST_OK;
    ost_count_leaks(s->check->ctx, leaked);
    tell(s, &text);
    rc = raise_finding(s, s->check->mode, ost_buf_str(&text),
                       "let every model, generator and filter learn from the "
                       "training part of the split alone (leakage: warn judges "
                       "them all the same)",
                       err);
    ost_buf_release(&text);
    return rc;
}

static ost_rc conclude_twins(const search *s, bool identical, ost_err *err)
{
    ost_twins *t = s->check->twins;
    size_t n = !t ? 0 : identical ? t->n_identical : t->n_near;
    ost_buf text = { 0 };
    ost_rc rc;

    if (n == 0)
        return OST_OK;
    ost_buf_addf(&text,
                 "leakage: %zu of %zu items show %s picture that what judged "
                 "them had learned from under another group: ",
                 n, t->n_judged + t->n_without,
                 identical ? "the very" : "nearly a");
    ost_twins_tell(t, identical, &text);
    rc = raise_finding(
        s, identical ? s->check->mode : s->check->near, ost_buf_str(&text),
        identical ? "give them one group, or keep each picture once "
                    "(leakage: warn judges them all the same)"
                  : "give them one group, or keep each picture once "
                    "(duplicates: warn judges them all the same)",
        err);
    ost_buf_release(&text);
    return rc;
}

static ost_rc conclude(const search *s, json_t **leakage, ost_err *err)
{
    const ost_leak_check *c = s->check;
    size_t unknown = c->rows.len - s->findings.data[0].checked;
    ost_rc rc;

    if (unknown)
        ost_note(c->ctx,
                 "leakage: what judged %zu of %zu items had learned from is "
                 "unknown",
                 unknown, c->rows.len);
    rc = conclude_groups(s, err);
    if (!rc)
        rc = conclude_twins(s, true, err);
    if (!rc)
        rc = conclude_twins(s, false, err);
    if (!rc)
        *leakage = document(s);
    return rc;
}

ost_rc ost_leaks_finish(ost_leak_check *c, json_t **leakage, ost_err *err)
{
    search s = { .check = c };
    ost_arena arena = { 0 };
    ost_rc rc;

    *leakage = NULL;
    if (c->mode == OST_LEAKAGE_OFF) {
        *leakage = json_pack("{s:s}", "mode", "off");
        return OST_OK;
    }
    s.set = OST_ARENA_ARRAY(&arena, uint32_t, c->rows.len);
    s.part = OST_ARENA_ARRAY(&arena, uint32_t, c->rows.len);
    s.leaked = OST_ARENA_ARRAY(&arena, uint8_t, c->rows.len);
    number_sets(&s);
    number_parts(&s);
    rc = look(&s, &arena, err);
    if (!rc) {
        count_all(&s);
        rc = conclude(&s, leakage, err);
    }
    for (size_t k = 0; k < s.findings.len; k++) {
        ost_map_release(&s.findings.data[k].seen);
        ost_vec_release(&s.findings.data[k].groups);
    }
    ost_vec_release(&s.findings);
    ost_vec_release(&s.sets);
    ost_arena_release(&arena);
    return rc;
}
