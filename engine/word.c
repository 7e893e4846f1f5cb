/* engine/word.c - needs, retries, timeout, title of a node */
#include "base/text.h"
#include "engine/workflow_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static double number(const ost_document *doc, uint32_t entry)
{
    json_t *value = ost_entry_build(doc, entry);
    double number = json_number_value(value);

    json_decref(value);
    return number;
}

static double whole(ost_workflow *wf, const ost_document *doc, uint32_t entry,
                    const char *word, double min, double max)
{
    double v;

    if (!ost_entry_is(wf, doc, entry, "0", "a number"))
        return min;
    v = number(doc, entry);
    if (v >= min && v <= max && v == (double)(int64_t)v)
        return v;
    ost_wf_fault(wf, doc, entry, false,
                 "\"%s\" is a whole number from %.0f to %.0f", word, min, max);
    return min;
}

/* "1.5 GB", "512 MB": decimal units, binary ones with an i. */
static bool parse_memory(const char *text, uint64_t *bytes)
{
    static const struct {
        const char *word;
        double factor;
    } units[] = {
        { "B", 1 },      { "kB", 1e3 },        { "KB", 1e3 },
        { "MB", 1e6 },   { "GB", 1e9 },        { "TB", 1e12 },
        { "KiB", 1024 }, { "MiB", 1048576.0 }, { "GiB", 1073741824.0 },
    };
    char *end;
    double v = strtod(text, &end);

    while (*end == ' ')
        end++;
    for (size_t i = 0; end > text && i < sizeof(units) / sizeof(*units); i++) {
        if (strcmp(end, units[i].word) != 0)
            continue;
        *bytes = (uint64_t)(v * units[i].factor);
        return v > 0 && v * units[i].factor < 1e18;
    }
    return false;
}

static void parse_needs_memory(ost_workflow *wf, const ost_document *doc,
                               uint32_t entry, ost_node *node)
{
    bool good = false;

    if (!ost_entry_is(wf, doc, entry, "\"0", "a size such as \"2 GB\""))
        return;
    if (ost_json_kind(doc->json, entry) == '"') {
        char *text = ost_entry_copy(doc, entry, false);

        good = parse_memory(text, &node->memory);
        ost_free(text);
    } else {
        double v = number(doc, entry);

        good = v >= 1 && v < 1e18;
        node->memory = good ? (uint64_t)v : 0;
    }
    if (!good)
        ost_wf_fault(wf, doc, entry, false,
                     "\"memory\" is a number of bytes or a size such as "
                     "\"2 GB\"");
}

static void parse_gpu(ost_workflow *wf, const ost_document *doc, uint32_t entry,
                      ost_node *node)
{
    static const char *const words[] = { "no", "prefer", "require" };
    char *word;
    int i = 0;

    if (!ost_entry_is(wf, doc, entry, "\"", "no, prefer or require"))
        return;
    word = ost_entry_copy(doc, entry, false);
    while (i < 3 && strcmp(word, words[i]) != 0)
        i++;
    if (i == 3)
        ost_wf_fault(wf, doc, entry, false,
                     "\"gpu\" is no, prefer or require, not '%s'%s", word,
                     ost_suggest(wf, word, words, 3));
    else if (OST_GPU_NO + i == OST_GPU_REQUIRE && node->stage &&
             !(node->stage->flags & OST_STAGE_GPU))
        ost_wf_fault(wf, doc, entry, false, "stage '%s' cannot use a GPU",
                     node->stage->name);
    else
        node->gpu = (ost_gpu_need)(OST_GPU_NO + i);
    ost_free(word);
}

static void parse_needs(ost_workflow *wf, const ost_document *doc,
                        uint32_t entry, ost_node *node)
{
    uint32_t e[OST_NEEDS];

    if (!ost_entry_is(wf, doc, entry, "{", "an object"))
        return;
    ost_entry_members(wf, doc, entry, ost_need_keys, "need", e);
    if (e[OST_NEED_THREADS] != OST_NONE)
        node->threads =
            (uint32_t)whole(wf, doc, e[OST_NEED_THREADS], "threads", 1, 4096);
    if (e[OST_NEED_MEMORY] != OST_NONE)
        parse_needs_memory(wf, doc, e[OST_NEED_MEMORY], node);
    if (e[OST_NEED_GPU] != OST_NONE)
        parse_gpu(wf, doc, e[OST_NEED_GPU], node);
}

void ost_words_parse(ost_workflow *wf, const ost_document *doc,
                     const uint32_t words[OST_WORDS], ost_node *node)
{
    if (words[OST_WORD_NEEDS] != OST_NONE)
        parse_needs(wf, doc, words[OST_WORD_NEEDS], node);
    if (words[OST_WORD_RETRIES] != OST_NONE)
        node->retries = (uint32_t)whole(wf, doc, words[OST_WORD_RETRIES],
                                        "retries", 0, 100);
    if (words[OST_WORD_TIMEOUT] != OST_NONE &&
        ost_entry_is(wf, doc, words[OST_WORD_TIMEOUT], "0", "seconds")) {
        node->timeout = number(doc, words[OST_WORD_TIMEOUT]);
        if (!(node->timeout > 0))
            ost_wf_fault(wf, doc, words[OST_WORD_TIMEOUT], false,
                         "\"timeout\" is a number of seconds above 0");
    }
    if (words[OST_WORD_TITLE] != OST_NONE &&
        ost_entry_is(wf, doc, words[OST_WORD_TITLE], "\"", "a text"))
        node->title = ost_entry_text(wf, doc, words[OST_WORD_TITLE]);
    if (words[OST_WORD_WITH] != OST_NONE)
        ost_entry_is(wf, doc, words[OST_WORD_WITH], "{",
                     "an object of parameters");
}
