/* stages/elastic.h - smooth displacements of the places of a picture
 *
 * A grid of drawn vectors with cubic B-splines in between (D. Rueckert et al.,
 * "Nonrigid registration using free-form deformations", 1999): no pixel goes
 * farther than `alpha`, and nothing changes fast on lengths below `sigma`.
 */
#ifndef OST_STAGES_ELASTIC_H
#define OST_STAGES_ELASTIC_H

#include "kernels/image.h"

#include <stdint.h>

typedef struct ost_elastic {
    double alpha; /* pixels, along each axis; 0: nothing moves */
    double sigma; /* pixels between the vectors, at least 1 */
    uint32_t seed;
    bool mirror; /* as the mirror image of the picture moves */
} ost_elastic;

/* Makes the map (height, width, 2) of ost_cpu_remap(): pixel p shows what the
 * affine map shows at p plus its displacement.  Caller frees `data`. */
ost_rc ost_elastic_map(const ost_elastic *e, const ost_affine *affine,
                       int64_t height, int64_t width, ost_tensor *map,
                       ost_err *err);

/* The box around the pixels whose places lie in a box; false when there are
 * none. */
bool ost_elastic_box(const ost_tensor *map, const double from[4], double to[4]);

#endif
