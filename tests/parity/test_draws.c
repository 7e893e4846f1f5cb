/* tests/parity/test_draws.c - random numbers as philox.py has them
 *
 * Reads draw_references.txt (make_draw_references.py says what is in it).
 * Layers that draw are compared by unit.operators.
 */
/* links: kernels base */
#include "base/alloc.h"
#include "base/fs.h"
#include "base/rng.h"
#include "kernels/gan.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static uint64_t bits(double v)
{
    uint64_t u;

    memcpy(&u, &v, sizeof(u));
    return u;
}

/* The next number of a kind. */
static uint64_t drawn(const char *kind, ost_rng *rng)
{
    if (strcmp(kind, "u64") == 0)
        return ost_rng_u64(rng);
    if (strcmp(kind, "f64") == 0)
        return bits(ost_rng_f64(rng));
    assert_string_equal(kind, "normal");
    return bits(ost_rng_normal(rng));
}

static uint64_t draw_of(const uint64_t name[3])
{
    ost_gan_spec spec = { .key = name[0] };
    ost_gan gan = { .spec = &spec, .step = (int64_t)name[1] };

    return ost_gan_draw(&gan, (int)name[2]);
}

/* Numbers of the line that were compared. */
static int check_line(char *line)
{
    char kind[16];
    uint64_t name[3];
    int used = 0;
    int count = 0;
    ost_rng rng;

    assert_int_equal(sscanf(line, "%15s %lx %lx %lx =%n", kind, &name[0],
                            &name[1], &name[2], &used),
                     4);
    assert_true(used > 0);
    rng = ost_rng_of(name[0], name[1]);
    for (char *at = line + used, *end;; at = end) {
        uint64_t want = strtoull(at, &end, 16);
        uint64_t got;

        if (end == at)
            return count;
        got = strcmp(kind, "draw") == 0 ? draw_of(name) : drawn(kind, &rng);
        if (got != want)
            fail_msg("%.*s: number %d is %llx, must be %llx", used, line, count,
                     (unsigned long long)got, (unsigned long long)want);
        count++;
    }
}

static void numbers_are_those_of_the_python_port(void **state)
{
    char *path = ost_path_join(getenv("OSTEON_SOURCE"),
                               "tests/parity/draw_references.txt");
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t cap = 0;
    int count = 0;

    (void)state;
    assert_non_null(file);
    while (getline(&line, &cap, file) > 0)
        count += check_line(line);
    assert_true(count > 100);
    (free)(line);
    fclose(file);
    ost_free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_those_of_the_python_port),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
