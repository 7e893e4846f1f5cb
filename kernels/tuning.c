/* kernels/tuning.c - measured choices, kept from one process to the next */
#include "kernels/tuning.h"

#include "base/alloc.h"
#include "base/log.h"
#include "base/text.h"
#include "base/vec.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { CHOICE_MAX = 1000 };

static const char title[] = "osteon tuning 1\n";

typedef struct kept {
    char *key;
    int choice;
} kept;

static const ost_tuning_keeper *keeper;

static struct {
    char *name; /* NULL: none is open */
    bool warned;
    OST_VEC(kept) all;
} here;

static kept *find(const char *key, size_t length)
{
    for (size_t i = 0; i < here.all.len; i++)
        if (strlen(here.all.data[i].key) == length &&
            memcmp(here.all.data[i].key, key, length) == 0)
            return &here.all.data[i];
    return NULL;
}

/* Adds what is not there yet; false when the line is damaged. */
static bool take_line(const char *line, size_t length)
{
    char *end;
    long choice = strtol(line, &end, 10);
    size_t number = (size_t)(end - line);

    if (number == 0 || number + 1 >= length || *end != ' ' || choice < 0 ||
        choice > CHOICE_MAX)
        return false;
    if (!find(end + 1, length - number - 1)) {
        kept k = { .key = ost_xalloc(length - number), .choice = (int)choice };

        memcpy(k.key, end + 1, length - number - 1);
        ost_vec_push(&here.all, k);
    }
    return true;
}

static bool take_text(const char *text)
{
    if (strncmp(text, title, sizeof(title) - 1) != 0)
        return false;
    text += sizeof(title) - 1;
    while (*text) {
        const char *end = strchr(text, '\n');

        if (!end || !take_line(text, (size_t)(end - text)))
            return false;
        text = end + 1;
    }
    return true;
}

static void warn(const char *what, const char *why)
{
    if (!here.warned)
        ost_warn("measured algorithms of '%s' %s: %s", here.name, what, why);
    here.warned = true;
}

/* Adds what is kept to what is here. */
static void load(void)
{
    ost_buf text = { 0 };
    ost_err err = { 0 };

    if (keeper->load(here.name, &text, &err))
        warn("are not read", err.text);
    else if (text.len > 0 && (strlen(ost_buf_str(&text)) != text.len ||
                              !take_text(ost_buf_str(&text))))
        warn("are measured again", "what was kept is damaged");
    ost_buf_release(&text);
}

static void save(void)
{
    ost_buf text = { 0 };
    ost_err err = { 0 };

    load();
    ost_buf_adds(&text, title);
    for (size_t i = 0; i < here.all.len; i++)
        ost_buf_addf(&text, "%d %s\n", here.all.data[i].choice,
                     here.all.data[i].key);
    if (keeper->save(here.name, ost_buf_str(&text), &err))
        warn("are not kept", err.text);
    ost_buf_release(&text);
}

void ost_tuning_keep_by(const ost_tuning_keeper *by)
{
    keeper = by;
}

void ost_tuning_open(const char *name)
{
    ost_tuning_close();
    here.name = ost_xstrdup(name);
    if (keeper)
        load();
}

bool ost_tuning_is_open(void)
{
    return here.name;
}

void ost_tuning_close(void)
{
    for (size_t i = 0; i < here.all.len; i++)
        ost_free(here.all.data[i].key);
    ost_vec_release(&here.all);
    ost_free(here.name);
    here.name = NULL;
    here.warned = false;
}

int ost_tuning_find(const char *key)
{
    const kept *k = find(key, strlen(key));

    return k ? k->choice : -1;
}

void ost_tuning_keep(const char *key, int choice)
{
    kept *k = find(key, strlen(key));

    if (k)
        k->choice = choice;
    else
        ost_vec_push(&here.all, (kept){ ost_xstrdup(key), choice });
    if (keeper)
        save();
}
