/* cli/forecast.h - what a workflow gives away of its leaks, for people */
#ifndef OST_CLI_FORECAST_H
#define OST_CLI_FORECAST_H

#include "base/vec.h"
#include "engine/workflow.h"

typedef struct ost_forecast {
    uint32_t node; /* that judges */
    uint32_t instance;
    char *text;
} ost_forecast;

typedef OST_VEC(ost_forecast) ost_forecast_list;

void ost_forecast_collect(const ost_workflow *wf, ost_forecast_list *list);
void ost_forecast_release(ost_forecast_list *list);
/* A line each on stderr: "warning: metrics: leakage: ...". */
void ost_forecast_print(const ost_workflow *wf, const ost_forecast_list *list);

#endif
