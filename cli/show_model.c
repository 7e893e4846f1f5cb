/* cli/show_model.c - what a model is, in a few words */
#include "cli/show.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "base/banned.h"

static const char *text_of(const json_t *v, const char *name)
{
    const char *s = json_string_value(json_object_get(v, name));

    return s ? s : "";
}

static int64_t number_of(const json_t *v, const char *name)
{
    return json_integer_value(json_object_get(v, name));
}

/* "image 64 x 64 x 1", "frames 2 of 64 x 64". */
static void add_picture(ost_buf *out, const json_t *p)
{
    int64_t frames = number_of(p, "frames");

    ost_buf_addf(out, "%s ", text_of(p, "field"));
    if (frames)
        ost_buf_addf(out, "%" PRId64 " of ", frames);
    ost_buf_addf(out, "%" PRId64 " x %" PRId64, number_of(p, "height"),
                 number_of(p, "width"));
    if (!frames)
        ost_buf_addf(out, " x %" PRId64, number_of(p, "channels"));
}

static void add_generator(ost_buf *out, const json_t *meta)
{
    const json_t *inputs = json_object_get(meta, "input");
    size_t n = json_array_size(inputs);

    ost_buf_adds(out, "makes     ");
    add_picture(out, json_object_get(meta, "image"));
    ost_buf_adds(out, n ? " from " : " from drawn numbers");
    for (size_t i = 0; i < n; i++) {
        ost_buf_adds(out, i ? ", or from " : "");
        add_picture(out, json_array_get(inputs, i));
    }
    ost_buf_addf(out, " (%s)\n", text_of(meta, "objective"));
}

/* What it learned from, as `train` and `train_gan` keep it. */
static void add_training(ost_buf *out, const json_t *meta)
{
    const json_t *training = json_object_get(meta, "training");

    if (!json_object_get(training, "items"))
        return;
    ost_buf_addf(out, "learned   from %" PRId64 " items of %" PRId64 " groups",
                 number_of(training, "items"), number_of(training, "groups"));
    if (number_of(training, "updates"))
        ost_buf_addf(out, ", %" PRId64 " updates",
                     number_of(training, "updates"));
    ost_buf_addc(out, '\n');
}

void ost_show_model(ost_buf *out, const char *text)
{
    json_t *meta = json_loads(text, 0, NULL);

    if (*text_of(meta, "network"))
        ost_buf_addf(out, "network   %s, %" PRId64 " weights\n",
                     text_of(meta, "network"), number_of(meta, "n_weights"));
    if (strcmp(text_of(meta, "kind"), "generator") == 0)
        add_generator(out, meta);
    else if (strcmp(text_of(meta, "kind"), "discriminator") == 0)
        ost_buf_addf(out, "judges    images (%s)\n",
                     text_of(meta, "objective"));
    add_training(out, meta);
    json_decref(meta);
}
