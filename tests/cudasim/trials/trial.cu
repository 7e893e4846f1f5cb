/* tests/cudasim/trials/trial.cu - runs one trial by its name, or lists them */
#include "tests/cudasim/trials/trial.h"

#include <string.h>

namespace trial
{

static Trial *first;

Trial::Trial(const char *name_, run *function_)
    : name(name_), function(function_), next(first)
{
    first = this;
}

void must(int status, const char *what, int line)
{
    if (!status)
        return;
    fprintf(stderr, "line %d: %s gave %d\n", line, what, status);
    exit(1);
}

void expect(bool holds, const char *what, int line)
{
    if (holds)
        return;
    fprintf(stderr, "line %d: not so: %s\n", line, what);
    exit(1);
}

} /* namespace trial */

int main(int argc, char **argv)
{
    for (const trial::Trial *t = trial::first; t; t = t->next)
        if (argc < 2)
            printf("%s\n", t->name);
        else if (!strcmp(argv[1], t->name))
            return t->function();
    if (argc >= 2)
        fprintf(stderr, "no trial '%s'\n", argv[1]);
    return argc < 2 ? 0 : 2;
}
