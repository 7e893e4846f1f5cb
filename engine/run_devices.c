/* engine/run_devices.c - what computed the steps of a run, for its record */
#include "engine/run_internal.h"

#include <string.h>

#include "base/banned.h"

/* The steps that one device computed. */
typedef struct computed_by {
    char *device;
    ost_buf steps; /* JSON strings, separated by commas */
} computed_by;

typedef OST_VEC(computed_by) devices;

static void add_step(const ost_run *r, uint32_t step, const char *device,
                     devices *list)
{
    computed_by *of = NULL;
    ost_buf name = { 0 };

    for (size_t i = 0; i < list->len && !of; i++) {
        if (strcmp(list->data[i].device, device) == 0)
            of = &list->data[i];
    }
    if (!of) {
        ost_vec_push(list, (computed_by){ .device = ost_xstrdup(device) });
        of = &list->data[list->len - 1];
    }
    ost_plan_step_name(r->plan, step, &name);
    ost_buf_adds(&of->steps, of->steps.len ? "," : "");
    ost_buf_add_json(&of->steps, ost_buf_str(&name), name.len);
    ost_buf_release(&name);
}

/* Of a step that ran now or, by its record, before. */
static void find_device(ost_run *r, uint32_t step, devices *list)
{
    const ost_key *key = &r->plan->steps[step].key;
    ost_arena arena = { 0 };
    ost_buf text = { 0 };
    ost_node_record record;

    if (!ost_batch_get(r->batch, OST_TABLE_NODES, key->b, sizeof(key->b), &text,
                       NULL) &&
        !ost_node_record_decode(text.data, text.len, &arena, &record, NULL) &&
        *record.device)
        add_step(r, step, record.device, list);
    ost_buf_release(&text);
    ost_arena_release(&arena);
}

static void add_member(devices *list, ost_buf *meta)
{
    meta->len--; /* the brace behind the members that are there */
    ost_buf_adds(meta, meta->len > 1 ? ",\"gpus\":[" : "\"gpus\":[");
    for (size_t i = 0; i < list->len; i++) {
        ost_buf_adds(meta, i ? ",{\"gpu\":" : "{\"gpu\":");
        ost_buf_add_json(meta, list->data[i].device,
                         strlen(list->data[i].device));
        ost_buf_addf(meta, ",\"steps\":[%s]}",
                     ost_buf_str(&list->data[i].steps));
    }
    ost_buf_adds(meta, "]}");
}

void ost_run_add_devices(ost_run *r, ost_buf *meta)
{
    devices list = { 0 };

    for (uint32_t i = 0; i < r->plan->n_steps; i++) {
        bool has_result = r->result->verdicts[i] == OST_RUN_CACHED ||
                          r->result->verdicts[i] == OST_RUN_RAN;

        if (ost_run_on_gpu(r, i) && r->state[i] != OST_STATE_OUT && has_result)
            find_device(r, i, &list);
    }
    if (list.len > 0)
        add_member(&list, meta);
    for (size_t i = 0; i < list.len; i++) {
        ost_free(list.data[i].device);
        ost_buf_release(&list.data[i].steps);
    }
    ost_vec_release(&list);
}
