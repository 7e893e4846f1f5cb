/* tests/bench/bench_canny.c - seconds that one Canny takes, on demand
 *
 *     bench_canny PIXELS HEIGHT WIDTH APERTURE L2 LOW HIGH
 *
 * PIXELS is a file of HEIGHT x WIDTH bytes.  For each line "n" on stdin the
 * detector runs n times and the seconds of all go to stdout, so that
 * bench_canny.py can alternate with OpenCV in one run; at the end of stdin the
 * edges go to PIXELS.edges.
 */
/* links: base kernels */
#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/text.h"
#include "kernels/image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static ost_rc answer(const ost_tensor *image, const ost_canny_spec *spec,
                     ost_tensor *edges, ost_err *err)
{
    char line[32];

    while (fgets(line, sizeof(line), stdin)) {
        int64_t n = 0;
        double start;

        line[strcspn(line, "\n")] = 0;
        if (!ost_parse_i64(line, &n))
            return ost_fail(err, OST_EUSAGE, "'%s' is no number", line);
        start = ost_now();
        for (int64_t i = 0; i < n; i++) {
            ost_rc rc = ost_cpu_canny(image, spec, edges, err);

            if (rc)
                return rc;
        }
        printf("%.9f\n", ost_now() - start);
        (void)fflush(stdout);
    }
    return OST_OK;
}

static ost_rc bench(char **argv, ost_err *err)
{
    int64_t shape[2] = { 0 }, aperture = 0, l2 = 0;
    ost_canny_spec spec = { 0 };
    ost_buf pixels = { 0 }, edges = { 0 };
    ost_tensor in, out;
    char *path = NULL;
    size_t n;
    ost_rc rc;

    if (!ost_parse_i64(argv[2], &shape[0]) ||
        !ost_parse_i64(argv[3], &shape[1]) ||
        !ost_parse_i64(argv[4], &aperture) || !ost_parse_i64(argv[5], &l2) ||
        !ost_parse_f64(argv[6], &spec.low) ||
        !ost_parse_f64(argv[7], &spec.high))
        return ost_fail(err, OST_EUSAGE, "a number is wrong");
    n = (size_t)(shape[0] * shape[1]);
    rc = ost_fs_read(argv[1], 1u << 30, &pixels, err);
    if (!rc && pixels.len != n)
        rc = ost_fail(err, OST_EUSAGE, "'%s' has %zu bytes", argv[1],
                      pixels.len);
    if (rc)
        goto out;
    spec.aperture = (int)aperture;
    spec.l2 = l2 != 0;
    ost_buf_reserve(&edges, n);
    in = ost_tensor_of(pixels.data, OST_U8, 2, shape);
    out = ost_tensor_of(edges.data, OST_U8, 2, shape);
    rc = answer(&in, &spec, &out, err);
    path = ost_xprintf("%s.edges", argv[1]);
    if (!rc)
        rc = ost_fs_write_atomic(path, edges.data, n, false, err);
out:
    ost_free(path);
    ost_buf_release(&edges);
    ost_buf_release(&pixels);
    return rc;
}

int main(int argc, char **argv)
{
    ost_err err = { 0 };

    if (argc != 8) {
        (void)fprintf(stderr, "usage: bench_canny PIXELS HEIGHT WIDTH APERTURE "
                              "L2 LOW HIGH\n");
        return 2;
    }
    if (bench(argv, &err)) {
        (void)fprintf(stderr, "bench_canny: %s\n", err.text);
        return 1;
    }
    return 0;
}
