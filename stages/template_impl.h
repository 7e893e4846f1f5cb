/* stages/template_impl.h - a template and how it is parsed, for its files */
#ifndef OST_STAGES_TEMPLATE_IMPL_H
#define OST_STAGES_TEMPLATE_IMPL_H

#include "stages/template.h"

typedef struct ost_template_place {
    int line;
    int column;
} ost_template_place;

/* A word of attributes, and what it is in the text. */
typedef struct ost_template_word {
    const char *key;
    const char *text;
} ost_template_word;

typedef struct ost_template_words {
    const char *name;
    const ost_template_word *v;
    size_t n;
    const struct ost_template_words *next;
} ost_template_words;

typedef struct ost_template_slot {
    const char *name; /* ends with '*': all that begin so */
    int decimals;     /* -1: as they are */
    const char *point;
    const char *list;
    const char *last;
    const ost_template_words *words;
} ost_template_slot;

typedef enum ost_template_test {
    OST_TEST_IS, /* there is a value */
    OST_TEST_HAS,
    OST_TEST_EQ,
    OST_TEST_NE,
    OST_TEST_LT,
    OST_TEST_LE,
    OST_TEST_GT,
    OST_TEST_GE,
} ost_template_test;

typedef struct ost_template_condition {
    ost_template_test test;
    bool negated;
    bool count;
    const char *name;
    const char *text; /* what is compared with; NULL: a number */
    double number;
    ost_template_place at;
    const struct ost_template_condition *next; /* and */
} ost_template_condition;

typedef enum ost_template_kind {
    OST_TEMPLATE_TEXT,
    OST_TEMPLATE_SLOT,
    OST_TEMPLATE_IF,
    OST_TEMPLATE_OPTIONAL,
} ost_template_kind;

/* One of several that follow each other. */
typedef struct ost_template_node {
    ost_template_kind kind;
    ost_template_place at;
    const char *text; /* of `size` bytes */
    size_t size;
    ost_template_slot slot;
    const ost_template_condition *condition; /* NULL: always */
    struct ost_template_node *inside;
    struct ost_template_node *otherwise; /* another IF */
    struct ost_template_node *next;
} ost_template_node;

struct ost_template {
    const char *file;
    ost_template_node *first;
};

/* --- parsing -------------------------------------------------------------- */

/* What stands in a tag: names, "texts" and = != < <= > >=. */
typedef enum ost_token_kind {
    OST_TOKEN_END,
    OST_TOKEN_NAME,
    OST_TOKEN_TEXT,
    OST_TOKEN_SIGN,
} ost_token_kind;

typedef struct ost_template_token {
    ost_token_kind kind;
    const char *text;
    const char *at; /* in the file */
} ost_template_token;

/* The file, and where reading is. */
typedef struct ost_template_parsing {
    const ost_file *file;
    ost_arena *arena;
    const char *at;
    const char *end;     /* of the file */
    const char *tag;     /* the tag at hand: its braces, */
    const char *tag_end; /* and the end of what is in it */
    ost_template_token token;
    const ost_template_words *words;
    int depth;
    ost_err *err;
} ost_template_parsing;

ost_template_place ost_template_at(const ost_template_parsing *p,
                                   const char *at);
/* OST_EWORKFLOW: "FILE:line:column: WHAT 'NAME'"; `name` may be NULL. */
ost_rc ost_template_fault(ost_template_parsing *p, const char *at,
                          const char *what, const char *name);

/* The next token of the tag. */
ost_rc ost_template_advance(ost_template_parsing *p);
bool ost_template_is_word(const ost_template_parsing *p, const char *word);
/* A failure when anything more stands in the tag. */
ost_rc ost_template_expect_end(ost_template_parsing *p);

/* The rest of a tag, from the token at hand. */
ost_rc ost_template_read_slot(ost_template_parsing *p, ost_template_node *node);
ost_rc ost_template_read_words(ost_template_parsing *p);
ost_rc ost_template_read_condition(ost_template_parsing *p,
                                   const ost_template_condition **to);

#endif
