/* stages/export.c - a dataset as files that other programs read
 *
 * The files are named as stages/export_files.h says.
 */
#include "stages/export_files.h"

#include "base/banned.h"

enum { FLUSH_BYTES = 8 << 20 };

typedef struct {
    ost_str_list fields;
    bool table;
} export_params;

static const ost_param params[] = {
    OST_PARAM(export_params, fields, STR_LIST,
              "fields to write, with * as wildcard", .dflt = "[\"*\"]"),
    OST_PARAM(export_params, table, BOOL, "write items.csv too",
              .dflt = "true"),
    OST_END,
};

typedef struct {
    ost_stage_ctx *ctx;
    size_t waiting; /* bytes that are not stored yet */
} sink;

static ost_rc emit(void *user, const char *path, const void *data, size_t size,
                   ost_err *err)
{
    sink *s = user;
    ost_rc rc = ost_emit_file(s->ctx, "out", path, data, size, err);

    s->waiting += size;
    if (rc || s->waiting < FLUSH_BYTES)
        return rc;
    s->waiting = 0;
    return ost_flush(s->ctx, err);
}

static ost_rc run(ost_stage_ctx *ctx, ost_err *err)
{
    const export_params *p = ost_ctx_params(ctx);
    sink s = { .ctx = ctx };
    json_t *meta;
    ost_rc rc;

    rc = ost_export_items(ctx, ost_ctx_input(ctx, "in", 0), &p->fields,
                          p->table, emit, &s, err);
    if (rc || !p->table)
        return rc;
    meta = json_pack("{s:s}", "manifest", OST_ITEM_TABLE);
    rc = ost_emit_meta(ctx, "out", meta, err);
    json_decref(meta);
    return rc;
}

const ost_stage ost_stage_export = {
    .name = "export",
    .version = 2,
    .summary = "Write a dataset as PNG and NumPy files with a table.",
    .flags = OST_STAGE_EXPORTS,
    .param_size = sizeof(export_params),
    .params = params,
    .inputs = OST_PORTS({ "in", OST_DATASET, "items to write", false, false }),
    .outputs = OST_PORTS({ "out", OST_FILES, "the files", false, false }),
    .run = run,
};
