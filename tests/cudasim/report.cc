/* tests/cudasim/report.cc - messages, counters, settings, and errors on demand
 */
#include "tests/cudasim/sim.h"

#include <algorithm>
#include <execinfo.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

namespace cudasim
{

cudasim_counts counts;
std::string &doing = lasting<std::string>();

std::string text(const char *format, ...)
{
    char line[1000];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    return line;
}

static void write_counters()
{
    const char *name = getenv("OSTEON_CUDASIM_COUNTERS");

    if (!name || !*name || !(counts.allocations + counts.copies))
        return;
    FILE *file = fopen(name, "w");
    if (!file)
        return;
    const char *before = "{";
#define CUDASIM_FIELD(field)                                \
    fprintf(file, "%s\n  \"" #field "\": %llu", before,     \
            static_cast<unsigned long long>(counts.field)); \
    before = ",";
    CUDASIM_COUNTERS(CUDASIM_FIELD)
#undef CUDASIM_FIELD
    fprintf(file, "\n}\n");
    fclose(file);
}

void die(const char *format, ...)
{
    static bool dying;
    char line[1000];
    va_list args;

    if (dying)
        _exit(86);
    dying = true;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    fprintf(stderr, "cudasim: %s\n", line);
    if (!doing.empty())
        fprintf(stderr, "cudasim: while the device did: %s\n", doing.c_str());
    fprintf(stderr, "cudasim: the host was in:\n");
    void *frames[24];
    const int n = backtrace(frames, 24);
    fflush(stderr);
    backtrace_symbols_fd(frames + 1, n - 1, 2);
    write_counters();
    abort();
}

int64_t setting(const char *name, int64_t otherwise)
{
    const char *value = getenv(name);

    return value && *value ? strtoll(value, nullptr, 10) : otherwise;
}

const char *word_setting(const char *name, const char *otherwise)
{
    const char *value = getenv(name);

    return value && *value ? value : otherwise;
}

bool injected(const char *kind)
{
    static auto &seen = lasting<std::map<std::string, int64_t>>();
    const char *rest = getenv("OSTEON_CUDASIM_FAIL");
    const size_t length = strlen(kind);
    bool asked = false;
    int64_t at = 0;

    while (rest && *rest) {
        if (!strncmp(rest, kind, length) && rest[length] == ':') {
            at = strtoll(rest + length + 1, nullptr, 10);
            asked = true;
        }
        rest = strchr(rest, ',');
        if (rest)
            rest++;
    }
    return asked && (!at || ++seen[kind] == at);
}

/* Numbers ------------------------------------------------------------- */

static std::vector<void *> (&kept_blocks())[48]
{
    static auto *all = new std::vector<void *>[48];

    return *reinterpret_cast<std::vector<void *>(*)[48]>(all);
}

static int size_class(size_t bytes)
{
    return bytes <= 64 ? 6 : 64 - __builtin_clzl(bytes - 1);
}

void *kept_take(size_t bytes)
{
    const int of = size_class(bytes);
    auto &blocks = kept_blocks()[of];

    if (blocks.empty()) {
        void *memory = aligned_alloc(64, static_cast<size_t>(1) << of);
        if (!memory)
            die("no memory of the host for %zu bytes", bytes);
        return memory;
    }
    void *memory = blocks.back();
    blocks.pop_back();
    return memory;
}

void kept_give(void *memory, size_t bytes)
{
    const int of = size_class(bytes);

    if (kept_blocks()[of].size() >= 4)
        free(memory);
    else
        kept_blocks()[of].push_back(memory);
}

/* Handles ------------------------------------------------------------- */

static std::map<const void *, std::string> &handles()
{
    static auto *all = new std::map<const void *, std::string>;

    return *all;
}

void handle_add(const void *handle, const char *kind)
{
    handles()[handle] = kind;
}

void handle_check(const void *handle, const char *kind, const char *call)
{
    const auto it = handles().find(handle);

    if (it == handles().end())
        die("%s: %p is no %s: never made, or destroyed", call, handle, kind);
    if (it->second != kind)
        die("%s: %p is a %s, not a %s", call, handle, it->second.c_str(), kind);
}

void handle_remove(const void *handle, const char *kind)
{
    handle_check(handle, kind, "destroy");
    handles().erase(handle);
}

size_t handles_left(std::string *which)
{
    std::map<std::string, int> kinds;

    for (const auto &one : handles())
        kinds[one.second]++;
    for (const auto &kind : kinds)
        *which += text("%s%d of %s", which->empty() ? "" : ", ", kind.second,
                       kind.first.c_str());
    return handles().size();
}

/* At the end ---------------------------------------------------------- */

/* What a process that ends well has to have given back. */
static void at_exit(int status, void *)
{
    std::string left, what;
    size_t bytes = 0, count = 0;

    write_counters();
    if (status || Call::lost() || !setting("OSTEON_CUDASIM_LEAKS", 1))
        return;
    doing.clear();
    for (int device = 0; device < device_count(); device++)
        for (const Allocation *one : arena_live(device)) {
            if (count++ < 5)
                left += text("\ncudasim:   %zu bytes at %p from %s", one->bytes,
                             static_cast<void *>(one->start), one->by.c_str());
            bytes += one->bytes;
        }
    if (count)
        fprintf(stderr, "cudasim: leak: %zu bytes in %zu allocations%s\n",
                bytes, count, left.c_str());
    if (handles_left(&what)) {
        fprintf(stderr, "cudasim: leak: %s\n", what.c_str());
        count++;
    }
    if (count) {
        fflush(nullptr);
        _exit(86);
    }
}

__attribute__((constructor)) static void begin()
{
    on_exit(at_exit, nullptr);
}

} /* namespace cudasim */

extern "C" const cudasim_counts *cudasim_counters(void)
{
    return &cudasim::counts;
}

const int cudasim_is_standin = 1;
