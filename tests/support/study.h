/* tests/support/study.h - a small finished run, as the engine leaves it
 *
 * Three steps: "files" makes three files, "images" a dataset of them with a
 * large image each and a memo per item, "train" a model with weights and an
 * exposure.  Runs of one seed share everything but their record.
 */
#ifndef OST_TESTS_SUPPORT_STUDY_H
#define OST_TESTS_SUPPORT_STUDY_H

#include "store/artifact.h"
#include "store/record.h"
#include "tests/support/store.h"

enum { STUDY_ITEMS = 3, STUDY_IMAGE = 20000, STUDY_STEPS = 3 };

typedef struct study {
    ost_key keys[STUDY_STEPS];
    ost_digest artifacts[STUDY_STEPS]; /* files, dataset, model */
    ost_digest images[STUDY_ITEMS];    /* object files */
    ost_digest memos[STUDY_ITEMS];     /* keys */
    ost_digest weights;
    ost_digest exposure;
} study;

static const char *const study_names[] = { "files", "images", "train" };

static inline ost_digest study_blob(ost_batch *b, size_t size, unsigned seed)
{
    static unsigned char bytes[STUDY_IMAGE];
    ost_err err = { 0 };
    ost_digest d;

    fill_bytes(bytes, size, seed);
    assert_ok(ost_batch_put_blob(b, bytes, size, &d, &err), &err);
    return d;
}

static inline ost_digest study_items(ost_batch *b, ost_artifact_type type,
                                     const ost_digest blobs[STUDY_ITEMS],
                                     int64_t size)
{
    ost_item items[STUDY_ITEMS];
    ost_field fields[STUDY_ITEMS];
    char ids[STUDY_ITEMS][16];
    ost_err err = { 0 };
    ost_digest d;

    for (int i = 0; i < STUDY_ITEMS; i++) {
        snprintf(ids[i], sizeof(ids[i]), "item%d", i);
        fields[i] = (ost_field){ .name = "image",
                                 .dtype = OST_U8,
                                 .ndim = 1,
                                 .shape = { size },
                                 .stride = { 1 },
                                 .blob = blobs[i] };
        items[i] = (ost_item){
            .id = ids[i], .group = ids[i], .fields = &fields[i], .n_fields = 1
        };
    }
    assert_ok(ost_dataset_put(b, type, "{}", items, STUDY_ITEMS, &d, &err),
              &err);
    return d;
}

/* The record of step `i`, whose input is the artifact of the one before. */
static inline void study_node(ost_batch *b, study *t, int i, unsigned seed)
{
    ost_output output = { .port = "out", .artifact = t->artifacts[i] };
    ost_node_record node = { .outputs = &output, .n_outputs = 1 };
    ost_buf components = { 0 }, record = { 0 };
    char text[16];

    snprintf(text, sizeof(text), "%u", seed);
    ost_key_text(&components, "stage", study_names[i]);
    ost_key_text(&components, "param.seed", text);
    if (i > 0)
        ost_key_digest(&components, "in.data[0;fold=2]", &t->artifacts[i - 1]);
    t->keys[i] = ost_key_of(&components);
    node.components = ost_buf_str(&components);
    ost_node_record_encode(&record, &node);
    ost_batch_put(b, OST_TABLE_NODES, t->keys[i].b, OST_DIGEST_SIZE,
                  record.data, record.len);
    ost_buf_release(&components);
    ost_buf_release(&record);
}

static inline void study_run(ost_batch *b, const study *t, const char *id,
                             const char *workflow)
{
    ost_run_step steps[STUDY_STEPS];
    ost_output output = { .port = "model",
                          .type = OST_MODEL,
                          .artifact = t->artifacts[2] };
    ost_run_record run = { .id = id,
                           .workflow = workflow,
                           .meta = "{}",
                           .steps = steps,
                           .n_steps = STUDY_STEPS,
                           .outputs = &output,
                           .n_outputs = 1 };
    ost_buf record = { 0 };

    for (int i = 0; i < STUDY_STEPS; i++)
        steps[i] = (ost_run_step){ .name = study_names[i],
                                   .stage = study_names[i],
                                   .verdict = OST_RUN_RAN,
                                   .key = t->keys[i],
                                   .message = "" };
    ost_run_record_encode(&record, &run);
    ost_batch_put(b, OST_TABLE_RUNS, id, strlen(id), record.data, record.len);
    ost_buf_release(&record);
}

/* Computes and commits a study; its artifacts depend on the seed alone. */
static inline study make_study(ost_store *s, const char *id,
                               const char *workflow, unsigned seed)
{
    ost_batch *b = ost_batch_new(s);
    ost_digest files[STUDY_ITEMS];
    ost_ref refs[1] = { { .name = "weights", .size = STUDY_IMAGE } };
    ost_artifact model = {
        .type = OST_MODEL, .meta = "{}", .refs = refs, .n_refs = 1
    };
    const char *group = "item0";
    ost_err err = { 0 };
    study t;

    for (unsigned i = 0; i < STUDY_ITEMS; i++) {
        files[i] = study_blob(b, 100, seed * 100 + i);
        t.images[i] = study_blob(b, STUDY_IMAGE, seed * 100 + i);
        t.memos[i] = ost_digest_of(t.images[i].b, OST_DIGEST_SIZE);
        ost_batch_put_memo(b, &t.memos[i], &t.images[i], 1, "m", 1);
    }
    t.artifacts[0] = study_items(b, OST_FILES, files, 100);
    t.artifacts[1] = study_items(b, OST_DATASET, t.images, STUDY_IMAGE);
    refs[0].digest = t.weights = study_blob(b, STUDY_IMAGE, seed * 100 + 50);
    assert_ok(ost_groups_put(b, &group, 1, &t.exposure, &err), &err);
    model.exposure = t.exposure;
    assert_ok(ost_artifact_put(b, &model, &t.artifacts[2], &err), &err);
    for (int i = 0; i < STUDY_STEPS; i++)
        study_node(b, &t, i, seed);
    study_run(b, &t, id, workflow);
    ost_batch_put(b, OST_TABLE_PLANS, id, strlen(id), "plan", 4);
    commit(b);
    ost_batch_free(b);
    return t;
}

/* True when all that the study made is there. */
static inline bool study_is_whole(ost_store *s, const study *t)
{
    bool whole = ost_store_has_blob(s, &t->weights) &&
                 ost_store_has_blob(s, &t->exposure);

    for (int i = 0; i < STUDY_STEPS; i++)
        whole =
            whole && ost_store_has_blob(s, &t->artifacts[i]) &&
            ost_store_has(s, OST_TABLE_NODES, t->keys[i].b, OST_DIGEST_SIZE);
    for (int i = 0; i < STUDY_ITEMS; i++)
        whole =
            whole && ost_store_has_blob(s, &t->images[i]) &&
            ost_store_has(s, OST_TABLE_MEMOS, t->memos[i].b, OST_DIGEST_SIZE);
    return whole;
}

/* True when nothing of it is there. */
static inline bool study_is_gone(ost_store *s, const study *t)
{
    bool any = ost_store_has_blob(s, &t->weights);

    for (int i = 0; i < STUDY_STEPS; i++)
        any = any || ost_store_has_blob(s, &t->artifacts[i]) ||
              ost_store_has(s, OST_TABLE_NODES, t->keys[i].b, OST_DIGEST_SIZE);
    for (int i = 0; i < STUDY_ITEMS; i++)
        any = any || ost_store_has_blob(s, &t->images[i]) ||
              ost_store_has(s, OST_TABLE_MEMOS, t->memos[i].b, OST_DIGEST_SIZE);
    return !any;
}

#endif
