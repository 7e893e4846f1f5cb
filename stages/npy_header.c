/* stages/npy_header.c - an array in a NumPy file
 *
 *     offset  bytes  what
 *          0      6  "\x93NUMPY"
 *          6      2  version: 1, 2 or 3, and 0
 *          8   2, 4  length of the text that follows, little endian: two bytes
 *                    in version 1, four in the others
 *                    a Python dictionary: 'descr', 'fortran_order', 'shape'
 *                    the elements
 *
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
#include "stages/npy_header.h"

#include <string.h>

#include "base/banned.h"

enum { MAGIC = 6, TEXT_LIMIT = 1 << 16, TYPE_LIMIT = 64 };

/* What is left of the dictionary. */
typedef struct {
    const char *p;
    const char *end;
} words;

typedef struct {
    char type[TYPE_LIMIT];
    bool fortran;
    ost_npy *array;
    bool has_type, has_order, has_shape;
} dictionary;

bool ost_npy_is(const void *data, size_t size)
{
    return size >= MAGIC && memcmp(data, "\x93NUMPY", MAGIC) == 0;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* The next sign, which is not taken; 0 at the end. */
static char look(words *w)
{
    while (w->p < w->end && is_space(*w->p))
        w->p++;
    return w->p < w->end ? *w->p : '\0';
}

static bool take(words *w, char c)
{
    if (look(w) != c || c == '\0')
        return false;
    w->p++;
    return true;
}

static bool take_word(words *w, const char *word)
{
    size_t n = strlen(word);

    (void)look(w);
    if ((size_t)(w->end - w->p) < n || memcmp(w->p, word, n) != 0)
        return false;
    w->p += n;
    return true;
}

/* A string without escapes. */
static bool take_string(words *w, char *out, size_t size)
{
    char quote = look(w);
    size_t n = 0;

    if ((quote != '\'' && quote != '"') || !take(w, quote))
        return false;
    while (w->p < w->end && *w->p != quote && *w->p != '\\' && n + 1 < size)
        out[n++] = *w->p++;
    out[n] = '\0';
    return take(w, quote);
}

static bool take_number(words *w, int64_t *value)
{
    bool any = false;

    *value = 0;
    (void)look(w);
    while (w->p < w->end && *w->p >= '0' && *w->p <= '9') {
        if (*value > INT64_MAX / 10 - 1)
            return false;
        *value = *value * 10 + (*w->p++ - '0');
        any = true;
    }
    (void)take(w, 'L'); /* as Python 2 wrote long integers */
    return any;
}

/* (2, 3), (2,) or (). */
static bool take_shape(words *w, ost_npy *a)
{
    a->ndim = 0;
    if (!take(w, '('))
        return false;
    while (!take(w, ')')) {
        if (a->ndim == OST_MAX_DIMS || !take_number(w, &a->shape[a->ndim++]))
            return false;
        if (!take(w, ',') && look(w) != ')')
            return false;
    }
    return true;
}

static bool take_entry(words *w, dictionary *d)
{
    char key[TYPE_LIMIT];

    if (!take_string(w, key, sizeof(key)) || !take(w, ':'))
        return false;
    if (strcmp(key, "descr") == 0 && !d->has_type) {
        d->has_type = true;
        if (look(w) == '[') { /* a record of several values */
            (void)memcpy(d->type, "[", 2);
            return true;
        }
        return take_string(w, d->type, sizeof(d->type));
    }
    if (strcmp(key, "fortran_order") == 0 && !d->has_order) {
        d->has_order = true;
        d->fortran = take_word(w, "True");
        return d->fortran || take_word(w, "False");
    }
    if (strcmp(key, "shape") == 0 && !d->has_shape) {
        d->has_shape = true;
        return take_shape(w, d->array);
    }
    return false;
}

/* True for a complete dictionary; one of records is left where they begin. */
static bool take_dictionary(words *w, dictionary *d)
{
    if (!take(w, '{'))
        return false;
    while (!take(w, '}')) {
        if (!take_entry(w, d))
            return false;
        if (d->type[0] == '[')
            return true;
        if (!take(w, ',') && look(w) != '}')
            return false;
    }
    return look(w) == '\0' && w->p == w->end && d->has_type && d->has_order &&
           d->has_shape;
}

/* "<f4", "|u1", ">i2", "=f8". */
static bool read_type(const char *text, ost_raw_type *t)
{
    static const char orders[] = "<>|=";
    const char *order = *text ? strchr(orders, *text) : NULL;

    if (order)
        text++;
    *t = (ost_raw_type){ .kind = text[0], .big = order && *order == '>' };
    if (text[0] == '\0' || text[1] < '1' || text[1] > '9' || text[2] != '\0')
        return false;
    t->size = (uint8_t)(text[1] - '0');
    return ost_raw_is_known(t);
}

static ost_rc set_strides(ost_npy *a, bool fortran, size_t bytes, ost_err *err)
{
    uint64_t n = 1;

    for (int k = 0; k < a->ndim; k++) {
        int d = fortran ? k : a->ndim - 1 - k;

        a->stride[d] = (int64_t)n;
        if (a->shape[d] > 0 &&
            n > (uint64_t)(INT64_MAX / 8) / (uint64_t)a->shape[d])
            return ost_fail(err, OST_EINPUT,
                            "damaged NumPy file: it claims too many elements");
        n *= (uint64_t)a->shape[d];
    }
    a->count = n;
    if (n * a->type.size > bytes)
        return ost_fail(err, OST_EINPUT,
                        "damaged NumPy file: it ends early (%zu of %llu bytes)",
                        bytes, (unsigned long long)(n * a->type.size));
    if (n * a->type.size < bytes)
        return ost_fail(err, OST_EINPUT,
                        "damaged NumPy file: %llu bytes follow the array",
                        (unsigned long long)(bytes - n * a->type.size));
    return OST_OK;
}

/* The text, and where it ends. */
static bool find_text(const unsigned char *p, size_t size, words *w)
{
    size_t head = p[MAGIC] == 1 ? 10 : 12;
    uint64_t n = 0;

    if (size < head || p[MAGIC] < 1 || p[MAGIC] > 3 || p[MAGIC + 1] != 0)
        return false;
    for (size_t i = 8; i < head; i++)
        n |= (uint64_t)p[i] << 8 * (i - 8);
    if (n > size - head || n > TEXT_LIMIT)
        return false;
    *w = (words){ (const char *)p + head, (const char *)p + head + n };
    return true;
}

ost_rc ost_npy_open(const void *data, size_t size, ost_npy *a, ost_err *err)
{
    const unsigned char *p = data;
    dictionary d = { .array = a };
    words w;

    *a = (ost_npy){ 0 };
    if (!ost_npy_is(data, size) || size < 8 || !find_text(p, size, &w))
        return ost_fail(err, OST_EINPUT, "damaged NumPy file: no head of one");
    a->data = (const unsigned char *)w.end;
    if (!take_dictionary(&w, &d))
        return ost_fail(err, OST_EINPUT,
                        "damaged NumPy file: its head is no dictionary of "
                        "descr, fortran_order and shape");
    if (!read_type(d.type, &a->type))
        return ost_fail(
            err, OST_EUNSUPPORTED, "NumPy: %s%s%s are not supported",
            d.type[0] == '[' ? "records" : "values of type '",
            d.type[0] == '[' ? "" : d.type, d.type[0] == '[' ? "" : "'");
    return set_strides(a, d.fortran, (size_t)(p + size - a->data), err);
}

const unsigned char *ost_npy_at(const ost_npy *a, const int64_t *index)
{
    int64_t at = 0;

    for (int d = 0; d < a->ndim; d++)
        at += index[d] * a->stride[d];
    return a->data + at * a->type.size;
}
