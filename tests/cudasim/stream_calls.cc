/* tests/cudasim/stream_calls.cc - streams and events, as the host calls them
 */
#include "tests/cudasim/streams.h"

#include <algorithm>

using namespace cudasim;

namespace
{

/* A query runs nothing the first time: what is asked for once is not done. */
bool answer(const std::shared_ptr<Stream> &stream, uint64_t upto, int *queries)
{
    if (stream->done >= upto)
        return true;
    if ((*queries)++ == 0)
        return false;
    Mark mark;
    mark.stream = stream;
    mark.upto = upto;
    host_wait_mark(mark);
    return true;
}

cudaError_t make_stream(Call *call, cudaStream_t *stream, unsigned flags,
                        int priority)
{
    const cudaError_t error = call->refused();

    if (error)
        return error;
    auto *kept = new std::shared_ptr<Stream>(
        new_stream(current_device, !(flags & cudaStreamNonBlocking), priority));
    *stream = reinterpret_cast<cudaStream_t>(kept);
    handle_add(kept, "stream");
    return cudaSuccess;
}

Event *event_of(cudaEvent_t handle, const char *call)
{
    handle_check(handle, "event", call);
    return reinterpret_cast<Event *>(handle);
}

} /* namespace */

extern "C" {

cudaError_t cudaStreamCreate(cudaStream_t *stream)
{
    Call call("cudaStreamCreate");

    return make_stream(&call, stream, 0, 0);
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned flags)
{
    Call call("cudaStreamCreateWithFlags");

    return make_stream(&call, stream, flags, 0);
}

cudaError_t cudaStreamCreateWithPriority(cudaStream_t *stream, unsigned flags,
                                         int priority)
{
    Call call("cudaStreamCreateWithPriority");

    return make_stream(&call, stream, flags, priority);
}

cudaError_t cudaStreamDestroy(cudaStream_t stream)
{
    Call call("cudaStreamDestroy");

    handle_remove(stream, "stream");
    forget_stream(stream);
    delete reinterpret_cast<std::shared_ptr<Stream> *>(stream);
    return call.refused();
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream)
{
    Call call("cudaStreamSynchronize");
    const cudaError_t error = call.refused();

    if (error)
        return error;
    if (is_capturing(stream)) {
        forbidden_in_capture("cudaStreamSynchronize");
        return call.give(cudaErrorStreamCaptureUnsupported);
    }
    host_wait(stream);
    return call.give(cudaSuccess);
}

cudaError_t cudaDeviceSynchronize(void)
{
    Call call("cudaDeviceSynchronize");
    const cudaError_t error = call.refused();

    if (error)
        return error;
    if (forbidden_in_capture("cudaDeviceSynchronize"))
        return call.give(cudaErrorStreamCaptureUnsupported);
    host_wait_all();
    arena_check_edges();
    return call.give(cudaSuccess);
}

cudaError_t cudaStreamQuery(cudaStream_t handle)
{
    Call call("cudaStreamQuery");
    const auto stream = stream_of(handle, call.name());
    const cudaError_t error = call.refused();

    if (error)
        return error;
    if (stream->capture) {
        forbidden_in_capture("cudaStreamQuery");
        return call.give(cudaErrorStreamCaptureUnsupported);
    }
    return call.give(answer(stream, stream->submitted, &stream->queries)
                         ? cudaSuccess
                         : cudaErrorNotReady);
}

cudaError_t cudaStreamGetPriority(cudaStream_t handle, int *priority)
{
    Call call("cudaStreamGetPriority");

    *priority = stream_of(handle, call.name())->priority;
    return call.refused();
}

cudaError_t cudaStreamWaitEvent(cudaStream_t handle, cudaEvent_t event,
                                unsigned)
{
    Call call("cudaStreamWaitEvent", true);
    const auto stream = stream_of(handle, call.name());
    const Event *it = event_of(event, call.name());
    const cudaError_t error = call.refused();

    if (error)
        return error;
    if (it->capture) {
        if (it->capture->ended)
            return call.give(cudaErrorCapturedEvent);
        if (!stream->capture) {
            stream->capture = it->capture;
            stream->capture->streams.push_back(stream);
            stream->tail.clear();
        }
        stream->tail.insert(stream->tail.end(), it->nodes.begin(),
                            it->nodes.end());
        return cudaSuccess;
    }
    if (!it->mark)
        return cudaSuccess; /* never recorded: nothing to wait for */
    if (stream->capture) {
        stream->capture->invalid = "a wait for work outside the capture";
        return call.give(cudaErrorStreamCaptureIsolation);
    }
    Operation operation;
    operation.kind = Kind::EVENT;
    operation.name = "cudaStreamWaitEvent";
    operation.cost = 0;
    operation.after.push_back(it->mark);
    return call.give(submit(handle, std::move(operation)));
}

static cudaError_t make_event(Call *call, cudaEvent_t *event, unsigned flags)
{
    const cudaError_t error = call->refused();

    if (error)
        return error;
    Event *it = new Event;
    it->timing = !(flags & cudaEventDisableTiming);
    handle_add(it, "event");
    *event = reinterpret_cast<cudaEvent_t>(it);
    return cudaSuccess;
}

cudaError_t cudaEventCreate(cudaEvent_t *event)
{
    Call call("cudaEventCreate");

    return make_event(&call, event, 0);
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned flags)
{
    Call call("cudaEventCreateWithFlags");

    return make_event(&call, event, flags);
}

cudaError_t cudaEventDestroy(cudaEvent_t event)
{
    Call call("cudaEventDestroy");

    handle_remove(event, "event");
    delete reinterpret_cast<Event *>(event);
    return call.refused();
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t handle)
{
    Call call("cudaEventRecord", true);
    const auto stream = stream_of(handle, call.name());
    Event *it = event_of(event, call.name());
    cudaError_t error = call.refused();

    if (error)
        return error;
    counts.events++;
    it->queries = 0;
    if (stream->capture) {
        it->capture = stream->capture;
        it->nodes = stream->tail;
        it->mark = nullptr;
        return cudaSuccess;
    }
    it->capture = nullptr;
    auto mark = std::make_shared<Mark>();
    Operation operation;
    operation.kind = Kind::EVENT;
    operation.name = "cudaEventRecord";
    operation.cost = 0.1;
    const std::weak_ptr<Stream> weak = stream;
    operation.run = [mark, weak]() {
        const auto at = weak.lock();
        mark->clock = at->clock;
        mark->when = at->when;
    };
    mark->upto = stream->submitted + 1;
    mark->stream = stream;
    it->mark = mark;
    error = submit(handle, std::move(operation));
    return call.give(error);
}

cudaError_t cudaEventSynchronize(cudaEvent_t event)
{
    Call call("cudaEventSynchronize");
    const Event *it = event_of(event, call.name());
    const cudaError_t error = call.refused();

    if (error)
        return error;
    if (it->capture) {
        forbidden_in_capture("cudaEventSynchronize");
        return call.give(cudaErrorStreamCaptureUnsupported);
    }
    if (it->mark)
        host_wait_mark(*it->mark);
    return call.give(cudaSuccess);
}

cudaError_t cudaEventQuery(cudaEvent_t event)
{
    Call call("cudaEventQuery");
    Event *it = event_of(event, call.name());
    const cudaError_t error = call.refused();

    if (error)
        return error;
    if (it->capture) {
        forbidden_in_capture("cudaEventQuery");
        return call.give(cudaErrorStreamCaptureUnsupported);
    }
    if (it->mark && !answer(it->mark->stream, it->mark->upto, &it->queries))
        return call.give(cudaErrorNotReady);
    return call.give(cudaSuccess);
}

/* The time is made up from the work done, always the same. */
cudaError_t cudaEventElapsedTime(float *ms, cudaEvent_t begin, cudaEvent_t end)
{
    Call call("cudaEventElapsedTime");
    const Event *from = event_of(begin, call.name());
    const Event *to = event_of(end, call.name());
    const cudaError_t error = call.refused();

    if (error)
        return error;
    if (!from->mark || !to->mark || !from->timing || !to->timing)
        return call.give(cudaErrorInvalidResourceHandle);
    if (!reached(*from->mark) || !reached(*to->mark))
        return call.give(cudaErrorNotReady);
    *ms = static_cast<float>((to->mark->when - from->mark->when) * 1e-3);
    return cudaSuccess;
}

} /* extern "C" */
