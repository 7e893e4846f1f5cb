/* tests/cudasim/fake_devices.h - the devices, for the runtime and for NVML */
#ifndef OST_TESTS_CUDASIM_FAKE_DEVICES_H
#define OST_TESTS_CUDASIM_FAKE_DEVICES_H

#include "tests/cudasim/sim.h"

namespace cudasim
{

int all_devices(); /* seen by the process or not */
size_t device_memory();
std::string device_name(int device);
void device_uuid(int device, unsigned char *uuid);
std::string device_uuid_text(int device);
/* The number among all of one that the process sees. */
int physical_device(int device);

} /* namespace cudasim */

#endif
