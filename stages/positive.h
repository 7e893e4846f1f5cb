/* stages/positive.h - which of two classes the numbers are about */
#ifndef OST_STAGES_POSITIVE_H
#define OST_STAGES_POSITIVE_H

#include <stddef.h>

/* 0 or 1: the last by name, unless that one's name says that nothing was
 * found ("normal", "healthy", "no finding", "non_fractured", ...) and the
 * other's does not.  Both names are sorted. */
size_t ost_positive_of_two(const char *first, const char *last);

#endif
