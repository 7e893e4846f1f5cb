/* kernels/gan_build.h - the inside of a gan
 *
 * Private to kernels/gan*.c.
 */
#ifndef OST_KERNELS_GAN_BUILD_H
#define OST_KERNELS_GAN_BUILD_H

#include "kernels/gan.h"

/* As ost_gan_net(), of another description that belongs to the role. */
ost_rc ost_gan_net_of(ost_gan *gan, int role, const ost_net_spec *spec,
                      int ndim, const int64_t *shape, unsigned flags,
                      ost_net **net, ost_err *err);
/* Is freed with the gan. */
void ost_gan_keep_steepness(ost_gan *gan, ost_gan_steepness *steepness);
void ost_gan_steepness_free(ost_gan_steepness *steepness);

#endif
