/* stages/export_files.h - the items of a dataset as files
 *
 * Field `image` becomes ID.png (u8 and u16 of one or three channels) or ID.npy
 * (everything else), field F becomes ID.F.png or ID.F.npy.  items.csv lists
 * the items: path of the image, id, group, label (several joined by '|'),
 * parents likewise, and their attributes; it is a manifest for `ingest`.
 */
#ifndef OST_STAGES_EXPORT_FILES_H
#define OST_STAGES_EXPORT_FILES_H

#include "stages/stage.h"

#define OST_ITEM_TABLE "items.csv"

/* Takes a file; the bytes are borrowed for the call. */
typedef ost_rc (*ost_file_sink)(void *user, const char *path, const void *data,
                                size_t size, ost_err *err);

/* Writes the fields whose names match one of `fields` (with * as wildcard) and,
 * with `table`, items.csv.  For .run alone: tensors lent before are given
 * back. */
ost_rc ost_export_items(ost_stage_ctx *ctx, const ost_input *in,
                        const ost_str_list *fields, bool table,
                        ost_file_sink sink, void *user, ost_err *err);

#endif
