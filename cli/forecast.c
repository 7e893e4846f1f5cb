/* cli/forecast.c - what a workflow gives away of its leaks, for people */
#include "cli/forecast.h"

#include "engine/leak_forecast.h"

#include <stdio.h>

#include "base/banned.h"

static void add(void *user, uint32_t node, uint32_t instance, const char *text)
{
    ost_forecast_list *list = user;

    ost_vec_push(list, (ost_forecast){ node, instance,
                                       ost_xprintf("leakage: %s", text) });
}

void ost_forecast_collect(const ost_workflow *wf, ost_forecast_list *list)
{
    ost_leak_forecast(wf, add, list);
}

void ost_forecast_release(ost_forecast_list *list)
{
    for (size_t i = 0; i < list->len; i++)
        ost_free(list->data[i].text);
    ost_vec_release(list);
}

void ost_forecast_print(const ost_workflow *wf, const ost_forecast_list *list)
{
    for (size_t i = 0; i < list->len; i++)
        fprintf(stderr, "warning: %s: %s\n",
                ost_workflow_node(wf, list->data[i].node)->name,
                list->data[i].text);
}
