/* store/secret.c - a site's secret, and pseudonyms under it
 *
 *     key       = HMAC-SHA256(file, "osteon pseudonyms 1")
 *     mark      = HMAC-SHA256(key, "mark"), the first 8 bytes
 *     pseudonym = HMAC-SHA256(key, kind 0 of 0 name), the first 10 bytes
 */
#include "store/secret.h"

#include "base/buf.h"
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

enum { LEAST = 16, MOST = 4096 };

static void hmac(const void *key, size_t key_size, const void *data,
                 size_t size, uint8_t out[OST_SECRET_SIZE])
{
    unsigned n = 0;

    if (!HMAC(EVP_sha256(), key, (int)key_size, data, size, out, &n) ||
        n != OST_SECRET_SIZE)
        OST_BUG();
}

static ost_rc check_file(const char *path, int fd, ost_err *err)
{
    struct stat st;

    if (fd < 0 || fstat(fd, &st) != 0)
        return ost_fail_errno(err, OST_EUSAGE, errno,
                              "cannot read the secret '%s'", path);
    if (!S_ISREG(st.st_mode))
        return ost_fail(err, OST_EUSAGE, "the secret '%s' is no file", path);
    if (st.st_mode & (S_IRWXG | S_IRWXO))
        return ost_fail(err, OST_EUSAGE,
                        "the secret '%s' is open to others (mode %04o): "
                        "'chmod 600' it, or make a new one",
                        path, (unsigned)(st.st_mode & 07777));
    return OST_OK;
}

/* At most one byte more than a secret may have. */
static size_t read_bytes(int fd, uint8_t *bytes, size_t room)
{
    size_t n = 0;
    ssize_t got;

    do {
        got = read(fd, bytes + n, room - n);
        n += got > 0 ? (size_t)got : 0;
    } while (n < room && (got > 0 || (got < 0 && errno == EINTR)));
    return n;
}

ost_rc ost_secret_read(const char *path, ost_secret *secret, ost_err *err)
{
    static const char purpose[] = "osteon pseudonyms 1";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    uint8_t bytes[MOST + 1];
    size_t n = 0;
    ost_rc rc = check_file(path, fd, err);

    *secret = (ost_secret){ 0 };
    if (!rc)
        n = read_bytes(fd, bytes, sizeof(bytes));
    while (n > 0 && (bytes[n - 1] == '\n' || bytes[n - 1] == '\r'))
        n--;
    if (!rc && (n < LEAST || n > MOST))
        rc = ost_fail(err, OST_EUSAGE,
                      "the secret '%s' has %s than %d bytes: 'head -c 32 "
                      "/dev/urandom | base64' makes one",
                      path, n < LEAST ? "less" : "more",
                      n < LEAST ? LEAST : MOST);
    if (!rc) {
        hmac(bytes, n, purpose, strlen(purpose), secret->key);
        secret->known = true;
    }
    OPENSSL_cleanse(bytes, sizeof(bytes));
    if (fd >= 0)
        close(fd);
    return rc;
}

void ost_secret_forget(ost_secret *secret)
{
    OPENSSL_cleanse(secret, sizeof(*secret));
}

static const char *first_hex(const uint8_t *bytes, size_t n, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * n] = '\0';
    return out;
}

const char *ost_secret_mark(const ost_secret *secret,
                            char mark[OST_SECRET_MARK])
{
    uint8_t digest[OST_SECRET_SIZE];

    mark[0] = '\0';
    if (!secret->known)
        return mark;
    hmac(secret->key, sizeof(secret->key), "mark", 4, digest);
    return first_hex(digest, (OST_SECRET_MARK - 1) / 2, mark);
}

const char *ost_secret_pseudonym(const ost_secret *secret, const char *kind,
                                 const char *of, const char *name,
                                 char pseudonym[OST_PSEUDONYM])
{
    uint8_t digest[OST_SECRET_SIZE];
    ost_buf text = { 0 };

    if (!secret->known)
        OST_BUG();
    ost_buf_add(&text, kind, strlen(kind) + 1);
    ost_buf_add(&text, of, strlen(of) + 1);
    ost_buf_adds(&text, name);
    hmac(secret->key, sizeof(secret->key), text.data, text.len, digest);
    OPENSSL_cleanse(text.data, text.len);
    ost_buf_release(&text);
    return first_hex(digest, (OST_PSEUDONYM - 1) / 2, pseudonym);
}
