/* engine/site_secret.c - the site's secret: where it is, and whether it changed
 *
 * The site profile names its file ("secret", relative to the profile); without
 * that, the environment variable OSTEON_SECRET_FILE does.
 */
#include "base/fs.h"
#include "engine/workflow_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static char *path_in_profile(ost_workflow *wf, uint32_t *entry)
{
    const ost_document *doc = wf->profile;

    if (!doc || ost_json_kind(doc->json, 0) != '{')
        return NULL;
    *entry = ost_entry_member(doc, 0, "secret");
    if (*entry == OST_NONE ||
        !ost_entry_is(wf, doc, *entry, "\"", "the path of a file"))
        return NULL;
    return ost_path_join(doc->dir, ost_entry_text(wf, doc, *entry));
}

void ost_bind_secret(ost_workflow *wf)
{
    const char *named = getenv("OSTEON_SECRET_FILE");
    uint32_t entry = OST_NONE;
    ost_err err = { 0 };

    wf->secret_path = path_in_profile(wf, &entry);
    if (!wf->secret_path && entry == OST_NONE && named && *named)
        wf->secret_path = ost_xstrdup(named);
    if (!wf->secret_path ||
        !ost_secret_read(wf->secret_path, &wf->secret, &err))
        return;
    if (entry == OST_NONE)
        ost_fault_usage(wf, "OSTEON_SECRET_FILE: %s", err.text);
    else
        ost_wf_fault(wf, wf->profile, entry, false, "%s", err.text);
}

const ost_secret *ost_workflow_secret(const ost_workflow *wf, const char **path)
{
    if (path)
        *path = wf->secret_path ? wf->secret_path : "";
    return &wf->secret;
}
