/* cli/preview.h - pictures of items, for people
 *
 *     preview_picture.c  the fields of an item to colors
 *     preview_blocks.c   colors to half-blocks or letters on a terminal
 *     preview_sixel.c    ... to sixels, on terminals that draw them
 *     preview_png.c      ... to a PNG file
 *     terminal.c         what the terminal can do
 *
 * The command reads raw fields straight from the store, so that it needs
 * neither decoders nor kernels, and no worker is started to look at a picture.
 */
#ifndef OST_CLI_PREVIEW_H
#define OST_CLI_PREVIEW_H

#include "base/buf.h"
#include "base/err.h"
#include "store/artifact.h"
#include "store/store.h"

#include <stdint.h>

/* Rows of red, green, blue.  Caller frees with ost_preview_release(). */
typedef struct ost_preview {
    int64_t height;
    int64_t width;
    uint8_t *rgb;
} ost_preview;

void ost_preview_release(ost_preview *p);

/* What is wanted of an item. */
typedef struct ost_preview_wish {
    const char *field;  /* NULL: the image with all masks and boxes */
    int64_t frame;      /* of `frames` and their masks */
    int64_t max_height; /* 0: as large as it is */
    int64_t max_width;
} ost_preview_wish;

/* Makes a picture of an item's fields and appends what is shown, in words.  A
 * pixel is the mean of what it covers; pictures are never enlarged.  u8 keeps
 * its values; u16 and f32 are stretched from their 0.5 to their 99.5
 * percentile.  Masks are laid over the image in colors, boxes are drawn.
 * OST_ENOTFOUND for a field that the item lacks, OST_EINPUT for one that is no
 * picture. */
ost_rc ost_preview_make(ost_store *s, const ost_item *item,
                        const ost_preview_wish *wish, ost_preview *p,
                        ost_buf *words, ost_err *err);

typedef enum ost_preview_colors {
    OST_COLORS_NONE, /* letters from dark to bright */
    OST_COLORS_256,
    OST_COLORS_ALL, /* 24 bits */
} ost_preview_colors;

/* Appends the picture as half-blocks, two pixels a letter, one above the
 * other. */
void ost_preview_blocks(const ost_preview *p, ost_preview_colors colors,
                        ost_buf *out);
/* Appends it as sixels of at most 256 colors. */
void ost_preview_sixel(const ost_preview *p, ost_buf *out);
/* Appends it as a PNG file. */
ost_rc ost_preview_png(const ost_preview *p, ost_buf *out, ost_err *err);

#endif
