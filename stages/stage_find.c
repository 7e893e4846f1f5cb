/* stages/stage_find.c - looking things up in the table of stages */
#include "stages/stage.h"

#include <string.h>

#include "base/banned.h"

const ost_stage *ost_stage_find(const char *name)
{
    for (const ost_stage *const *s = ost_stages; *s; s++)
        if (strcmp((*s)->name, name) == 0)
            return *s;
    return NULL;
}

int ost_port_find(const ost_port *ports, const char *name)
{
    for (int i = 0; ports[i].name; i++)
        if (strcmp(ports[i].name, name) == 0)
            return i;
    return -1;
}

size_t ost_port_count(const ost_port *ports)
{
    size_t n = 0;

    while (ports[n].name)
        n++;
    return n;
}

bool ost_stage_judges(const ost_stage *stage, const char *port)
{
    const char *word = stage->judges ? stage->judges : "";
    size_t n = strlen(port);

    while (*word) {
        size_t length = strcspn(word, " ");

        if (length == n && strncmp(word, port, n) == 0)
            return true;
        word += length + strspn(word + length, " ");
    }
    return false;
}

const ost_param *ost_param_find(const ost_stage *stage, const char *name)
{
    for (const ost_param *p = stage->params; p && p->name; p++)
        if (strcmp(p->name, name) == 0)
            return p;
    return NULL;
}
