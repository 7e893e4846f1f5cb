/* tests/fuzz/fuzz_workflow.c - any text as a workflow, and all that it says */
/* links: engine stage_desc store base */
#include "engine/workflow_internal.h"
#include "tests/fuzz/fuzzed.h"
#include "tests/support/small_stages.h"

#include "base/banned.h"

enum { MANY = 50 };

static void count(void *user, const ost_feed *feed)
{
    size_t *n = user;

    *n += feed->port + 1u;
}

static void use_instance(const ost_workflow *wf, uint32_t node,
                         uint32_t instance)
{
    ost_buf text = { 0 };
    ost_err err = { 0 };
    size_t n = 0;

    ost_step_name(wf, node, instance, &text);
    ost_instance_feeds(wf, node, instance, count, &n);
    ost_instance_seed(wf, node, instance, &text, &err);
    ost_instance_params(wf, node, instance, &text, &text, &err);
    ost_buf_release(&text);
}

static void use(const ost_workflow *wf)
{
    for (uint32_t i = 0; i < ost_workflow_node_count(wf) && i < MANY; i++) {
        const ost_node *node = ost_workflow_node(wf, i);

        for (uint32_t k = 0; k < node->instances && k < MANY; k++)
            use_instance(wf, i, k);
        use_instance(wf, i, node->instances - 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ost_bindings none = { 0 };
    ost_buf text = { 0 }, report = { 0 };
    ost_workflow *wf;
    ost_err err = { 0 };
    ost_rc rc;

    ost_buf_add(&text, data, size);
    rc = ost_workflow_load_text("w.json", &text, &none, &wf, &report, &err);
    if (!rc)
        use(wf);
    ost_workflow_free(wf);
    ost_buf_release(&report);
    return 0;
}
