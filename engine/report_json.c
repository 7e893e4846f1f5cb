/* engine/report_json.c - a report and the record of its run as JSON */
#include "base/clock.h"
#include "base/json.h"
#include "engine/outputs.h"
#include "engine/report_impl.h"

#include "base/banned.h"

static const char *const verdicts[] = { "cached", "ran", "failed", "skipped" };

static json_t *step_of(const ost_run_step *s)
{
    char hex[OST_DIGEST_HEX];

    return json_pack(
        "{s:s, s:s, s:s, s:f, s:I, s:I, s:s}", "name", s->name, "stage",
        s->stage, "verdict", s->verdict < 4 ? verdicts[s->verdict] : "",
        "seconds", s->seconds, "computed", (json_int_t)s->computed,
        "remembered", (json_int_t)s->remembered, "key",
        ost_digest_is_zero(&s->key) ? "" : ost_digest_hex(&s->key, hex));
}

static json_t *run_of(const ost_report_page *p)
{
    const ost_run_record *run = p->run;
    json_t *steps = json_array(), *out;
    char from[32], to[32];

    for (size_t i = 0; i < run->n_steps; i++)
        json_array_append_new(steps, step_of(&run->steps[i]));
    out = json_pack("{s:s, s:s, s:s, s:s, s:o}", "id", run->id, "workflow",
                    run->workflow, "started",
                    ost_wall_text(from, run->started_ns), "finished",
                    ost_wall_text(to, run->finished_ns), "steps", steps);
    if (p->run_meta)
        json_object_set(out, "meta", p->run_meta);
    return out;
}

void ost_report_json(ost_report_page *p)
{
    char hex[OST_DIGEST_HEX];
    json_t *all = json_pack("{s:O, s:s}", "report", p->doc, "artifact",
                            ost_digest_hex(p->digest, hex));
    ost_buf text = { 0 };

    if (p->run)
        json_object_set_new(all, "run", run_of(p));
    json_object_set_new(all, "checklists", ost_report_checklists_json(p));
    ost_json_canonical(&text, all);
    ost_outputs_json(p->out, ost_buf_str(&text));
    ost_buf_release(&text);
    json_decref(all);
}
