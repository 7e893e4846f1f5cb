/* stages/layout.h - what a set of files says about its images
 *
 * From the paths alone (a folder per class, or a flat folder) or from a
 * manifest: which files are images, their ids, labels, groups, attributes.
 * No file but the manifest is read, so that one new image costs one image.
 */
#ifndef OST_STAGES_LAYOUT_H
#define OST_STAGES_LAYOUT_H

#include "base/arena.h"
#include "base/csv.h"
#include "base/err.h"
#include "store/artifact.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Another file that belongs to an image: it becomes `field` of the item. */
typedef struct ost_side {
    const char *field; /* mask, mask.NAME, boxes, boxes.NAME, or another */
    const char *path;
} ost_side;

/* Where the bytes of such a file come from. */
typedef struct ost_side_source {
    ost_rc (*read)(void *user, const char *path, const void **data,
                   size_t *size, ost_err *err);
    void *user;
} ost_side_source;

/* One file.  The caller gives `path` ('/' separated, relative), a layout the
 * rest; everything borrows from the arena or from the manifest. */
typedef struct ost_layout_file {
    const char *path;
    bool dropped;       /* no image, or not in the manifest */
    const char *id;     /* path without suffix, or the manifest's */
    const char *label;  /* "a|b" for several; NULL when there is none */
    const char *group;  /* NULL: the item is its own group */
    const char *parent; /* id of what it is a part of, or NULL */
    const ost_attr *attrs;
    size_t n_attrs;

    /* What is known of it beyond its bytes (stages/ingest_sides.c): */
    bool is_image;          /* whatever its name says */
    bool is_side;           /* belongs to other files */
    const char *annotation; /* path of a file of LabelMe, or NULL */
    const char *marks;      /* what a file of COCO says, or NULL */
    const ost_side *sides;
    size_t n_sides;
    const double *box; /* x0, y0, x1, y1; NULL when there is none */
    bool no_box;       /* the manifest has boxes, and none for it */
    const ost_side_source *source;
    /* A picture that comes out of its own annotation: that file. */
    const void *outer;
    size_t outer_size;
} ost_layout_file;

typedef struct ost_layout {
    ost_layout_file *files;
    size_t n;
    size_t n_images;  /* not dropped */
    size_t n_dropped; /* without the manifest itself */
    size_t n_own_group;
    size_t n_unlabeled;
} ost_layout;

/* Ids of the images that have none, and the counts. */
void ost_layout_finish(ost_arena *arena, ost_layout *layout);

/* Adds a side to a file, in the arena; one for the same field is replaced. */
void ost_layout_add_side(ost_arena *arena, ost_layout_file *f,
                         const char *field, const char *path);

/* True for what nobody means to hand over: a component that begins with a
 * dot. */
bool ost_layout_hides(const char *path);
/* True for names that are no image by their suffix (text, tables, DICOMDIR) or
 * by a component that begins with a dot. */
bool ost_layout_ignores(const char *path);
/* True for names of archives by their suffix. */
bool ost_layout_is_archive(const char *path);
/* Length of the path without its suffix, if what follows the last dot is one:
 * a letter and up to four more letters or digits; ".nii.gz" is one. */
size_t ost_layout_stem(const char *path);

/* Length of the folders that the paths of all files begin with that are neither
 * dropped nor hidden, '/' included; *folder begins with them. */
size_t ost_layout_common(const ost_layout *layout, const char **folder);

/* Labels from folders: the first component of the path behind what all images
 * have in common is the label; without such a component there is none.  With
 * `labels` false none is taken. */
ost_rc ost_layout_by_folder(ost_arena *arena, ost_layout *layout, bool labels,
                            ost_err *err);

/* What a manifest says.  `name` is its path; the paths in it are relative to
 * its folder.  `columns` (may be NULL) maps "path", "id", "label", "group" and
 * names of attributes to columns.  Without it path is one of path, file,
 * filename, image, image_path (else the first column whose first value is a
 * file), label one of label, class, group one of group, patient, patient_id.
 * Every other column is an attribute: a number where the cell is one (007 is
 * none), text otherwise; an empty cell gives none.
 *
 * Columns, or what they are mapped to, of the names `mask`, `mask.NAME`,
 * `boxes`, `boxes.NAME`, `field.NAME` and `annotation` give the images their
 * sides, if they name files; "boxes" may be mapped to four columns that are x0,
 * y0, x1, y1.  OST_EINPUT has "name:line: ...". */
ost_rc ost_layout_by_manifest(ost_arena *arena, ost_layout *layout,
                              const char *name, const ost_csv *csv,
                              const json_t *columns, ost_err *err);

#endif
