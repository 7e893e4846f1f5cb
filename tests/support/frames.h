/* tests/support/frames.h - what a decoder of several pictures hands over */
#ifndef OST_TESTS_SUPPORT_FRAMES_H
#define OST_TESTS_SUPPORT_FRAMES_H

#include "base/alloc.h"
#include "stages/decode.h"

#include <stdio.h>
#include <string.h>

typedef struct seen_frames {
    int64_t n;
    int64_t count;       /* as the last frame says */
    ost_frame frame;     /* the last one */
    ost_picture picture; /* a copy of its pixels */
    char told[256];      /* the last words, or "" */
} seen_frames;

static inline void seen_frames_release(seen_frames *s)
{
    ost_picture_release(&s->picture);
}

static inline size_t picture_bytes(const ost_picture *p)
{
    return (size_t)(p->height * p->width) * (size_t)p->channels *
           ost_dtype_size(p->dtype);
}

static inline ost_rc see_frame(void *user, const ost_frame *f, ost_err *err)
{
    seen_frames *s = user;

    (void)err;
    ost_picture_release(&s->picture);
    s->n++;
    s->count = f->count;
    s->frame = *f;
    s->picture = f->picture;
    s->picture.data = ost_xalloc(picture_bytes(&f->picture));
    memcpy(s->picture.data, f->picture.data, picture_bytes(&f->picture));
    return OST_OK;
}

static inline void see_words(void *user, const char *text)
{
    seen_frames *s = user;

    (void)snprintf(s->told, sizeof(s->told), "%s", text);
}

static inline ost_frame_sink frames_sink(seen_frames *s)
{
    return (ost_frame_sink){ .frame = see_frame, .told = see_words, .user = s };
}

#endif
