/* stages/step_size.h - how the step size changes while a training goes on
 *
 * A schedule counts updates (steps) and epochs from 0.  'step', 'milestones'
 * and 'plateau' change the rate between epochs, warm-up, 'cosine' and 'linear'
 * with every update.  A warm-up goes linearly up to what the schedule says, its
 * last update having the full rate; the cosine then takes what is left.
 */
#ifndef OST_STAGES_STEP_SIZE_H
#define OST_STAGES_STEP_SIZE_H

#include <stddef.h>
#include <stdint.h>

/* In the order of the words of OST_SCHEDULES; the last one is another list's.
 */
typedef enum ost_schedule_kind {
    OST_RATE_CONSTANT,
    OST_RATE_STEP,       /* times factor every step_epochs */
    OST_RATE_MILESTONES, /* times factor at each of these epochs */
    OST_RATE_COSINE,     /* half a cosine from the rate to the lowest */
    /* times factor after every step_epochs epochs without a lower validation
     * loss, but not below the lowest */
    OST_RATE_PLATEAU,
    OST_RATE_LINEAR, /* from update `falls_from` on, evenly to 0 behind the last
                        one: Zhu et al., ICCV 2017, section 4 */
} ost_schedule_kind;

#define OST_SCHEDULES "constant|step|milestones|cosine|plateau"

typedef struct ost_schedule {
    ost_schedule_kind kind;
    double rate; /* of the start */
    double lowest;
    double factor;
    int64_t step_epochs;
    const int64_t *milestones; /* epochs done by then */
    size_t n_milestones;
    int64_t warmup_steps;
    int64_t total_steps;
    int64_t falls_from; /* of 'linear' */
} ost_schedule;

/* What 'plateau' remembers; zeroed at first. */
typedef struct ost_plateau {
    double best;    /* loss */
    int64_t judged; /* losses seen */
    int64_t worse;  /* losses in a row that were no lower */
    int64_t cuts;   /* times that the rate was cut */
} ost_plateau;

/* The step size of update `step`, in epoch `epoch`. */
double ost_schedule_rate(const ost_schedule *s, const ost_plateau *p,
                         int64_t epoch, int64_t step);

/* The validation loss of an epoch, `step` updates being done.  Losses of the
 * warm-up do not count. */
void ost_schedule_judge(const ost_schedule *s, ost_plateau *p, int64_t step,
                        double loss);

#endif
