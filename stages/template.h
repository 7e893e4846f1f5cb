/* stages/template.h - texts with slots, filled with what is known of an item
 *
 * A template is text in any language with tags in double braces:
 *
 *     {{NAME}}                         the attribute; numbers as they are
 *     {{NAME decimals=4 point=","}}    a number of 4 decimals, with that point
 *     {{NAME list=", " last=" and "}}  the words of a list "a|b|c"
 *     {{NAME words=W}}                 ... as the dictionary W has them, in its
 *                                      order
 *     {{PREFIX*}}                      all attributes that begin so, as a list
 *     {{"text"}}                       the text itself, such as {{"{{"}}
 *     {{words W a="A" b="B"}}          a dictionary
 *     {{if CONDITION}} ... {{elif CONDITION}} ... {{else}} ... {{end}}
 *     {{optional}} ... {{end}}         left out when a slot in it has no value
 *     {{! a remark}}
 *
 * Conditions, several of them with `and` between them:
 *
 *     NAME, not NAME                   whether there is a value (no empty text)
 *     NAME = "text", NAME >= 3         = != for texts, < <= > >= for numbers
 * too NAME has "word"                  of a list count NAME > 1 how many words
 * a list has
 *
 * A line that holds only tags without text of their own is no line of the
 * result.  A slot or a comparison without a value is a failure that names the
 * place, but for those within `optional`; nothing is made up.
 */
#ifndef OST_STAGES_TEMPLATE_H
#define OST_STAGES_TEMPLATE_H

#include "base/buf.h"
#include "base/vec.h"
#include "stages/stage.h"

typedef struct ost_template ost_template;
typedef OST_VEC(const char *) ost_template_names;

/* Parses; everything borrows from the arena and from `file`.  What is wrong is
 * OST_EWORKFLOW with "FILE:line:column: ...". */
ost_rc ost_template_parse(const ost_file *file, ost_arena *arena,
                          const ost_template **t, ost_err *err);

/* Appends the text for the attributes of `facts`, and to `read` the names that
 * decided it or are in it, in that order, repeated as often as they are read.
 * A missing value is OST_EINPUT. */
ost_rc ost_template_render(const ost_template *t, const ost_item *facts,
                           ost_arena *arena, ost_template_names *read,
                           ost_buf *out, ost_err *err);

#endif
