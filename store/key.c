/* store/key.c - SHA-256, and the text of key components
 *
 * The plain SHA256_* calls are used rather than EVP: the first EVP fetch costs
 * more than a millisecond, which is a good part of an idle run.
 */
#define OPENSSL_API_COMPAT 10100
#include "store/key.h"

#include "base/alloc.h"
#include "base/text.h"

#include <openssl/sha.h>
#include <string.h>

#include "base/banned.h"

struct ost_hash {
    SHA256_CTX ctx;
};

ost_digest ost_digest_of(const void *data, size_t size)
{
    SHA256_CTX ctx;
    ost_digest d;

    SHA256_Init(&ctx);
    SHA256_Update(&ctx, data, size);
    SHA256_Final(d.b, &ctx);
    return d;
}

bool ost_digest_equal(const ost_digest *a, const ost_digest *b)
{
    return memcmp(a->b, b->b, OST_DIGEST_SIZE) == 0;
}

bool ost_digest_is_zero(const ost_digest *d)
{
    static const ost_digest zero;

    return ost_digest_equal(d, &zero);
}

int ost_digest_compare(const void *a, const void *b)
{
    return memcmp(a, b, OST_DIGEST_SIZE);
}

const char *ost_digest_hex(const ost_digest *d, char out[OST_DIGEST_HEX])
{
    ost_hex(out, d->b, OST_DIGEST_SIZE);
    return out;
}

bool ost_digest_parse(ost_digest *d, const char *hex)
{
    return ost_unhex(d->b, hex, OST_DIGEST_SIZE);
}

ost_hash *ost_hash_new(void)
{
    ost_hash *h = ost_xalloc(sizeof(*h));

    SHA256_Init(&h->ctx);
    return h;
}

void ost_hash_add(ost_hash *h, const void *data, size_t size)
{
    SHA256_Update(&h->ctx, data, size);
}

ost_digest ost_hash_final(ost_hash *h)
{
    ost_digest d;

    SHA256_Final(d.b, &h->ctx);
    ost_free(h);
    return d;
}

void ost_key_text(ost_buf *components, const char *name, const char *value)
{
    ost_buf_adds(components, name);
    ost_buf_addc(components, '=');
    for (;;) {
        size_t n = strcspn(value, "\n\\");

        ost_buf_add(components, value, n);
        if (value[n] == '\0')
            break;
        ost_buf_adds(components, value[n] == '\n' ? "\\n" : "\\\\");
        value += n + 1;
    }
    ost_buf_addc(components, '\n');
}

void ost_key_digest(ost_buf *components, const char *name,
                    const ost_digest *value)
{
    char hex[OST_DIGEST_HEX];

    ost_key_text(components, name, ost_digest_hex(value, hex));
}

ost_key ost_key_of(const ost_buf *components)
{
    return ost_digest_of(components->data, components->len);
}
