/* tests/cudasim/streams.cc - what runs when
 *
 * Nothing runs before somebody waits for it, and then only what has to have
 * run: a host that forgets to wait reads what was there before, a stream that
 * forgets to wait for another runs first.  OSTEON_CUDASIM_ORDER=eager runs
 * everything at once and "random:seed" some of it, as another GPU might.
 *
 * Each operation knows which others are behind it (a vector clock of streams),
 * so that the checked build can tell two that only happened to be in order.
 */
#include "tests/cudasim/streams.h"

#include <stdlib.h>
#include <string.h>

namespace cudasim
{

namespace
{

struct Serial {
    int stream;
    uint64_t number;
    std::string name;
};

auto &streams = lasting<std::map<cudaStream_t, std::shared_ptr<Stream>>>();
/* By device. */
auto &defaults = lasting<std::map<int, std::shared_ptr<Stream>>>();
auto &all_streams = lasting<std::vector<std::shared_ptr<Stream>>>();
auto &serials = lasting<std::vector<Serial>>();
int ids;
auto &host_clock = lasting<std::shared_ptr<const Clock>>();

Stream *running;
uint32_t serial;

void merge(Clock *into, const Clock &from)
{
    for (const auto &one : from) {
        uint64_t &now = (*into)[one.first];
        if (one.second > now)
            now = one.second;
    }
}

void run_to(const std::shared_ptr<Stream> &stream, uint64_t upto);

uint32_t new_serial(const Stream &stream, uint64_t number,
                    const std::string &name)
{
    if (serials.empty())
        serials.push_back(Serial{ -1, 0, "the host" });
    serials.push_back(Serial{ stream.id, number, name });
    return static_cast<uint32_t>(serials.size() - 1);
}

void execute(Stream *stream, const Operation &operation, uint64_t number)
{
    std::string before = std::move(doing);
    Stream *outer = running;
    const uint32_t outer_serial = serial;

    doing = operation.name;
    running = stream;
    if (checked)
        serial = new_serial(*stream, number, operation.name);
    if (operation.kind == Kind::KERNEL || operation.kind == Kind::LIBRARY ||
        operation.kind == Kind::COPY)
        arena_settle();
    if (operation.run && !Call::lost()) {
        DeviceOpen open;
        operation.run();
    }
    running = outer;
    serial = outer_serial;
    doing = std::move(before);
}

/* Runs the first operation of a stream, and before it what it waits for. */
void advance(const std::shared_ptr<Stream> &stream)
{
    for (const auto &mark : stream->queue.front().after)
        if (mark->stream)
            run_to(mark->stream, mark->upto);
    Operation operation = std::move(stream->queue.front());
    stream->queue.pop_front();
    for (const auto &mark : operation.after) {
        merge(&stream->clock, mark->clock);
        if (mark->stream) {
            uint64_t &seen = stream->clock[mark->stream->id];
            seen = std::max(seen, mark->upto);
        }
        stream->when = std::max(stream->when, mark->when);
    }
    if (operation.host)
        merge(&stream->clock, *operation.host);
    stream->when += operation.cost;
    stream->clock[stream->id] = stream->done + 1;
    execute(stream.get(), operation, stream->done + 1);
    stream->done++;
}

void run_to(const std::shared_ptr<Stream> &stream, uint64_t upto)
{
    if (stream->done >= upto)
        return;
    DeviceOpen open; /* to open it costs more than most work */
    while (stream->done < upto)
        advance(stream);
}

std::shared_ptr<Mark> mark_now(const std::shared_ptr<Stream> &stream)
{
    auto mark = std::make_shared<Mark>();

    mark->stream = stream;
    mark->upto = stream->submitted;
    return mark;
}

std::shared_ptr<Stream> default_stream(int device)
{
    auto &stream = defaults[device];

    if (!stream)
        stream = new_stream(device, true, 0);
    return stream;
}

/* The default stream and the blocking ones keep order. */
void order_with_default(const std::shared_ptr<Stream> &stream,
                        Operation *operation)
{
    const auto first = defaults.find(stream->device);

    if (!stream->blocking)
        return;
    if (first == defaults.end())
        return;
    if (first->second != stream) {
        if (first->second->done < first->second->submitted)
            operation->after.push_back(mark_now(first->second));
        return;
    }
    for (const auto &other : all_streams) {
        if (other != stream && other->blocking &&
            other->device == stream->device)
            operation->after.push_back(mark_now(other));
    }
}

/* Would work on this default stream have to wait for a capture? */
bool implies_captured(const std::shared_ptr<Stream> &stream)
{
    const auto first = defaults.find(stream->device);

    if (first == defaults.end() || first->second != stream)
        return false;
    for (const auto &other : all_streams)
        if (other->capture && other->blocking)
            return true;
    return false;
}

void host_learns(const Clock &clock, int stream, uint64_t done)
{
    auto next = host_clock ? std::make_shared<Clock>(*host_clock)
                           : std::make_shared<Clock>();

    merge(next.get(), clock);
    uint64_t &now = (*next)[stream];
    now = std::max(now, done);
    host_clock = next;
}

/* Whether kernels and libraries compute, or are counted alone. */
bool works(const Operation &operation)
{
    static const bool wanted = setting("OSTEON_CUDASIM_WORK", 1);

    return wanted ||
           (operation.kind != Kind::KERNEL && operation.kind != Kind::LIBRARY);
}

/* Runs more than was waited for, as the environment asks. */
void run_ahead(const std::shared_ptr<Stream> &stream)
{
    static const char *order = word_setting("OSTEON_CUDASIM_ORDER", "lazy");
    static uint64_t random =
        strchr(order, ':') ? strtoull(strchr(order, ':') + 1, nullptr, 10) : 1;

    if (*order == 'e')
        run_to(stream, stream->submitted);
    if (*order != 'r')
        return;
    for (int i = 0; i < 2; i++) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        const auto other = all_streams[(random >> 33) % all_streams.size()];
        if (other->done < other->submitted)
            advance(other);
    }
}

} /* namespace */

std::shared_ptr<Stream> new_stream(int device, bool blocking, int priority)
{
    auto stream = std::make_shared<Stream>();

    stream->id = ids++;
    stream->device = device;
    stream->blocking = blocking;
    stream->priority = priority;
    all_streams.push_back(stream);
    return stream;
}

std::shared_ptr<Stream> new_lane()
{
    auto lane = std::make_shared<Stream>();

    lane->id = ids++;
    return lane;
}

std::shared_ptr<Stream> stream_of(cudaStream_t stream, const char *call)
{
    if (!stream || stream == cudaStreamLegacy)
        return default_stream(current_device);
    if (stream == cudaStreamPerThread)
        die("%s: the stream of each thread is not among what the stand-in has",
            call);
    handle_check(stream, "stream", call);
    auto &known = streams[stream];
    if (!known)
        known = *reinterpret_cast<std::shared_ptr<Stream> *>(stream);
    return known;
}

/* Its work goes on, as on a GPU; nobody can name it any more. */
void forget_stream(cudaStream_t stream)
{
    streams.erase(stream);
    for (size_t i = 0; i < all_streams.size();)
        if (all_streams[i].use_count() == 1 &&
            all_streams[i]->done == all_streams[i]->submitted)
            all_streams.erase(all_streams.begin() + i);
        else
            i++;
}

int device_of(cudaStream_t stream)
{
    return stream_of(stream, "a call")->device;
}

cudaError_t submit(cudaStream_t handle, Operation &&operation)
{
    const auto stream = stream_of(handle, operation.name.c_str());

    if (stream->device != current_device)
        die("%s: the stream belongs to device %d, the current device is %d",
            operation.name.c_str(), stream->device, current_device);
    if (!stream->capture && implies_captured(stream))
        return cudaErrorStreamCaptureImplicit;
    if (!works(operation))
        operation.run = []() {};
    if (injected("device_lost"))
        operation.run = []() { Call::lose(cudaErrorLaunchFailure); };
    if (stream->capture) {
        stream->capture->nodes.push_back(
            Node{ std::move(operation), stream->tail });
        stream->tail = { stream->capture->nodes.size() - 1 };
        return cudaSuccess;
    }
    switch (operation.kind) {
    case Kind::KERNEL:
        counts.launches++;
        break;
    case Kind::LIBRARY:
        counts.library_calls++;
        break;
    case Kind::COPY:
    case Kind::FILL:
        counts.copies++;
        break;
    case Kind::EVENT:
    case Kind::OTHER:
        break;
    }
    operation.host = host_clock;
    order_with_default(stream, &operation);
    stream->queue.push_back(std::move(operation));
    stream->submitted++;
    stream->queries = 0;
    run_ahead(stream);
    return cudaSuccess;
}

bool reached(const Mark &mark)
{
    return !mark.stream || mark.stream->done >= mark.upto;
}

void host_wait_mark(const Mark &mark)
{
    counts.host_waits++;
    if (!mark.stream)
        return;
    run_to(mark.stream, mark.upto);
    host_learns(mark.clock, mark.stream->id, mark.upto);
}

void host_wait(cudaStream_t handle)
{
    const auto stream = stream_of(handle, "a wait");

    counts.host_waits++;
    run_to(stream, stream->submitted);
    if (!handle)
        for (size_t i = 0; i < all_streams.size(); i++) {
            const auto other = all_streams[i];
            if (other->blocking && other->device == stream->device) {
                run_to(other, other->submitted);
                host_learns(other->clock, other->id, other->done);
            }
        }
    host_learns(stream->clock, stream->id, stream->done);
}

void host_wait_all()
{
    counts.host_waits++;
    for (size_t i = 0; i < all_streams.size(); i++) {
        const auto stream = all_streams[i];
        run_to(stream, stream->submitted);
        host_learns(stream->clock, stream->id, stream->done);
    }
}

Clock running_clock()
{
    return running ? running->clock : Clock();
}

void run_node(const Operation &operation, Clock *clock, Stream *lane)
{
    if (checked) {
        lane->clock = *clock;
        lane->clock[lane->id] = ++lane->done;
    }
    execute(lane, operation, lane->done);
    if (checked)
        *clock = lane->clock;
    counts.graph_nodes += operation.kind != Kind::EVENT;
}

void join_clock(const Clock &clock)
{
    merge(&running->clock, clock);
}

void merge_clock(Clock *into, const Clock &from)
{
    merge(into, from);
}

uint32_t current_serial()
{
    return serial;
}

bool happens_after(uint32_t other)
{
    if (!other || !running || other >= serials.size())
        return true;
    const Serial &one = serials[other];
    if (one.stream == running->id)
        return true;
    const auto it = running->clock.find(one.stream);
    return it != running->clock.end() && it->second >= one.number;
}

std::string serial_name(uint32_t other)
{
    return other < serials.size() ? serials[other].name : "";
}

bool is_capturing(cudaStream_t stream)
{
    return stream_of(stream, "a call")->capture != nullptr;
}

bool forbidden_in_capture(const char *what)
{
    bool found = false;

    for (const auto &stream : all_streams) {
        if (!stream->capture ||
            stream->capture->mode == cudaStreamCaptureModeRelaxed)
            continue;
        found = true;
        if (stream->capture->invalid.empty())
            stream->capture->invalid = what;
    }
    return found;
}

} /* namespace cudasim */
