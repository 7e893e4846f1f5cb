/* tests/cudasim/launch.cc - launches of kernels
 *
 * The configuration is checked when the host asks, as a GPU does, against the
 * limits of compute capability 9.0.
 */
#include "tests/cudasim/cudasim.h"
#include "tests/cudasim/sim.h"

#undef threadIdx
#undef blockIdx
#undef blockDim
#undef gridDim

namespace cudasim
{

namespace
{

constexpr size_t SHARED_UNASKED = 48u << 10; /* more needs an attribute */
constexpr size_t ARGUMENT_BYTES = 32764;

void check_configuration(const Launch &it)
{
    const uint64_t threads =
        static_cast<uint64_t>(it.block.x) * it.block.y * it.block.z;

    if (!it.grid.x || !it.grid.y || !it.grid.z || !threads)
        die("%s:%d: %s is launched with an empty grid or block "
            "(%u,%u,%u)x(%u,%u,%u)",
            it.file, it.line, it.kernel, it.grid.x, it.grid.y, it.grid.z,
            it.block.x, it.block.y, it.block.z);
    if (it.block.x > 1024 || it.block.y > 1024 || it.block.z > 64 ||
        threads > 1024)
        die("%s:%d: %s is launched with blocks of %u x %u x %u threads, more "
            "than a block can have (1024, 64 in z)",
            it.file, it.line, it.kernel, it.block.x, it.block.y, it.block.z);
    if (it.grid.x > 0x7fffffffu || it.grid.y > 65535 || it.grid.z > 65535)
        die("%s:%d: %s is launched with a grid of %u x %u x %u blocks, more "
            "than a grid can have (65535 in y and z)",
            it.file, it.line, it.kernel, it.grid.x, it.grid.y, it.grid.z);
    if (it.shared > SHARED_UNASKED)
        die("%s:%d: %s is launched with %zu bytes of dynamic shared memory, "
            "more than the 49152 that a block has unless asked for",
            it.file, it.line, it.kernel, it.shared);
    if (it.argument_bytes > ARGUMENT_BYTES)
        die("%s:%d: %s is launched with %zu bytes of arguments, more than the "
            "32764 that fit",
            it.file, it.line, it.kernel, it.argument_bytes);
}

void check_pointers(const Launch &it)
{
    for (const void *pointer : it.pointers) {
        if (!pointer)
            continue;
        if (!in_arena(pointer) && !is_pinned(pointer, 1))
            die("%s:%d: %s is given a host pointer: %s", it.file, it.line,
                it.kernel, describe(pointer).c_str());
        if (in_arena(pointer) && !arena_find(pointer))
            die("%s:%d: %s is given a pointer to no allocation: %s", it.file,
                it.line, it.kernel, describe(pointer).c_str());
    }
}

/* Even launches run forwards and odd ones backwards, blocks and threads alike:
 * a result that depends on the order shows. */
void run(const Launch &it)
{
    static uint64_t launches;
    const char *order = word_setting("OSTEON_CUDASIM_THREADS", "mixed");
    const bool backwards = *order == 'b' || (*order == 'm' && launches++ % 2);
    const dim3 &grid = it.grid;
    const uint64_t blocks = static_cast<uint64_t>(grid.x) * grid.y * grid.z;

    check_pointers(it);
    cudasim_here.block_dim = it.block;
    cudasim_here.grid_dim = grid;
    shadow_begin_launch(it.told.get(), it.told_bytes, it.code);
    for (uint64_t k = 0; k < blocks; k++) {
        const uint64_t b = backwards ? blocks - 1 - k : k;

        cudasim_here.block =
            uint3{ static_cast<unsigned>(b % grid.x),
                   static_cast<unsigned>(b / grid.x % grid.y),
                   static_cast<unsigned>(b / grid.x / grid.y) };
        shadow_begin_block(static_cast<uint32_t>(b));
        run_block(it.block.x * it.block.y * it.block.z, it.thread,
                  it.told.get(), it.shared, backwards);
    }
    shadow_end_launch();
    cudasim_here = cudasim_place{};
}

} /* namespace */

cudaError_t launch(Launch &&given, cudaStream_t stream)
{
    Call call("a launch", true);
    cudaError_t error = call.refused();

    if (error)
        return error;
    check_configuration(given);
    check_pointers(given);
    if (injected("launch"))
        return call.give(cudaErrorLaunchOutOfResources);
    auto it = std::make_shared<Launch>(std::move(given));
    Operation operation;
    operation.kind = Kind::KERNEL;
    operation.name = text("kernel %s (%s:%d)", it->kernel, it->file, it->line);
    operation.cost = 3 + 1e-6 * it->grid.x * it->grid.y * it->grid.z *
                             it->block.x * it->block.y * it->block.z;
    operation.run = [it]() { run(*it); };
    error = submit(stream, std::move(operation));
    return call.give(error);
}

} /* namespace cudasim */
