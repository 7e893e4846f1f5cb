/* stages/ingest_sides.c - which files belong to which images
 *
 * X.json beside X.png is the annotation of X.png, unread until X.png is.  Any
 * other JSON file is looked into: one of LabelMe belongs to its `imagePath`, or
 * is an image itself when it holds one; one of COCO belongs to all that it
 * names.  `masks` names folders whose files belong to images of their names.
 */
#include "base/map.h"
#include "base/text.h"
#include "base/vec.h"
#include "stages/coco.h"
#include "stages/ingest.h"
#include "stages/labelme.h"

#include <string.h>
#include <strings.h>

#include "base/banned.h"

typedef struct finding {
    ost_stage_ctx *ctx;
    const ost_ingest_params *p;
    ost_arena *arena;
    ost_layout *layout;
    ost_ingest_reader read;
    void *user;
    ost_map paths; /* path -> index of a file */
    ost_map stems; /* path without suffix -> index of an image */
    bool archives; /* what is looked for may be inside of one */
    ost_map names; /* last components of such a path -> index + 1, 0: several */
} finding;

bool ost_ingest_is_json(const char *path)
{
    size_t stem = ost_layout_stem(path);

    return path[stem] && strcasecmp(path + stem, ".json") == 0;
}

static bool is_candidate(const ost_layout_file *f)
{
    return !f->is_side && !ost_layout_ignores(f->path);
}

/* All endings of a path that begin with a component. */
static void index_names(finding *f, const char *path, size_t n, size_t index)
{
    for (size_t at = 0; at < n; at++) {
        bool new_one;

        if (at > 0 && path[at - 1] != '/')
            continue;
        new_one = ost_map_put(&f->names, path + at, n - at, index + 1);
        if (!new_one)
            ost_map_put(&f->names, path + at, n - at, 0);
    }
}

static void index_files(finding *f)
{
    for (size_t i = 0; i < f->layout->n; i++) {
        const ost_layout_file *file = &f->layout->files[i];
        size_t stem = ost_layout_stem(file->path);

        ost_map_put(&f->paths, file->path, strlen(file->path), i);
        if (!is_candidate(file))
            continue;
        if (!ost_map_get(&f->stems, file->path, stem, NULL))
            ost_map_put(&f->stems, file->path, stem, i);
        index_names(f, file->path, strlen(file->path), i);
    }
}

/* A relative path as one from the top: `..` resolved; NULL when it leads
 * outside. */
static const char *resolve(finding *f, const char *from, const char *path)
{
    const char *slash = strrchr(from, '/');
    char *out = ost_arena_printf(
        f->arena, "%.*s%s", slash ? (int)(slash - from) + 1 : 0, from, path);
    char *at = out, *to = out;

    for (char *p = out; *p; p++)
        *p = *p == '\\' ? '/' : *p;
    while (*at) {
        size_t n = strcspn(at, "/");

        if (n == 2 && at[0] == '.' && at[1] == '.') {
            if (to == out)
                return NULL;
            for (to--; to > out && to[-1] != '/'; to--)
                ;
        } else if (n > 0 && !(n == 1 && at[0] == '.')) {
            memmove(to, at, n);
            to += n;
            *to++ = '/';
        }
        at += n + (at[n] == '/');
    }
    if (to > out)
        to[-1] = 0;
    return to > out ? out : NULL;
}

/* The image that a file calls by a path: from its folder, from the top, or the
 * only one that ends so. */
static ost_layout_file *image_named(finding *f, const char *from,
                                    const char *path)
{
    const char *tries[2] = { resolve(f, from, path), resolve(f, "", path) };
    uint64_t i;

    for (size_t k = 0; k < 2; k++)
        if (tries[k] &&
            ost_map_get(&f->paths, tries[k], strlen(tries[k]), &i) &&
            is_candidate(&f->layout->files[i]))
            return &f->layout->files[i];
    if (tries[1] && ost_map_get(&f->names, tries[1], strlen(tries[1]), &i) && i)
        return &f->layout->files[i - 1];
    return NULL;
}

/* ---- annotations ---- */

static ost_rc annotate_by(ost_layout_file *json, ost_layout_file *image,
                          ost_err *err)
{
    json->is_side = true;
    if (image->annotation)
        return ost_fail(err, OST_EINPUT, "'%s' has two annotations: '%s', '%s'",
                        image->path, image->annotation, json->path);
    image->annotation = json->path;
    return OST_OK;
}

static ost_rc take_labelme(finding *f, size_t i, const ost_labelme *file,
                           ost_err *err)
{
    ost_layout_file *json = &f->layout->files[i];
    ost_layout_file *image =
        file->image_path ? image_named(f, json->path, file->image_path) : NULL;

    if (image)
        return annotate_by(json, image, err);
    if (file->image) {
        json->is_image = true;
        return OST_OK;
    }
    return ost_fail(err, OST_EINPUT,
                    "%s: there is no picture '%s', and none inside", json->path,
                    file->image_path ? file->image_path : "");
}

static void take_coco(finding *f, size_t i, const ost_coco_picture *pictures,
                      size_t n)
{
    ost_layout_file *json = &f->layout->files[i];
    size_t missing = 0;

    json->is_side = true;
    for (size_t k = 0; k < n; k++) {
        ost_layout_file *image =
            image_named(f, json->path, pictures[k].file_name);

        if (image)
            image->marks = pictures[k].marks;
        else
            missing++;
    }
    if (missing)
        ost_note(f->ctx,
                 "'%s' describes %zu pictures, of which %zu are not "
                 "there",
                 json->path, n, missing);
}

/* What a JSON file is that lies beside no image of its name. */
static ost_rc look_into(finding *f, size_t i, ost_err *err)
{
    const char *path = f->layout->files[i].path;
    bool named = strcmp(f->p->annotations, path) == 0;
    ost_coco_picture *pictures;
    ost_labelme file;
    const void *data;
    size_t size, n;
    ost_err own = { 0 };
    ost_rc rc;

    rc = f->read(f->user, i, &data, &size, err);
    if (rc)
        return rc;
    rc = ost_labelme_parse(path, data, size, OST_LABELME_OUTER, f->arena, &file,
                           &own);
    if (rc == OST_EINPUT && !named) {
        ost_note(f->ctx, "not read: %s", own.text);
        return OST_OK;
    }
    if (rc == OST_OK)
        rc = take_labelme(f, i, &file, &own);
    else if (rc == OST_ENOTFOUND)
        rc = ost_coco_split(path, data, size, f->arena, &pictures, &n, &own);
    else
        n = 0;
    if (rc == OST_OK && !f->layout->files[i].is_side &&
        !f->layout->files[i].is_image)
        take_coco(f, i, pictures, n);
    if (rc == OST_ENOTFOUND)
        rc = named ? ost_fail(&own, OST_EINPUT,
                              "%s: neither of LabelMe nor of COCO", path)
                   : OST_OK;
    if (ost_ingest_may_skip(f->p, rc)) {
        ost_note(f->ctx, "skipped: %s", own.text);
        return OST_OK;
    }
    if (rc && err)
        *err = own;
    return rc;
}

static ost_rc find_annotations(finding *f, ost_err *err)
{
    bool all = strcmp(f->p->annotations, "auto") == 0;
    ost_rc rc = OST_OK;
    uint64_t image;

    if (strcmp(f->p->annotations, "none") == 0)
        return OST_OK;
    if (!all && !f->archives &&
        !ost_map_get(&f->paths, f->p->annotations, strlen(f->p->annotations),
                     &image))
        return ost_fail(err, OST_EINPUT,
                        "param 'annotations': there is no file '%s'",
                        f->p->annotations);
    for (size_t i = 0; i < f->layout->n && !rc; i++) {
        ost_layout_file *file = &f->layout->files[i];
        size_t stem = ost_layout_stem(file->path);

        if (!ost_ingest_is_json(file->path) || file->is_side ||
            ost_layout_hides(file->path) ||
            (!all && strcmp(file->path, f->p->annotations) != 0))
            continue;
        if (all && ost_map_get(&f->stems, file->path, stem, &image))
            rc = annotate_by(file, &f->layout->files[image], err);
        else
            rc = look_into(f, i, err);
    }
    return rc;
}

/* ---- masks ---- */

/* The files of one folder, by their paths in it without suffix. */
typedef struct mask_folder {
    const char *field;
    const char *path;
    ost_map files;
    size_t n;
    size_t found;
} mask_folder;

static void open_folder(finding *f, mask_folder *m, const char *prefix)
{
    size_t n = strlen(prefix);

    for (size_t i = 0; i < f->layout->n; i++) {
        ost_layout_file *file = &f->layout->files[i];
        const char *rest = file->path + n;

        if (strncmp(file->path, prefix, n) != 0 || *rest != '/' ||
            ost_layout_hides(file->path))
            continue;
        file->is_side = true;
        ost_map_put(&m->files, rest + 1, ost_layout_stem(rest + 1), i);
        m->n++;
    }
}

static void attach_masks(finding *f, mask_folder *m)
{
    for (size_t i = 0; i < f->layout->n; i++) {
        ost_layout_file *file = &f->layout->files[i];
        size_t stem = ost_layout_stem(file->path);
        uint64_t side;

        if (!is_candidate(file))
            continue;
        for (size_t at = 0; at < stem; at++) {
            if ((at > 0 && file->path[at - 1] != '/') ||
                !ost_map_get(&m->files, file->path + at, stem - at, &side))
                continue;
            ost_layout_add_side(f->arena, file, m->field,
                                f->layout->files[side].path);
            m->found++;
            break;
        }
    }
}

static ost_rc find_folder(finding *f, const char *name, const char *folder,
                          mask_folder *m, ost_err *err)
{
    char *path = ost_arena_strdup(f->arena, folder);
    size_t n = strlen(path), common;
    const char *top;

    while (n > 0 && path[n - 1] == '/')
        path[--n] = 0;
    *m = (mask_folder){ .path = path };
    m->field = name ? ost_arena_printf(f->arena, "mask.%s", name) : "mask";
    open_folder(f, m, path);
    if (m->n == 0) {
        common = ost_layout_common(f->layout, &top);
        open_folder(
            f, m, ost_arena_printf(f->arena, "%.*s%s", (int)common, top, path));
    }
    if (m->n == 0 && !f->archives)
        return ost_fail(err, OST_EINPUT,
                        "param 'masks': there is nothing in a folder '%s'",
                        folder);
    return OST_OK;
}

/* All folders first, so that no mask is taken for an image. */
static ost_rc find_masks(finding *f, ost_err *err)
{
    const json_t *masks = f->p->masks;
    size_t n = json_is_string(masks) ? 1 : json_object_size(masks), i = 0;
    mask_folder *folders = OST_ARENA_ARRAY(f->arena, mask_folder, n + 1);
    const char *name;
    json_t *folder;
    ost_rc rc = OST_OK;

    if (json_is_string(masks))
        rc = find_folder(f, NULL, json_string_value(masks), &folders[i++], err);
    json_object_foreach((json_t *)(uintptr_t)masks, name, folder)
    {
        if (!rc)
            rc = find_folder(f, name, json_string_value(folder), &folders[i++],
                             err);
    }
    for (size_t k = 0; k < i; k++) {
        mask_folder *m = &folders[k];

        if (!rc)
            attach_masks(f, m);
        if (!rc && m->found < m->n)
            ost_note(f->ctx, "%zu of %zu masks in '%s' belong to no image",
                     m->n - m->found, m->n, m->path);
        ost_map_release(&m->files);
    }
    return rc;
}

ost_rc ost_ingest_check_masks(const json_t *masks, ost_err *err)
{
    const char *name;
    json_t *folder;
    bool fine = !masks || json_is_null(masks) || json_is_string(masks) ||
                json_is_object(masks);

    json_object_foreach((json_t *)(uintptr_t)masks, name, folder)
    {
        fine = fine && json_is_string(folder) && *name;
    }
    if (!fine)
        return ost_fail(err, OST_EWORKFLOW,
                        "'masks' is neither a folder nor an object from name "
                        "to folder");
    return OST_OK;
}

ost_rc ost_ingest_find_sides(ost_stage_ctx *ctx, ost_layout *layout,
                             ost_ingest_reader read, void *user, ost_err *err)
{
    finding f = { .ctx = ctx,
                  .p = ost_ctx_params(ctx),
                  .arena = ost_ctx_arena(ctx),
                  .layout = layout,
                  .read = read,
                  .user = user };
    ost_rc rc;

    for (size_t i = 0; i < layout->n; i++)
        f.archives = f.archives || ost_layout_is_archive(layout->files[i].path);
    rc = find_masks(&f, err);
    if (!rc) {
        index_files(&f);
        rc = find_annotations(&f, err);
    }
    ost_map_release(&f.paths);
    ost_map_release(&f.stems);
    ost_map_release(&f.names);
    return rc;
}
