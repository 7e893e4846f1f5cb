/* tests/cudasim/shadow.cc - who wrote and read which bytes of the device
 *
 * Each 4 bytes have a cell: which of them were ever written, who wrote last and
 * who read since.  Two accesses to the same bytes, one of them a write, have to
 * be in order: by barriers in a block, by waiting between streams; two blocks
 * of a launch have no order but for atomics.  Of several readers some are
 * forgotten, so that a race can be missed, but what is told of is one.
 */
#include "tests/cudasim/shadow.h"

#include <algorithm>
#include <string.h>
#include <sys/mman.h>
#include <unordered_map>

namespace cudasim
{

bool checked;

namespace
{

constexpr size_t CHUNK = 1 << 14; /* bytes of the device */
constexpr size_t CELLS = CHUNK / 4;

/* All cells alike until one differs. */
struct Chunk {
    Cell alike;
    std::unique_ptr<Cell[]> cells;
};

struct SharedCell {
    uint32_t block_serial = 0;
    Cell cell;
};

auto &chunks = lasting<std::unordered_map<uintptr_t, Chunk>>();
auto &shared_cells = lasting<std::unordered_map<uintptr_t, SharedCell>>();

Chunk &chunk_of(uintptr_t at)
{
    static uintptr_t last = ~UINT64_C(0);
    static Chunk *found;

    if (at / CHUNK != last) {
        found = &chunks[at / CHUNK];
        last = at / CHUNK;
    }
    return *found;
}

bool same_warp(uint16_t a, uint16_t b)
{
    if (a == ANY || b == ANY)
        return false;
    const int wa = a & WARP ? a & 31 : a / 32;
    const int wb = b & WARP ? b & 31 : b / 32;
    return wa == wb;
}

/* Did `before` happen before what `now` does? */
bool in_order(const Who &before, const Who &now)
{
    if (!before.operation)
        return true;
    if (before.operation != now.operation)
        return happens_after(before.operation);
    if (before.block != now.block)
        return now.fenced && before.block != MANY;
    if (before.thread == now.thread && !(before.thread & WARP))
        return true;
    if (before.phase != now.phase)
        return true;
    return same_warp(before.thread, now.thread) &&
           before.warp_phase != now.warp_phase;
}

std::string name_of(const Who &who)
{
    std::string all = serial_name(who.operation);

    if (who.block != MANY)
        all += text(", block %u", who.block);
    if (who.thread < WARP)
        all += text(" thread %u", who.thread);
    return all;
}

std::string conflict(const char *now, const char *before, const Who &other,
                     const Who &who, bool shared)
{
    const char *lack = other.operation != who.operation
                           ? "between streams that do not wait for each other"
                       : other.block != who.block
                           ? "between blocks of a launch"
                           : "without a barrier between threads";

    return text("race on %s memory: a %s here, a %s by %s, %s",
                shared ? "shared" : "global", now, before,
                shared ? text("thread %u of the block", other.thread).c_str()
                       : name_of(other).c_str(),
                lack);
}

void add_reader(Cell *cell, uint8_t mask, const Who &who)
{
    Who &r = cell->reader;

    if (!cell->reader_mask || r.operation != who.operation) {
        r = who;
        cell->reader_mask = mask;
        return;
    }
    cell->reader_mask |= mask;
    r.atomic = r.atomic && who.atomic;
    if (r.block != who.block) {
        r.block = MANY;
        return;
    }
    if (r.thread == who.thread || r.phase != who.phase) {
        r = who;
        return;
    }
    if (same_warp(r.thread, who.thread)) {
        const int warp = who.thread / 32;
        r = who;
        r.thread = static_cast<uint16_t>(WARP | warp);
    } else {
        r.thread = ANY;
    }
}

/* Calls f(first byte, bytes) for what is in each chunk. */
template <class F> void by_chunk(const void *address, size_t bytes, F f)
{
    uintptr_t at = reinterpret_cast<uintptr_t>(address);

    while (bytes) {
        const size_t now = std::min(bytes, CHUNK - at % CHUNK);
        f(at, now);
        at += now;
        bytes -= now;
    }
}

Cell *cells_of(Chunk &chunk)
{
    if (!chunk.cells) {
        chunk.cells.reset(new Cell[CELLS]);
        std::fill(chunk.cells.get(), chunk.cells.get() + CELLS, chunk.alike);
    }
    return chunk.cells.get();
}

uint8_t mask_of(uintptr_t at, size_t bytes)
{
    return static_cast<uint8_t>(((1u << std::min<size_t>(bytes, 4)) - 1)
                                << at % 4);
}

void whole_operation(const void *address, size_t bytes, Deed deed,
                     const char *what)
{
    Who who;

    who.operation = current_serial();
    by_chunk(address, bytes, [&](uintptr_t at, size_t n) {
        Chunk &chunk = chunk_of(at);
        std::string wrong;
        if (!chunk.cells && n == CHUNK) {
            wrong = note(&chunk.alike, 15, who, deed, false);
        } else {
            Cell *cells = cells_of(chunk);
            for (size_t i = 0; i < n && wrong.empty();) {
                const size_t step = std::min(n - i, 4 - (at + i) % 4);
                wrong = note(&cells[(at + i) % CHUNK / 4],
                             mask_of(at + i, step), who, deed, false);
                i += step;
            }
        }
        if (!wrong.empty())
            die("%s, %s: %s", what,
                describe(reinterpret_cast<void *>(at)).c_str(), wrong.c_str());
    });
}

} /* namespace */

std::string note(Cell *cell, uint8_t mask, const Who &who, Deed deed,
                 bool shared)
{
    const bool writes = deed != Deed::READ && deed != Deed::PEEK;
    const bool atomic = deed != Deed::READ && deed != Deed::WRITE;
    Who me = who;

    me.atomic = atomic;
    if (deed != Deed::WRITE && deed != Deed::PUT &&
        (cell->written & mask) != mask)
        return "memory that nobody wrote is read";
    if (cell->writer_mask & mask && !(atomic && cell->writer.atomic) &&
        !in_order(cell->writer, who))
        return conflict(writes ? "write" : "read",
                        cell->writer.atomic ? "write by an atomic" : "write",
                        cell->writer, who, shared);
    if (!writes) {
        add_reader(cell, mask, me);
        return "";
    }
    if (cell->reader_mask & mask && !(atomic && cell->reader.atomic) &&
        !in_order(cell->reader, who))
        return conflict("write", "read", cell->reader, who, shared);
    cell->written |= mask;
    cell->writer = me;
    cell->writer_mask = mask;
    cell->reader_mask &= static_cast<uint8_t>(~mask);
    return "";
}

Cell *cell_of(const void *address)
{
    const uintptr_t at = reinterpret_cast<uintptr_t>(address);

    return &cells_of(chunk_of(at))[at % CHUNK / 4];
}

Cell *shared_cell_of(const void *address, uint32_t block_serial)
{
    SharedCell &it = shared_cells[reinterpret_cast<uintptr_t>(address) / 4];

    if (it.block_serial != block_serial) {
        it.block_serial = block_serial;
        it.cell = Cell();
    }
    return &it.cell;
}

void shadow_read(const void *address, size_t bytes, const char *what)
{
    if (checked && in_arena(address))
        whole_operation(address, bytes, Deed::READ, what);
}

void shadow_write(const void *address, size_t bytes, const char *what)
{
    if (checked && in_arena(address))
        whole_operation(address, bytes, Deed::WRITE, what);
}

/* As new: written by nobody. */
void shadow_forget(const void *address, size_t bytes)
{
    if (!checked)
        return;
    by_chunk(address, bytes, [](uintptr_t at, size_t n) {
        Chunk &chunk = chunk_of(at);
        if (n == CHUNK) {
            chunk.cells.reset();
            chunk.alike = Cell();
            return;
        }
        Cell *cells = cells_of(chunk);
        for (size_t i = at % CHUNK / 4; i <= (at % CHUNK + n - 1) / 4; i++)
            cells[i] = Cell();
    });
}

} /* namespace cudasim */
