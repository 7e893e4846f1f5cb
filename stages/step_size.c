/* stages/step_size.c - how the step size changes while a training goes on */
#include "stages/step_size.h"

#include <math.h>

#include "base/banned.h"

static double times(const ost_schedule *s, int64_t count)
{
    return s->rate * pow(s->factor, (double)count);
}

static double cosine(const ost_schedule *s, int64_t step)
{
    const double pi = 3.14159265358979323846;
    int64_t left = s->total_steps - s->warmup_steps;
    double part = 0.0;

    if (step > s->warmup_steps && left > 0)
        part = (double)(step - s->warmup_steps) / (double)left;
    return s->lowest + (s->rate - s->lowest) * 0.5 * (1.0 + cos(pi * part));
}

static double linear(const ost_schedule *s, int64_t step)
{
    int64_t falls = s->total_steps - s->falls_from;

    if (step <= s->falls_from || falls < 1)
        return s->rate;
    return s->rate * (double)(s->total_steps - step) / (double)falls;
}

static double after_warmup(const ost_schedule *s, const ost_plateau *p,
                           int64_t epoch, int64_t step)
{
    int64_t passed = 0;

    switch (s->kind) {
    case OST_RATE_STEP:
        return times(s, epoch / s->step_epochs);
    case OST_RATE_MILESTONES:
        for (size_t i = 0; i < s->n_milestones; i++)
            passed += epoch >= s->milestones[i];
        return times(s, passed);
    case OST_RATE_COSINE:
        return cosine(s, step);
    case OST_RATE_PLATEAU:
        return p->cuts ? fmax(times(s, p->cuts), s->lowest) : s->rate;
    case OST_RATE_LINEAR:
        return linear(s, step);
    case OST_RATE_CONSTANT:
        break;
    }
    return s->rate;
}

double ost_schedule_rate(const ost_schedule *s, const ost_plateau *p,
                         int64_t epoch, int64_t step)
{
    double rate = after_warmup(s, p, epoch, step);

    if (step < s->warmup_steps)
        rate *= (double)(step + 1) / (double)s->warmup_steps;
    return rate;
}

void ost_schedule_judge(const ost_schedule *s, ost_plateau *p, int64_t step,
                        double loss)
{
    if (step < s->warmup_steps)
        return;
    if (p->judged++ == 0 || loss < p->best) {
        p->best = loss;
        p->worse = 0;
    } else if (++p->worse >= s->step_epochs) {
        p->cuts++;
        p->worse = 0;
    }
}
