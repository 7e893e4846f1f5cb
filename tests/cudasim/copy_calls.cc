/* tests/cudasim/copy_calls.cc - copies and fills
 *
 * A copy from memory that is not pinned takes its bytes at once; one from
 * pinned memory when its turn comes, so a host that changes them too early
 * shows.  Where a copy to pinned memory will write, the host finds 0xff until
 * it has waited.
 */
#include "tests/cudasim/sim.h"

#include <algorithm>
#include <string.h>

namespace cudasim
{

namespace
{

const char *kind_name(enum cudaMemcpyKind kind)
{
    switch (kind) {
    case cudaMemcpyHostToHost:
        return "cudaMemcpyHostToHost";
    case cudaMemcpyHostToDevice:
        return "cudaMemcpyHostToDevice";
    case cudaMemcpyDeviceToHost:
        return "cudaMemcpyDeviceToHost";
    case cudaMemcpyDeviceToDevice:
        return "cudaMemcpyDeviceToDevice";
    default:
        return "cudaMemcpyDefault";
    }
}

/* The direction that the pointers say, which has to be that of `kind`. */
enum cudaMemcpyKind direction(const void *to, const void *from,
                              enum cudaMemcpyKind kind, const char *name)
{
    const bool to_device = in_arena(to), from_device = in_arena(from);
    const enum cudaMemcpyKind is =
        to_device
            ? (from_device ? cudaMemcpyDeviceToDevice : cudaMemcpyHostToDevice)
            : (from_device ? cudaMemcpyDeviceToHost : cudaMemcpyHostToHost);

    if (kind != cudaMemcpyDefault && kind != is)
        die("%s with %s, but the target is %s and the source is %s", name,
            kind_name(kind), describe(to).c_str(), describe(from).c_str());
    return is;
}

/* A rectangle of bytes; plain copies have one row. */
struct Area {
    void *to;
    size_t to_pitch;
    const void *from;
    size_t from_pitch, width, height;
};

void check_area(const Area &area, enum cudaMemcpyKind way)
{
    for (size_t y = 0; y < area.height; y++) {
        const char *from =
            static_cast<const char *>(area.from) + y * area.from_pitch;
        char *to = static_cast<char *>(area.to) + y * area.to_pitch;
        if (way == cudaMemcpyDeviceToHost || way == cudaMemcpyDeviceToDevice)
            check_range(from, area.width, "the source of a copy");
        if (way == cudaMemcpyHostToDevice || way == cudaMemcpyDeviceToDevice)
            check_range(to, area.width, "the target of a copy");
    }
}

void run_copy(const Area &area)
{
    for (size_t y = 0; y < area.height; y++) {
        const char *from =
            static_cast<const char *>(area.from) + y * area.from_pitch;
        char *to = static_cast<char *>(area.to) + y * area.to_pitch;
        shadow_read(from, area.width, "a copy");
        shadow_write(to, area.width, "a copy");
        memmove(to, from, area.width);
    }
}

/* Pinned memory that copies have still to read. */
auto &unread = lasting<std::vector<const Area *>>();

bool is_unread(const char *start, size_t bytes)
{
    for (const Area *area : unread) {
        const char *from = static_cast<const char *>(area->from);
        const size_t reach =
            (area->height - 1) * area->from_pitch + area->width;
        if (from < start + bytes && start < from + reach)
            return true;
    }
    return false;
}

/* What the host finds in pinned memory before it has waited. */
void spoil_target(const Area &area)
{
    char *to = static_cast<char *>(area.to);

    if (is_unread(to, (area.height - 1) * area.to_pitch + area.width))
        return;
    for (size_t y = 0; y < area.height; y++)
        memset(to + y * area.to_pitch, 0xff, area.width);
}

void count(enum cudaMemcpyKind way, size_t bytes)
{
    if (way == cudaMemcpyHostToDevice)
        counts.bytes_to_device += bytes;
    if (way == cudaMemcpyDeviceToHost)
        counts.bytes_to_host += bytes;
    if (way == cudaMemcpyDeviceToDevice)
        counts.bytes_on_device += bytes;
}

cudaError_t copy(Call *call, Area area, enum cudaMemcpyKind kind,
                 cudaStream_t stream, bool waits)
{
    cudaError_t error = call->refused();

    if (error)
        return error;
    if (!area.width || !area.height)
        return cudaSuccess;
    const enum cudaMemcpyKind way =
        direction(area.to, area.from, kind, call->name());
    check_area(area, way);
    if (injected("copy"))
        return call->give(cudaErrorUnknown);
    if (waits && forbidden_in_capture(call->name()))
        return call->give(cudaErrorStreamCaptureImplicit);
    const size_t reach = (area.height - 1) * area.from_pitch + area.width;
    const bool capturing = is_capturing(stream);
    Operation operation;
    operation.kind = Kind::COPY;
    operation.name =
        text("%s of %zu bytes", call->name(), area.width * area.height);
    operation.cost = 2 + 1e-4 * area.width * area.height;
    auto staged = std::make_shared<std::vector<char>>();
    auto kept = std::make_shared<Area>();
    if (way == cudaMemcpyHostToDevice && !waits && !capturing) {
        const char *from = static_cast<const char *>(area.from);
        if (is_pinned(from, reach)) {
            unread.push_back(kept.get());
        } else {
            staged->assign(from, from + reach);
            area.from = staged->data();
        }
    }
    if (way == cudaMemcpyDeviceToHost && !capturing) {
        if (is_pinned(area.to, (area.height - 1) * area.to_pitch + area.width))
            spoil_target(area);
        else
            waits = true;
    }
    *kept = area;
    operation.run = [kept, staged, way]() {
        check_area(*kept, way);
        run_copy(*kept);
        count(way, kept->width * kept->height);
        unread.erase(std::remove(unread.begin(), unread.end(), kept.get()),
                     unread.end());
    };
    error = submit(stream, std::move(operation));
    if (!error && waits)
        host_wait(stream);
    return call->give(error);
}

cudaError_t fill(Call *call, void *to, int value, size_t bytes,
                 cudaStream_t stream)
{
    cudaError_t error = call->refused();

    if (error || !bytes)
        return error;
    check_range(to, bytes, "the target of a fill");
    if (injected("copy"))
        return call->give(cudaErrorUnknown);
    Operation operation;
    operation.kind = Kind::FILL;
    operation.name = text("%s of %zu bytes", call->name(), bytes);
    operation.run = [to, value, bytes]() {
        check_range(to, bytes, "the target of a fill");
        shadow_write(to, bytes, "a fill");
        arena_fill(to, value, bytes);
    };
    return call->give(submit(stream, std::move(operation)));
}

} /* namespace */

} /* namespace cudasim */

using namespace cudasim;

extern "C" {

cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes,
                       enum cudaMemcpyKind kind)
{
    Call call("cudaMemcpy", true);

    return copy(&call, Area{ to, bytes, from, bytes, bytes, 1 }, kind, nullptr,
                true);
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes,
                            enum cudaMemcpyKind kind, cudaStream_t stream)
{
    Call call("cudaMemcpyAsync", true);

    return copy(&call, Area{ to, bytes, from, bytes, bytes, 1 }, kind, stream,
                false);
}

cudaError_t cudaMemcpy2D(void *to, size_t to_pitch, const void *from,
                         size_t from_pitch, size_t width, size_t height,
                         enum cudaMemcpyKind kind)
{
    Call call("cudaMemcpy2D", true);

    return copy(&call, Area{ to, to_pitch, from, from_pitch, width, height },
                kind, nullptr, true);
}

cudaError_t cudaMemcpy2DAsync(void *to, size_t to_pitch, const void *from,
                              size_t from_pitch, size_t width, size_t height,
                              enum cudaMemcpyKind kind, cudaStream_t stream)
{
    Call call("cudaMemcpy2DAsync", true);

    return copy(&call, Area{ to, to_pitch, from, from_pitch, width, height },
                kind, stream, false);
}

cudaError_t cudaMemset(void *to, int value, size_t bytes)
{
    Call call("cudaMemset", true);

    return fill(&call, to, value, bytes, nullptr);
}

cudaError_t cudaMemsetAsync(void *to, int value, size_t bytes,
                            cudaStream_t stream)
{
    Call call("cudaMemsetAsync", true);

    return fill(&call, to, value, bytes, stream);
}

} /* extern "C" */
