/* kernels/stats/published.c - figures as they stand in print */
#include "kernels/stats/published.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/banned.h"

/* --- reading ------------------------------------------------------------- */

typedef enum { SAME, LESS, LESS_OR_SAME, MORE, MORE_OR_SAME } relation;

static const char *skip_spaces(const char *s)
{
    /* A no-break space is common before a percent sign. */
    for (;;) {
        if (*s == ' ')
            s++;
        else if (strncmp(s, "\xc2\xa0", 2) == 0)
            s += 2;
        else
            return s;
    }
}

static const char *read_relation(const char *s, relation *is)
{
    static const struct {
        const char *text;
        relation is;
    } forms[] = {
        { "<=", LESS_OR_SAME }, { "\xe2\x89\xa4", LESS_OR_SAME }, { "<", LESS },
        { ">=", MORE_OR_SAME }, { "\xe2\x89\xa5", MORE_OR_SAME }, { ">", MORE },
    };

    *is = SAME;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
        if (strncmp(s, forms[i].text, strlen(forms[i].text)) == 0) {
            *is = forms[i].is;
            return s + strlen(forms[i].text);
        }
    return s;
}

/* Digits with at most one point; NULL when it is no number. */
static const char *read_digits(const char *s, ost_printed *p, int64_t *digits)
{
    int n = 0;
    bool point = false;

    *digits = 0;
    for (;; s++) {
        if (*s == '.' && !point) {
            point = true;
            continue;
        }
        if (*s < '0' || *s > '9')
            break;
        *digits = *digits * 10 + (*s - '0');
        p->decimals += point;
        if (++n > OST_PRINTED_DIGITS)
            return NULL;
    }
    return n > 0 ? s : NULL;
}

static void set_ends(ost_printed *p, relation is, ost_rounding rounding)
{
    const int64_t far = INT64_C(1) << 40;

    if (is != SAME) {
        bool below = is == LESS || is == LESS_OR_SAME;

        p->bound = true;
        p->lower = below ? 0 : p->value;
        p->upper = below ? p->value : far;
        p->lower_open = is == MORE;
        p->upper_open = is == LESS;
        return;
    }
    /* A unit of the last digit is two parts of den. */
    p->lower = p->value - (rounding == OST_ROUNDING_CUT ? 0 : 1);
    p->upper = p->value + (rounding == OST_ROUNDING_NEAREST ? 1 : 2);
    p->upper_open = rounding != OST_ROUNDING_NEAREST;
}

bool ost_printed_parse(const char *text, ost_rounding rounding, ost_printed *p)
{
    relation is;
    int64_t digits;
    const char *s;

    *p = (ost_printed){ .den = 2 };
    s = skip_spaces(read_relation(skip_spaces(text), &is));
    s = read_digits(s, p, &digits);
    if (!s)
        return false;
    s = skip_spaces(s);
    if (*s == '%') {
        p->percent = true;
        s = skip_spaces(s + 1);
    }
    if (*s)
        return false;
    for (int i = 0; i < p->decimals; i++)
        p->den *= 10;
    if (p->percent)
        p->den *= 100;
    p->value = 2 * digits;
    set_ends(p, is, rounding);
    return true;
}

/* --- whether a number prints so ------------------------------------------ */

ost_ratio ost_printed_lower(const ost_printed *p)
{
    return ost_ratio_of(p->lower, p->den);
}

ost_ratio ost_printed_upper(const ost_printed *p)
{
    return ost_ratio_of(p->upper, p->den);
}

/* a is k * den, b the end times n. */
static bool reaches(ost_int128 a, ost_int128 b, bool open)
{
    return open ? a > b : a >= b;
}

bool ost_printed_ratio(const ost_printed *p, int64_t k, int64_t n)
{
    ost_int128 scaled = (ost_int128)k * p->den;

    if (n == 0) {
        scaled = 0;
        n = 1;
    }
    return reaches(scaled, (ost_int128)p->lower * n, p->lower_open) &&
           reaches((ost_int128)p->upper * n, scaled, p->upper_open);
}

bool ost_printed_exact(const ost_printed *p, ost_ratio v)
{
    int low, high;

    if (!ost_ratio_valid(v))
        return false;
    low = ost_ratio_compare(v, ost_printed_lower(p));
    high = ost_ratio_compare(ost_printed_upper(p), v);
    return low >= p->lower_open && high >= p->upper_open;
}

bool ost_printed_double(const ost_printed *p, double v)
{
    double lower = (double)p->lower / (double)p->den;
    double upper = (double)p->upper / (double)p->den;

    return v >= lower - 1e-12 && v <= upper + 1e-12 &&
           !(p->lower_open && v <= lower) && !(p->upper_open && v >= upper);
}

static int64_t divide_down(ost_int128 a, int64_t b)
{
    ost_int128 q = a / b;

    return (int64_t)(q - (a % b < 0));
}

static int64_t divide_up(ost_int128 a, int64_t b)
{
    return -divide_down(-a, b);
}

bool ost_printed_numerators(const ost_printed *p, int64_t n, int64_t most,
                            int64_t *low, int64_t *high)
{
    ost_int128 lower = (ost_int128)p->lower * n;
    ost_int128 upper = (ost_int128)p->upper * n;

    assert(n >= 0 && most >= 0);
    if (n == 0) {
        *low = 0;
        *high = most;
        return ost_printed_ratio(p, 0, 0);
    }
    *low = p->lower_open ? divide_down(lower, p->den) + 1
                         : divide_up(lower, p->den);
    *high = p->upper_open ? divide_up(upper, p->den) - 1
                          : divide_down(upper, p->den);
    *low = *low < 0 ? 0 : *low;
    *high = *high > most ? most : *high;
    return *low <= *high;
}

bool ost_printed_denominators(const ost_printed *p, int64_t k, int64_t most,
                              int64_t *low, int64_t *high)
{
    ost_int128 scaled = (ost_int128)k * p->den;

    assert(k > 0);
    if (p->upper <= 0)
        return false;
    *low = p->upper_open ? divide_down(scaled, p->upper) + 1
                         : divide_up(scaled, p->upper);
    *high = most;
    if (p->lower > 0)
        *high = p->lower_open ? divide_up(scaled, p->lower) - 1
                              : divide_down(scaled, p->lower);
    *low = *low < k ? k : *low;
    *high = *high > most ? most : *high;
    return *low <= *high;
}
