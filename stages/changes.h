/* stages/changes.h - pictures moved and toned at random
 *
 * One change shears, flips, scales, rotates and shifts a picture about its
 * center and deforms it, all in one resampling step; then it bends the values
 * (gamma, between the smallest and the largest), changes contrast and
 * brightness and adds noise.  The unit of brightness and noise is the full
 * range of integers, and 1 for f32.  All numbers are drawn in one fixed order,
 * so that switching one kind on or off leaves the others as they were.
 */
#ifndef OST_STAGES_CHANGES_H
#define OST_STAGES_CHANGES_H

#include "kernels/image.h"
#include "stages/elastic.h"
#include "stages/stage.h"

/* How far changes go; members are explained by the rows below. */
typedef struct ost_change_ranges {
    double rotate;
    double translate;
    double translate_share;
    double scale;
    double shear;
    double flip_h;
    double flip_v;
    double elastic;
    double elastic_sigma;
    double brightness;
    double contrast;
    double gamma;
    double noise;
    int border;
    double fill;
} ost_change_ranges;

#define OST_CHANGE_PARAM(type, at, member, kind_word, help_text, ...)       \
    {                                                                       \
        .name = #member, .kind = OST_PARAM_##kind_word,                     \
        .offset = offsetof(type, at) + offsetof(ost_change_ranges, member), \
        .help = (help_text), __VA_ARGS__                                    \
    }

/* The rows of a parameter table for the ranges at member `at` of `type`. */
#define OST_CHANGE_PARAMS(type, at)                                            \
    OST_CHANGE_PARAM(type, at, rotate, F64, "largest angle in degrees",        \
                     .dflt = "0", .min = 0, .max = 180),                       \
        OST_CHANGE_PARAM(type, at, translate, F64, "largest shift in pixels",  \
                         .dflt = "0", .min = 0, .max = 65536),                 \
        OST_CHANGE_PARAM(type, at, translate_share, F64,                       \
                         "largest shift as a share of width and height, "      \
                         "added to 'translate'",                               \
                         .dflt = "0", .min = 0, .max = 1),                     \
        OST_CHANGE_PARAM(type, at, scale, F64,                                 \
                         "largest change of size: 0.1 is 0.9 to 1.1 times",    \
                         .dflt = "0", .min = 0, .max = 0.9),                   \
        OST_CHANGE_PARAM(type, at, shear, F64,                                 \
                         "largest angle in degrees by which uprights lean",    \
                         .dflt = "0", .min = 0, .max = 60),                    \
        OST_CHANGE_PARAM(type, at, flip_h, F64,                                \
                         "how often left and right are swapped, 0 to 1",       \
                         .dflt = "0", .min = 0, .max = 1),                     \
        OST_CHANGE_PARAM(type, at, flip_v, F64,                                \
                         "how often top and bottom are swapped, 0 to 1",       \
                         .dflt = "0", .min = 0, .max = 1),                     \
        OST_CHANGE_PARAM(                                                      \
            type, at, elastic, F64,                                            \
            "largest displacement in pixels by a smooth random field",         \
            .dflt = "0", .min = 0, .max = 4096),                               \
        OST_CHANGE_PARAM(type, at, elastic_sigma, F64,                         \
                         "pixels over which that field changes", .dflt = "16", \
                         .min = 1, .max = 65536),                              \
        OST_CHANGE_PARAM(                                                      \
            type, at, brightness, F64,                                         \
            "largest shift of values, as a share of the full range",           \
            .dflt = "0", .min = 0, .max = 1),                                  \
        OST_CHANGE_PARAM(type, at, contrast, F64,                              \
                         "largest change of contrast about the mean: 0.1 is "  \
                         "0.9 to 1.1 times",                                   \
                         .dflt = "0", .min = 0, .max = 1),                     \
        OST_CHANGE_PARAM(                                                      \
            type, at, gamma, F64,                                              \
            "largest change of the exponent: 0.25 is 0.8 to 1.25",             \
            .dflt = "0", .min = 0, .max = 10),                                 \
        OST_CHANGE_PARAM(type, at, noise, F64,                                 \
                         "largest standard deviation of added noise, as a "    \
                         "share of the full range",                            \
                         .dflt = "0", .min = 0, .max = 1),                     \
        OST_CHANGE_PARAM(                                                      \
            type, at, border, CHOICE,                                          \
            "what comes in at the sides: 'fill', or the nearest pixel",        \
            .dflt = "\"constant\"", .choices = "constant|edge"),               \
        OST_CHANGE_PARAM(type, at, fill, F64,                                  \
                         "value that comes in at the sides", .dflt = "0",      \
                         .min = -1e9, .max = 1e9)

/* One change. */
typedef struct ost_change {
    const ost_change_ranges *ranges;
    const ost_backend *images; /* what computes; NULL: the CPU */
    ost_motion motion;         /* shifts are 0: see below */
    double shift_x;            /* -1..1 of the reach */
    double shift_y;
    double shear; /* degrees */
    double brightness;
    double contrast;
    double gamma; /* exponent */
    double noise; /* standard deviation */
    uint32_t noise_seed;
    ost_elastic elastic;
} ost_change;

/* Reads ranges from an object of such params, those left out by default.
 * OST_EWORKFLOW names what is wrong, behind `name`. */
ost_rc ost_change_ranges_read(const char *name, const json_t *with,
                              ost_change_ranges *ranges, ost_err *err);
/* Whether any picture can be changed at all; whether its values can. */
bool ost_change_ranges_any(const ost_change_ranges *ranges);
bool ost_change_ranges_tone(const ost_change_ranges *ranges);

/* Draws a change; always as many numbers of `r`. */
ost_change ost_change_draw(const ost_change_ranges *ranges, ost_rng *r);
/* The change that does to a mirrored picture (left and right swapped) what `c`
 * does to the picture; the noise has other numbers. */
ost_change ost_change_mirror(const ost_change *c);
/* The same for frame `frame` of a picture: only the noise is another. */
ost_change ost_change_of_frame(const ost_change *c, uint64_t frame);
/* Its shift of a picture of that size, in pixels right and down. */
void ost_change_shift(const ost_change *c, int64_t height, int64_t width,
                      double shift[2]);
/* From output to input pixels of a picture of that size, without what is
 * elastic. */
ost_affine ost_change_map(const ost_change *c, int64_t height, int64_t width);

enum ost_change_flags {
    OST_CHANGE_MASK = 1u << 0,   /* the nearest pixel, 0 at the sides */
    OST_CHANGE_TONE = 1u << 1,   /* the values too */
    OST_CHANGE_FRAMES = 1u << 2, /* (T, H, W): all frames alike */
};

/* Changes a plane (H, W[, C]) into another of its type and shape. */
ost_rc ost_change_plane(const ost_change *c, unsigned flags,
                        const ost_tensor *in, ost_tensor *out, ost_err *err);
/* The same, or all frames of a picture. */
ost_rc ost_change_picture(const ost_change *c, unsigned flags,
                          const ost_tensor *in, ost_tensor *out, ost_err *err);

#endif
