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
} ost_layout_file;

typedef struct ost_layout {
    ost_layout_file *files;
    size_t n;
    size_t n_images;  /* not dropped */
    size_t n_dropped; /* without the manifest itself */
    size_t n_own_group;
    size_t n_unlabeled;
} ost_layout;

/* True for names that are no image by their suffix (text, tables, DICOMDIR) or
 * by a component that begins with a dot. */
bool ost_layout_ignores(const char *path);
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
 * OST_EINPUT has "name:line: ...". */
ost_rc ost_layout_by_manifest(ost_arena *arena, ost_layout *layout,
                              const char *name, const ost_csv *csv,
                              const json_t *columns, ost_err *err);

#endif
