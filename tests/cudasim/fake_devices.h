/* tests/cudasim/fake_devices.h - the devices, for the runtime and for NVML */
#ifndef OST_TESTS_CUDASIM_FAKE_DEVICES_H
#define OST_TESTS_CUDASIM_FAKE_DEVICES_H

#include "tests/cudasim/sim.h"

namespace cudasim
{

/* A device, or with `slice` not negative a part of one. */
struct Place {
    int device, slice;
};

int all_devices(); /* seen by the process or not */
int slices();      /* of each; 0: not cut */
size_t device_memory(const Place &place);
std::string device_name(const Place &place);
void place_uuid(const Place &place, unsigned char *uuid);
std::string place_uuid_text(const Place &place);
/* The place of one that the process sees, by its number there. */
const Place &visible_place(int device);

} /* namespace cudasim */

#endif
