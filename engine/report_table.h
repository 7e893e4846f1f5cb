/* engine/report_table.h - a table of a report, before it has a format
 *
 * Cells hold plain text, and the number behind it where there is one: pages
 * show the text, CSV gives the number with its ends in columns of their own.
 * Everything lives in the arena that the table was made in; texts are copied.
 */
#ifndef OST_ENGINE_REPORT_TABLE_H
#define OST_ENGINE_REPORT_TABLE_H

#include "base/arena.h"
#include "base/buf.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ost_report_column_flags {
    OST_COLUMN_TEXT = 1u << 0,  /* words, not numbers: to the left */
    OST_COLUMN_MINOR = 1u << 1, /* left out where there is little room */
    OST_COLUMN_WRAP = 1u << 2,  /* long words: may take several lines */
};

typedef struct ost_report_column {
    const char *name;
    unsigned flags;
} ost_report_column;

typedef struct ost_report_cell {
    const char *text;
    const char *small; /* an interval or the like, or "" */
    const char *why;   /* of what is undefined or missing, or "" */
    bool number;
    bool ends;
    double value;
    double lower;
    double upper;
    bool code; /* a digest: shown in short, all of it on request */
    bool spread;
    double sd;
} ost_report_cell;

enum { OST_REPORT_COLUMNS = 64 };

typedef struct ost_report_row {
    const char *kind; /* "mean", "pooled", ...: how the row looks; or "" */
    ost_report_cell cells[OST_REPORT_COLUMNS];
    size_t n;
} ost_report_row;

typedef struct ost_report_table {
    ost_arena *arena;
    const char *id;    /* "folds": the name of its file */
    const char *title; /* or "" */
    const char *note;  /* below it, or "" */
    ost_report_column columns[OST_REPORT_COLUMNS];
    size_t n_columns;
    ost_report_row **rows;
    size_t n_rows;
    size_t room;
} ost_report_table;

ost_report_table *ost_table_new(ost_arena *arena, const char *id,
                                const char *title);
/* Further columns than there is room for are left out, and so are cells. */
void ost_table_column(ost_report_table *t, const char *name, unsigned flags);
void ost_table_row(ost_report_table *t, const char *kind);

/* Cells go to the last row, from left to right. */
ost_report_cell *ost_table_text(ost_report_table *t, const char *text);
ost_report_cell *ost_table_count(ost_report_table *t, uint64_t n);
/* Any scalar as text; arrays and objects as JSON. */
ost_report_cell *ost_table_value(ost_report_table *t, const json_t *v);
/* A number with so many digits, times 100 with a percent sign in front of the
 * unit where `percent`; undefined ones are a dash with their reason. */
ost_report_cell *ost_table_number(ost_report_table *t, const json_t *v,
                                  int digits, bool percent);
/* The same with the ends of an interval {"lo" or "lower", "hi" or "upper"}. */
ost_report_cell *ost_table_interval(ost_report_table *t, const json_t *v,
                                    const json_t *interval, int digits,
                                    bool percent);
/* A p value: four digits, or that it is below them. */
ost_report_cell *ost_table_p(ost_report_table *t, const json_t *v);
/* A mean with its standard deviation. */
ost_report_cell *ost_table_spread(ost_report_table *t, const json_t *mean,
                                  const json_t *sd, int digits, bool percent);
/* What is not there, and why. */
ost_report_cell *ost_table_missing(ost_report_table *t, const char *why);

/* The table as HTML. */
void ost_table_html(ost_buf *out, const ost_report_table *t);

/* --- words of numbers ---------------------------------------------------- */

/* A number for people: a minus sign that is one, narrow spaces in front of
 * percent signs. */
void ost_number_text(ost_buf *out, double v, int digits, bool percent);
/* "lo" or "lower", "hi" or "upper"; false when one is missing. */
bool ost_interval_ends(const json_t *interval, double *lower, double *upper);

#endif
