/* tests/cudasim/fibers.cc - the threads of a block as fibers
 *
 * A fiber runs one thread after another until one has to wait; the others then
 * go on in further fibers.  So a block that never meets a barrier costs a
 * function call per thread.
 */
#include "tests/cudasim/cudasim.h"
#include "tests/cudasim/sim.h"

#include <algorithm>
#include <deque>
#include <sys/mman.h>

#undef threadIdx
#undef blockIdx
#undef blockDim
#undef gridDim

cudasim_place cudasim_here;

extern "C" {
/* Saves the stack pointer of one context and goes on in another. */
void cudasim_switch(void **save, void *to);
/* Of the address sanitizer, where the program has one. */
void __sanitizer_start_switch_fiber(void **fake, const void *bottom,
                                    size_t size) __attribute__((weak));
void __sanitizer_finish_switch_fiber(void *fake, const void **bottom,
                                     size_t *size) __attribute__((weak));
}

namespace cudasim
{

namespace
{

constexpr size_t GUARD = 64u << 10; /* below a stack, that nobody may touch */
constexpr unsigned MOST_THREADS = 1024;

enum class State { UNSTARTED, RUNNING, AT_BARRIER, IN_WARP, DONE };

struct Fiber {
    void *stack_pointer = nullptr;
    char *stack = nullptr; /* GUARD, then the stack */
    void *fake = nullptr;
    unsigned thread = 0;
    uint3 place = {};
};

struct Thread {
    State state;
    Fiber *fiber;
    const char *file;
    int line;
    unsigned mask, phase, warp_phase;
    uint64_t value, given;
    int source, vote;
    unsigned ballot;
    uint64_t *values; /* of a gather */
};

/* Lanes, as bits. */
struct Warp {
    unsigned waiting, wanted; /* in a collective; by those who wait there */
    unsigned done, absent;
};

struct Block {
    void (*thread)(const void *);
    const void *told;
    unsigned n, next, done, waiting;
    int votes, votes_given;
    bool backwards, running;
    Thread threads[MOST_THREADS];
    Warp warps[MOST_THREADS / 32];
    std::deque<Fiber *> ready;
};

Block &block = lasting<Block>();
auto &idle = lasting<std::vector<Fiber *>>();
Fiber host, *current;
auto &dynamic_shared = lasting<std::vector<char>>();
size_t dynamic_bytes; /* that the launch asked for */
const void *host_bottom;
size_t host_size;

size_t stack_bytes()
{
    return __sanitizer_start_switch_fiber ? 512u << 10 : 128u << 10;
}

void set_thread(unsigned t)
{
    const dim3 &dim = cudasim_here.block_dim;

    current->thread = t;
    current->place = uint3{ t % dim.x, t / dim.x % dim.y, t / (dim.x * dim.y) };
    cudasim_here.thread = current->place;
}

void switch_to(Fiber *to)
{
    Fiber *from = current;

    if (to == from)
        return;
    if (__sanitizer_start_switch_fiber)
        __sanitizer_start_switch_fiber(
            &from->fake, to == &host ? host_bottom : to->stack + GUARD,
            to == &host ? host_size : stack_bytes());
    current = to;
    cudasim_switch(&from->stack_pointer, to->stack_pointer);
    if (__sanitizer_finish_switch_fiber) {
        const void *bottom;
        size_t size;

        __sanitizer_finish_switch_fiber(from->fake, &bottom, &size);
    }
    cudasim_here.thread = from->place;
}

std::string waiting_at()
{
    std::map<std::string, unsigned> places;
    std::string all;

    for (unsigned i = 0; i < block.n; i++) {
        const Thread &t = block.threads[i];
        if (t.state == State::DONE)
            places["have returned"]++;
        else if (t.state == State::AT_BARRIER)
            places[text("wait in __syncthreads at %s:%d", t.file, t.line)]++;
        else
            places[text("wait for their warp at %s:%d", t.file, t.line)]++;
    }
    for (const auto &place : places)
        all += text("%s%u threads %s", all.empty() ? "" : ", ", place.second,
                    place.first.c_str());
    return all;
}

Fiber *fresh_fiber();

/* Who goes on. */
Fiber *pick()
{
    if (!block.ready.empty()) {
        Fiber *fiber = block.ready.front();

        block.ready.pop_front();
        return fiber;
    }
    if (block.next < block.n)
        return fresh_fiber();
    if (block.done == block.n)
        return &host;
    die("divergent barrier: %s", waiting_at().c_str());
}

[[noreturn]] void fiber_main()
{
    if (__sanitizer_finish_switch_fiber) {
        const void *bottom;
        size_t size;

        __sanitizer_finish_switch_fiber(nullptr, &bottom, &size);
        if (!host_bottom) {
            host_bottom = bottom;
            host_size = size;
        }
    }
    Fiber *me = current;
    for (;;) {
        while (block.next < block.n && block.ready.empty()) {
            unsigned t = block.next++;
            if (block.backwards)
                t = block.n - 1 - t;
            block.threads[t].fiber = me;
            block.threads[t].state = State::RUNNING;
            set_thread(t);
            block.thread(block.told);
            block.threads[t].state = State::DONE;
            block.done++;
            Warp &warp = block.warps[t / 32];
            warp.done |= 1u << t % 32;
            if (warp.wanted & warp.done)
                die("the mask %#x names lanes that have returned: %s",
                    warp.wanted, waiting_at().c_str());
            if (block.waiting && block.waiting + block.done == block.n)
                die("__syncthreads after threads of the block have returned: "
                    "%s",
                    waiting_at().c_str());
        }
        idle.push_back(me);
        switch_to(pick());
    }
}

Fiber *fresh_fiber()
{
    if (!idle.empty()) {
        Fiber *fiber = idle.back();

        idle.pop_back();
        return fiber;
    }
    Fiber *fiber = new Fiber;
    const size_t bytes = stack_bytes();
    void *memory = mmap(nullptr, GUARD + bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (memory == MAP_FAILED)
        die("no memory for the stack of a thread");
    fiber->stack = static_cast<char *>(memory);
    mprotect(fiber->stack, GUARD, PROT_NONE);
    void **top = reinterpret_cast<void **>(fiber->stack + GUARD + bytes);
#if defined(__x86_64__)
    constexpr int SAVED = 6; /* by cudasim_switch() */
    /* fiber_main() begins as after a call: 16-byte aligned but for 8. */
    top -= 1;
    *top = nullptr;
    *--top = reinterpret_cast<void *>(fiber_main);
    top -= SAVED;
#else
    top -= 20;
    top[11] = reinterpret_cast<void *>(fiber_main);
#endif
    fiber->stack_pointer = top;
    return fiber;
}

Thread &arrive(State state, const char *file, int line)
{
    if (!block.running)
        die("%s:%d: a barrier outside a kernel", file, line);
    Thread &me = block.threads[current->thread];

    me.state = state;
    me.file = file;
    me.line = line;
    return me;
}

bool same_place(const Thread &a, const Thread &b)
{
    return a.line == b.line && (a.file == b.file || !strcmp(a.file, b.file));
}

void release_barrier()
{
    const Thread *first = nullptr;

    for (unsigned i = 0; i < block.n; i++) {
        Thread &t = block.threads[i];
        if (!first)
            first = &t;
        if (!same_place(*first, t))
            die("threads of a block wait in different __syncthreads: %s",
                waiting_at().c_str());
    }
    block.votes_given = block.votes;
    block.votes = 0;
    block.waiting = 0;
    for (unsigned k = 0; k < block.n; k++) {
        Thread &t = block.threads[block.backwards ? block.n - 1 - k : k];
        t.state = State::RUNNING;
        t.phase++;
        block.ready.push_back(t.fiber);
    }
}

void check_mask(const Warp &warp, const char *file, int line)
{
    if (warp.wanted & warp.absent)
        die("%s:%d: the mask %#x names lanes that the block does not have",
            file, line, warp.wanted);
    if (warp.wanted & warp.done)
        die("%s:%d: the mask %#x names lanes that have returned", file, line,
            warp.wanted);
}

/* Lets the lanes of a mask, which have all come, go on. */
void release_warp(Thread *lanes, unsigned mask, const Thread &me)
{
    unsigned ballot = 0;

    for (unsigned lane = 0; lane < 32; lane++) {
        if (!(mask >> lane & 1u))
            continue;
        const Thread &t = lanes[lane];
        if (t.mask != mask || !same_place(t, me))
            die("lanes of a warp wait in different collectives or with "
                "different masks: %s",
                waiting_at().c_str());
        if (t.vote)
            ballot |= 1u << lane;
    }
    for (unsigned lane = 0; lane < 32; lane++) {
        if (!(mask >> lane & 1u))
            continue;
        Thread &t = lanes[lane];
        const unsigned source = static_cast<unsigned>(t.source) & 31u;
        /* What a lane outside the mask has is anybody's guess. */
        t.given = mask >> source & 1u ? lanes[source].value : ~UINT64_C(0);
        t.ballot = ballot;
        for (unsigned k = 0; t.values && k < 32; k++)
            t.values[k] = mask >> k & 1u ? lanes[k].value : 0;
        t.state = State::RUNNING;
        t.warp_phase++;
        block.ready.push_back(t.fiber);
    }
}

Thread &collective(unsigned mask, uint64_t value, int source, int vote,
                   uint64_t *values, const char *file, int line)
{
    Thread &me = arrive(State::IN_WARP, file, line);
    const unsigned lane = current->thread & 31u;

    if (!(mask >> lane & 1u))
        die("%s:%d: lane %u is not in its own mask %#x", file, line, lane,
            mask);
    me.mask = mask;
    me.value = value;
    me.source = source;
    me.vote = vote;
    me.values = values;
    Warp &warp = block.warps[current->thread / 32];
    warp.waiting |= 1u << lane;
    warp.wanted |= mask;
    check_mask(warp, file, line);
    if ((warp.waiting & mask) == mask) {
        warp.waiting &= ~mask;
        warp.wanted &= ~mask;
        release_warp(&block.threads[current->thread & ~31u], mask, me);
    }
    switch_to(pick());
    return me;
}

} /* namespace */

void run_block(unsigned threads, void (*thread)(const void *), const void *told,
               size_t shared, bool backwards)
{
    block.thread = thread;
    block.told = told;
    block.n = threads;
    block.next = block.done = block.waiting = 0;
    block.votes = 0;
    block.backwards = backwards;
    for (unsigned i = 0; i < threads; i++) {
        block.threads[i].state = State::UNSTARTED;
        block.threads[i].phase = block.threads[i].warp_phase = 0;
    }
    for (unsigned i = 0; i < (threads + 31) / 32; i++)
        block.warps[i] = Warp{};
    if (threads % 32)
        block.warps[threads / 32].absent = ~0u << threads % 32;
    if (dynamic_shared.size() < shared + 16)
        dynamic_shared.resize(shared + 16);
    dynamic_bytes = shared;
    memset(dynamic_shared.data(), 0xff, shared + 16);
    block.running = true;
    current = &host;
    switch_to(pick());
    block.running = false;
    for (size_t i = shared; i < shared + 16; i++)
        if (dynamic_shared[i] != static_cast<char>(0xff))
            die("the block wrote past its %zu bytes of dynamic shared memory",
                shared);
}

/* For the records of who accessed what: the thread that runs and how many
 * barriers it has passed. */
bool running_thread(unsigned *thread, unsigned *phase, unsigned *warp_phase)
{
    if (!block.running || current == &host)
        return false;
    const Thread &t = block.threads[current->thread];
    *thread = current->thread;
    *phase = t.phase;
    *warp_phase = t.warp_phase;
    return true;
}

/* Is the address on the stack of a fiber?  2 says: below its end. */
int on_fiber_stack(const void *address)
{
    const char *at = static_cast<const char *>(address);

    if (!current || current == &host)
        return 0;
    if (at >= current->stack && at < current->stack + GUARD)
        return 2;
    return at >= current->stack + GUARD &&
           at < current->stack + GUARD + stack_bytes();
}

bool in_dynamic_shared(const void *address)
{
    const char *at = static_cast<const char *>(address);

    return at >= dynamic_shared.data() &&
           at < dynamic_shared.data() + dynamic_bytes;
}

} /* namespace cudasim */

using namespace cudasim;

extern "C" int cudasim_barrier(const char *file, int line, int vote)
{
    arrive(State::AT_BARRIER, file, line);
    block.votes += vote != 0;
    if (++block.waiting + block.done == block.n) {
        if (block.done)
            die("__syncthreads after threads of the block have returned: %s",
                waiting_at().c_str());
        release_barrier();
    }
    switch_to(pick());
    return block.votes_given;
}

extern "C" uint64_t cudasim_exchange(unsigned mask, uint64_t value, int source,
                                     unsigned *ballot, int vote,
                                     const char *file, int line)
{
    const Thread &me =
        collective(mask, value, source, vote, nullptr, file, line);

    if (ballot)
        *ballot = me.ballot;
    return me.given;
}

extern "C" void cudasim_gather(unsigned mask, uint64_t value, uint64_t *values,
                               const char *file, int line)
{
    collective(mask, value, 0, 0, values, file, line);
}

extern "C" void *cudasim_dynamic_shared(void)
{
    return dynamic_shared.data();
}

extern "C" void cudasim_trap(const char *file, int line)
{
    die("%s:%d: the kernel asked for a trap", file, line);
}
