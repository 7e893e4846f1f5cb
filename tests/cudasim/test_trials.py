#!/usr/bin/env python3
"""Runs every trial of the stand-in for CUDA; a fault has to be told by name.

test_trials.py PROGRAM CHECKED_PROGRAM
"""
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import tempfile

# What a trial with a fault ends with.  A pair: as the plain build tells it, and
# as the checked one does; None where the plain build cannot see it.
FAULTS = {
    "bad_absent_lanes": "names lanes that the block does not have",
    "bad_block_race": (None, "race on global memory.*between blocks"),
    "bad_block_read": (None, "race on global memory.*between blocks"),
    "bad_collectives": "different collectives",
    "bad_deep_stack": "needs more stack",
    "bad_direction": "with cudaMemcpyDeviceToHost, but the target is",
    "bad_divergent_barrier": "divergent barrier",
    "bad_double_free": "no allocation, or freed already",
    "bad_dynamic_shared": ("past its 124 bytes of dynamic shared memory",
                           "a kernel cannot reach it"),
    "bad_early_change": "not so: to_host",
    "bad_early_return": "after threads of the block have returned",
    "bad_empty_grid": "empty grid or block",
    "bad_free_of_host": "no allocation, or freed already.*memory of the host",
    "bad_graph_race": (None, "race on global memory.*between streams"),
    "bad_hidden_pointer": (None, "memory of the host: a kernel cannot reach"),
    "bad_host_follows": "the host follows a device pointer",
    "bad_host_pointer": "is given a host pointer",
    "bad_host_tensor": "x of cudnnConvolutionForward is a host pointer",
    "bad_kind_of_handle": "is a event, not a stream",
    "bad_lane_race": (None, "race on shared memory.*without a barrier"),
    "bad_large_grid": "more than a grid can have",
    "bad_leak": "leak: 16 bytes in 1 allocations",
    "bad_long_copy": "the target of a copy reaches 4 bytes past the end",
    "bad_long_fill": "the target of a fill reaches 1 bytes past the end",
    "bad_loss": "the device is used after it was lost",
    "bad_mask": "is not in its own mask",
    "bad_much_shared": "more than the 49152",
    "bad_no_host_wait": "not so: pinned",
    "bad_no_stream_wait": ("not so: to_host", "nobody wrote is read"),
    "bad_old_descriptor": "is no filter descriptor: never made, or destroyed",
    "bad_old_pointer": "is given a pointer to no allocation.*freed",
    "bad_old_stream": "is no stream: never made, or destroyed",
    "bad_plain_and_atomic": (None, "race on global memory.*between blocks"),
    "bad_pool_in_use": "64 bytes of the pool are still in use",
    "bad_read_past_end": (None, r"bad_accesses.cu:\d+.*past the end"),
    "bad_shapes": "y is 1x2x4x4, where x 1x1x5x5 and w 2x1x3x3 give 3",
    "bad_shared_race": (None, "race on shared memory.*without a barrier"),
    "bad_shared_unwritten": (None, "memory that nobody wrote is read"),
    "bad_short_matrix": "A of cublasSgemm reaches 4 bytes past the end",
    "bad_stream_leak": "leak: 1 of stream",
    "bad_stream_race": (None, "race on global memory.*between streams"),
    "bad_too_many_threads": "more than a block can have",
    "bad_trap": "the kernel asked for a trap",
    "bad_two_barriers": "wait in different __syncthreads",
    "bad_types": "have types 0, 2 and 0",
    "bad_unseen": "cudaMalloc returned cudaErrorMemoryAllocation, and nobody",
    "bad_unset_descriptor": "the tensor descriptor was never set",
    "bad_unwritten": (None, "memory that nobody wrote is read"),
    "bad_unwritten_copy": (None, "memory that nobody wrote is read"),
    "bad_workspace": "a workspace of 0 bytes, where algorithm 2 needs",
    "bad_write_before": ("written before an allocation",
                         "before the 16 bytes.*not memory of an"),
    "bad_write_past_end": ("written past the end of an allocation",
                           "0 past the end of the 16 bytes"),
    "bad_write_to_freed": ("written to freed memory",
                           "freed.*not memory of an allocation"),
}

# What a trial needs from the environment.
NEEDS = {
    "bad_loss": {"OSTEON_CUDASIM_FAIL": "device_lost:1"},
    "good_devices": {
        "OSTEON_CUDASIM_DEVICES": "3", "OSTEON_CUDASIM_MEMORY": "8",
        "CUDA_VISIBLE_DEVICES":
            "GPU-6f737465-6f6e-2073-7461-6e64696e0002,0,7,1"},
    "good_slice": {
        "OSTEON_CUDASIM_MIG": "2", "OSTEON_CUDASIM_MEMORY": "8",
        "CUDA_VISIBLE_DEVICES": "MIG-6f737465-6f6e-2073-7461-6e64696e0200"},
    "good_lazy": {"OSTEON_CUDASIM_ORDER": "lazy"},
    "bad_stream_race": {"OSTEON_CUDASIM_ORDER": "eager"},
    "injected_capture": {"OSTEON_CUDASIM_FAIL": "capture:1"},
    "injected_copy": {"OSTEON_CUDASIM_FAIL": "copy:1"},
    "injected_launch": {"OSTEON_CUDASIM_FAIL": "launch:1"},
    "injected_loss": {"OSTEON_CUDASIM_FAIL": "device_lost:1"},
    "injected_malloc": {"OSTEON_CUDASIM_FAIL": "malloc:2"},
}
ORDERS = ["lazy", "eager", "random:1", "random:2"]

# What the address sanitizer tells first, in its own words.
SANITIZED = "AddressSanitizer"


def run(job):
    program, name, checked, extra = job
    environment = {k: v for k, v in os.environ.items()
                   if not k.startswith("OSTEON_CUDASIM")}
    environment.update(NEEDS.get(name, {}), **extra)
    done = subprocess.run([program, name], env=environment, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False)
    want = FAULTS.get(name)
    where = f"{name} ({'checked' if checked else 'plain'}) {extra or ''}"
    if isinstance(want, tuple):
        want = want[checked]
        if want is None:
            return ""
    if want is None:
        return f"{where}: {done.returncode}\n{done.stdout}" \
            if done.returncode or done.stdout else ""
    told = re.search(want, done.stdout) or (
        os.environ.get("OSTEON_SANITIZE") and SANITIZED in done.stdout)
    if told and done.returncode:
        return ""
    return f"{where}: {done.returncode}, not '{want}'\n{done.stdout}"


def counted(program):
    """What is wrong with the counts of a trial that has three graphs."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "counts.json")
        subprocess.run([program, "good_graph"], check=True,
                       env=dict(os.environ, OSTEON_CUDASIM_COUNTERS=path))
        with open(path, encoding="utf-8") as file:
            counts = json.load(file)
    want = {"graph_launches": 3, "graph_nodes": 9, "launches": 0,
            "bytes_to_device": 256, "bytes_to_host": 256, "memory": 0,
            "peak_memory": 384, "allocations": 3}
    wrong = {k: counts[k] for k in want if counts[k] != want[k]}
    return [f"counts: {wrong}"] if wrong else []


def main():
    jobs = []
    for checked, program in enumerate(sys.argv[1:3]):
        names = subprocess.run([program], text=True, stdout=subprocess.PIPE,
                               check=True).stdout.split()
        for name in names:
            if not name.startswith("bad_"):
                orders = ORDERS[:1] if name in NEEDS else ORDERS
                jobs += [(program, name, checked,
                          {"OSTEON_CUDASIM_ORDER": order}) for order in orders]
            elif name in FAULTS:
                jobs.append((program, name, checked, {}))
            else:
                sys.exit(f"no row for {name}")
        lost = FAULTS.keys() - set(names)
        if lost:
            sys.exit(f"no trial for {', '.join(sorted(lost))}")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        wrong = [x for x in pool.map(run, jobs) if x]
    wrong += counted(sys.argv[1])
    print("\n".join(wrong + [f"{len(jobs)} trials, {len(wrong)} wrong"]))
    sys.exit(1 if wrong else 0)


main()
