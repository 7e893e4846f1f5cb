/* stages/ingest_frames.c - files of several pictures to items
 *
 * A picture that is alone in its file is the item of the file.  Of several,
 * each is an item "id#k", or "id#t#k" where there are time points, in the group
 * of the file.
 */
#include "base/alloc.h"
#include "stages/ingest.h"

#include <math.h>

#include "base/banned.h"

/* Fields that wait to be stored take at most so many bytes. */
enum { WAITING_BYTES = 16 << 20 };

/* The file with what the frame adds to it. */
static ost_layout_file describe(ost_stage_ctx *ctx, const ost_layout_file *file,
                                const ost_frame *f)
{
    ost_arena *arena = ost_ctx_arena(ctx);
    ost_item holder = { .attrs = file->attrs, .n_attrs = file->n_attrs };
    ost_layout_file one = *file;

    if (f->count * (f->timepoints ? f->timepoints : 1) > 1) {
        one.group = file->group ? file->group : file->id;
        one.parent = file->id;
        one.id =
            f->timepoints
                ? ost_arena_printf(arena, "%s#%lld#%lld", file->id,
                                   (long long)f->timepoint, (long long)f->index)
                : ost_arena_printf(arena, "%s#%lld", file->id,
                                   (long long)f->index);
        ost_item_set_number(arena, &holder, "frame", (double)f->index);
    }
    if (f->timepoints)
        ost_item_set_number(arena, &holder, "timepoint", (double)f->timepoint);
    if (!isnan(f->seconds))
        ost_item_set_number(arena, &holder, "seconds", f->seconds);
    if (f->spacing_y > 0 && f->spacing_x > 0) {
        ost_item_set_number(arena, &holder, "spacing.y", f->spacing_y);
        ost_item_set_number(arena, &holder, "spacing.x", f->spacing_x);
    }
    if (f->photometric)
        ost_item_set_text(arena, &holder, "photometric", f->photometric);
    one.attrs = holder.attrs;
    one.n_attrs = holder.n_attrs;
    return one;
}

static ost_rc take_frame(void *user, const ost_frame *f, ost_err *err)
{
    ost_ingest_frames *s = user;
    ost_layout_file one = describe(s->ctx, s->file, f);
    const ost_picture *p = &f->picture;
    ost_rc rc;

    if (ost_ctx_stop(s->ctx))
        return ost_fail(err, OST_EINTERRUPTED, "interrupted");
    rc = ost_ingest_emit(s->ctx, s->in, &one, p, err);
    s->waiting += (size_t)(p->height * p->width) * (size_t)p->channels *
                  ost_dtype_size(p->dtype);
    if (!rc && s->waiting > WAITING_BYTES) {
        rc = ost_spill(s->ctx, err);
        s->waiting = 0;
    }
    return rc;
}

static void take_words(void *user, const char *text)
{
    ost_ingest_frames *s = user;

    ost_note(s->ctx, "'%s': %s", s->file->path, text);
}

ost_frame_sink ost_ingest_frame_sink(ost_ingest_frames *s)
{
    return (
        ost_frame_sink){ .frame = take_frame, .told = take_words, .user = s };
}
