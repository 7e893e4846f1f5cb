/* engine/report_impl.h - what the parts of a report share */
#ifndef OST_ENGINE_REPORT_IMPL_H
#define OST_ENGINE_REPORT_IMPL_H

#include "base/arena.h"
#include "base/buf.h"
#include "engine/report.h"
#include "engine/report_figure.h"
#include "engine/report_svg.h"
#include "engine/report_table.h"
#include "store/artifact.h"
#include "store/record.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ost_report_page {
    ost_report_format format;
    ost_buf *out;            /* the page, in words */
    ost_report_files *files; /* figures and tables, when they are files */
    ost_arena arena;
    const json_t *doc;
    const ost_run_record *run; /* or NULL */
    json_t *run_meta;          /* object, or NULL */
    const ost_digest *digest;  /* of the report's artifact */
    const ost_artifact *artifact;
    ost_batch *batch;
    unsigned ids;     /* handed out so far */
    const char *part; /* in front of the names of files: "ours-", or "" */
} ost_report_page;

/* --- parts, in the order of the page (one file each) -------------------- */

extern const char *const ost_report_style[]; /* lines, ended by NULL */

void ost_report_study(ost_report_page *p);
void ost_report_published(ost_report_page *p);
void ost_report_flow(ost_report_page *p);
void ost_report_graph(ost_report_page *p);
/* Sections of one metrics document, by its kind. */
void ost_report_metrics(ost_report_page *p, const json_t *document);
void ost_report_predictions(ost_report_page *p, const json_t *document);
void ost_report_numbers(ost_report_page *p, const json_t *document);
void ost_report_roc(ost_report_page *p, const json_t *document);
void ost_report_recall(ost_report_page *p, const json_t *document);
void ost_report_calibration(ost_report_page *p, const json_t *document);
void ost_report_confusion(ost_report_page *p, const json_t *document);
void ost_report_subgroups(ost_report_page *p, const json_t *document);
void ost_report_operating(ost_report_page *p, const json_t *document);
void ost_report_leakage(ost_report_page *p, const json_t *document);
void ost_report_comparison(ost_report_page *p, const json_t *document);
void ost_report_segmentation(ost_report_page *p, const json_t *document);
void ost_report_made(ost_report_page *p, const json_t *document);
void ost_report_correlation(ost_report_page *p, const json_t *document);
void ost_report_audit(ost_report_page *p, const json_t *document);
void ost_report_choice(ost_report_page *p, const json_t *document);
/* How many choices of its name metrics entry `i` is one of (0: it is none), and
 * whether it is the first, with which all of them are shown. */
size_t ost_report_choices(ost_report_page *p, size_t i, bool *first);
/* A document of any shape. */
void ost_report_generic(ost_report_page *p, const json_t *document,
                        const char *title);
/* A table of blocks of numbers, each named by one of its members. */
void ost_report_blocks(ost_report_page *p, const json_t *document,
                       const json_t *blocks, const char *member, const char *id,
                       const char *title);
void ost_report_training(ost_report_page *p);
ost_rc ost_report_examples(ost_report_page *p, ost_err *err);
/* <img> of a blob that a member of `e` names; nothing when it names none. */
ost_rc ost_report_picture(ost_report_page *p, const json_t *e,
                          const char *member, const char *class,
                          const char *alt, ost_err *err);
ost_rc ost_report_generated(ost_report_page *p, ost_err *err);
ost_rc ost_report_grids(ost_report_page *p, ost_err *err);
ost_rc ost_report_neighbors(ost_report_page *p, ost_err *err);
void ost_report_quality(ost_report_page *p);
/* True for an entry of `metrics` whose numbers stand in that part alone. */
bool ost_report_is_in_quality(ost_report_page *p, const json_t *entry);
ost_rc ost_report_outlines(ost_report_page *p, ost_err *err);
void ost_report_notes(ost_report_page *p);
void ost_report_checklists(ost_report_page *p);
/* [{title, source, items: [{item, section, asked, known: text or null}]}].
 * Caller decrefs. */
json_t *ost_report_checklists_json(ost_report_page *p);
void ost_report_origin(ost_report_page *p);

/* --- blocks, in whatever format the page has ---------------------------- */

/* True for the page itself, where HTML may be added. */
static inline bool ost_report_is_html(const ost_report_page *p)
{
    return p->format == OST_REPORT_HTML;
}

/* A section with its heading, and its end. */
void ost_report_open(ost_report_page *p, const char *id, const char *title);
void ost_report_close(ost_report_page *p);
/* Words; the marks below may stand in them.  `class` is for pages. */
void ost_report_paragraph(ost_report_page *p, const char *class,
                          const char *words);
void ost_report_list(ost_report_page *p, const char *class,
                     const json_t *texts);
void ost_report_table_put(ost_report_page *p, const ost_report_table *t);
/* Ends the figure's life. */
void ost_report_figure_put(ost_report_page *p, ost_report_figure *f);
/* The name of a figure or table of the part of the page at hand. */
const char *ost_report_id(ost_report_page *p, const char *name);
/* A further file; `name` is copied, with a number when it is taken. */
ost_buf *ost_report_file_add(ost_report_files *files, const char *name,
                             const char *suffix);

/* Marks within words. */
#define OST_EM         "\x02"
#define OST_EM_END     "\x03"
#define OST_STRONG     "\x04"
#define OST_STRONG_END "\x05"
/* Words from outside, without what could be a mark. */
void ost_report_add_name(ost_buf *words, const char *name);
/* The words in a format, escaped. */
void ost_words_html(ost_buf *out, const char *words);
void ost_words_markdown(ost_buf *out, const char *words);

void ost_table_markdown(ost_buf *out, const ost_report_table *t);
void ost_table_csv(ost_buf *out, const ost_report_table *t);
void ost_table_latex(ost_buf *out, const ost_report_table *t);
void ost_report_json(ost_report_page *p);

/* --- words and numbers -------------------------------------------------- */

/* A count, in groups of three digits. */
void ost_report_count(ost_buf *out, uint64_t n);
/* "1 image", "3 images". */
void ost_report_counted(ost_buf *out, uint64_t n, const char *one,
                        const char *many);
/* A rate with three digits, a dash when it is undefined. */
void ost_report_rate(ost_buf *out, const json_t *v);
/* "0.889-0.955" (with an en dash), nothing when it is undefined. */
void ost_report_interval(ost_buf *out, const json_t *interval);
/* The interval of a number in a block of numbers, or NULL. */
const json_t *ost_report_interval_of(const json_t *set, const char *name);
/* True when the metric is there and a number. */
bool ost_report_has(const json_t *set, const char *name);
double ost_report_real(const json_t *set, const char *name);
/* Any scalar as text; arrays and objects as JSON.  In the page's arena. */
const char *ost_report_words(ost_report_page *p, const json_t *v);
/* A name as a heading: "learning_rate" becomes "Learning rate",
 * "auc" "AUC". */
const char *ost_report_heading(ost_report_page *p, const char *name);
/* The member as text, "" when there is none. */
const char *ost_report_text(const json_t *object, const char *name);
uint64_t ost_report_number(const json_t *object, const char *name);
/* "3, fold 0" of an entry's name and axes; its number when it has neither. */
const char *ost_report_entry_name(ost_report_page *p, const json_t *entry,
                                  size_t index);
/* True for a document as the stage `evaluate` writes it. */
bool ost_report_is_evaluation(const json_t *document);
/* Name of the axis that divides the items, "fold" as a rule. */
const char *ost_report_by(const json_t *document);
/* Numbers of a JSON array, in the page's arena; NaN for what is none. */
double *ost_report_array(ost_report_page *p, const json_t *array, size_t *n);

/* --- what figures share -------------------------------------------------- */

/* How many colors there are for lines side by side: classes s0, s1, ... */
enum { OST_REPORT_COLORS = 8 };

/* "line s3 d1" of line `i`: the color, and a pattern once all are used. */
const char *ost_report_series(ost_report_page *p, size_t i, const char *more);
/* A key with a line of that class, a number and its interval. */
void ost_report_line_key(ost_report_page *p, ost_report_figure *f,
                         const char *class, const char *name,
                         const json_t *number, const json_t *interval);

#endif
