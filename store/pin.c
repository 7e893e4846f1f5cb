/* store/pin.c - names under which runs and artifacts are kept */
#include "store/pin.h"

#include <string.h>

#include "base/banned.h"

static const char run_word[] = "run:", artifact_word[] = "artifact:";

void ost_pin_encode(ost_buf *out, const ost_pin *pin)
{
    char hex[OST_DIGEST_HEX];

    ost_buf_adds(out, pin->run[0] ? run_word : artifact_word);
    ost_buf_adds(out,
                 pin->run[0] ? pin->run : ost_digest_hex(&pin->artifact, hex));
}

ost_rc ost_pin_decode(const void *data, size_t size, ost_pin *pin, ost_err *err)
{
    enum { RUN = sizeof(run_word) - 1, ARTIFACT = sizeof(artifact_word) - 1 };
    const char *text = data;
    char hex[OST_DIGEST_HEX] = "";

    *pin = (ost_pin){ 0 };
    if (size > RUN && size - RUN < OST_PIN_RUN &&
        memcmp(text, run_word, RUN) == 0 && !memchr(text, 0, size)) {
        memcpy(pin->run, text + RUN, size - RUN);
        return OST_OK;
    }
    if (size == ARTIFACT + OST_DIGEST_HEX - 1 &&
        memcmp(text, artifact_word, ARTIFACT) == 0) {
        memcpy(hex, text + ARTIFACT, OST_DIGEST_HEX - 1);
        if (ost_digest_parse(&pin->artifact, hex))
            return OST_OK;
    }
    return ost_fail(err, OST_ECORRUPT, "damaged pin");
}

ost_rc ost_pin_set(ost_store *s, const char *name, const ost_pin *pin,
                   ost_err *err)
{
    char hex[OST_DIGEST_HEX];
    ost_buf value = { 0 };
    ost_batch *b;
    ost_rc rc;

    if (pin->run[0] &&
        !ost_store_has(s, OST_TABLE_RUNS, pin->run, strlen(pin->run)))
        return ost_fail(err, OST_ENOTFOUND, "there is no run '%s'", pin->run);
    if (!pin->run[0] && !ost_store_has_blob(s, &pin->artifact))
        return ost_fail(err, OST_ENOTFOUND, "there is no artifact %s",
                        ost_digest_hex(&pin->artifact, hex));
    b = ost_batch_new(s);
    ost_pin_encode(&value, pin);
    ost_batch_put(b, OST_TABLE_PINS, name, strlen(name), value.data, value.len);
    rc = ost_store_commit(s, b, err);
    ost_buf_release(&value);
    ost_batch_free(b);
    return rc;
}

ost_rc ost_pin_remove(ost_store *s, const char *name, ost_err *err)
{
    ost_batch *b;
    ost_rc rc;

    if (!ost_store_has(s, OST_TABLE_PINS, name, strlen(name)))
        return ost_fail(err, OST_ENOTFOUND, "there is no pin '%s'", name);
    b = ost_batch_new(s);
    ost_batch_put(b, OST_TABLE_PINS, name, strlen(name), NULL, 0);
    rc = ost_store_commit(s, b, err);
    ost_batch_free(b);
    return rc;
}
