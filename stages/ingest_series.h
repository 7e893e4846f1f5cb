/* stages/ingest_series.h - which DICOM files are of one patient, study, series
 *
 * With the site's secret a file tells its names by itself, while it is read: a
 * pseudonym for the patient (the group) and for each study and series.  Without
 * a secret names could be guessed back, so that none is made of them: all files
 * are looked at before any is read, and patients, studies and series are named
 * after the first of their files.  So they are, too, when days are asked for,
 * which are counted from a patient's first one.
 */
#ifndef OST_STAGES_INGEST_SERIES_H
#define OST_STAGES_INGEST_SERIES_H

#include "base/vec.h"
#include "stages/decode_dicom.h"
#include "stages/ingest.h"
#include "stages/stage.h"

/* What a file says, in hashes that are forgotten when the step ends. */
typedef struct ost_series_file {
    size_t index;     /* in the layout */
    uint64_t name[3]; /* patient, study, series; 0: not known */
    bool has_day;
    int64_t day;
    double seconds; /* since midnight; 0 when not known */
} ost_series_file;
typedef OST_VEC(ost_series_file) ost_series_list;

/* True when files must be looked at before they are read. */
bool ost_series_wanted(const ost_stage_ctx *ctx);
/* Looks at the files of a layout, if they must be, and settles what they say;
 * gives back to ctx what `read` lent. */
ost_rc ost_series_find(ost_stage_ctx *ctx, ost_layout *layout,
                       ost_ingest_reader read, void *user, ost_err *err);
/* True for a file that may be DICOM by its name: one of .dcm, .dicom, .ima, or
 * without a suffix. */
bool ost_series_may_be(const char *path);
/* Adds a file, if it is DICOM. */
void ost_series_look(ost_series_list *list, size_t index, const void *data,
                     size_t size);
/* Gives the files of a layout what is known now: a group, if they have none,
 * and the attributes study, series, day, time.  Names begin with `prefix` after
 * what they name ("patient:PREFIX..."). */
void ost_series_settle(ost_stage_ctx *ctx, const ost_series_list *list,
                       const char *prefix, ost_layout *layout);

/* With the secret: the pseudonym of the patient (of the study, for a file that
 * names no patient; else NULL), and attributes for the item. */
const char *ost_series_describe(ost_stage_ctx *ctx, const ost_dicom *d,
                                ost_item *item);

#endif
