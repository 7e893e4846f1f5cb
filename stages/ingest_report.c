/* stages/ingest_report.c - what ingest says about files: a row for each DICOM
 * file and for each file that was skipped, and notes on all of them together */
#include "base/text.h"
#include "stages/ingest.h"

#include <string.h>

#include "base/banned.h"

static void add_dicom(ost_arena *arena, ost_item *row, const ost_dicom *d)
{
    ost_dicom_privacy p;

    ost_dicom_privacy_of(d, &p);
    ost_item_set_text(arena, row, "transfer_syntax", d->transfer_syntax);
    ost_item_set_text(arena, row, "burned_in", p.burned_in);
    ost_item_set_number(arena, row, "frames", d->frames);
    ost_item_set_number(arena, row, "private_tags", p.private_tags);
    ost_item_set_number(arena, row, "overlays", p.overlays);
    if (p.identifying[0])
        ost_item_set_text(arena, row, "identifying", p.identifying);
    if (d->warnings[0])
        ost_item_set_text(arena, row, "warnings", d->warnings);
}

ost_rc ost_ingest_report(ost_stage_ctx *ctx, const ost_item *in,
                         const ost_layout_file *file, const ost_dicom *d,
                         const char *why, ost_err *err)
{
    const ost_layout_file bare = { .path = file->path,
                                   .id = file->id,
                                   .group = file->group };
    ost_item *row = ost_ingest_item(ctx, in, &bare);
    ost_arena *arena = ost_ctx_arena(ctx);

    ost_item_set_text(arena, row, "file", file->path);
    ost_item_set_text(arena, row, "status", why ? "skipped" : "read");
    if (why)
        ost_item_set_text(arena, row, "error", why);
    if (d)
        add_dicom(arena, row, d);
    return ost_emit(ctx, "report", row, err);
}

/* --- notes -----------------------------------------------------------------
 */

static bool has_text(const ost_item *row, const char *name, const char *text)
{
    const ost_attr *a = ost_item_attr(row, name);

    return a && a->kind == OST_ATTR_TEXT && (!text || !strcmp(a->text, text));
}

static bool has_number(const ost_item *row, const char *name)
{
    const ost_attr *a = ost_item_attr(row, name);

    return a && a->kind == OST_ATTR_NUMBER && a->number > 0;
}

static void note_groups(ost_stage_ctx *ctx)
{
    size_t own = 0, local = 0, n;
    const ost_item *items = ost_ctx_made(ctx, "out", &n);

    for (size_t i = 0; i < n; i++) {
        const char *group = items[i].group;

        own += strcmp(group, items[i].id) == 0 ||
               (items[i].n_parents && !strcmp(group, items[i].parents[0]));
        local += ost_starts_with(group, "patient:");
    }
    if (own)
        ost_note(ctx,
                 "%zu of %zu images have no group (patient): each is its own",
                 own, n);
    if (local)
        ost_note(ctx,
                 "%zu of %zu images are in the group of their DICOM patient, "
                 "which is named after its first file: with a secret in the "
                 "site profile it gets a pseudonym that other data share",
                 local, n);
}

static void note_privacy(ost_stage_ctx *ctx)
{
    size_t burned = 0, silent = 0, tags = 0, overlays = 0, names = 0, all = 0;
    size_t n;
    const ost_item *rows = ost_ctx_made(ctx, "report", &n);

    for (size_t i = 0; i < n; i++) {
        all += has_text(&rows[i], "burned_in", NULL);
        burned += has_text(&rows[i], "burned_in", "yes");
        silent += has_text(&rows[i], "burned_in", "not stated");
        tags += has_number(&rows[i], "private_tags");
        overlays += has_number(&rows[i], "overlays");
        names += has_text(&rows[i], "identifying", NULL);
    }
    if (all == 0)
        return;
    ost_note(ctx,
             "of %zu DICOM files %zu have annotations burned into the pixels "
             "and %zu do not say; left out: identifying attributes of %zu, "
             "private tags of %zu, overlays of %zu (see the output 'report')",
             all, burned, silent, names, tags, overlays);
}

ost_rc ost_ingest_conclude(ost_stage_ctx *ctx, ost_err *err)
{
    (void)err;
    note_groups(ctx);
    note_privacy(ctx);
    return OST_OK;
}
