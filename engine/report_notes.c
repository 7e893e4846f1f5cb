/* engine/report_notes.c - what the steps of a run said while they worked */
#include "engine/report_impl.h"

#include <string.h>

#include "base/banned.h"

enum { MOST_NOTES = 100 };

/* The notes of a step, a row for each line. */
static void add_notes(ost_report_page *p, ost_report_table *t,
                      const ost_run_step *s, size_t *left_out)
{
    ost_node_record record = { .notes = "" };
    ost_buf value = { 0 };
    const char *line;

    if (ost_batch_get(p->batch, OST_TABLE_NODES, s->key.b, sizeof(s->key.b),
                      &value, NULL) != OST_OK ||
        ost_node_record_decode(value.data, value.len, &p->arena, &record,
                               NULL) != OST_OK)
        record.notes = "";
    for (line = record.notes; line && *line;) {
        size_t n = strcspn(line, "\n");

        if (t->n_rows == MOST_NOTES) {
            ++*left_out;
        } else {
            ost_table_row(t, "");
            ost_table_text(t, s->name);
            ost_table_text(t, ost_arena_strndup(&p->arena, line, n));
        }
        line += n + (line[n] != 0);
    }
    ost_buf_release(&value);
}

void ost_report_notes(ost_report_page *p)
{
    ost_report_table *t = ost_table_new(&p->arena, "notes", "");
    size_t left_out = 0;

    if (!p->run)
        return;
    ost_table_column(t, "Step", OST_COLUMN_TEXT);
    ost_table_column(t, "What it said", OST_COLUMN_TEXT | OST_COLUMN_WRAP);
    for (size_t i = 0; i < p->run->n_steps; i++)
        if (!ost_digest_is_zero(&p->run->steps[i].key))
            add_notes(p, t, &p->run->steps[i], &left_out);
    if (t->n_rows == 0)
        return;
    if (left_out > 0)
        t->note = ost_arena_printf(&p->arena,
                                   "%zu further notes are in the "
                                   "run's record.",
                                   left_out);
    ost_report_open(p, "notes", "Notes of the steps");
    ost_report_table_put(p, t);
    ost_report_close(p);
}
