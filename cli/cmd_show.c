/* cli/cmd_show.c - describes a run, a node, an artifact or a blob */
#include "base/alloc.h"
#include "cli/options.h"
#include "cli/show.h"

#include <stdio.h>

#include "base/banned.h"

enum { ITEMS = 10 };

static const ost_option show_options[] = {
    { .name = "items",
      .value = "N",
      .help = "how many items of a dataset to list (10)" },
    { .name = "item", .value = "ID", .help = "describe this item in full" },
    OST_OPTIONS_END,
};

static ost_rc run(ost_cli *cli, ost_err *err)
{
    char *path = ost_cli_store_path(cli, NULL);
    ost_store *store = NULL;
    ost_buf out = { 0 };
    int64_t items = ITEMS;
    ost_found found;
    ost_rc rc;

    rc = ost_cli_integer(cli, "items", 0, INT64_MAX, ITEMS, &items, err);
    if (!rc)
        rc = ost_store_open(path, OST_STORE_READONLY, &store, err);
    if (!rc)
        rc = ost_find(store, cli->arguments[0], &found, err);
    if (!rc)
        rc = ost_show(store, &found, (size_t)items, ost_cli_value(cli, "item"),
                      &out, err);
    if (!rc)
        fwrite(out.data, 1, out.len, stdout);
    ost_buf_release(&out);
    ost_store_close(store);
    ost_free(path);
    return rc;
}

const ost_command ost_cmd_show = {
    .name = "show",
    .summary = "describe a run, a node, an artifact or a blob",
    .arguments = "NAME",
    .min_arguments = 1,
    .max_arguments = 1,
    .details =
        "NAME is a run (its id, the beginning of one, or 'latest'), an output "
        "of a step of a run ('latest:train[fold=2].model'), or a digest (four "
        "or more of its digits).",
    .options = (const ost_option *const[]){ show_options, ost_options_store,
                                            ost_options_common, NULL },
    .run = run,
};
