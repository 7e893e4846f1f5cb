/* tests/bench/bench_store.c - how fast the store opens, reads and commits
 *
 *     bench_store [FOLDER]
 *
 * Prints one JSON line per measure: the median of the rounds, per second unless
 * the name says otherwise.  The store is made below FOLDER (default: here) and
 * removed afterwards.
 */
/* links: base store */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/fs.h"
#include "store/artifact.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { ROUNDS = 7, RECORDS = 20000, ITEMS = 1000000, LARGE = 64 * 1024 };

static ost_store *store;
static char *path;

/* Ends the program when something that is measured fails. */
static void must(ost_rc rc, const ost_err *err)
{
    if (rc) {
        fprintf(stderr, "bench_store: %s\n", err->text);
        exit(1);
    }
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Seconds of `once`, median of the rounds. */
static double median(void (*once)(unsigned round))
{
    double seconds[ROUNDS];

    for (unsigned i = 0; i < ROUNDS; i++) {
        double start = ost_now();

        once(i);
        seconds[i] = ost_now() - start;
    }
    qsort(seconds, ROUNDS, sizeof(seconds[0]), compare);
    return seconds[ROUNDS / 2];
}

static void report(const char *name, double value, const char *unit)
{
    printf("{\"bench\":\"store\",\"name\":\"%s\",\"value\":%.6g,"
           "\"unit\":\"%s\"}\n",
           name, value, unit);
    (void)fflush(stdout);
}

static ost_key key_of(unsigned round, unsigned i)
{
    unsigned numbers[2] = { round, i };

    return ost_digest_of(numbers, sizeof(numbers));
}

/* --- measures
 * ------------------------------------------------------------------ */

static void open_and_close(unsigned round)
{
    ost_err err = { 0 };

    (void)round;
    for (int i = 0; i < 100; i++) {
        ost_store_close(store);
        must(ost_store_open(path, 0, &store, &err), &err);
    }
}

static size_t group; /* records per commit */

static void put_groups(unsigned round)
{
    ost_batch *b = ost_batch_new(store);
    ost_err err = { 0 };
    char value[300] = "";
    size_t total = group < 16 ? 100 * group : RECORDS;

    for (unsigned i = 0; i < total; i++) {
        ost_key key = key_of(round * 100 + (unsigned)group, i);

        ost_batch_put(b, OST_TABLE_NODES, key.b, sizeof(key.b), value,
                      sizeof(value));
        if ((i + 1) % group == 0)
            must(ost_store_commit(store, b, &err), &err);
    }
    must(ost_store_commit(store, b, &err), &err);
    ost_batch_free(b);
}

static void measure_commits(void)
{
    static const size_t groups[] = { 1, 64, 256, 1000, 10000 };
    char name[64];

    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        group = groups[i];
        snprintf(name, sizeof(name), "records committed by %zu", group);
        report(name,
               (double)(group < 16 ? 100 * group : RECORDS) /
                   median(put_groups),
               "per second");
    }
}

static void get_records(unsigned round)
{
    ost_buf out = { 0 };
    ost_err err = { 0 };

    (void)round;
    for (unsigned i = 0; i < RECORDS; i++) {
        ost_key key = key_of((unsigned)group, i); /* of the first round */

        ost_buf_reset(&out);
        must(ost_store_get(store, OST_TABLE_NODES, key.b, sizeof(key.b), &out,
                           &err),
             &err);
    }
    ost_buf_release(&out);
}

static unsigned char *bytes;

static void put_large(unsigned round)
{
    ost_batch *b = ost_batch_new(store);
    ost_err err = { 0 };
    ost_digest d;

    for (unsigned i = 0; i < 200; i++) {
        memcpy(bytes, &round, sizeof(round));
        memcpy(bytes + sizeof(round), &i, sizeof(i));
        must(ost_batch_put_blob(b, bytes, LARGE, &d, &err), &err);
    }
    must(ost_store_commit(store, b, &err), &err);
    ost_batch_free(b);
}

static void get_large(unsigned round)
{
    ost_err err = { 0 };

    for (unsigned i = 0; i < 200; i++) {
        ost_blob blob;
        ost_digest d;

        memcpy(bytes, &round, sizeof(round));
        memcpy(bytes + sizeof(round), &i, sizeof(i));
        d = ost_digest_of(bytes, LARGE);
        must(ost_store_blob(store, &d, true, &blob, &err), &err);
        ost_blob_release(&blob);
    }
}

/* --- a million items
 * -------------------------------------------------------------- */

static ost_digest dataset;

static void put_items(void)
{
    ost_arena arena = { 0 };
    ost_item *items = OST_ARENA_ARRAY(&arena, ost_item, ITEMS);
    ost_field *fields = OST_ARENA_ARRAY(&arena, ost_field, ITEMS);
    const char *const labels[] = { "fracture", "normal" };
    ost_batch *b = ost_batch_new(store);
    ost_err err = { 0 };
    double start;

    for (unsigned i = 0; i < ITEMS; i++) {
        fields[i] = (ost_field){ .name = "image",
                                 .dtype = OST_U8,
                                 .ndim = 2,
                                 .shape = { 256, 256 },
                                 .stride = { 256, 1 },
                                 .blob = key_of(0, i) };
        items[i] = (ost_item){
            .id = ost_arena_printf(&arena, "site/patient%06u/%u", i / 4, i % 4),
            .group = ost_arena_printf(&arena, "patient%06u", i / 4),
            .labels = &labels[i % 2],
            .n_labels = 1,
            .fields = &fields[i],
            .n_fields = 1,
        };
    }
    start = ost_now();
    must(ost_dataset_put(b, OST_DATASET, "{}", items, ITEMS, &dataset, &err),
         &err);
    must(ost_store_commit(store, b, &err), &err);
    report("a million items, put and committed", ost_now() - start, "seconds");
    ost_batch_free(b);
    ost_arena_release(&arena);
}

static void get_items(unsigned round)
{
    ost_batch *b = ost_batch_new(store);
    ost_arena arena = { 0 };
    ost_artifact a;
    ost_item *items;
    size_t n;
    ost_err err = { 0 };

    (void)round;
    must(ost_artifact_get(b, &dataset, &arena, &a, &err), &err);
    must(ost_dataset_items(b, &a, &arena, &items, &n, &err), &err);
    ost_arena_release(&arena);
    ost_batch_free(b);
}

int main(int argc, char **argv)
{
    ost_err err = { 0 };

    path = ost_path_join(argc > 1 ? argv[1] : ".", "bench.store");
    bytes = ost_xalloc(LARGE);
    must(ost_fs_remove_tree(path, &err), &err);
    must(ost_store_open(path, OST_STORE_CREATE, &store, &err), &err);
    measure_commits();
    report("records read", RECORDS / median(get_records), "per second");
    report("open and close", median(open_and_close) * 1e4, "microseconds");
    report("blobs of 64 KiB committed by 200",
           200.0 * LARGE / 1e6 / median(put_large), "MB/s");
    report("blobs of 64 KiB hashed, mapped and verified",
           200.0 * LARGE / 1e6 / median(get_large), "MB/s");
    put_items();
    report("a million items, opened", median(get_items), "seconds");
    ost_store_close(store);
    must(ost_fs_remove_tree(path, &err), &err);
    ost_free(path);
    ost_free(bytes);
    return 0;
}
