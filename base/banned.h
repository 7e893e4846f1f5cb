/* base/banned.h - calls that have a better counterpart here
 *
 * Included last by every .c file outside base/ (a lint test checks it).
 */
#ifndef OST_BASE_BANNED_H
#define OST_BASE_BANNED_H

#pragma GCC poison malloc calloc realloc strcpy strcat sprintf vsprintf gets
#pragma GCC poison atoi atol atof strtok localtime gmtime asctime ctime mktemp
#pragma GCC poison tmpnam fork vfork

#endif
