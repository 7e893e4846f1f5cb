/* engine/entry.c - reading the values of a document in place */
#include "base/text.h"
#include "engine/workflow_internal.h"

#include <ctype.h>
#include <string.h>

#include "base/banned.h"

uint32_t ost_entry_member(const ost_document *doc, uint32_t object,
                          const char *name)
{
    size_t len = strlen(name), n;
    ost_buf scratch = { 0 };
    uint32_t found = OST_NONE;

    if (ost_json_kind(doc->json, object) != '{')
        return OST_NONE;
    for (uint32_t c = object + 1; c < ost_json_end(doc->json, object);
         c = ost_json_end(doc->json, c)) {
        const char *key = ost_json_member(doc->json, c, &scratch, &n);

        if (n == len && memcmp(key, name, n) == 0)
            found = c;
    }
    ost_buf_release(&scratch);
    return found;
}

char *ost_entry_copy(const ost_document *doc, uint32_t entry, bool key)
{
    ost_buf scratch = { 0 };
    size_t n;
    const char *text = key ? ost_json_member(doc->json, entry, &scratch, &n)
                           : ost_json_string(doc->json, entry, &scratch, &n);
    char *copy = ost_xstrndup(text, n);

    ost_buf_release(&scratch);
    return copy;
}

static const char *keep(ost_workflow *wf, char *text)
{
    const char *kept = ost_arena_strdup(&wf->arena, text);

    ost_free(text);
    return kept;
}

const char *ost_entry_text(ost_workflow *wf, const ost_document *doc,
                           uint32_t entry)
{
    return keep(wf, ost_entry_copy(doc, entry, false));
}

const char *ost_entry_key(ost_workflow *wf, const ost_document *doc,
                          uint32_t entry)
{
    return keep(wf, ost_entry_copy(doc, entry, true));
}

bool ost_entry_is_comment(const ost_document *doc, uint32_t entry)
{
    static const char prefix[] = "$comment";
    ost_buf scratch = { 0 };
    size_t n;
    const char *key = ost_json_member(doc->json, entry, &scratch, &n);
    bool is =
        n >= sizeof(prefix) - 1 && memcmp(key, prefix, sizeof(prefix) - 1) == 0;

    ost_buf_release(&scratch);
    return is;
}

bool ost_entry_is(ost_workflow *wf, const ost_document *doc, uint32_t entry,
                  const char *kinds, const char *words)
{
    char kind = ost_json_kind(doc->json, entry);
    const char *got = kind == '{'   ? "an object"
                      : kind == '[' ? "an array"
                      : kind == '"' ? "a string"
                      : kind == '0' ? "a number"
                      : kind == 'n' ? "null"
                                    : "a boolean";

    if (strchr(kinds, kind))
        return true;
    ost_wf_fault(wf, doc, entry, false, "expected %s, not %s", words, got);
    return false;
}

static void unknown_member(ost_workflow *wf, const ost_document *doc,
                           uint32_t entry, const ost_format_key *keys,
                           const char *what)
{
    const char *word = ost_entry_key(wf, doc, entry);
    OST_VEC(const char *) names = { 0 };

    for (; keys->name; keys++)
        ost_vec_push(&names, keys->name);
    ost_wf_fault(wf, doc, entry, true, "unknown %s '%s'%s", what, word,
                 ost_suggest(wf, word, names.data, names.len));
    ost_vec_release(&names);
}

void ost_entry_members(ost_workflow *wf, const ost_document *doc,
                       uint32_t object, const ost_format_key *keys,
                       const char *what, uint32_t *entries)
{
    ost_buf scratch = { 0 };
    size_t n;

    for (size_t i = 0; keys[i].name; i++)
        entries[i] = OST_NONE;
    for (uint32_t c = object + 1; c < ost_json_end(doc->json, object);
         c = ost_json_end(doc->json, c)) {
        const char *word = ost_json_member(doc->json, c, &scratch, &n);
        size_t i = 0;

        while (keys[i].name &&
               (strncmp(word, keys[i].name, n) != 0 || keys[i].name[n] != '\0'))
            i++;
        if (keys[i].name)
            entries[i] = c;
        else if (!ost_entry_is_comment(doc, c))
            unknown_member(wf, doc, c, keys, what);
    }
    ost_buf_release(&scratch);
}

bool ost_entry_check_name(ost_workflow *wf, const ost_document *doc,
                          uint32_t entry, const char *name, const char *what)
{
    bool good = *name != '\0';

    for (const char *p = name; *p && good; p++)
        good =
            isalnum((unsigned char)*p) || *p == '_' || (*p == '-' && p > name);
    if (!good)
        ost_wf_fault(wf, doc, entry, true,
                     "'%s' is no name of %s: letters, digits, '_' and '-' are",
                     name, what);
    return good;
}

uint32_t ost_entry_count(const ost_document *doc, uint32_t entry)
{
    bool object = ost_json_kind(doc->json, entry) == '{';
    uint32_t n = 0;

    for (uint32_t c = entry + 1; c < ost_json_end(doc->json, entry);
         c = ost_json_end(doc->json, c))
        n += !object || !ost_entry_is_comment(doc, c);
    return n;
}

json_t *ost_entry_build(const ost_document *doc, uint32_t entry)
{
    return ost_json_build(doc->json, ost_json_offset(doc->json, entry, false));
}
