/* engine/report.h - a report document and a run's record as one HTML page
 *
 * The page is self-contained: styles, drawings (inline SVG) and pictures
 * (data: PNG) are inside, there is no script, and a content security policy
 * in its head forbids the reader's program to fetch anything.  The same
 * document and record give the same bytes.
 *
 * The document is the `meta` of a report artifact; members may be missing:
 *
 *   title     text or null
 *   statement text or null: what the reader must know before any number
 *   tables    [{title, note, columns: [text], rows: [[cell]]}]: numbers of a
 *             publication beside one's own; a cell is a text, a number, null,
 *             {value, as, digits, lo, hi, std} or {missing: why}
 *   study     n_items, n_groups, n_unlabeled, n_parts, split_groups (groups
 *             with items in more than one part), by, classes: [{name, n}],
 *             image: [height, width, ...]
 *   metrics   [{name, axes, document}]: documents of the stage `evaluate`, or
 *             any other, shown as a table of its members
 *   models    [{name, axes, network, n_weights, history: [{epoch, ...}]}]; of
 *             a game of two sides with kind ("generator", "discriminator") and
 *             objective
 *   flow      [{name, axes, n_items, n_groups, labels: {name: n}, from: index
 *             or null, lost: {n_items or null, n_groups}, why}]: points of the
 *             study, each behind the one that it stems from
 *   generated, real: [{id, width, height, picture}]: sheets of pictures
 *   grids     [{name, axes, n_steps, steps: [{step, id, width, height,
 *             picture}]}]: samples of a generator as it learned
 *   neighbors [{distance, space, generated: {id, width, height, picture},
 *             learned: the same}]: made images and the nearest learned ones
 *   segmentations: [{id, group, dice, place: "least" or "most", width, height,
 *             picture, reference, predicted}]: the last three name blobs
 *   examples  [{id, group, label, predicted, score, part, right, width,
 *             height, picture, overlay}]: the last two name blobs
 *
 * Of the record's `meta`, "graph" is drawn:
 *
 *   {"nodes": [{"name", "stage", "in": [names of nodes], "instances"}]}
 *
 * and every other member listed.
 */
#ifndef OST_ENGINE_REPORT_H
#define OST_ENGINE_REPORT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/vec.h"
#include "store/key.h"
#include "store/record.h"
#include "store/store.h"

/* How a report is written: as one page (HTML, Markdown), the document with the
 * run's record (JSON), a file for each table (CSV, LaTeX), or a file for each
 * figure (SVG). */
typedef enum ost_report_format {
    OST_REPORT_HTML,
    OST_REPORT_MARKDOWN,
    OST_REPORT_JSON,
    OST_REPORT_CSV,
    OST_REPORT_LATEX,
    OST_REPORT_FIGURES,
} ost_report_format;

typedef struct ost_report_file {
    char *name; /* "folds.csv" */
    ost_buf content;
} ost_report_file;

typedef OST_VEC(ost_report_file) ost_report_files;

/* Adds the files of a format, one of them for pages and JSON.  `run` may be
 * NULL: nothing is then said of times, keys and steps.  OST_EINPUT when the
 * artifact is no report. */
ost_rc ost_report_write(ost_batch *b, const ost_digest *artifact,
                        const ost_run_record *run, ost_report_format format,
                        ost_report_files *files, ost_err *err);
void ost_report_files_release(ost_report_files *files);

/* Appends the page as HTML.  `run` may be NULL, as above. */
ost_rc ost_report_render(ost_batch *b, const ost_digest *artifact,
                         const ost_run_record *run, ost_buf *html,
                         ost_err *err);

#endif
