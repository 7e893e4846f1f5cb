/* stages/ingest_series.c - which DICOM files are of one patient, study, series
 */
#include "stages/ingest_series.h"

#include "base/map.h"
#include "base/text.h"
#include "stages/decode.h"

#include <string.h>
#include <strings.h>

#include "base/banned.h"

enum { PATIENT, STUDY, SERIES, KINDS };

static const char *const kinds[KINDS] = { "patient", "study", "series" };

bool ost_series_wanted(const ost_stage_ctx *ctx)
{
    const ost_ingest_params *p = ost_ctx_params(ctx);

    return !ost_ctx_has_secret(ctx) || p->days;
}

bool ost_series_may_be(const char *path)
{
    const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    const char *suffix = base + ost_layout_stem(base);

    return !*suffix || strcasecmp(suffix, ".dcm") == 0 ||
           strcasecmp(suffix, ".dicom") == 0 || strcasecmp(suffix, ".ima") == 0;
}

/* 64 bits of a digest; never 0 for a name. */
static uint64_t hash_of(const char *of, const char *name)
{
    ost_buf text = { 0 };
    uint64_t hash = 0;
    ost_digest d;

    if (!*name)
        return 0;
    ost_buf_string(&text, of);
    ost_buf_string(&text, name);
    d = ost_digest_of(text.data, text.len);
    memcpy(&hash, d.b, sizeof(hash));
    ost_buf_release(&text);
    return hash ? hash : 1;
}

void ost_series_look(ost_series_list *list, size_t index, const void *data,
                     size_t size)
{
    ost_series_file f = { .index = index };
    ost_dicom_identity who;
    ost_dicom d;

    if (ost_format_of(data, size) != OST_FORMAT_DICOM)
        return;
    if (ost_dicom_open(data, size, &d) == OST_DICOM_OK) {
        ost_dicom_identify(&d, &who);
        f.name[STUDY] = hash_of("", who.study);
        f.name[SERIES] = hash_of("", who.series);
        f.name[PATIENT] = hash_of(who.issuer, who.patient);
        if (!f.name[PATIENT])
            f.name[PATIENT] = f.name[STUDY];
        f.has_day = who.has_day;
        f.day = who.day;
        f.seconds = who.seconds;
        ost_vec_push(list, f);
    }
    ost_dicom_release(&d);
}

/* --- names and days ------------------------------------------------------- */

typedef struct settling {
    ost_stage_ctx *ctx;
    const ost_series_list *list;
    const char *prefix;
    ost_layout *layout;
    ost_map first[KINDS]; /* hash -> index in the list of its first file */
    ost_map earliest;     /* patient -> index in the list */
} settling;

/* The patient that days are counted for: the manifest's, if it says one. */
static uint64_t patient_of(const settling *s, const ost_series_file *f)
{
    const char *group = s->layout->files[f->index].group;

    return group ? hash_of("group", group) : f->name[PATIENT];
}

static bool is_earlier(const ost_series_file *a, const ost_series_file *b)
{
    return a->day != b->day ? a->day < b->day : a->seconds < b->seconds;
}

static void find_firsts(settling *s)
{
    for (size_t i = 0; i < s->list->len; i++) {
        const ost_series_file *f = &s->list->data[i];
        uint64_t patient = patient_of(s, f), at;

        for (int k = 0; k < KINDS; k++)
            if (!ost_map_get(&s->first[k], &f->name[k], sizeof(f->name[k]),
                             NULL))
                ost_map_put(&s->first[k], &f->name[k], sizeof(f->name[k]), i);
        if (!f->has_day || !patient)
            continue;
        if (!ost_map_get(&s->earliest, &patient, sizeof(patient), &at) ||
            is_earlier(f, &s->list->data[at]))
            ost_map_put(&s->earliest, &patient, sizeof(patient), i);
    }
}

/* "series:scans/001", or NULL for a file that says nothing of the kind. */
static const char *name_of(const settling *s, const ost_series_file *f,
                           int kind)
{
    uint64_t at;

    if (!f->name[kind] || !ost_map_get(&s->first[kind], &f->name[kind],
                                       sizeof(f->name[kind]), &at))
        return NULL;
    return ost_arena_printf(ost_ctx_arena(s->ctx), "%s:%s%s", kinds[kind],
                            s->prefix,
                            s->layout->files[s->list->data[at].index].id);
}

static void add_days(const settling *s, const ost_series_file *f,
                     uint64_t patient, ost_item *item)
{
    const ost_series_file *first;
    uint64_t at;

    if (!f->has_day || !patient ||
        !ost_map_get(&s->earliest, &patient, sizeof(patient), &at))
        return;
    first = &s->list->data[at];
    ost_ingest_add_number(s->ctx, item, "day", (double)(f->day - first->day));
    ost_ingest_add_number(s->ctx, item, "time",
                          (double)(f->day - first->day) * 86400 + f->seconds -
                              first->seconds);
}

static void settle_file(const settling *s, const ost_series_file *f)
{
    const ost_ingest_params *p = ost_ctx_params(s->ctx);
    ost_layout_file *file = &s->layout->files[f->index];
    ost_item holder = { .attrs = file->attrs, .n_attrs = file->n_attrs };
    uint64_t patient = patient_of(s, f);

    if (p->days)
        add_days(s, f, patient, &holder);
    if (!ost_ctx_has_secret(s->ctx)) {
        for (int k = STUDY; k < KINDS; k++) {
            const char *name = name_of(s, f, k);

            if (name)
                ost_ingest_add_text(s->ctx, &holder, kinds[k], name);
        }
        if (!file->group)
            file->group = name_of(s, f, PATIENT);
    }
    file->attrs = holder.attrs;
    file->n_attrs = holder.n_attrs;
}

void ost_series_settle(ost_stage_ctx *ctx, const ost_series_list *list,
                       const char *prefix, ost_layout *layout)
{
    settling s = {
        .ctx = ctx, .list = list, .prefix = prefix, .layout = layout
    };

    find_firsts(&s);
    for (size_t i = 0; i < list->len; i++)
        settle_file(&s, &list->data[i]);
    for (int k = 0; k < KINDS; k++)
        ost_map_release(&s.first[k]);
    ost_map_release(&s.earliest);
}

ost_rc ost_series_find(ost_stage_ctx *ctx, ost_layout *layout,
                       ost_ingest_reader read, void *user, ost_err *err)
{
    ost_series_list list = { 0 };
    ost_rc rc = OST_OK;

    for (size_t i = 0; i < layout->n && ost_series_wanted(ctx) && !rc; i++) {
        const ost_layout_file *f = &layout->files[i];
        const void *data;
        size_t size;

        if (f->dropped || !ost_series_may_be(f->path))
            continue;
        rc = read(user, i, &data, &size, err);
        if (!rc)
            ost_series_look(&list, i, data, size);
        ost_ctx_return(ctx);
    }
    if (!rc)
        ost_series_settle(ctx, &list, "", layout);
    ost_vec_release(&list);
    return rc;
}

/* --- pseudonyms ------------------------------------------------------------
 */

const char *ost_series_describe(ost_stage_ctx *ctx, const ost_dicom *d,
                                ost_item *item)
{
    ost_dicom_identity who;
    const char *study, *series;

    ost_dicom_identify(d, &who);
    if (who.has_instance)
        ost_ingest_add_number(ctx, item, "instance", who.instance);
    if (!ost_ctx_has_secret(ctx))
        return NULL;
    study = who.study[0] ? ost_ctx_pseudonym(ctx, kinds[STUDY], "", who.study)
                         : NULL;
    series = who.series[0]
                 ? ost_ctx_pseudonym(ctx, kinds[SERIES], "", who.series)
                 : NULL;
    if (study)
        ost_ingest_add_text(ctx, item, kinds[STUDY], study);
    if (series)
        ost_ingest_add_text(ctx, item, kinds[SERIES], series);
    if (who.patient[0])
        return ost_ctx_pseudonym(ctx, kinds[PATIENT], who.issuer, who.patient);
    return study;
}
