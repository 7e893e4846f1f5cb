/* stages/positive.c - which of two classes the numbers are about */
#include "stages/positive.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"

/* Sorted. */
static const char *const negative_words[] = {
    "absent",  "benign",   "clear", "control", "controls", "false",
    "healthy", "negative", "no",    "none",    "normal",   "unaffected",
};

/* Followed by a space, "-" or "_". */
static const char *const negative_beginnings[] = { "no", "non", "not",
                                                   "without" };

static bool says_nothing_found(const char *name)
{
    size_t words = sizeof(negative_words) / sizeof(negative_words[0]);
    size_t beginnings =
        sizeof(negative_beginnings) / sizeof(negative_beginnings[0]);

    for (size_t i = 0; i < words; i++) {
        if (strcasecmp(name, negative_words[i]) == 0)
            return true;
    }
    for (size_t i = 0; i < beginnings; i++) {
        size_t n = strlen(negative_beginnings[i]);

        if (strncasecmp(name, negative_beginnings[i], n) == 0 && name[n] &&
            strchr(" -_", name[n]))
            return true;
    }
    return false;
}

size_t ost_positive_of_two(const char *first, const char *last)
{
    return says_nothing_found(last) && !says_nothing_found(first) ? 0 : 1;
}
