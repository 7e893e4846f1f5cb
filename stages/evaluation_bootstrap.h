/* stages/evaluation_bootstrap.h - the cases of a block drawn again and again
 */
#ifndef OST_STAGES_EVALUATION_BOOTSTRAP_H
#define OST_STAGES_EVALUATION_BOOTSTRAP_H

#include "kernels/stats/bootstrap.h"
#include "stages/evaluation_blocks.h"

/* How the params say that cases are drawn: of all blocks alike. */
typedef struct ost_drawing {
    bool clusters; /* whole groups */
    bool stratified;
    bool bca;
    size_t replicates; /* 0: none are wanted */
} ost_drawing;

ost_drawing ost_drawing_of(const ost_evaluation *e);

/* Replicates of k numbers of a block. */
typedef struct ost_replicates {
    ost_bootstrap *b; /* NULL: there are none */
    size_t k;
    size_t n;
    double *value;    /* n x k */
    double *estimate; /* k: of the cases as they are */
    double *without;  /* units x k, for BCa; or NULL */
    const char *method;
    const char *few; /* why nothing was drawn, or NULL */
} ost_replicates;

/* Why `units` say nothing of how sure a number is, NULL when they do: one
 * group that is drawn comes out as itself. */
const char *ost_few_units(const ost_block *b, size_t units);

/* Runs `f`, whose `user` may be read by several threads; weight i is that of
 * case order[i] of the block, NULL: of case i.  `stratum` of each case (its
 * class) is used where strata are wanted; NULL: there are none.  Caller
 * releases. */
ost_replicates ost_replicates_of(const ost_block *b, ost_statistics f,
                                 void *user, size_t k, const uint32_t *order,
                                 const uint32_t *stratum);
void ost_replicates_release(ost_replicates *r);
/* The interval of number j, or why there is none. */
json_t *ost_replicates_interval(const ost_block *b, const ost_replicates *r,
                                size_t j);

/* The interval of a rate of class `k` (OST_NO_CLASS: accuracy alone) that is 0
 * or 1, which no replicate changes; NULL of any other number. */
json_t *ost_certain_interval(const ost_block *b, const char *name, uint32_t k,
                             double value);

/* How intervals were made, for the head of the document. */
json_t *ost_interval_method_json(const ost_evaluation *e);

#endif
