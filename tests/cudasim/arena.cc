/* tests/cudasim/arena.cc - the memory of the devices
 *
 * Each device has a range of addresses of its own, which the host cannot reach
 * (PROT_NONE) while it runs.  New memory is filled with 0xff, that is NaN;
 * around an allocation lie edges of 256 bytes that nobody may change, and what
 * was freed stays unused for long, so that a late access shows.
 */
#include "tests/cudasim/sim.h"

#include <deque>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

extern "C" {
void __asan_poison_memory_region(const volatile void *, size_t)
    __attribute__((weak));
void __asan_unpoison_memory_region(const volatile void *, size_t)
    __attribute__((weak));
}

namespace cudasim
{

namespace
{

constexpr size_t RANGE = UINT64_C(1) << 36; /* addresses of a device */
constexpr int MOST_DEVICES = 8;
constexpr size_t EDGE = 256;
constexpr size_t LARGE = 8u << 20;
/* The kernel's large pages: with small ones, closing and opening a range costs
 * more than what is computed in between. */
constexpr size_t PAGE = 2u << 20;
constexpr size_t KEPT = 64u << 20; /* freed bytes before any is used again */
constexpr unsigned char EDGE_BYTE = 0xa5;

struct Arena {
    char *start = nullptr;
    size_t end = 0;  /* of what was ever used */
    size_t used = 0; /* asked for and not freed */
    std::map<char *, Allocation> live;
    std::map<char *, Allocation> gone;
    std::deque<char *> order; /* of `gone`, oldest first */
    size_t gone_bytes = 0;
};

/* Still there at the very end. */
Arena (&arenas)[MOST_DEVICES] =
    *reinterpret_cast<Arena (*)[MOST_DEVICES]>(new Arena[MOST_DEVICES]);
int open_count;
bool some_fresh;

struct Pinned {
    size_t bytes;
};

std::map<char *, Pinned> &pinned()
{
    static auto *all = new std::map<char *, Pinned>;

    return *all;
}

size_t pages_of(size_t bytes)
{
    return (bytes + PAGE - 1) / PAGE * PAGE;
}

void protect(bool reachable)
{
    for (Arena &arena : arenas)
        if (arena.end)
            mprotect(arena.start, pages_of(arena.end),
                     reachable ? PROT_READ | PROT_WRITE : PROT_NONE);
}

void poison(const void *start, size_t bytes)
{
    if (__asan_poison_memory_region)
        __asan_poison_memory_region(start, bytes);
}

void unpoison(const void *start, size_t bytes)
{
    if (__asan_unpoison_memory_region)
        __asan_unpoison_memory_region(start, bytes);
}

Arena *arena_of(const void *address)
{
    const char *at = static_cast<const char *>(address);

    for (Arena &arena : arenas)
        if (arena.start && at >= arena.start && at < arena.start + RANGE)
            return &arena;
    return nullptr;
}

Allocation *holder(std::map<char *, Allocation> &all, const void *address)
{
    char *at = static_cast<char *>(const_cast<void *>(address));
    auto it = all.upper_bound(at);

    if (it == all.begin())
        return nullptr;
    --it;
    return at < it->first + it->second.whole - EDGE ? &it->second : nullptr;
}

/* The last words of a program that followed an address it may not. */
void on_fault(int, siginfo_t *info, void *)
{
    const void *at = info->si_addr;

    if (on_fiber_stack(at) == 2)
        die("a thread needs more stack than there is");
    if (in_arena(at) && !open_count)
        die("the host follows a device pointer: %s", describe(at).c_str());
    if (in_arena(at))
        die("the device accesses memory that is not its own: %s",
            describe(at).c_str());
    signal(SIGSEGV, SIG_DFL);
}

void watch_faults()
{
    static thread_local bool watching;
    struct sigaction action = {};
    stack_t stack = {};

    if (watching)
        return;
    watching = true;
    stack.ss_size = 256u << 10;
    stack.ss_sp = mmap(nullptr, stack.ss_size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack.ss_sp != MAP_FAILED)
        sigaltstack(&stack, nullptr);
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK;
    sigaction(SIGSEGV, &action, nullptr);
    sigaction(SIGBUS, &action, nullptr);
}

void check_edges(const Allocation &one)
{
    const char *before = one.start - EDGE;
    const char *after = one.start + one.bytes;
    const char *end = one.start - EDGE + one.whole;

    unpoison(before, EDGE);
    unpoison(after, static_cast<size_t>(end - after));
    for (const char *at = before; at < end;
         at = at + 1 == one.start ? after : at + 1)
        if (static_cast<unsigned char>(*at) != EDGE_BYTE)
            die("something was written %s an allocation: at byte %td of the "
                "%zu bytes from %s",
                at < one.start ? "before" : "past the end of", at - one.start,
                one.bytes, one.by.c_str());
    poison(before, EDGE);
    poison(after, static_cast<size_t>(end - after));
}

/* What was freed still has to be as it was left. */
void check_gone(const Allocation &one)
{
    if (one.bytes >= LARGE)
        return;
    unpoison(one.start, one.bytes);
    for (size_t i = 0; i < one.bytes; i++)
        if (static_cast<unsigned char>(one.start[i]) != 0xff)
            die("something was written to freed memory: at byte %zu of the "
                "%zu bytes from %s",
                i, one.bytes, one.by.c_str());
}

/* Takes freed memory of the size once enough lies idle. */
char *take_gone(Arena &arena, size_t whole)
{
    if (arena.gone_bytes < KEPT)
        return nullptr;
    for (auto it = arena.order.begin(); it != arena.order.end(); ++it) {
        const auto gone = arena.gone.find(*it);
        if (gone->second.whole != whole)
            continue;
        char *start = *it;
        check_gone(gone->second);
        arena.gone_bytes -= gone->second.bytes;
        arena.gone.erase(gone);
        arena.order.erase(it);
        return start;
    }
    return nullptr;
}

} /* namespace */

DeviceOpen::DeviceOpen()
{
    if (open_count++ == 0)
        protect(true);
}

DeviceOpen::~DeviceOpen()
{
    if (--open_count == 0)
        protect(false);
}

char *arena_take(int device, size_t bytes, void *pool, const char *by)
{
    Arena &arena = arenas[device];
    const size_t whole = (bytes + 255) / 256 * 256 + 2 * EDGE;

    watch_faults();
    if (!arena.start) {
        void *start = mmap(nullptr, RANGE + PAGE, PROT_NONE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (start == MAP_FAILED)
            die("no addresses for the memory of a device");
        arena.start = reinterpret_cast<char *>(
            pages_of(reinterpret_cast<uintptr_t>(start)));
        madvise(arena.start, RANGE, MADV_HUGEPAGE);
    }
    DeviceOpen open;
    char *start = take_gone(arena, whole);
    const bool fresh = !start && bytes >= LARGE;
    if (!start) {
        if (arena.end + whole > RANGE)
            die("no addresses left for the memory of a device");
        start = arena.start + arena.end + EDGE;
        const size_t old = pages_of(arena.end);
        arena.end += whole;
        const size_t now = pages_of(arena.end);
        if (open_count && now > old)
            mprotect(arena.start + old, now - old, PROT_READ | PROT_WRITE);
    }
    unpoison(start - EDGE, whole);
    memset(start - EDGE, EDGE_BYTE, EDGE);
    if (!fresh)
        memset(start, 0xff, bytes);
    some_fresh = some_fresh || fresh;
    memset(start + bytes, EDGE_BYTE, whole - EDGE - bytes);
    poison(start - EDGE, EDGE);
    poison(start + bytes, whole - EDGE - bytes);
    shadow_forget(start, bytes);
    arena.live[start] =
        Allocation{ start, bytes, whole, device, pool, false, fresh, by };
    arena.used += bytes;
    counts.allocations++;
    counts.memory += bytes;
    if (counts.memory > counts.peak_memory)
        counts.peak_memory = counts.memory;
    return start;
}

void arena_settle()
{
    if (!some_fresh)
        return;
    some_fresh = false;
    DeviceOpen open;
    for (Arena &arena : arenas)
        for (auto &one : arena.live) {
            if (one.second.fresh)
                memset(one.first, 0xff, one.second.bytes);
            one.second.fresh = false;
        }
}

void arena_fill(void *start, int value, size_t bytes)
{
    Allocation *one = arena_find(start);

    if (one && one->fresh && one->start == start && one->bytes == bytes) {
        one->fresh = false;
        if (!value)
            return;
    }
    memset(start, value, bytes);
}

void arena_give(char *start)
{
    Arena &arena = *arena_of(start);
    const auto it = arena.live.find(start);
    const Allocation one = it->second;
    DeviceOpen open;

    check_edges(one);
    if (one.bytes >= LARGE) {
        char *first = reinterpret_cast<char *>(
            pages_of(reinterpret_cast<uintptr_t>(start)));
        const size_t pages = (one.bytes - PAGE) / PAGE * PAGE;
        memset(start, 0xff, static_cast<size_t>(first - start));
        madvise(first, pages, MADV_DONTNEED);
        memset(first + pages, 0xff,
               one.bytes - pages - static_cast<size_t>(first - start));
    } else {
        memset(start, 0xff, one.bytes);
    }
    poison(start, one.bytes);
    shadow_forget(start, one.bytes);
    arena.live.erase(it);
    arena.gone[start] = one;
    arena.order.push_back(start);
    arena.gone_bytes += one.bytes;
    arena.used -= one.bytes;
    counts.memory -= one.bytes;
}

Allocation *arena_find(const void *address)
{
    Arena *arena = arena_of(address);

    if (!arena)
        return nullptr;
    Allocation *one = holder(arena->live, address);
    return one && static_cast<const char *>(address) < one->start + one->bytes
               ? one
               : nullptr;
}

bool in_arena(const void *address)
{
    return arena_of(address) != nullptr;
}

std::string describe(const void *address)
{
    const char *at = static_cast<const char *>(address);
    Arena *arena = arena_of(address);

    if (!arena)
        return text("%p is memory of the host%s", address,
                    is_pinned(address, 1) ? " (pinned)" : "");
    const Allocation *one = holder(arena->live, address);
    const char *what = one ? "" : "freed ";
    if (!one)
        one = holder(arena->gone, address);
    if (one && at < one->start + one->bytes)
        return text("%p is byte %td of the %s%zu bytes from %s", address,
                    at - one->start, what, one->bytes, one->by.c_str());
    if (one)
        return text("%p is %td past the end of the %s%zu bytes from %s",
                    address, at - one->start - one->bytes, what, one->bytes,
                    one->by.c_str());
    one = holder(arena->live, at + EDGE);
    if (one && at < one->start)
        return text("%p is %td before the %zu bytes from %s", address,
                    one->start - at, one->bytes, one->by.c_str());
    return text("%p lies in no allocation of the device", address);
}

std::vector<const Allocation *> arena_live(int device)
{
    std::vector<const Allocation *> all;

    for (const auto &one : arenas[device].live)
        all.push_back(&one.second);
    return all;
}

size_t arena_used(int device)
{
    return arenas[device].used;
}

void arena_check_edges()
{
    DeviceOpen open;

    for (Arena &arena : arenas) {
        for (const auto &one : arena.live)
            check_edges(one.second);
        for (const auto &one : arena.gone)
            check_gone(one.second);
    }
}

void pinned_add(void *start, size_t bytes)
{
    pinned()[static_cast<char *>(start)] = Pinned{ bytes };
    counts.pinned_memory += bytes;
}

bool pinned_remove(void *start)
{
    const auto it = pinned().find(static_cast<char *>(start));

    if (it == pinned().end())
        return false;
    counts.pinned_memory -= it->second.bytes;
    pinned().erase(it);
    return true;
}

bool is_pinned(const void *address, size_t bytes)
{
    char *at = static_cast<char *>(const_cast<void *>(address));
    auto it = pinned().upper_bound(at);

    if (it == pinned().begin())
        return false;
    --it;
    return at + bytes <= it->first + it->second.bytes;
}

size_t pinned_left()
{
    return pinned().size();
}

void check_range(const void *address, size_t bytes, const char *what)
{
    if (!bytes)
        return;
    if (!in_arena(address)) {
        if (is_pinned(address, bytes))
            return;
        die("%s is a host pointer: %s", what, describe(address).c_str());
    }
    const Allocation *one = arena_find(address);
    if (!one)
        die("%s is not memory of the device: %s", what,
            describe(address).c_str());
    if (static_cast<const char *>(address) + bytes > one->start + one->bytes)
        die("%s reaches %zu bytes past the end of its allocation: %s", what,
            static_cast<size_t>(static_cast<const char *>(address) + bytes -
                                one->start - one->bytes),
            describe(address).c_str());
}

} /* namespace cudasim */
