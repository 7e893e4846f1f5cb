/* tests/cudasim/graph_calls.cc - work that is captured and told again
 *
 * A graph runs its nodes one after another, each behind those that it was
 * captured behind: even launches take the earliest node that may run, odd ones
 * the latest, so that a dependency that the capture lacks shows.
 */
#include "tests/cudasim/streams.h"

#include <algorithm>
#include <string.h>

struct CUgraph_st {
    std::shared_ptr<const std::vector<cudasim::Node>> nodes;
};

struct CUgraphExec_st {
    std::shared_ptr<const std::vector<cudasim::Node>> nodes;
    std::vector<std::shared_ptr<cudasim::Stream>> lanes; /* one for each node */
    uint64_t launches;
};

using namespace cudasim;

namespace
{

constexpr const char *GRAPH = "graph";
constexpr const char *EXECUTABLE = "executable graph";

/* The nodes that `from` come after, and they themselves. */
std::vector<bool> reached_from(const std::vector<Node> &nodes,
                               const std::vector<size_t> &from)
{
    std::vector<bool> reached(nodes.size());

    for (const size_t one : from)
        reached[one] = true;
    for (size_t i = nodes.size(); i-- > 0;)
        if (reached[i])
            for (const size_t before : nodes[i].after)
                reached[before] = true;
    return reached;
}

void run_graph(const std::vector<Node> &nodes,
               const std::vector<std::shared_ptr<Stream>> &lanes,
               bool latest_first)
{
    std::vector<Clock> clocks(nodes.size(),
                              checked ? running_clock() : Clock());
    std::vector<bool> done(nodes.size());

    for (size_t step = 0; step < nodes.size(); step++) {
        size_t next = nodes.size();
        for (size_t k = 0; k < nodes.size(); k++) {
            const size_t i = latest_first ? nodes.size() - 1 - k : k;
            const auto &after = nodes[i].after;
            if (!done[i] && std::all_of(after.begin(), after.end(),
                                        [&](size_t n) { return done[n]; })) {
                next = i;
                break;
            }
        }
        if (checked)
            for (const size_t before : nodes[next].after)
                merge_clock(&clocks[next], clocks[before]);
        run_node(nodes[next].operation, &clocks[next], lanes[next].get());
        done[next] = true;
    }
    for (const Clock &clock : clocks)
        join_clock(clock);
}

std::vector<std::shared_ptr<Stream>> make_lanes(size_t count)
{
    std::vector<std::shared_ptr<Stream>> lanes;

    for (size_t i = 0; i < count; i++)
        lanes.push_back(new_lane());
    return lanes;
}

} /* namespace */

extern "C" {

cudaError_t cudaStreamBeginCapture(cudaStream_t handle,
                                   enum cudaStreamCaptureMode mode)
{
    Call call("cudaStreamBeginCapture", true);
    const auto stream = stream_of(handle, call.name());
    const cudaError_t error = call.refused();

    if (error)
        return error;
    if (!handle || stream->capture)
        return call.give(cudaErrorStreamCaptureUnsupported);
    if (injected("capture"))
        return call.give(cudaErrorStreamCaptureUnsupported);
    auto capture = std::make_shared<Capture>();
    capture->origin = stream;
    capture->mode = mode;
    capture->streams.push_back(stream);
    stream->capture = capture;
    stream->tail.clear();
    return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t handle, cudaGraph_t *graph)
{
    Call call("cudaStreamEndCapture");
    const auto stream = stream_of(handle, call.name());
    const auto capture = stream->capture;

    *graph = nullptr;
    if (!capture || capture->origin != stream)
        return call.give(cudaErrorStreamCaptureUnmatched);
    const std::vector<bool> reached =
        reached_from(capture->nodes, stream->tail);
    bool joined = true;
    for (const auto &one : capture->streams)
        for (const size_t node : one->tail)
            joined = joined && reached[node];
    for (const auto &one : capture->streams) {
        one->capture = nullptr;
        one->tail.clear();
    }
    capture->streams.clear();
    capture->origin = nullptr;
    capture->ended = true;
    const cudaError_t error = call.refused();
    if (error)
        return error;
    if (!capture->invalid.empty())
        return call.give(cudaErrorStreamCaptureInvalidated);
    if (!joined)
        return call.give(cudaErrorStreamCaptureUnjoined);
    *graph = new CUgraph_st{ std::make_shared<const std::vector<Node>>(
        std::move(capture->nodes)) };
    handle_add(*graph, GRAPH);
    return cudaSuccess;
}

cudaError_t cudaStreamIsCapturing(cudaStream_t handle,
                                  enum cudaStreamCaptureStatus *status)
{
    Call call("cudaStreamIsCapturing");
    const auto stream = stream_of(handle, call.name());

    *status = !stream->capture ? cudaStreamCaptureStatusNone
              : stream->capture->invalid.empty()
                  ? cudaStreamCaptureStatusActive
                  : cudaStreamCaptureStatusInvalidated;
    return call.refused();
}

cudaError_t cudaThreadExchangeStreamCaptureMode(enum cudaStreamCaptureMode *)
{
    Call call("cudaThreadExchangeStreamCaptureMode");

    return call.refused();
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *exec, cudaGraph_t graph,
                                 unsigned long long)
{
    Call call("cudaGraphInstantiate");
    const cudaError_t error = call.refused();

    if (error)
        return error;
    handle_check(graph, GRAPH, call.name());
    if (injected("instantiate"))
        return call.give(cudaErrorMemoryAllocation);
    *exec =
        new CUgraphExec_st{ graph->nodes, make_lanes(graph->nodes->size()), 0 };
    handle_add(*exec, EXECUTABLE);
    return cudaSuccess;
}

cudaError_t cudaGraphInstantiateWithFlags(cudaGraphExec_t *exec,
                                          cudaGraph_t graph,
                                          unsigned long long flags)
{
    return cudaGraphInstantiate(exec, graph, flags);
}

cudaError_t cudaGraphUpload(cudaGraphExec_t exec, cudaStream_t)
{
    Call call("cudaGraphUpload");

    handle_check(exec, EXECUTABLE, call.name());
    return call.refused();
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream)
{
    Call call("cudaGraphLaunch", true);
    const cudaError_t error = call.refused();

    if (error)
        return error;
    handle_check(exec, EXECUTABLE, call.name());
    if (is_capturing(stream))
        die("cudaGraphLaunch: the stand-in has no graphs inside graphs");
    if (injected("launch"))
        return call.give(cudaErrorLaunchOutOfResources);
    counts.graph_launches++;
    const auto nodes = exec->nodes;
    const auto lanes = exec->lanes;
    const bool latest_first = exec->launches++ % 2;
    Operation operation;
    operation.name = text("a graph of %zu nodes", nodes->size());
    operation.cost = 3;
    for (const Node &node : *nodes)
        operation.cost += node.operation.cost;
    operation.run = [nodes, lanes, latest_first]() {
        run_graph(*nodes, lanes, latest_first);
    };
    return call.give(submit(stream, std::move(operation)));
}

/* The new graph has to be made of the same nodes in the same order. */
cudaError_t cudaGraphExecUpdate(cudaGraphExec_t exec, cudaGraph_t graph,
                                cudaGraphExecUpdateResultInfo *info)
{
    Call call("cudaGraphExecUpdate");
    const cudaError_t error = call.refused();

    if (error)
        return error;
    handle_check(exec, EXECUTABLE, call.name());
    handle_check(graph, GRAPH, call.name());
    memset(info, 0, sizeof *info);
    const std::vector<Node> &old = *exec->nodes, &now = *graph->nodes;
    bool same = old.size() == now.size();
    for (size_t i = 0; same && i < old.size(); i++)
        same = old[i].operation.kind == now[i].operation.kind &&
               old[i].after == now[i].after;
    if (!same) {
        info->result = cudaGraphExecUpdateErrorTopologyChanged;
        return call.give(cudaErrorGraphExecUpdateFailure);
    }
    exec->nodes = graph->nodes;
    return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph)
{
    Call call("cudaGraphDestroy");

    handle_remove(graph, GRAPH);
    delete graph;
    return call.refused();
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec)
{
    Call call("cudaGraphExecDestroy");

    handle_remove(exec, EXECUTABLE);
    delete exec;
    return call.refused();
}

cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t *nodes,
                              size_t *count)
{
    Call call("cudaGraphGetNodes");
    const cudaError_t error = call.refused();

    if (error)
        return error;
    handle_check(graph, GRAPH, call.name());
    const std::vector<Node> &all = *graph->nodes;
    for (size_t i = 0; nodes && i < std::min(*count, all.size()); i++)
        nodes[i] =
            reinterpret_cast<cudaGraphNode_t>(const_cast<Node *>(&all[i]));
    if (!nodes)
        *count = all.size();
    return cudaSuccess;
}

cudaError_t cudaGraphNodeGetType(cudaGraphNode_t node,
                                 enum cudaGraphNodeType *type)
{
    Call call("cudaGraphNodeGetType");

    switch (reinterpret_cast<const Node *>(node)->operation.kind) {
    case Kind::KERNEL:
    case Kind::LIBRARY:
        *type = cudaGraphNodeTypeKernel;
        break;
    case Kind::COPY:
        *type = cudaGraphNodeTypeMemcpy;
        break;
    case Kind::FILL:
        *type = cudaGraphNodeTypeMemset;
        break;
    case Kind::EVENT:
    case Kind::OTHER:
        *type = cudaGraphNodeTypeEmpty;
        break;
    }
    return call.refused();
}

} /* extern "C" */
