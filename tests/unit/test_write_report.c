/* tests/unit/test_write_report.c - texts about items, and whether they are
 * right */
/* links: stages store base kernels */
#include "tests/support/image_stages.h"

#include "base/banned.h"

extern const ost_stage ost_stage_write_report;
const ost_stage *const ost_stages[] = { &ost_stage_write_report, NULL };

static const char *template_text;

static ost_rc give_template(void *user, const char *name, ost_buf *data,
                            ost_err *err)
{
    (void)user, (void)name, (void)err;
    ost_buf_adds(data, template_text);
    return OST_OK;
}

/* What was said of scans "a" and "b", and what is true of "a": a lesion in rib
 * and spine. */
typedef struct study {
    ost_item scans[2];
    ost_item class[2];
    ost_item sites[2];
} study;

static void make_study(fixture *f, study *s)
{
    *s = (study){ 0 };
    for (int i = 0; i < 2; i++)
        s->scans[i] = s->class[i] = s->sites[i] =
            (ost_item){ .id = i ? "b" : "a/1", .group = i ? "pb" : "pa" };
    ost_item_set_label(&f->arena, &s->scans[0], "ill");
    ost_item_set_label(&f->arena, &s->scans[1], "well");
    ost_item_set_text(&f->arena, &s->scans[0], "sites", "spine|rib");
    ost_item_set_text(&f->arena, &s->class[0], "predicted", "ill");
    ost_item_set_text(&f->arena, &s->class[1], "predicted", "well");
    ost_item_set_text(&f->arena, &s->sites[0], "predicted", "rib|spine");
    ost_item_set_text(&f->arena, &s->sites[1], "predicted", "femur");
}

static ost_done_msg write_them(fixture *f, const study *s, const char *with)
{
    const ost_stage *stage = &ost_stage_write_report;
    json_t *given = json_loads(with, 0, NULL), *full = NULL;
    ost_step_input inputs[3];
    ost_buf params = { 0 };
    ost_done_msg done;
    ost_err err = { 0 };
    ost_step_msg msg = { .name = "reports",
                         .stage = stage->name,
                         .seed = "7",
                         .numeric = "",
                         .threads = 1,
                         .inputs = inputs,
                         .n_inputs = 3 };

    inputs[0] = at_port("in", dataset(f, s->scans, 2));
    inputs[1] = at_port(
        "predictions", put_items(f->batch, OST_PREDICTIONS, "{}", s->class, 2));
    inputs[1].row = "class";
    inputs[2] = at_port(
        "predictions", put_items(f->batch, OST_PREDICTIONS, "{}", s->sites, 2));
    inputs[2].row = "sites";
    assert_ok(
        ost_params_complete(stage, given, give_template, NULL, &full, &err),
        &err);
    ost_json_canonical(&params, full);
    msg.params = ost_buf_str(&params);
    ost_step_execute(f->batch, &msg, NULL, &f->arena, &done);
    if (!done.rc) {
        assert_ok(
            ost_batch_add_encoded(f->batch, done.batch, done.batch_size, &err),
            &err);
        commit(f->batch);
    }
    ost_buf_release(&params);
    json_decref(given);
    json_decref(full);
    return done;
}

static const ost_item *items_of(fixture *f, const ost_done_msg *done, int port,
                                size_t *n)
{
    ost_artifact a;
    ost_item *items;
    ost_err err = { 0 };

    if (done->rc)
        fail_msg("%s", done->error);
    assert_int_equal(done->n_outputs, 2);
    assert_ok(ost_artifact_get(f->batch, &done->outputs[port].artifact,
                               &f->arena, &a, &err),
              &err);
    assert_ok(ost_dataset_items(f->batch, &a, &f->arena, &items, n, &err),
              &err);
    return items;
}

static void says(fixture *f, const ost_item *file, const char *path,
                 const char *text)
{
    const ost_field *bytes = ost_item_field(file, "bytes");

    assert_string_equal(file->id, path);
    assert_int_equal(bytes->shape[0], strlen(text));
    assert_memory_equal(bytes_of(f, file, "bytes"), text, strlen(text));
}

static const char *text_of(const ost_item *item, const char *name)
{
    const ost_attr *a = ost_item_attr(item, name);

    return a ? a->text : NULL;
}

static const char sentences[] = "{{id}} of {{group}}:"
                                "{{if class.predicted = \"ill\"}} "
                                "{{sites.predicted}}{{else}} none{{end}}\n";

static void every_item_gets_a_text(void **state)
{
    fixture *f = *state;
    ost_done_msg done;
    const ost_item *items;
    study s;
    size_t n;

    make_study(f, &s);
    template_text = sentences;
    done = write_them(f, &s, "{\"template\": \"t.txt\"}");
    items = items_of(f, &done, 0, &n);
    assert_int_equal(n, 2);
    says(f, &items[0], "a/1.txt", "a/1 of pa: rib, spine\n");
    says(f, &items[1], "b.txt", "b of pb: none\n");
    (void)items_of(f, &done, 1, &n);
    assert_int_equal(n, 0);
}

/* What the text does not come to does not count: sites of a normal report. */
static void reports_are_right_or_wrong(void **state)
{
    static const char with[] =
        "{\"template\": \"t.txt\", \"truth\": {\"class.predicted\": \"label\", "
        "\"sites.predicted\": \"sites\"}}";
    fixture *f = *state;
    ost_done_msg done;
    const ost_item *said;
    study s;
    size_t n;

    make_study(f, &s);
    template_text = sentences;
    done = write_them(f, &s, with);
    said = items_of(f, &done, 1, &n);
    assert_int_equal(n, 2);
    for (int i = 0; i < 2; i++) {
        assert_string_equal(ost_item_label(&said[i]), "right");
        assert_string_equal(text_of(&said[i], "predicted"), "right");
        assert_null(text_of(&said[i], "report.wrong"));
    }
    ost_item_set_text(&f->arena, &s.sites[0], "predicted", "rib");
    ost_item_set_text(&f->arena, &s.class[1], "predicted", "ill");
    done = write_them(f, &s, with);
    said = items_of(f, &done, 1, &n);
    assert_string_equal(text_of(&said[0], "predicted"), "wrong");
    assert_string_equal(text_of(&said[0], "report.wrong"), "sites.predicted");
    assert_string_equal(text_of(&said[1], "report.wrong"),
                        "class.predicted|sites.predicted");
    /* A missed patient: the class alone is wrong. */
    ost_item_set_text(&f->arena, &s.class[0], "predicted", "well");
    done = write_them(f, &s, with);
    said = items_of(f, &done, 1, &n);
    assert_string_equal(text_of(&said[0], "report.wrong"), "class.predicted");
}

/* The classifier has a word of its own for the class, among others. */
static void a_word_of_a_list_may_be_what_counts(void **state)
{
    static const char with[] =
        "{\"template\": \"t.txt\", \"truth\": {\"class.predicted\": "
        "{\"has\": \"lesion\", \"at\": \"label\", \"as\": \"ill\"}}}";
    static const char *const said[][3] = {
        { "lesion", "bladder", "" },
        { "bladder|lesion", "", "" },
        { "lesions|bladder", "lesion|x", "both" },
    };
    fixture *f = *state;
    const ost_item *items;
    ost_done_msg done;
    study s;
    size_t n;

    make_study(f, &s);
    template_text = "{{if class.predicted}}x{{end}}";
    for (int k = 0; k < 3; k++) {
        for (int i = 0; i < 2; i++)
            ost_item_set_text(&f->arena, &s.class[i], "predicted", said[k][i]);
        done = write_them(f, &s, with);
        items = items_of(f, &done, 1, &n);
        for (int i = 0; i < 2; i++)
            assert_string_equal(text_of(&items[i], "predicted"),
                                *said[k][2] ? "wrong" : "right");
    }
    refuses_params(&ost_stage_write_report,
                   "{\"truth\": {\"x\": {\"has\": \"a\"}}}",
                   "param 'truth': 'x' has to be \"label\" or the name of an "
                   "attribute, or {\"has\": word, \"at\": one of these, "
                   "\"as\": word}");
}

static void labels_are_no_facts(void **state)
{
    fixture *f = *state;
    ost_done_msg done;
    study s;

    make_study(f, &s);
    template_text = "{{label}}";
    done = write_them(f, &s, "{\"template\": \"t.txt\"}");
    assert_int_equal(done.rc, OST_EINPUT);
    assert_string_equal(done.error,
                        "item 'a/1': t.txt:1:1: there is no 'label'");
}

static void wrong_params_are_named(void **state)
{
    fixture *f = *state;
    ost_done_msg done;
    study s;

    make_study(f, &s);
    template_text = "{{if}}";
    done = write_them(f, &s, "{\"template\": \"t.txt\"}");
    assert_int_equal(done.rc, OST_EWORKFLOW);
    assert_string_equal(done.error, "t.txt:1:5: here a name is missing");
    template_text = "x";
    s.class[1].id = "a/1";
    s.class[1].group = "pa";
    s.class[0].id = "a/2";
    s.class[0].group = "pa";
    done = write_them(f, &s, "{\"template\": \"t.txt\", \"by\": \"group\"}");
    assert_int_equal(done.rc, OST_EINPUT);
    assert_string_equal(done.error,
                        "item 'a/1': there are two predictions, 'a/1' and "
                        "'a/2' (group 'pa')");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_item_gets_a_text),
        TEST(reports_are_right_or_wrong),
        TEST(a_word_of_a_list_may_be_what_counts),
        TEST(labels_are_no_facts),
        TEST(wrong_params_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
