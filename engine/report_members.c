/* engine/report_members.c - any metrics document as a table of its members */
#include "engine/report_impl.h"

#include "base/banned.h"

/* Nested members stand with their path. */
static void add_members(ost_report_page *p, ost_report_table *t,
                        const json_t *v, const char *path)
{
    const char *name;
    json_t *one;

    json_object_foreach((json_t *)(uintptr_t)v, name, one)
    {
        const char *inner =
            ost_arena_printf(&p->arena, "%s%s%s", path, *path ? "." : "", name);

        if (json_is_object(one) && json_object_size(one) > 0) {
            add_members(p, t, one, inner);
        } else {
            ost_table_row(t, "");
            ost_table_text(t, inner);
            ost_table_value(t, one);
        }
    }
}

void ost_report_members(ost_report_page *p, const json_t *document)
{
    ost_report_table *t =
        ost_table_new(&p->arena, ost_report_id(p, "members"), "");

    ost_report_open(p, "numbers", "The numbers");
    ost_table_column(t, "", OST_COLUMN_TEXT);
    ost_table_column(t, "", OST_COLUMN_TEXT | OST_COLUMN_WRAP);
    add_members(p, t, document, "");
    ost_report_table_put(p, t);
    ost_report_close(p);
}
