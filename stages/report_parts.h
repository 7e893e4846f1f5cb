/* stages/report_parts.h - what the parts of the stage `report` share */
#ifndef OST_STAGES_REPORT_PARTS_H
#define OST_STAGES_REPORT_PARTS_H

#include "stages/prediction_table.h"
#include "stages/stage.h"

typedef struct ost_report_params {
    const char *title;
    const char *statement;
    const json_t *tables;
    const char *by;
    const char *label;
    const char *field;
    const char *contour;
    const char *mask;
    const char *reference;
    const json_t *excluded;
    int64_t examples;
    int64_t side;
} ost_report_params;

typedef struct ost_report_gathering {
    ost_stage_ctx *ctx;
    const ost_report_params *params;
    ost_prediction_table table;
    json_t *doc;
    size_t n_pictures; /* entries that have one, so far */
} ost_report_gathering;

/* {"name", "axes"} of an input. */
json_t *ost_report_entry(const ost_input *in);

/* A picture of the item's field (of frames, the middle one) as a further blob,
 * named in `entry` under `member`, with "width" and "height".  NULL as field:
 * whatever picture the item has; nothing happens when it has none. */
ost_rc ost_report_add_picture(ost_report_gathering *g, const ost_item *item,
                              const char *field, const char *member,
                              json_t *entry, ost_err *err);
/* The same of the first `share` of the columns of whatever picture the item
 * has, no side longer than `side`. */
ost_rc ost_report_add_part(ost_report_gathering *g, const ost_item *item,
                           double share, int64_t side, const char *member,
                           json_t *entry, ost_err *err);
/* Of the entry that got a picture last: what is above 0 in the field, in a
 * color on nothing; with `outline` only its edge. */
ost_rc ost_report_add_marks(ost_report_gathering *g, const ost_item *item,
                            const char *field, const uint8_t color[3],
                            bool outline, const char *member, json_t *entry,
                            ost_err *err);

/* One file each, the last two together: members `examples`, `flow`, `generated`
 * and `real`, `segmentations`, `grids` and `neighbors` of the document. */
ost_rc ost_report_gather_examples(ost_report_gathering *g, ost_err *err);
ost_rc ost_report_gather_flow(ost_report_gathering *g, ost_err *err);
ost_rc ost_report_gather_sheets(ost_report_gathering *g, ost_err *err);
ost_rc ost_report_gather_masks(ost_report_gathering *g, ost_err *err);
ost_rc ost_report_gather_grids(ost_report_gathering *g, ost_err *err);
ost_rc ost_report_gather_neighbors(ost_report_gathering *g, ost_err *err);

#endif
