/* kernels/ceilings.c - what a GPU can do at most, by its data sheet
 *
 * Rates are peaks at boost clocks, dense (data sheets that give a rate "with
 * sparsity" give twice of it), products summed in 32 bits; bandwidths are
 * peaks; a GB is 10^9 bytes.  Sources, all by NVIDIA:
 *
 *     A10, A30, A100, L4, L40S, T4, H100, H200   the "data sheet" of each
 *                                                (A100: of both 40 and 80 GB)
 *     GeForce RTX 3090    "Ampere GA102 GPU Architecture", table of GeForce
 *     GeForce RTX 4090    "Ada GPU Architecture", appendix A
 *
 * The link is PCI Express with 16 lanes (L4, T4: as wide as theirs), one
 * direction.  The time of a launch is on no data sheet: it is what a driver
 * needs, some microseconds on any of them.
 *
 * How to add one: a row, sorted by name.
 */
#include "kernels/ceilings.h"

#include "base/buf.h"
#include "base/text.h"

#include <string.h>

#include "base/banned.h"

#define T      1e12
#define G      1e9
#define LAUNCH 4e-6
#define GEN3   (16 * G)
#define GEN4   (32 * G)
#define GEN5   (64 * G)

/* name, title, { f32, tf32, bf16, f16 }, bandwidth, memory, link, launch */
static const ost_ceilings devices[] = {
    { "a10",
      "NVIDIA A10",
      { 31.2 * T, 62.5 * T, 125 * T, 125 * T },
      600 * G,
      24 * G,
      GEN4,
      LAUNCH },
    { "a100",
      "NVIDIA A100 40 GB",
      { 19.5 * T, 156 * T, 312 * T, 312 * T },
      1555 * G,
      40 * G,
      GEN4,
      LAUNCH },
    { "a100-80",
      "NVIDIA A100 80 GB SXM",
      { 19.5 * T, 156 * T, 312 * T, 312 * T },
      2039 * G,
      80 * G,
      GEN4,
      LAUNCH },
    { "a30",
      "NVIDIA A30",
      { 10.3 * T, 82 * T, 165 * T, 165 * T },
      933 * G,
      24 * G,
      GEN4,
      LAUNCH },
    { "h100",
      "NVIDIA H100 SXM",
      { 67 * T, 494.5 * T, 989.5 * T, 989.5 * T },
      3350 * G,
      80 * G,
      GEN5,
      LAUNCH },
    { "h100-pcie",
      "NVIDIA H100 PCIe",
      { 51 * T, 378 * T, 756.5 * T, 756.5 * T },
      2000 * G,
      80 * G,
      GEN5,
      LAUNCH },
    { "h200",
      "NVIDIA H200 SXM",
      { 67 * T, 494.5 * T, 989.5 * T, 989.5 * T },
      4800 * G,
      141 * G,
      GEN5,
      LAUNCH },
    { "l4",
      "NVIDIA L4",
      { 30.3 * T, 60 * T, 121 * T, 121 * T },
      300 * G,
      24 * G,
      GEN4,
      LAUNCH },
    { "l40s",
      "NVIDIA L40S",
      { 91.6 * T, 183 * T, 362 * T, 362 * T },
      864 * G,
      48 * G,
      GEN4,
      LAUNCH },
    { "rtx3090",
      "NVIDIA GeForce RTX 3090",
      { 35.6 * T, 35.6 * T, 71 * T, 71 * T },
      936 * G,
      24 * G,
      GEN4,
      LAUNCH },
    { "rtx4090",
      "NVIDIA GeForce RTX 4090",
      { 82.6 * T, 82.6 * T, 165.2 * T, 165.2 * T },
      1008 * G,
      24 * G,
      GEN4,
      LAUNCH },
    { "t4",
      "NVIDIA T4",
      { 8.1 * T, 0, 0, 65 * T },
      320 * G,
      16 * G,
      GEN3,
      LAUNCH },
};

enum { DEVICES = sizeof(devices) / sizeof(devices[0]) };

const ost_ceilings *ost_ceilings_at(size_t i)
{
    return i < DEVICES ? &devices[i] : NULL;
}

ost_rc ost_ceilings_find(const char *name, const ost_ceilings **found,
                         ost_err *err)
{
    const char *names[DEVICES];
    const char *near;
    ost_buf list = { 0 };
    ost_rc rc;

    for (size_t i = 0; i < DEVICES; i++) {
        names[i] = devices[i].name;
        ost_buf_addf(&list, "%s%s", i ? ", " : "", names[i]);
        if (strcmp(name, names[i]) == 0) {
            *found = &devices[i];
            ost_buf_release(&list);
            return OST_OK;
        }
    }
    near = ost_nearest(name, names, DEVICES);
    rc = near ? ost_fail(err, OST_EUSAGE,
                         "unknown device '%s' (did you mean '%s'?); there are "
                         "%s",
                         name, near, ost_buf_str(&list))
              : ost_fail(err, OST_EUSAGE, "unknown device '%s'; there are %s",
                         name, ost_buf_str(&list));
    ost_buf_release(&list);
    return rc;
}

static const char *const words[OST_UNITS] = {
    [OST_UNITS_F32] = "f32",
    [OST_UNITS_TF32] = "tf32",
    [OST_UNITS_BF16] = "bf16",
    [OST_UNITS_F16] = "f16",
};

const char *ost_units_name(ost_units units)
{
    return words[units];
}

ost_rc ost_units_find(const char *name, const ost_ceilings *device,
                      ost_units *units, ost_err *err)
{
    ost_buf has = { 0 };
    bool known = false;

    for (int i = 0; i < OST_UNITS; i++) {
        bool there = device->rates[i] > 0.0;

        if (strcmp(name, words[i]) == 0) {
            known = true;
            *units = (ost_units)i;
        }
        if (there)
            ost_buf_addf(&has, "%s%s", has.len ? ", " : "", words[i]);
    }
    if (!known || device->rates[*units] == 0.0)
        ost_fail(err, OST_EUSAGE, "the device '%s' has no '%s'; it has %s",
                 device->name, name, ost_buf_str(&has));
    ost_buf_release(&has);
    return known && device->rates[*units] > 0.0 ? OST_OK : OST_EUSAGE;
}
