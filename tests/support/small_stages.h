/* tests/support/small_stages.h - a handful of stages for tests of the engine
 *
 * Descriptions only: nothing runs.  Included by one file of a test program,
 * whose table of stages it is.
 */
#ifndef OST_TESTS_SUPPORT_SMALL_STAGES_H
#define OST_TESTS_SUPPORT_SMALL_STAGES_H

#include "stages/stage.h"

typedef struct {
    int64_t size;
    double rate;
    int mode;
    const char *word;
    const json_t *data;
    ost_i64_list sizes;
    ost_file network;
} small_params;

static const ost_param make_params[] = {
    OST_PARAM(small_params, size, I64, "how many", .dflt = "10", .min = 1,
              .max = 100),
    OST_PARAM(small_params, word, STR, "any text", .dflt = "\"x\""),
    OST_END,
};

static const ost_param blur_params[] = {
    OST_PARAM(small_params, rate, F64, "how much", .dflt = "0.5", .min = 0,
              .max = 1),
    OST_PARAM(small_params, mode, CHOICE, "how", .dflt = "\"soft\"",
              .choices = "soft|hard"),
    OST_PARAM(small_params, sizes, I64_LIST, "width and height",
              .dflt = "[8, 8]", .min = 1, .max = 64, .min_len = 2,
              .max_len = 2),
    OST_PARAM(small_params, data, JSON, "anything", .dflt = "null"),
    OST_END,
};

static const ost_param split_params[] = {
    OST_PARAM(small_params, size, I64, "number of folds", .required = true,
              .min = 2, .max = 100),
    OST_PARAM(small_params, rate, F64, "the fold", .dflt = "0", .min = 0,
              .max = 99),
    OST_END,
};

static const ost_param learn_params[] = {
    OST_PARAM(small_params, size, I64, "passes", .dflt = "1", .min = 1,
              .max = 1000),
    OST_PARAM(small_params, network, FILE, "the network", .dflt = "null"),
    OST_END,
};

static const ost_param no_params[] = { OST_END };

static const ost_stage stage_make = {
    .name = "make",
    .version = 1,
    .summary = "Make files.",
    .flags = OST_STAGE_DRAWS | OST_STAGE_CHECKS,
    .params = make_params,
    .inputs = OST_NO_PORTS,
    .outputs = OST_PORTS({ "out", OST_FILES, "files", false, false }),
};

static const ost_stage stage_read = {
    .name = "read",
    .version = 1,
    .summary = "Read files.",
    .params = no_params,
    .inputs = OST_PORTS({ "in", OST_FILES, "files to read", false, false }),
    .outputs = OST_PORTS({ "out", OST_DATASET, "images", false, false }),
};

static const ost_stage stage_blur = {
    .name = "blur",
    .version = 1,
    .summary = "Blur images.",
    .params = blur_params,
    .inputs = OST_PORTS({ "in", OST_DATASET, "images", false, false },
                        { "mask", OST_DATASET, "masks", false, true }),
    .outputs = OST_PORTS({ "out", OST_DATASET, "images", false, false }),
};

static const ost_stage stage_split = {
    .name = "split",
    .version = 1,
    .summary = "Split a dataset.",
    .params = split_params,
    .inputs = OST_PORTS({ "in", OST_DATASET, "all items", false, false }),
    .outputs =
        OST_PORTS({ "train", OST_DATASET, "to learn from", false, false },
                  { "test", OST_DATASET, "held out", false, false }),
};

static const ost_stage stage_learn = {
    .name = "learn",
    .version = 1,
    .summary = "Learn a model.",
    .flags = OST_STAGE_DRAWS | OST_STAGE_GPU,
    .params = learn_params,
    .inputs = OST_PORTS({ "in", OST_DATASET, "items", false, false }),
    .outputs = OST_PORTS({ "model", OST_MODEL, "the model", false, false }),
};

static const ost_stage stage_apply = {
    .name = "apply",
    .version = 1,
    .summary = "Apply a model.",
    .params = no_params,
    .inputs = OST_PORTS({ "model", OST_MODEL, "the model", false, false },
                        { "data", OST_DATASET, "items", false, false }),
    .outputs = OST_PORTS({ "out", OST_PREDICTIONS, "scores", false, false }),
};

static const ost_stage stage_judge = {
    .name = "judge",
    .version = 1,
    .summary = "Judge predictions.",
    .params = blur_params,
    .inputs = OST_PORTS({ "in", OST_PREDICTIONS, "predictions", true, false }),
    .outputs = OST_PORTS({ "out", OST_METRICS, "metrics", false, false }),
};

static const ost_stage stage_note = {
    .name = "note",
    .version = 1,
    .summary = "Note whatever comes.",
    .params = blur_params,
    .inputs = OST_PORTS({ "in", OST_ANY, "anything", true, true }),
    .outputs = OST_PORTS({ "out", OST_METRICS, "metrics", false, false }),
};

/* Its bytes depend on the class. */
static const ost_stage stage_weigh = {
    .name = "weigh",
    .version = 1,
    .summary = "Weigh nothing.",
    .flags = OST_STAGE_FLOAT | OST_STAGE_GPU,
    .params = make_params,
    .inputs = OST_NO_PORTS,
    .outputs = OST_PORTS({ "out", OST_FILES, "files", false, false }),
};

const ost_stage *const ost_stages[] = {
    &stage_apply, &stage_blur, &stage_judge, &stage_learn, &stage_make,
    &stage_note,  &stage_read, &stage_split, &stage_weigh, NULL,
};

#endif
