/* stages/phantom.h - the kinds of made-up studies
 *
 * A kind draws patients, then the shots of each: a shot is an image, or the
 * images of one exam, with its files and its lines of the manifest.  How to
 * add one: stages/phantom_x.c with `const ost_phantom_kind ost_phantom_x`, its
 * word in the choices of `kind` and its row in `kinds`, both in
 * stages/phantom.c.
 */
#ifndef OST_STAGES_PHANTOM_H
#define OST_STAGES_PHANTOM_H

#include "base/buf.h"
#include "base/rng.h"
#include "stages/stage.h"

enum { OST_PHANTOM_FILES = 6, OST_PHANTOM_CLASSES = 4 };

typedef struct ost_phantom_params {
    int kind;
    int64_t patients;
    ost_i64_list images;
    ost_i64_list size;
    double lesions;
    ost_f64_list shares;
    double contrast;
    ost_str_list labels;
    int64_t sites;
    ost_str_list bones;
    int views;
    int64_t series;
    const char *prefix;
} ost_phantom_params;

enum { OST_PHANTOM_VIEW_FILES, OST_PHANTOM_VIEW_FRAMES };

typedef struct ost_phantom_file {
    const char *path;
    ost_buf bytes;
} ost_phantom_file;

/* One shot: what is drawn of it at first, and what is made of that later. */
typedef struct ost_phantom_shot {
    const ost_phantom_params *params;
    ost_arena *arena; /* for .shot, not for .draw */
    const char *id;   /* "P07_2" */
    const char *patient;
    const char *site; /* "B" */
    unsigned site_number;
    int64_t number; /* of the patient, from 0; of the shot, from 0 */
    int64_t index;
    int64_t count; /* shots of the patient */
    int64_t day;
    size_t class_index; /* of the patient */
    int64_t height;
    int64_t width;
    void *plan; /* what .shot drew */
    ost_phantom_file files[OST_PHANTOM_FILES];
    size_t n_files;
    ost_buf rows; /* lines of the manifest */
} ost_phantom_shot;

typedef struct ost_phantom_kind {
    const char *columns; /* of the manifest, behind those of all kinds */
    size_t n_classes;
    const char *labels[OST_PHANTOM_CLASSES];
    /* Patients of each class as ratios; all 0: the parameter `lesions` says
     * how many are of the second of two. */
    double shares[OST_PHANTOM_CLASSES];
    int64_t size[2];
    int64_t images[2]; /* shots of a patient: least and largest number */
    size_t anatomy_size;
    size_t plan_size;
    /* Refuses parameters; may be NULL. */
    ost_rc (*check)(const ost_phantom_params *p, ost_err *err);
    /* Shots of a patient, where `images` does not say it; may be NULL.  `rank`
     * is the patient's place when all are lined up by class, the last class
     * first; within a class it is drawn who stands where. */
    int64_t (*count)(const ost_phantom_params *p, const size_t *of_class,
                     size_t rank);
    /* What all shots of a patient share; `first` is one as .shot gets it. */
    void (*patient)(ost_rng *r, const ost_phantom_shot *first, void *anatomy);
    /* Fills the plan and the paths of the files. */
    void (*shot)(ost_rng *r, const void *anatomy, ost_phantom_shot *shot);
    /* Makes files and rows from the plan alone, on any thread. */
    ost_rc (*draw)(ost_phantom_shot *shot, ost_err *err);
} ost_phantom_kind;

extern const ost_phantom_kind ost_phantom_bone;
extern const ost_phantom_kind ost_phantom_burden;
extern const ost_phantom_kind ost_phantom_mri;
extern const ost_phantom_kind ost_phantom_scan;
extern const ost_phantom_kind ost_phantom_series;
extern const ost_phantom_kind ost_phantom_xray;

/* Adds a file (to be written by .draw) and gives its number. */
size_t ost_phantom_add(ost_phantom_shot *shot, const char *path);
/* The name of class `i`. */
const char *ost_phantom_label(const ost_phantom_shot *shot, size_t i);
/* Begins a line of the manifest with the columns of all kinds: path, label,
 * patient_id, view, day, site.  The caller adds its own and a line end. */
void ost_phantom_row(ost_phantom_shot *shot, const char *path,
                     const char *label, const char *view);
/* Encodes a picture of the shot's size into file `i`. */
ost_rc ost_phantom_png(ost_phantom_shot *shot, size_t i, const uint8_t *pixels,
                       ost_err *err);

#endif
