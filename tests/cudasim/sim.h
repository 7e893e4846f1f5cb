/* tests/cudasim/sim.h - what the files of the stand-in know of each other
 *
 * All calls into the stand-in hold one lock (Call), so nothing here is used by
 * two threads at a time.
 */
#ifndef OST_TESTS_CUDASIM_SIM_H
#define OST_TESTS_CUDASIM_SIM_H

#include "tests/cudasim/counters.h"

#include <cuda_runtime_api.h>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stddef.h>
#include <stdint.h>
#include <string>
#include <vector>

namespace cudasim
{

/* For what is global: made at the start and still there at the very end, when
 * others may still give back what they had. */
template <class T> T &lasting()
{
    return *new T();
}

/* report.cc ------------------------------------------------------------- */

extern cudasim_counts counts;

/* Ends the process: a GPU would not have forgiven this, or not shown it. */
[[noreturn]] void die(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
std::string text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What the environment says, or `otherwise`. */
int64_t setting(const char *name, int64_t otherwise);
const char *word_setting(const char *name, const char *otherwise);

/* OSTEON_CUDASIM_FAIL="kind:n,...": is this the n-th of its kind, or n 0? */
bool injected(const char *kind);

/* What the device is doing, for messages: "kernel f (file:line)". */
extern std::string &doing;

/* Memory that is used again rather than given back: the numbers of one call
 * are as many as those of the next. */
void *kept_take(size_t bytes);
void kept_give(void *memory, size_t bytes);

template <class T> struct Kept {
    typedef T value_type;
    Kept() = default;
    template <class U> Kept(const Kept<U> &)
    {
    }
    T *allocate(size_t n)
    {
        return static_cast<T *>(kept_take(n * sizeof(T)));
    }
    void deallocate(T *memory, size_t n)
    {
        kept_give(memory, n * sizeof(T));
    }
    template <class U> bool operator==(const Kept<U> &) const
    {
        return true;
    }
    template <class U> bool operator!=(const Kept<U> &) const
    {
        return false;
    }
};

/* arena.cc -------------------------------------------------------------- */

struct Allocation {
    char *start;
    size_t bytes, whole; /* asked for; with what lies around it */
    int device;
    void *pool;
    bool freed; /* by the order of its stream, which has still to come */
    bool fresh; /* of zeros still, for arena_settle() to fill */
    std::string by;
};

char *arena_take(int device, size_t bytes, void *pool, const char *by);
void arena_give(char *start);
/* Fills what is new; called before anything but fills can look at it. */
void arena_settle();
/* A fill, which may make that unnecessary. */
void arena_fill(void *start, int value, size_t bytes);
/* The allocation that holds the address, or NULL. */
Allocation *arena_find(const void *address);
bool in_arena(const void *address);
/* Says of any address what it is, for messages. */
std::string describe(const void *address);
std::vector<const Allocation *> arena_live(int device);
size_t arena_used(int device);
void arena_check_edges();

/* Host memory that the device may use. */
void pinned_add(void *start, size_t bytes);
bool pinned_remove(void *start);
bool is_pinned(const void *address, size_t bytes);

/* The device's memory is reachable while one of these lives. */
struct DeviceOpen {
    DeviceOpen();
    ~DeviceOpen();
    DeviceOpen(const DeviceOpen &) = delete;
    DeviceOpen &operator=(const DeviceOpen &) = delete;
};

/* Fails unless `bytes` from `address` are one allocation's, or pinned. */
void check_range(const void *address, size_t bytes, const char *what);

/* shadow.cc ------------------------------------------------------------- */

/* Is a library loaded whose kernels tell of every access?  Then the stand-in
 * knows who wrote and read which bytes; otherwise these do nothing. */
extern bool checked;
void shadow_read(const void *address, size_t bytes, const char *what);
void shadow_write(const void *address, size_t bytes, const char *what);
void shadow_forget(const void *address, size_t bytes);
/* `told` are the arguments of the kernel, `code` is an address in it. */
void shadow_begin_launch(const void *told, size_t bytes, const void *code);
void shadow_begin_block(uint32_t block);
void shadow_end_launch();

/* fibers.cc ------------------------------------------------------------- */

void run_block(unsigned threads, void (*thread)(const void *), const void *told,
               size_t shared, bool backwards);
/* The thread that runs, and how many barriers of its block and collectives of
 * its warp it has passed; false: none does. */
bool running_thread(unsigned *thread, unsigned *phase, unsigned *warp_phase);
/* Is the address on the stack of the fiber that runs?  2: below its end. */
int on_fiber_stack(const void *address);
bool in_dynamic_shared(const void *address);

/* streams.cc ------------------------------------------------------------ */

struct Stream;
typedef std::map<int, uint64_t> Clock; /* stream: what is before */

/* What a recorded event stands for. */
struct Mark {
    std::shared_ptr<Stream> stream;
    uint64_t upto = 0; /* operations of the stream */
    Clock clock;       /* once it has been passed */
    double when = 0;   /* microseconds, made up from the work done */
};

enum class Kind { KERNEL, LIBRARY, COPY, FILL, EVENT, OTHER };

struct Operation {
    Kind kind = Kind::OTHER;
    std::string name;
    std::function<void()> run;
    std::vector<std::shared_ptr<Mark>> after;
    std::shared_ptr<const Clock> host; /* what the host had waited for */
    double cost = 1;                   /* microseconds, made up */
};

struct Capture;

/* Puts work on a stream, or into the graph that captures it. */
cudaError_t submit(cudaStream_t stream, Operation &&operation);
void host_wait(cudaStream_t stream);
void host_wait_mark(const Mark &mark);
void host_wait_all();
/* Is this operation's place in time behind that of operation `serial`? */
bool happens_after(uint32_t serial);
uint32_t current_serial();
std::string serial_name(uint32_t serial);
bool is_capturing(cudaStream_t stream);
/* Fails the capture that forbids what a call does; true if there is one. */
bool forbidden_in_capture(const char *what);
int device_of(cudaStream_t stream);

/* errors.cc ------------------------------------------------------------- */

extern thread_local int current_device;

/* One call of the host.  `submits`: it puts work on the device, for which no
 * earlier error may be left unseen. */
class Call
{
  public:
    explicit Call(const char *name, bool submits = false);
    /* The error that the call gives without doing anything. */
    cudaError_t refused();
    cudaError_t give(cudaError_t error);
    /* The device is lost: all later calls fail. */
    static bool lost();
    static void lose(cudaError_t error);
    /* An error code of another library that the host has to look at. */
    static void owe(const char *name, const char *error);
    static void seen();
    const char *name() const
    {
        return name_;
    }

  private:
    std::unique_lock<std::recursive_mutex> lock_;
    const char *name_;
};

/* Handles that exist, by address: what, and who made it. */
void handle_add(const void *handle, const char *kind);
void handle_remove(const void *handle, const char *kind);
void handle_check(const void *handle, const char *kind, const char *call);
size_t handles_left(std::string *which);

int device_count();

} /* namespace cudasim */

#endif
