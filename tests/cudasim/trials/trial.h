/* tests/cudasim/trials/trial.h - small programs for the stand-in
 *
 * A good trial returns 0; a bad one does on purpose what the stand-in has to
 * catch, and never returns where it does.  To add one: a line TRIAL() in its
 * file and, for a bad one, a row with its message in test_trials.py.
 */
#ifndef OST_TESTS_CUDASIM_TRIALS_TRIAL_H
#define OST_TESTS_CUDASIM_TRIALS_TRIAL_H

#include "kernels/cuda/device.h"

#include <cuda_runtime_api.h>
#include <stdio.h>
#include <stdlib.h>
#include <vector>

namespace trial
{

typedef int run(void);

struct Trial {
    const char *name;
    run *function;
    Trial *next;
    Trial(const char *name, run *function);
};

/* Ends the trial as failed when the call did not succeed. */
#define MUST(call) trial::must(static_cast<int>(call), #call, __LINE__)
void must(int status, const char *what, int line);

/* Ends the trial as failed when it does not hold. */
#define EXPECT(what) trial::expect(what, #what, __LINE__)
void expect(bool holds, const char *what, int line);

/* Device memory with these numbers in it. */
template <class T> T *to_device(const std::vector<T> &values)
{
    void *memory = nullptr;

    MUST(cudaMalloc(&memory, values.size() * sizeof(T)));
    MUST(cudaMemcpy(memory, values.data(), values.size() * sizeof(T),
                    cudaMemcpyHostToDevice));
    return static_cast<T *>(memory);
}

template <class T> T *on_device(size_t count)
{
    void *memory = nullptr;

    MUST(cudaMalloc(&memory, count * sizeof(T)));
    return static_cast<T *>(memory);
}

template <class T> std::vector<T> to_host(const T *memory, size_t count)
{
    std::vector<T> values(count);

    MUST(cudaMemcpy(values.data(), memory, count * sizeof(T),
                    cudaMemcpyDeviceToHost));
    return values;
}

} /* namespace trial */

#define TRIAL(name)                                      \
    static int name();                                   \
    static const trial::Trial name##_trial(#name, name); \
    static int name()

#endif
