/* tests/unit/test_fetch.c - downloads that break, change, and are too large
 *
 * The server is a thread of this program.
 */
/* links: base store */
#include "base/alloc.h"
#include "base/text.h"
#include "store/fetch.h"
#include "tests/support/store.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/banned.h"

enum { SIZE = 300000 };

/* Set between requests by the test, read by the server; `lock` orders both. */
static struct {
    pthread_mutex_t lock;
    int listener;
    int port;
    pthread_t thread;
    unsigned char body[SIZE];
    const char *etag;   /* quoted, or "" */
    size_t break_after; /* bytes of an answer, then the line is cut */
    int breaks;         /* how many answers are cut */
    bool ignores_range;
    int fails; /* how many answers are 503 */
    int requests;
    char seen[4096]; /* the last request */
} server;

static void send_all(int fd, const void *data, size_t n)
{
    const char *p = data;

    while (n > 0) {
        ssize_t done = send(fd, p, n, MSG_NOSIGNAL);

        if (done <= 0)
            return;
        p += done;
        n -= (size_t)done;
    }
}

static void send_text(int fd, const char *text)
{
    send_all(fd, text, strlen(text));
}

static void send_body(int fd, size_t start)
{
    size_t n = SIZE - start;
    char head[512], range[128] = "", etag[300] = "";

    if (start)
        snprintf(range, sizeof(range), "Content-Range: bytes %zu-%d/%d\r\n",
                 start, SIZE - 1, SIZE);
    if (server.etag[0])
        snprintf(etag, sizeof(etag), "ETag: %s\r\n", server.etag);
    snprintf(head, sizeof(head),
             "HTTP/1.1 %s\r\nContent-Length: %zu\r\n%s%s"
             "Connection: close\r\n\r\n",
             start ? "206 Partial Content" : "200 OK", n, range, etag);
    send_text(fd, head);
    if (server.breaks > 0) {
        server.breaks--;
        if (n > server.break_after)
            n = server.break_after;
    }
    send_all(fd, server.body + start, n);
}

static void answer(int fd)
{
    const char *range = strstr(server.seen, "Range: bytes=");
    const char *if_range = strstr(server.seen, "If-Range: ");
    const char *if_none = strstr(server.seen, "If-None-Match: ");
    size_t start = 0;

    server.requests++;
    if (server.fails > 0) {
        server.fails--;
        send_text(fd, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
    } else if (strstr(server.seen, "GET /gone")) {
        send_text(fd, "HTTP/1.1 404 None\r\nContent-Length: 0\r\n\r\n");
    } else if (strstr(server.seen, "GET /moved")) {
        send_text(fd, "HTTP/1.1 302 Found\r\nLocation: /file\r\n"
                      "Content-Length: 0\r\nConnection: close\r\n\r\n");
    } else if (strstr(server.seen, "GET /circle")) {
        send_text(fd, "HTTP/1.1 302 Found\r\nLocation: /circle\r\n"
                      "Content-Length: 0\r\nConnection: close\r\n\r\n");
    } else if (strstr(server.seen, "GET /escape")) {
        send_text(fd, "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n"
                      "Content-Length: 0\r\nConnection: close\r\n\r\n");
    } else if (strstr(server.seen, "GET /empty")) {
        send_text(fd, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    } else if (if_none && server.etag[0] &&
               ost_starts_with(if_none + 15, server.etag)) {
        send_text(fd, "HTTP/1.1 304 Same\r\n\r\n");
    } else {
        if (range && if_range && !server.ignores_range &&
            ost_starts_with(if_range + 10, server.etag))
            start = strtoul(range + 13, NULL, 10);
        send_body(fd, start);
    }
}

static void *serve(void *unused)
{
    (void)unused;
    for (;;) {
        int fd = accept4(server.listener, NULL, NULL, SOCK_CLOEXEC);
        size_t n = 0;
        ssize_t got;

        if (fd < 0)
            return NULL;
        pthread_mutex_lock(&server.lock);
        memset(server.seen, 0, sizeof(server.seen));
        while (
            !strstr(server.seen, "\r\n\r\n") && n < sizeof(server.seen) - 1 &&
            (got = read(fd, server.seen + n, sizeof(server.seen) - 1 - n)) > 0)
            n += (size_t)got;
        if (n > 0)
            answer(fd);
        pthread_mutex_unlock(&server.lock);
        close(fd);
    }
}

static int start_server(void **state)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t n = sizeof(address);

    (void)state;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(server.listener, (struct sockaddr *)&address, n) < 0 ||
        listen(server.listener, 8) < 0 ||
        getsockname(server.listener, (struct sockaddr *)&address, &n) < 0)
        return -1;
    server.port = ntohs(address.sin_port);
    unsetenv("http_proxy");
    unsetenv("all_proxy");
    unsetenv("ALL_PROXY");
    pthread_mutex_init(&server.lock, NULL);
    pthread_mutex_lock(&server.lock);
    return pthread_create(&server.thread, NULL, serve, NULL);
}

static int stop_server(void **state)
{
    (void)state;
    pthread_mutex_unlock(&server.lock);
    shutdown(server.listener, SHUT_RDWR);
    close(server.listener);
    return pthread_join(server.thread, NULL);
}

static int reset(void **state)
{
    (void)state;
    fill_bytes(server.body, SIZE, 1);
    server.etag = "\"one\"";
    server.break_after = 0;
    server.breaks = server.fails = server.requests = 0;
    server.ignores_range = false;
    return 0;
}

static const char *url_of(const char *path)
{
    static char url[128];

    snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", server.port, path);
    return url;
}

static ost_rc fetch(ost_store *s, const char *url,
                    const ost_fetch_options *options, ost_fetched *f,
                    ost_err *err)
{
    ost_rc rc;

    *err = (ost_err){ 0 };
    pthread_mutex_unlock(&server.lock);
    rc = ost_fetch(s, url, options, f, err);
    pthread_mutex_lock(&server.lock);
    return rc;
}

static void assert_content(const ost_fetched *f)
{
    ost_digest expect = ost_digest_of(server.body, SIZE);
    ost_buf got = { 0 };
    ost_err err = { 0 };

    assert_int_equal(f->size, SIZE);
    assert_true(ost_digest_equal(&f->digest, &expect));
    assert_ok(ost_fs_read(f->path, SIZE, &got, &err), &err);
    assert_int_equal(got.len, SIZE);
    assert_memory_equal(got.data, server.body, SIZE);
    ost_buf_release(&got);
}

/* --- the tests -------------------------------------------------------------
 */

static void a_file_arrives_and_is_not_fetched_twice(void **state)
{
    ost_store *s = new_store("plain");
    ost_fetch_options o = { .retries = 1 };
    ost_fetched f;
    ost_err err;

    (void)state;
    assert_ok(fetch(s, url_of("/file"), &o, &f, &err), &err);
    assert_content(&f);
    assert_int_equal(f.received, SIZE);
    assert_true(ost_starts_with(f.path, ost_store_path(s)));
    ost_fetched_release(&f);
    assert_ok(fetch(s, url_of("/file"), &o, &f, &err), &err);
    assert_content(&f);
    assert_int_equal(f.received, 0); /* the server said: the same */
    ost_fetched_release(&f);
    fill_bytes(server.body, SIZE, 2);
    server.etag = "\"two\"";
    assert_ok(fetch(s, url_of("/file"), &o, &f, &err), &err);
    assert_content(&f);
    ost_fetched_release(&f);
    ost_store_close(s);
}

static void a_pinned_file_at_hand_needs_no_server(void **state)
{
    ost_store *s = new_store("pinned");
    ost_digest d = ost_digest_of(server.body, SIZE);
    char hex[OST_DIGEST_HEX];
    ost_fetch_options o = { .sha256 = ost_digest_hex(&d, hex) };
    ost_fetched f;
    ost_err err;

    (void)state;
    assert_ok(fetch(s, url_of("/file"), &o, &f, &err), &err);
    ost_fetched_release(&f);
    server.requests = 0;
    assert_ok(fetch(s, url_of("/file"), &o, &f, &err), &err);
    assert_content(&f);
    assert_int_equal(server.requests, 0);
    ost_fetched_release(&f);
    ost_store_close(s);
}

static void a_wrong_pin_is_named_and_nothing_kept(void **state)
{
    ost_store *s = new_store("wrong");
    char pin[OST_DIGEST_HEX];
    ost_fetch_options o = { .sha256 = pin };
    ost_fetched f;
    ost_err err;

    (void)state;
    memset(pin, '1', sizeof(pin) - 1);
    pin[sizeof(pin) - 1] = '\0';
    assert_int_equal(fetch(s, url_of("/file"), &o, &f, &err), OST_EINPUT);
    assert_non_null(strstr(err.text, "not 1111"));
    assert_null(f.path);
    o.sha256 = "short";
    assert_int_equal(fetch(s, url_of("/file"), &o, &f, &err), OST_EINPUT);
    assert_non_null(strstr(err.text, "'short'"));
    ost_store_close(s);
}

static void a_broken_download_is_resumed(void **state)
{
    ost_store *s = new_store("resumed");
    ost_fetch_options o = { .retries = 5 };
    ost_fetched f;
    ost_err err;

    (void)state;
    server.breaks = 3;
    server.break_after = 70000;
    assert_ok(fetch(s, url_of("/file"), &o, &f, &err), &err);
    assert_content(&f);
    assert_int_equal(server.requests, 4);
    assert_int_equal(f.received, SIZE); /* each byte came once */
    assert_non_null(strstr(server.seen, "Range: bytes=210000-"));
    assert_non_null(strstr(server.seen, "If-Range: \"one\""));
    ost_fetched_release(&f);
    ost_store_close(s);
}

static void a_later_call_resumes_too(void **state)
{
    ost_store *s = new_store("later");
    ost_fetch_options o = { .retries = 1 };
    ost_fetched f;
    ost_err err;

    (void)state;
    server.breaks = 2;
    server.break_after = 100000;
    assert_int_equal(fetch(s, url_of("/file"), &o, &f, &err), OST_EIO);
    assert_int_equal(f.received, 200000);
    ost_fetched_release(&f);
    assert_ok(fetch(s, url_of("/file"), &o, &f, &err), &err);
    assert_content(&f);
    assert_int_equal(f.received, 100000);
    ost_fetched_release(&f);
    ost_store_close(s);
}

static void a_file_that_changed_meanwhile_begins_anew(void **state)
{
    ost_store *s = new_store("changed");
    ost_fetch_options o = { .retries = 1 };
    ost_fetched f;
    ost_err err;

    (void)state;
    server.breaks = 2;
    server.break_after = 100000;
    assert_int_equal(fetch(s, url_of("/file"), &o, &f, &err), OST_EIO);
    fill_bytes(server.body, SIZE, 9);
    server.etag = "\"nine\"";
    assert_ok(fetch(s, url_of("/file"), &o, &f, &err), &err);
    assert_content(&f);
    assert_int_equal(f.received, SIZE);
    ost_fetched_release(&f);
    ost_store_close(s);
}

static void a_server_without_ranges_begins_anew(void **state)
{
    ost_store *s = new_store("whole");
    ost_fetch_options o = { .retries = 3 };
    ost_fetched f;
    ost_err err;

    (void)state;
    server.breaks = 1;
    server.break_after = 100000;
    server.ignores_range = true;
    assert_ok(fetch(s, url_of("/file"), &o, &f, &err), &err);
    assert_content(&f);
    ost_fetched_release(&f);
    reset(NULL);
    server.breaks = 1;
    server.break_after = 100000;
    server.etag = ""; /* and one that says nothing of versions */
    assert_ok(fetch(s, url_of("/file?v"), &o, &f, &err), &err);
    assert_content(&f);
    assert_null(strstr(server.seen, "Range"));
    ost_fetched_release(&f);
    ost_store_close(s);
}

static void a_busy_server_is_asked_again(void **state)
{
    ost_store *s = new_store("busy");
    ost_fetch_options o = { .retries = 2 };
    ost_fetched f;
    ost_err err;

    (void)state;
    server.fails = 2;
    assert_ok(fetch(s, url_of("/file"), &o, &f, &err), &err);
    assert_content(&f);
    ost_fetched_release(&f);
    server.fails = 9;
    assert_int_equal(fetch(s, url_of("/x"), &o, &f, &err), OST_EIO);
    assert_non_null(strstr(err.text, "503"));
    assert_int_equal(server.fails, 6);
    ost_store_close(s);
}

static void redirects_are_followed_within_limits(void **state)
{
    ost_store *s = new_store("moved");
    ost_fetch_options o = { .retries = 1 };
    ost_fetched f;
    ost_err err;

    (void)state;
    assert_ok(fetch(s, url_of("/moved"), &o, &f, &err), &err);
    assert_content(&f);
    ost_fetched_release(&f);
    assert_int_equal(fetch(s, url_of("/circle"), &o, &f, &err), OST_EIO);
    assert_int_equal(fetch(s, url_of("/escape"), &o, &f, &err), OST_EIO);
    assert_null(f.path);
    ost_store_close(s);
}

static void failures_name_the_url_without_its_secrets(void **state)
{
    ost_store *s = new_store("failures");
    ost_fetch_options o = { .retries = 1 };
    char url[128];
    ost_fetched f;
    ost_err err;

    (void)state;
    snprintf(url, sizeof(url), "http://me:word@127.0.0.1:%d/gone?token=abc",
             server.port);
    assert_int_equal(fetch(s, url, &o, &f, &err), OST_ENOTFOUND);
    assert_null(strstr(err.text, "word"));
    assert_null(strstr(err.text, "abc"));
    assert_non_null(strstr(err.text, "127.0.0.1"));
    assert_non_null(strstr(err.text, "/gone'"));
    assert_int_equal(fetch(s, "ftp://127.0.0.1/x", &o, &f, &err), OST_EINPUT);
    assert_int_equal(fetch(s, "file:///nowhere/x", &o, &f, &err),
                     OST_ENOTFOUND);
    ost_store_close(s);
}

static void a_file_beyond_the_limit_is_refused(void **state)
{
    ost_store *s = new_store("large");
    ost_fetch_options o = { .max_bytes = SIZE - 1 };
    ost_fetched f;
    ost_err err;

    (void)state;
    assert_int_equal(fetch(s, url_of("/file"), &o, &f, &err), OST_EINPUT);
    assert_non_null(strstr(err.text, "limit of 299999 bytes"));
    assert_int_equal(server.requests, 1);
    o.max_bytes = SIZE;
    assert_ok(fetch(s, url_of("/file"), &o, &f, &err), &err);
    assert_content(&f);
    ost_fetched_release(&f);
    ost_store_close(s);
}

static void local_files_and_empty_ones_arrive(void **state)
{
    ost_store *s = new_store("local");
    ost_fetch_options o = { .retries = 1 };
    char cwd[2048];
    char *url;
    ost_fetched f;
    ost_err err;

    (void)state;
    assert_ok(ost_fs_write_atomic("some file", server.body, SIZE, false, &err),
              &err);
    assert_non_null(getcwd(cwd, sizeof(cwd)));
    url = ost_xprintf("file://%s/some%%20file", cwd);
    for (int i = 0; i < 2; i++) {
        assert_ok(fetch(s, url, &o, &f, &err), &err);
        assert_content(&f);
        ost_fetched_release(&f);
    }
    ost_free(url);
    assert_ok(fetch(s, url_of("/empty"), &o, &f, &err), &err);
    assert_int_equal(f.size, 0);
    ost_fetched_release(&f);
    ost_store_close(s);
}

static bool stop_in_the_middle(void *user, uint64_t done, uint64_t total)
{
    uint64_t *seen = user;

    if (total)
        seen[1] = total;
    seen[0] = done;
    return done < 100000;
}

static bool go_on(void *user, uint64_t done, uint64_t total)
{
    uint64_t *seen = user;

    seen[0] = done;
    if (total)
        seen[1] = total;
    return true;
}

static void progress_is_told_and_may_stop_it(void **state)
{
    ost_store *s = new_store("progress");
    uint64_t seen[2] = { 0, 0 };
    ost_fetch_options o = { .progress = stop_in_the_middle, .user = seen };
    ost_fetched f;
    ost_err err;

    (void)state;
    assert_int_equal(fetch(s, url_of("/file"), &o, &f, &err), OST_EINTERRUPTED);
    assert_int_equal(seen[1], SIZE);
    assert_true(seen[0] >= 100000);
    o.progress = go_on;
    assert_ok(fetch(s, url_of("/file"), &o, &f, &err), &err);
    assert_content(&f);
    assert_int_equal(seen[0], SIZE);
    assert_int_equal(seen[1], SIZE);
    ost_fetched_release(&f);
    ost_store_close(s);
}

static void an_old_copy_serves_when_the_server_is_away(void **state)
{
    ost_store *s = new_store("away");
    ost_fetch_options o = { .retries = 1 };
    ost_fetched f;
    ost_err err;

    (void)state;
    assert_ok(fetch(s, url_of("/file"), &o, &f, &err), &err);
    ost_fetched_release(&f);
    server.fails = 9;
    assert_ok(fetch(s, url_of("/file"), &o, &f, &err), &err);
    assert_content(&f);
    ost_fetched_release(&f);
    ost_store_close(s);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, reset)
    const struct CMUnitTest tests[] = {
        TEST(a_file_arrives_and_is_not_fetched_twice),
        TEST(a_pinned_file_at_hand_needs_no_server),
        TEST(a_wrong_pin_is_named_and_nothing_kept),
        TEST(a_broken_download_is_resumed),
        TEST(a_later_call_resumes_too),
        TEST(a_file_that_changed_meanwhile_begins_anew),
        TEST(a_server_without_ranges_begins_anew),
        TEST(a_busy_server_is_asked_again),
        TEST(redirects_are_followed_within_limits),
        TEST(failures_name_the_url_without_its_secrets),
        TEST(a_file_beyond_the_limit_is_refused),
        TEST(local_files_and_empty_ones_arrive),
        TEST(progress_is_told_and_may_stop_it),
        TEST(an_old_copy_serves_when_the_server_is_away),
    };

    return cmocka_run_group_tests(tests, start_server, stop_server);
}
