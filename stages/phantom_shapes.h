/* stages/phantom_shapes.h - what made-up anatomy is built from
 *
 * Everything is additions, products, divisions and square roots in a fixed
 * order, so that the same seeds give the same pixels on every machine.
 */
#ifndef OST_STAGES_PHANTOM_SHAPES_H
#define OST_STAGES_PHANTOM_SHAPES_H

#include <stddef.h>
#include <stdint.h>

double ost_shape_clamp01(double v);
/* 0 below `from`, 1 above `to`, smooth between. */
double ost_shape_ramp(double from, double to, double v);
/* Length of a ray through a cylinder of radius r, v beside its axis. */
double ost_shape_chord(double r, double v);
/* How far (x, y) is from the line between two points; where along it the
 * nearest point is, 0 to 1, goes to `*along`. */
double ost_shape_distance(const double from[2], const double to[2], double x,
                          double y, double *along);

/* A number of a point of a lattice, -1..1, and the same as 0..1 without 1. */
double ost_shape_lattice(int64_t x, int64_t y, uint32_t seed);
double ost_shape_unit(int64_t x, int64_t y, uint32_t seed);
/* -1..1, with features of size 1. */
double ost_shape_field(double x, double y, uint32_t seed);
/* Close to a standard normal number, another one for each pixel. */
double ost_shape_grain(int64_t x, int64_t y, uint32_t seed);
/* A Poisson number of mean `mean` (close to one from 24 on). */
uint32_t ost_shape_poisson(double mean, int64_t x, int64_t y, uint32_t seed);

/* The box x0, y0, x1, y1 (edges) around what is not 0; all 0 when nothing
 * is. */
void ost_shape_box(const uint8_t *mask, int64_t h, int64_t w, int64_t box[4]);

#endif
