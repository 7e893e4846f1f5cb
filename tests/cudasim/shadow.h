/* tests/cudasim/shadow.h - accesses to memory of the device, remembered */
#ifndef OST_TESTS_CUDASIM_SHADOW_H
#define OST_TESTS_CUDASIM_SHADOW_H

#include "tests/cudasim/sim.h"

namespace cudasim
{

constexpr uint32_t MANY = 0xffffffff; /* blocks */
constexpr uint16_t ANY = 0xffff;      /* threads of several warps */
constexpr uint16_t WARP = 0x8000;     /* with a number: threads of a warp */

/* Who accesses: an operation, and in it a thread of a kernel. */
struct Who {
    uint32_t operation = 0, block = 0;
    uint16_t thread = 0, phase = 0, warp_phase = 0;
    bool atomic = false, fenced = false;
};

/* What is known of 4 bytes; masks have a bit for each. */
struct Cell {
    Who writer, reader;
    uint8_t written = 0, writer_mask = 0, reader_mask = 0;
};

/* PEEK and PUT are what is volatile: meant to meet others at any time. */
enum class Deed { READ, WRITE, ATOMIC, PEEK, PUT };

/* Notes an access to some of the bytes of a cell.  Gives what is wrong with
 * it, or "". */
std::string note(Cell *cell, uint8_t mask, const Who &who, Deed deed,
                 bool shared);

/* The cells of memory of the device, found by address. */
Cell *cell_of(const void *address);
/* Of shared memory; empty when last touched by another block. */
Cell *shared_cell_of(const void *address, uint32_t block_serial);

} /* namespace cudasim */

#endif
