/* tests/bench/bench_inference.c - forward passes of a network file, on demand
 *
 *     bench_inference FILE PARAMS SHAPE THREADS [keep]
 *
 * builds the network of FILE with the JSON object PARAMS, for inference of
 * inputs of SHAPE ("8x1x256x256"), and makes one forward for each line that it
 * reads.  Each answer is a line of JSON: milliseconds by the wall and of
 * processor time.  The end of the input is answered with the megabytes that the
 * network needs beside its weights.  With `keep` every layer runs by itself.
 *
 * Two of them, asked in turn, compare two ways or two versions on a machine
 * that others use too.
 */
/* links: base kernels stages */
#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "stages/network.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/banned.h"

enum { FILE_LIMIT = 1 << 20 };

typedef struct bench {
    ost_backend *backend;
    ost_network *file;
    ost_weights *weights;
    ost_net *net;
} bench;

static void fill(ost_tensor t)
{
    float *v = t.data;
    uint32_t r = 1;

    for (int64_t i = 0; i < ost_tensor_count(&t); i++) {
        r = r * 1664525u + 1013904223u;
        v[i] = (float)(r >> 8) * 0x1p-24f;
    }
}

static ost_rc build(bench *b, char **argv, unsigned flags, ost_err *err)
{
    int64_t shape[OST_MAX_DIMS];
    ost_buf text = { 0 };
    json_t *values = json_loads(argv[2], 0, NULL);
    char *p = argv[3];
    int ndim = 0;
    ost_rc rc;

    do
        shape[ndim++] = strtoll(p, &p, 10);
    while (*p++ == 'x' && ndim < OST_MAX_DIMS);
    rc = ost_backend_open("cpu", (int)strtol(argv[4], NULL, 10), &b->backend,
                          err);
    if (!rc)
        rc = ost_fs_read(argv[1], FILE_LIMIT, &text, err);
    if (!rc)
        rc = ost_network_read(argv[1], ost_buf_str(&text), text.len, values,
                              NULL, &b->file, err);
    if (rc)
        goto out;
    b->weights = ost_weights_new(b->backend);
    rc = ost_network_build(b->file, b->weights, ndim, shape, flags, &b->net,
                           err);
    if (!rc)
        rc = ost_weights_init(b->weights, 1, err);
    if (!rc)
        fill(ost_net_input(b->net));
out:
    ost_buf_release(&text);
    json_decref(values);
    return rc;
}

static ost_rc answer(bench *b, ost_err *err)
{
    double start = ost_now();
    clock_t used = clock();
    ost_rc rc = ost_net_forward(b->net, 0, err);

    printf("{\"ms\":%.3f,\"cpu_ms\":%.3f}\n", (ost_now() - start) * 1e3,
           (double)(clock() - used) * 1e3 / CLOCKS_PER_SEC);
    fflush(stdout);
    return rc;
}

int main(int argc, char **argv)
{
    bool keep = argc > 5 && strcmp(argv[5], "keep") == 0;
    bench b = { 0 };
    ost_err err = { 0 };
    char line[64];
    ost_rc rc;

    if (argc < 5) {
        fprintf(stderr,
                "usage: bench_inference FILE PARAMS SHAPE THREADS [keep]\n");
        return 2;
    }
    rc = build(&b, argv, keep ? OST_NET_KEEP : 0, &err);
    while (!rc && fgets(line, sizeof(line), stdin))
        rc = answer(&b, &err);
    if (rc)
        fprintf(stderr, "bench_inference: %s\n", err.text);
    else
        printf("{\"mb\":%.3f}\n", (double)ost_net_memory(b.net) * 1e-6);
    ost_net_free(b.net);
    ost_weights_free(b.weights);
    ost_network_free(b.file);
    if (b.backend)
        ost_backend_close(b.backend);
    return rc ? 1 : 0;
}
