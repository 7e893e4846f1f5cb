/* tests/cudasim/accesses.cc - every access of a kernel, as the compiler tells
 *
 * Kernels of the checked build are compiled with -fsanitize=thread, which calls
 * the functions below (and is not linked with the thread sanitizer's library).
 * An access to what is neither the device's nor the thread's ends the process.
 */
#include "tests/cudasim/cudasim.h"
#include "tests/cudasim/shadow.h"

#include <algorithm>
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>

#undef threadIdx
#undef blockIdx
#undef blockDim
#undef gridDim

namespace cudasim
{

namespace
{

/* Addresses of the library that a kernel is in. */
struct Module {
    uintptr_t code;
    uintptr_t shared_low, shared_high; /* written: its __shared__ */
    uintptr_t low, high;               /* all of it */
};

struct Running {
    bool on;
    uintptr_t told_low, told_high;
    Module module;
    uint32_t block, block_serial;
    bool fenced;
} now;

struct Extent {
    uintptr_t low = 0, high = 0; /* of the allocation found last */
} last;

int find_module(struct dl_phdr_info *info, size_t, void *data)
{
    Module *module = static_cast<Module *>(data);
    Module it = { module->code, 0, 0, ~UINT64_C(0), 0 };

    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) &part = info->dlpi_phdr[i];
        if (part.p_type != PT_LOAD)
            continue;
        const uintptr_t low = info->dlpi_addr + part.p_vaddr;
        const uintptr_t high = low + part.p_memsz;
        it.low = it.low < low ? it.low : low;
        it.high = it.high > high ? it.high : high;
        if (part.p_flags & PF_W) {
            it.shared_low = low;
            it.shared_high = high;
        }
    }
    if (module->code < it.low || module->code >= it.high)
        return 0;
    *module = it;
    return 1;
}

/* Where in the source the access is, if that can be told. */
std::string source_of(const void *caller)
{
    Dl_info info;

    if (!dladdr(caller, &info) || !info.dli_fname)
        return "";
    const ptrdiff_t at = static_cast<const char *>(caller) - 1 -
                         static_cast<const char *>(info.dli_fbase);
    FILE *pipe = popen(
        text("addr2line -e '%s' %#tx 2>/dev/null", info.dli_fname, at).c_str(),
        "r");
    char line[500] = "";
    if (pipe) {
        if (!fgets(line, sizeof line, pipe))
            line[0] = '\0';
        pclose(pipe);
    }
    line[strcspn(line, " \n")] = '\0';
    return line[0] && line[0] != '?' ? text("%s: ", line) : "";
}

bool is_shared(uintptr_t at)
{
    return (at >= now.module.shared_low && at < now.module.shared_high) ||
           in_dynamic_shared(reinterpret_cast<void *>(at));
}

const char *deed_name(Deed deed)
{
    return deed == Deed::READ || deed == Deed::PEEK   ? "reads"
           : deed == Deed::WRITE || deed == Deed::PUT ? "writes"
                                                      : "changes";
}

[[noreturn]] void wrong(const void *address, size_t bytes, Deed deed,
                        const void *caller, const std::string &why)
{
    const cudasim_place &at = cudasim_here;

    die("%sblock (%u,%u,%u) thread (%u,%u,%u) %s %zu bytes, %s: %s",
        source_of(caller).c_str(), at.block.x, at.block.y, at.block.z,
        at.thread.x, at.thread.y, at.thread.z, deed_name(deed), bytes,
        is_shared(reinterpret_cast<uintptr_t>(address))
            ? text("%p is shared memory", address).c_str()
            : describe(address).c_str(),
        why.c_str());
}

/* Memory that is the thread's own or nobody's to change. */
bool is_private(const void *address, size_t bytes, Deed deed,
                const void *caller)
{
    const uintptr_t at = reinterpret_cast<uintptr_t>(address);
    const uintptr_t here = reinterpret_cast<uintptr_t>(&cudasim_here);

    if ((at >= here && at < here + sizeof cudasim_here) ||
        on_fiber_stack(address) || (at >= now.told_low && at < now.told_high))
        return true;
    if (is_shared(at) || is_pinned(address, bytes))
        return false;
    if (at >= now.module.low && at < now.module.high &&
        (deed == Deed::READ || deed == Deed::PEEK))
        return true;
    wrong(address, bytes, deed, caller, "a kernel cannot reach it");
}

void note_pieces(uintptr_t at, size_t bytes, Deed deed, bool shared,
                 const void *caller)
{
    unsigned thread = 0, phase = 0, warp_phase = 0;
    Who who;

    running_thread(&thread, &phase, &warp_phase);
    who.operation = current_serial();
    who.block = now.block;
    who.thread = static_cast<uint16_t>(thread);
    who.phase = static_cast<uint16_t>(phase);
    who.warp_phase = static_cast<uint16_t>(warp_phase);
    who.fenced = now.fenced;
    for (size_t i = 0; i < bytes;) {
        const size_t step = std::min(bytes - i, 4 - (at + i) % 4);
        const uint8_t mask =
            static_cast<uint8_t>(((1u << step) - 1) << (at + i) % 4);
        const void *address = reinterpret_cast<void *>(at + i);
        Cell *cell = shared ? shared_cell_of(address, now.block_serial)
                            : cell_of(address);
        const std::string why = note(cell, mask, who, deed, shared);
        if (!why.empty())
            wrong(address, bytes, deed, caller, why);
        i += step;
    }
}

void access(const void *address, size_t bytes, Deed deed, const void *caller)
{
    const uintptr_t at = reinterpret_cast<uintptr_t>(address);

    if (!now.on || !bytes)
        return;
    if (at < last.low || at + bytes > last.high) {
        const Allocation *one = arena_find(address);
        if (!one) {
            if (in_arena(address))
                wrong(address, bytes, deed, caller,
                      "not memory of an allocation");
            if (is_private(address, bytes, deed, caller))
                return;
            if (is_shared(at))
                note_pieces(at, bytes, deed, true, caller);
            return;
        }
        last.low = reinterpret_cast<uintptr_t>(one->start);
        last.high = last.low + one->bytes;
        if (at + bytes > last.high)
            wrong(address, bytes, deed, caller,
                  "past the end of its allocation");
    }
    note_pieces(at, bytes, deed, false, caller);
}

} /* namespace */

void shadow_begin_launch(const void *told, size_t bytes, const void *code)
{
    if (!checked)
        return;
    now.on = true;
    now.told_low = reinterpret_cast<uintptr_t>(told);
    now.told_high = now.told_low + bytes;
    now.fenced = false;
    if (now.module.code != reinterpret_cast<uintptr_t>(code)) {
        now.module = Module();
        now.module.code = reinterpret_cast<uintptr_t>(code);
        dl_iterate_phdr(find_module, &now.module);
    }
    last = Extent();
}

void shadow_begin_block(uint32_t block)
{
    now.block = block;
    now.block_serial++;
}

void shadow_end_launch()
{
    now.on = false;
}

} /* namespace cudasim */

using namespace cudasim;

extern "C" {

void cudasim_note_atomic(const volatile void *address, size_t bytes)
{
    access(const_cast<const void *>(address), bytes, Deed::ATOMIC,
           __builtin_return_address(0));
}

void cudasim_fence(void)
{
    now.fenced = true;
}

void __tsan_init(void)
{
    checked = true;
}

void __tsan_func_entry(void *)
{
}

void __tsan_func_exit(void *)
{
}

void __tsan_vptr_update(void *, void *)
{
}

#define CUDASIM_ACCESS(name, bytes, deed)                          \
    void name(void *address)                                       \
    {                                                              \
        access(address, bytes, deed, __builtin_return_address(0)); \
    }
#define CUDASIM_ACCESSES(bytes)                                              \
    CUDASIM_ACCESS(__tsan_read##bytes, bytes, Deed::READ)                    \
    CUDASIM_ACCESS(__tsan_write##bytes, bytes, Deed::WRITE)                  \
    CUDASIM_ACCESS(__tsan_unaligned_read##bytes, bytes, Deed::READ)          \
    CUDASIM_ACCESS(__tsan_unaligned_write##bytes, bytes, Deed::WRITE)        \
    CUDASIM_ACCESS(__tsan_volatile_read##bytes, bytes, Deed::PEEK)           \
    CUDASIM_ACCESS(__tsan_volatile_write##bytes, bytes, Deed::PUT)           \
    CUDASIM_ACCESS(__tsan_unaligned_volatile_read##bytes, bytes, Deed::PEEK) \
    CUDASIM_ACCESS(__tsan_unaligned_volatile_write##bytes, bytes, Deed::PUT)
CUDASIM_ACCESSES(1)
CUDASIM_ACCESSES(2)
CUDASIM_ACCESSES(4)
CUDASIM_ACCESSES(8)
CUDASIM_ACCESSES(16)

void __tsan_read_range(void *address, long bytes)
{
    access(address, static_cast<size_t>(bytes), Deed::READ,
           __builtin_return_address(0));
}

void __tsan_write_range(void *address, long bytes)
{
    access(address, static_cast<size_t>(bytes), Deed::WRITE,
           __builtin_return_address(0));
}

} /* extern "C" */
