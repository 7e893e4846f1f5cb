/* stages/changes.h - pictures moved and toned at random
 *
 * One change flips, scales, rotates and shifts a picture about its center in
 * one resampling step, and then changes brightness and contrast, whose unit is
 * the full range of integers, and 1 for f32.  All numbers are drawn in one
 * fixed order, so that switching one kind on or off leaves the others as they
 * were.
 */
#ifndef OST_STAGES_CHANGES_H
#define OST_STAGES_CHANGES_H

#include "kernels/image.h"
#include "stages/stage.h"

/* How far changes go; members are explained by the rows below. */
typedef struct ost_change_ranges {
    double rotate;
    double translate;
    double scale;
    double flip_h;
    double flip_v;
    double brightness;
    double contrast;
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
#define OST_CHANGE_PARAMS(type, at)                                           \
    OST_CHANGE_PARAM(type, at, rotate, F64, "largest angle in degrees",       \
                     .dflt = "0", .min = 0, .max = 180),                      \
        OST_CHANGE_PARAM(type, at, translate, F64,                            \
                         "largest shift, as a share of width and height",     \
                         .dflt = "0", .min = 0, .max = 1),                    \
        OST_CHANGE_PARAM(type, at, scale, F64,                                \
                         "largest change of size: 0.1 is 0.9 to 1.1 times",   \
                         .dflt = "0", .min = 0, .max = 0.9),                  \
        OST_CHANGE_PARAM(type, at, flip_h, F64,                               \
                         "how often left and right are swapped, 0 to 1",      \
                         .dflt = "0", .min = 0, .max = 1),                    \
        OST_CHANGE_PARAM(type, at, flip_v, F64,                               \
                         "how often top and bottom are swapped, 0 to 1",      \
                         .dflt = "0", .min = 0, .max = 1),                    \
        OST_CHANGE_PARAM(                                                     \
            type, at, brightness, F64,                                        \
            "largest shift of values, as a share of the full range",          \
            .dflt = "0", .min = 0, .max = 1),                                 \
        OST_CHANGE_PARAM(type, at, contrast, F64,                             \
                         "largest change of contrast about the mean: 0.1 is " \
                         "0.9 to 1.1 times",                                  \
                         .dflt = "0", .min = 0, .max = 1),                    \
        OST_CHANGE_PARAM(                                                     \
            type, at, border, CHOICE,                                         \
            "what comes in at the sides: 'fill', or the nearest pixel",       \
            .dflt = "\"constant\"", .choices = "constant|edge"),              \
        OST_CHANGE_PARAM(type, at, fill, F64,                                 \
                         "value that comes in at the sides", .dflt = "0",     \
                         .min = -1e9, .max = 1e9)

/* One change. */
typedef struct ost_change {
    const ost_change_ranges *ranges;
    ost_motion motion; /* shifts as shares of the sides */
    double brightness;
    double contrast;
} ost_change;

/* Reads ranges from an object of such params, those left out by default.
 * OST_EWORKFLOW names what is wrong, behind `name`. */
ost_rc ost_change_ranges_read(const char *name, const json_t *with,
                              ost_change_ranges *ranges, ost_err *err);
/* Whether any picture can be changed at all; whether its values can. */
bool ost_change_ranges_any(const ost_change_ranges *ranges);
bool ost_change_ranges_tone(const ost_change_ranges *ranges);

/* Draws a change; eight numbers of `r`. */
ost_change ost_change_draw(const ost_change_ranges *ranges, ost_rng *r);
/* From output to input pixels of a picture of that size. */
ost_affine ost_change_map(const ost_change *c, int64_t height, int64_t width);

enum ost_change_flags {
    OST_CHANGE_MASK = 1u << 0,   /* the nearest pixel, 0 at the sides */
    OST_CHANGE_TONE = 1u << 1,   /* brightness and contrast too */
    OST_CHANGE_FRAMES = 1u << 2, /* (T, H, W): all frames alike */
};

/* Changes a plane (H, W[, C]) into another of its type and shape. */
ost_rc ost_change_plane(const ost_change *c, unsigned flags,
                        const ost_tensor *in, ost_tensor *out, ost_err *err);
/* The same, or all frames of a picture. */
ost_rc ost_change_picture(const ost_change *c, unsigned flags,
                          const ost_tensor *in, ost_tensor *out, ost_err *err);

#endif
