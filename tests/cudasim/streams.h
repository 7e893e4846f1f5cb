/* tests/cudasim/streams.h - streams, events and graphs, from inside */
#ifndef OST_TESTS_CUDASIM_STREAMS_H
#define OST_TESTS_CUDASIM_STREAMS_H

#include "tests/cudasim/sim.h"

#include <deque>

namespace cudasim
{

struct Stream {
    int id = 0, device = 0, priority = 0;
    bool blocking = true; /* keeps order with the default stream */
    uint64_t submitted = 0, done = 0;
    int queries = 0; /* since work was last put on it */
    double when = 0;
    Clock clock;
    std::deque<Operation> queue;
    std::shared_ptr<Capture> capture;
    std::vector<size_t> tail; /* nodes that the next node comes after */
};

/* What was captured, and then a graph. */
struct Node {
    Operation operation;
    std::vector<size_t> after;
};

struct Capture {
    std::shared_ptr<Stream> origin;
    std::vector<Node> nodes;
    std::vector<std::shared_ptr<Stream>> streams;
    cudaStreamCaptureMode mode = cudaStreamCaptureModeGlobal;
    std::string invalid; /* why */
    bool ended = false;
};

struct Event {
    std::shared_ptr<Mark> mark; /* NULL until recorded */
    bool timing = true;
    int queries = 0;
    std::shared_ptr<Capture> capture; /* recorded in it, behind `nodes` */
    std::vector<size_t> nodes;
};

std::shared_ptr<Stream> stream_of(cudaStream_t stream, const char *call);
std::shared_ptr<Stream> new_stream(int device, bool blocking, int priority);
void forget_stream(cudaStream_t stream);
/* A place in time for the operations of a graph's node. */
std::shared_ptr<Stream> new_lane();
bool reached(const Mark &mark);

/* For graphs: what is before the operation that runs; a captured operation as
 * part of it, which comes after `clock` and is then in it; and what comes
 * before the next operation. */
Clock running_clock();
void run_node(const Operation &operation, Clock *clock, Stream *lane);
void join_clock(const Clock &clock);
void merge_clock(Clock *into, const Clock &from);

} /* namespace cudasim */

#endif
