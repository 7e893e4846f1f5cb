/* cli/cmd_show.c - describes a run, a node, an artifact or a blob, and shows
 * the pictures of an item */
#include "base/alloc.h"
#include "base/fs.h"
#include "cli/options.h"
#include "cli/preview.h"
#include "cli/show.h"
#include "cli/terminal.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

enum {
    ITEMS = 10,
    WORDS_LINES = 4, /* of the terminal that the picture leaves free */
};

static const ost_option show_options[] = {
    { .name = "limit",
      .value = "N",
      .help = "how many items of a dataset to list (10)" },
    { .name = "offset",
      .value = "N",
      .help = "leave out so many items before them (0)" },
    { .name = "item",
      .value = "ID",
      .help = "describe this item, and show its picture on a terminal" },
    { .name = "preview",
      .value = "HOW",
      .words = "auto|sixel|blocks|off",
      .help = "pictures as sixels, as half-blocks, or as the terminal can "
              "(auto)" },
    { .name = "field",
      .value = "NAME",
      .help = "show this field; without it, the image with all masks and "
              "boxes" },
    { .name = "frame",
      .value = "N",
      .help = "which frame of a field of frames (0)" },
    { .name = "png",
      .value = "FILE",
      .words = "@file",
      .help = "write the picture to a PNG file, as large as it is" },
    OST_OPTIONS_END,
};

/* --- the picture of an item --------------------------------------------- */

typedef enum { AS_NOTHING, AS_BLOCKS, AS_SIXEL } manner;

static manner choose_manner(const ost_cli *cli)
{
    const char *how = ost_cli_value(cli, "preview");

    if (how && strcmp(how, "off") == 0)
        return AS_NOTHING;
    if (how && strcmp(how, "sixel") == 0)
        return AS_SIXEL;
    if (how && strcmp(how, "blocks") == 0)
        return AS_BLOCKS;
    if (!ost_terminal_is())
        return AS_NOTHING;
    return ost_terminal_has_sixel() ? AS_SIXEL : AS_BLOCKS;
}

/* Draws the picture as large as the terminal is. */
static ost_rc draw(ost_store *s, const ost_item *item, ost_preview_wish wish,
                   manner as, ost_buf *out, ost_err *err)
{
    ost_terminal t = ost_terminal_look();
    int64_t lines = t.lines > WORDS_LINES + 1 ? t.lines - WORDS_LINES : 1;
    ost_preview p;
    ost_rc rc;

    wish.max_width = as == AS_SIXEL ? t.columns * t.cell_width : t.columns;
    wish.max_height = as == AS_SIXEL ? lines * t.cell_height : 2 * lines;
    ost_buf_adds(out, "  shown     ");
    rc = ost_preview_make(s, item, &wish, &p, out, err);
    ost_buf_addc(out, '\n');
    if (rc)
        return rc;
    if (as == AS_SIXEL)
        ost_preview_sixel(&p, out);
    else
        ost_preview_blocks(&p, t.colors, out);
    ost_preview_release(&p);
    return OST_OK;
}

static ost_rc write_png(ost_store *s, const ost_item *item,
                        const ost_preview_wish *wish, const char *path,
                        ost_buf *out, ost_err *err)
{
    ost_buf file = { 0 };
    ost_preview p;
    ost_rc rc;

    ost_buf_addf(out, "  written   '%s': ", path);
    rc = ost_preview_make(s, item, wish, &p, out, err);
    ost_buf_addc(out, '\n');
    if (rc)
        return rc;
    rc = ost_preview_png(&p, &file, err);
    if (!rc)
        rc = ost_fs_write_atomic(path, file.data, file.len, false, err);
    ost_preview_release(&p);
    ost_buf_release(&file);
    return rc;
}

/* True when the user has asked to see something, so that having nothing to show
 * is a failure. */
static bool is_asked(const ost_cli *cli)
{
    const char *how = ost_cli_value(cli, "preview");

    return ost_cli_value(cli, "field") || ost_cli_value(cli, "frame") ||
           (how && strcmp(how, "auto") != 0);
}

/* Labels and attributes may come from anywhere: nothing in them commands the
 * terminal (C0 and C1 controls, DEL). */
static void make_plain(ost_buf *out)
{
    for (size_t i = 0; i < out->len; i++) {
        unsigned char *c = out->data + i;

        if ((*c < ' ' && *c != '\n' && *c != '\t') || *c == 0x7f)
            *c = '?';
        else if (*c == 0xc2 && i + 1 < out->len && c[1] < 0xa0)
            c[0] = c[1] = '?';
    }
}

static ost_rc show_item(const ost_cli *cli, ost_store *s, const ost_item *item,
                        ost_buf *out, ost_err *err)
{
    ost_preview_wish wish = { .field = ost_cli_value(cli, "field") };
    const char *png = ost_cli_value(cli, "png");
    manner as = choose_manner(cli);
    ost_err own = { 0 };
    ost_buf picture = { 0 };
    ost_rc rc;

    rc = ost_cli_integer(cli, "frame", 0, INT64_MAX, 0, &wish.frame, err);
    if (rc)
        return rc;
    ost_show_item(out, item);
    make_plain(out);
    if (png)
        rc = write_png(s, item, &wish, png, out, err);
    if (!rc && as != AS_NOTHING) {
        rc = draw(s, item, wish, as, &picture, &own);
        if (!rc)
            ost_buf_add(out, picture.data, picture.len);
        else if (rc == OST_EINPUT && !is_asked(cli))
            rc = OST_OK;
        else if (err)
            *err = own;
    }
    ost_buf_release(&picture);
    return rc;
}

/* --- the command -------------------------------------------------------- */

/* Options that are about an item, without one. */
static ost_rc check_options(const ost_cli *cli, ost_err *err)
{
    static const char *const names[] = { "field", "frame", "png", "preview" };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (!ost_cli_value(cli, "item") && ost_cli_value(cli, names[i]))
            return ost_fail(err, OST_EUSAGE, "--%s wants an --item", names[i]);
    return OST_OK;
}

static ost_rc show(const ost_cli *cli, ost_store *s, ost_buf *out, ost_err *err)
{
    const char *id = ost_cli_value(cli, "item");
    ost_arena arena = { 0 };
    int64_t limit, first;
    ost_found found;
    ost_item item;
    ost_rc rc;

    rc = ost_cli_integer(cli, "limit", 0, INT64_MAX, ITEMS, &limit, err);
    if (!rc)
        rc = ost_cli_integer(cli, "offset", 0, INT64_MAX, 0, &first, err);
    if (!rc)
        rc = ost_find(s, cli->arguments[0], &found, err);
    if (!rc && !id)
        rc = ost_show(s, &found, (size_t)first, (size_t)limit, out, err);
    if (!id)
        make_plain(out);
    if (!rc && id) {
        rc = ost_show_find_item(s, &found, id, &arena, &item, err);
        if (!rc)
            rc = show_item(cli, s, &item, out, err);
    }
    ost_arena_release(&arena);
    return rc;
}

static ost_rc run(ost_cli *cli, ost_err *err)
{
    char *path = ost_cli_store_path(cli, NULL);
    ost_store *store = NULL;
    ost_buf out = { 0 };
    ost_rc rc;

    rc = check_options(cli, err);
    if (!rc)
        rc = ost_store_open(path, OST_STORE_READONLY, &store, err);
    if (!rc)
        rc = show(cli, store, &out, err);
    if (!rc)
        fwrite(out.data, 1, out.len, stdout);
    ost_buf_release(&out);
    ost_store_close(store);
    ost_free(path);
    return rc;
}

const ost_command ost_cmd_show = {
    .name = "show",
    .summary = "describe a run, a node, an artifact, an item or a blob",
    .arguments = "NAME",
    .min_arguments = 1,
    .max_arguments = 1,
    .details =
        "NAME is a run (its id, the beginning of one, or 'latest'), an output "
        "of a step of a run ('latest:train[fold=2].model'), or a digest (four "
        "or more of its digits).\n\n"
        "With --item, an item of a dataset is described and its picture shown: "
        "16-bit and floating-point values from their 0.5 to their 99.5 "
        "percentile, masks laid over the image in colors, boxes drawn.",
    .options = (const ost_option *const[]){ show_options, ost_options_store,
                                            ost_options_common, NULL },
    .run = run,
};
