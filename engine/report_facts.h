/* engine/report_facts.h - what a run knows of itself, in words for checklists
 */
#ifndef OST_ENGINE_REPORT_FACTS_H
#define OST_ENGINE_REPORT_FACTS_H

#include "engine/report_impl.h"

/* How to add a fact: one row here, one function fact_NAME in report_facts.c.
 */
#define OST_REPORT_FACT_MAP(XX) \
    XX(ANALYZED)                \
    XX(BALANCE)                 \
    XX(CHOICE)                  \
    XX(CLASSES)                 \
    XX(CODE)                    \
    XX(DISJOINT)                \
    XX(FAILURES)                \
    XX(FLOW)                    \
    XX(MEASURES)                \
    XX(MISSING)                 \
    XX(MODEL)                   \
    XX(PARTITION)               \
    XX(PERFORMANCE)             \
    XX(PREPARATION)             \
    XX(SEED)                    \
    XX(SOFTWARE)                \
    XX(SOURCES)                 \
    XX(SUBGROUPS)               \
    XX(THRESHOLD)               \
    XX(TRAINING)                \
    XX(UNCERTAINTY)

typedef enum ost_report_fact {
    OST_FACT_NONE,
#define XX(name) OST_FACT_##name,
    OST_REPORT_FACT_MAP(XX)
#undef XX
} ost_report_fact;

/* Appends the words; nothing when the run does not know. */
void ost_report_fact_words(ost_report_page *p, ost_report_fact fact,
                           ost_buf *words);

/* Names of the models' networks, each once: "a, b". */
void ost_report_networks(ost_buf *list, const json_t *models);

#endif
