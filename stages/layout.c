/* stages/layout.c - what the paths of files say about them */
#include "stages/layout.h"

#include "base/fs.h"
#include "base/map.h"
#include "base/text.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"

size_t ost_layout_stem(const char *path)
{
    size_t len = strlen(path);
    const char *dot = strrchr(ost_path_base(path), '.');
    size_t n;

    if (len > 7 && strcasecmp(path + len - 7, ".nii.gz") == 0)
        return path[len - 8] == '/' ? len : len - 7;
    if (!dot || dot == ost_path_base(path) || !isalpha((unsigned char)dot[1]))
        return strlen(path);
    for (n = 1; isalnum((unsigned char)dot[n]); n++)
        ;
    return n > 6 || dot[n] ? strlen(path) : (size_t)(dot - path);
}

bool ost_layout_hides(const char *path)
{
    return path[0] == '.' || strstr(path, "/.") || strstr(path, "__MACOSX/");
}

bool ost_layout_ignores(const char *path)
{
    static const char *const suffixes[] = {
        "txt", "csv",  "tsv", "json", "md",  "rst",  "html",   "htm",
        "xml", "yml",  "pdf", "yaml", "log", "sha1", "sha256", "md5",
        "doc", "docx", "xls", "xlsx", "py",  "sh",   "ini",    "toml",
    };
    static const char *const names[] = { "DICOMDIR", "README",  "LICENSE",
                                         "LICENCE",  "COPYING", "Thumbs.db" };
    const char *base = ost_path_base(path);
    size_t stem = ost_layout_stem(base);

    if (ost_layout_hides(path))
        return true;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcasecmp(base, names[i]) == 0)
            return true;
    for (size_t i = 0; base[stem] && i < sizeof(suffixes) / sizeof(*suffixes);
         i++)
        if (strcasecmp(base + stem + 1, suffixes[i]) == 0)
            return true;
    return false;
}

size_t ost_layout_common(const ost_layout *layout, const char **folder)
{
    const char *first = NULL;
    size_t n = 0;

    *folder = "";

    for (size_t i = 0; i < layout->n; i++) {
        const char *path = layout->files[i].path;
        size_t k = 0;

        if (layout->files[i].dropped || ost_layout_hides(path))
            continue;
        if (!first) {
            *folder = first = path;
            n = (size_t)(ost_path_base(path) - path);
            continue;
        }
        while (k < n && path[k] == first[k])
            k++;
        while (k > 0 && first[k - 1] != '/')
            k--;
        n = k;
    }
    return n;
}

/* The path without suffix; two files that differ in the suffix alone keep
 * it. */
static void name_files(ost_arena *arena, ost_layout *layout)
{
    ost_map seen = { 0 };
    uint64_t other;

    for (size_t i = 0; i < layout->n; i++) {
        ost_layout_file *f = &layout->files[i];
        size_t stem = ost_layout_stem(f->path);

        if (f->dropped || f->id)
            continue;
        f->id = ost_arena_strndup(arena, f->path, stem);
        if (ost_map_get(&seen, f->id, stem, &other)) {
            layout->files[other].id = layout->files[other].path;
            f->id = f->path;
        } else {
            ost_map_put(&seen, f->id, stem, i);
        }
    }
    ost_map_release(&seen);
}

bool ost_layout_is_archive(const char *path)
{
    static const char *const suffixes[] = {
        "zip", "tar", "tgz", "gz", "tzst", "zst", "txz", "xz", "tbz2", "bz2"
    };
    size_t stem = ost_layout_stem(path);

    for (size_t i = 0; path[stem] && i < sizeof(suffixes) / sizeof(*suffixes);
         i++)
        if (strcasecmp(path + stem + 1, suffixes[i]) == 0)
            return true;
    return false;
}

static void count(ost_layout *layout)
{
    layout->n_images = layout->n_own_group = layout->n_unlabeled = 0;
    for (size_t i = 0; i < layout->n; i++) {
        const ost_layout_file *f = &layout->files[i];

        layout->n_images += !f->dropped;
        /* The members of an archive have groups, not the archive. */
        layout->n_own_group +=
            !f->dropped && !f->group && !ost_layout_is_archive(f->path);
        layout->n_unlabeled += !f->dropped && !f->label;
    }
}

void ost_layout_finish(ost_arena *arena, ost_layout *layout)
{
    name_files(arena, layout);
    count(layout);
}

void ost_layout_add_side(ost_arena *arena, ost_layout_file *f,
                         const char *field, const char *path)
{
    ost_side *sides = OST_ARENA_ARRAY(arena, ost_side, f->n_sides + 1);
    size_t n = 0;

    for (size_t i = 0; i < f->n_sides; i++)
        if (strcmp(f->sides[i].field, field) != 0)
            sides[n++] = f->sides[i];
    sides[n++] = (ost_side){ field, path };
    f->sides = sides;
    f->n_sides = n;
}

ost_rc ost_layout_by_folder(ost_arena *arena, ost_layout *layout, bool labels,
                            ost_err *err)
{
    const char *folder;
    size_t common;

    size_t images = 0;

    layout->n_dropped = 0;
    for (size_t i = 0; i < layout->n; i++) {
        ost_layout_file *f = &layout->files[i];

        f->dropped =
            f->is_side || (!f->is_image && ost_layout_ignores(f->path));
        layout->n_dropped += f->dropped && !f->is_side;
        images += !f->dropped;
    }
    if (images == 0)
        return ost_fail(err, OST_EINPUT, "no images among %zu files",
                        layout->n);
    common = ost_layout_common(layout, &folder);
    for (size_t i = 0; i < layout->n && labels; i++) {
        ost_layout_file *f = &layout->files[i];
        const char *slash = f->dropped ? NULL : strchr(f->path + common, '/');

        if (slash)
            f->label = ost_arena_strndup(arena, f->path + common,
                                         (size_t)(slash - f->path) - common);
    }
    ost_layout_finish(arena, layout);
    return OST_OK;
}
