/* stages/audit_intervals.c - printed intervals, and numbers beside them */
#include "stages/audit.h"

#include <math.h>

#include "base/banned.h"

json_t *ost_audit_intervals_of(uint64_t k, uint64_t n)
{
    return json_pack(
        "{s:o, s:o}", "wilson",
        ost_audit_interval(ost_wilson_interval(k, n, 0.95)), "clopper_pearson",
        ost_audit_interval(ost_clopper_pearson_interval(k, n, 0.95)));
}
