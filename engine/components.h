/* engine/components.h - two texts of key components, line by line */
#ifndef OST_ENGINE_COMPONENTS_H
#define OST_ENGINE_COMPONENTS_H

#include <stdbool.h>
#include <stddef.h>

/* One line "name=value\n"; borrowed from its text. */
typedef struct ost_component {
    const char *name;
    size_t name_size;
    const char *value;
    size_t value_size;
} ost_component;

/* Takes the line at *at and moves *at behind it; false at the end. */
bool ost_component_next(const char **at, ost_component *c);
/* Finds a name; `hint` (may be NULL) remembers where the last one stood, since
 * texts are in the same order as a rule. */
bool ost_component_find(const char *text, const char **hint,
                        const ost_component *wanted, ost_component *found);
bool ost_component_same(const ost_component *a, const ost_component *b);
/* True when the value is a digest of zeros: an input that is not known. */
bool ost_component_unknown(const ost_component *c);

/* Calls `visit` for every name whose value differs: `before` or `after` is NULL
 * where the name is missing.  What is not known yet in `after` is left out. */
typedef void (*ost_component_visit)(void *user, const ost_component *before,
                                    const ost_component *after);
void ost_components_diff(const char *before, const char *after,
                         ost_component_visit visit, void *user);

#endif
