/* tests/unit/test_proc.c - child processes, and who we are */
/* links: base */
#include "base/alloc.h"
#include "base/fs.h"
#include "base/proc.h"
#include "tests/support/check.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/banned.h"

static int run(ost_proc_spec spec)
{
    ost_err err = { 0 };
    int status = 0;
    pid_t pid;

    if (ost_proc_spawn(&spec, &pid, &err))
        fail_msg("%s", err.text);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

/* What a shell script writes to its stdout; caller frees. */
static char *output_of(const char *script, ost_proc_spec spec)
{
    const char *const argv[] = { "sh", "-c", script, NULL };
    ost_buf b = { 0 };
    int fd = open("out", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    spec.argv = argv;
    spec.stdout_fd = fd;
    assert_int_equal(run(spec), 0);
    close(fd);
    assert_int_equal(ost_fs_read("out", 1 << 20, &b, NULL), OST_OK);
    return (char *)ost_buf_detach(&b, NULL);
}

static const ost_proc_spec quiet = {
    .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1, .passed_fd = -1
};

static void check_output(const char *script, ost_proc_spec spec,
                         const char *want)
{
    char *text = output_of(script, spec);

    assert_string_equal(text, want);
    ost_free(text);
}

static void a_child_runs_and_its_status_is_told(void **state)
{
    const char *const three[] = { "/bin/sh", "-c", "exit 3", NULL };
    const char *const killed[] = { "/bin/sh", "-c", "kill -SEGV $$", NULL };
    ost_proc_spec spec = quiet;
    char text[64];

    (void)state;
    spec.argv = three;
    assert_string_equal(ost_proc_status_text(text, run(spec)), "exit status 3");
    spec.argv = killed;
    assert_string_equal(ost_proc_status_text(text, run(spec)),
                        "killed by signal 11 (Segmentation fault)");
}

static void a_missing_program_is_reported_by_the_parent(void **state)
{
    const char *const argv[] = { "/no/such/program", NULL };
    ost_proc_spec spec = quiet;
    ost_err err = { 0 };
    pid_t pid;

    (void)state;
    spec.argv = argv;
    assert_int_equal(ost_proc_spawn(&spec, &pid, &err), OST_ENOTFOUND);
    assert_string_equal(err.text, "cannot start '/no/such/program': "
                                  "No such file or directory");
    spec.cwd = "/no/such/folder";
    assert_int_equal(ost_proc_spawn(&spec, &pid, &err), OST_ENOTFOUND);
    assert_string_equal(err.text,
                        "cannot start '/no/such/program' in "
                        "'/no/such/folder': No such file or directory");
}

static void stdin_is_empty_unless_given(void **state)
{
    ost_proc_spec spec = quiet;

    (void)state;
    check_output("cat; echo end", spec, "end\n");
    ost_fs_write_atomic("in", "hello\n", 6, false, NULL);
    spec.stdin_fd = open("in", O_RDONLY | O_CLOEXEC);
    check_output("cat; echo end", spec, "hello\nend\n");
    close(spec.stdin_fd);
}

static void variables_are_added_and_replaced(void **state)
{
    const char *const env[] = { "BONE=femur", "SIDE=left=right", NULL };
    ost_proc_spec spec = quiet;

    (void)state;
    setenv("BONE", "tibia", 1);
    setenv("BONE_2", "kept", 1);
    check_output("echo $BONE $SIDE $BONE_2", spec, "tibia kept\n");
    spec.env = env;
    check_output("echo $BONE $SIDE $BONE_2", spec, "femur left=right kept\n");
}

static void the_child_starts_in_the_folder_given(void **state)
{
    ost_proc_spec spec = quiet;

    (void)state;
    spec.cwd = "/usr";
    check_output("pwd", spec, "/usr\n");
}

static void only_the_passed_descriptor_stays_open(void **state)
{
    ost_proc_spec spec = quiet;
    int leaked;

    (void)state;
    ost_fs_write_atomic("passed", "via three\n", 10, false, NULL);
    leaked = open("passed", O_RDONLY); /* without O_CLOEXEC, on purpose */
    check_output("ls /proc/self/fd | wc -l", spec, "4\n");
    spec.passed_fd = open("passed", O_RDONLY | O_CLOEXEC);
    check_output("cat <&3", spec, "via three\n");
    close(spec.passed_fd);
    close(leaked);
}

/* stdin and stdout change places, and the passed one comes from 2: the plain
 * order of dup2() calls would lose one of them. */
static void descriptors_may_change_places(void **state)
{
    const char *const argv[] = { "/bin/sh", "-c",
                                 "cat >&1; echo three >&3; echo two >&2",
                                 NULL };
    int kept[3], in, out, passed, other, status;
    ost_proc_spec spec;
    ost_buf b = { 0 };

    (void)state;
    ost_fs_write_atomic("in", "input\n", 6, false, NULL);
    for (int i = 0; i < 3; i++)
        kept[i] = fcntl(i, F_DUPFD_CLOEXEC, 10);
    in = open("in", O_RDONLY | O_CLOEXEC);
    out = open("out", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    passed = open("three", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    other = open("two", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    dup2(out, 0);
    dup2(in, 1);
    dup2(passed, 2);
    spec = (ost_proc_spec){ .argv = argv,
                            .stdin_fd = 1,
                            .stdout_fd = 0,
                            .stderr_fd = other,
                            .passed_fd = 2 };
    status = run(spec);
    for (int i = 0; i < 3; i++) {
        dup2(kept[i], i);
        close(kept[i]);
    }
    close(in);
    close(out);
    close(passed);
    close(other);
    assert_int_equal(status, 0);
    ost_fs_read("out", 100, &b, NULL);
    ost_fs_read("three", 100, &b, NULL);
    ost_fs_read("two", 100, &b, NULL);
    assert_string_equal(ost_buf_str(&b), "input\nthree\ntwo\n");
    ost_buf_release(&b);
}

static void a_child_can_lead_its_own_group(void **state)
{
    ost_proc_spec spec = quiet;

    (void)state;
    spec.own_group = true;
    check_output("read -r line </proc/$$/stat; set -- ${line##*)}; "
                 "[ \"$3\" = $$ ] && echo leads",
                 spec, "leads\n");
}

static void signals_that_we_block_or_ignore_reach_the_child(void **state)
{
    const char *const argv[] = { "/bin/sh", "-c", "kill -PIPE $$; exit 0",
                                 NULL };
    ost_proc_spec spec = quiet;
    sigset_t all, before;
    char text[64];
    int status;

    (void)state;
    spec.argv = argv;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    signal(SIGPIPE, SIG_IGN);
    status = run(spec);
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_SETMASK, &before, NULL);
    assert_string_equal(ost_proc_status_text(text, status),
                        "killed by signal 13 (Broken pipe)");
}

static void a_process_is_named_by_its_start(void **state)
{
    const char *const argv[] = { "/bin/true", NULL };
    ost_proc_spec spec = quiet;
    siginfo_t info;
    pid_t pid;

    (void)state;
    assert_true(ost_proc_start_time(getpid()) > 0);
    assert_true(ost_proc_start_time(getpid()) == ost_proc_start_time(getpid()));
    spec.argv = argv;
    assert_int_equal(ost_proc_spawn(&spec, &pid, NULL), OST_OK);
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    assert_int_equal(ost_proc_start_time(pid), 0); /* a zombie */
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(ost_proc_start_time(pid), 0);
}

static void we_know_where_and_on_what_we_run(void **state)
{
    char *dir = ost_proc_self_dir();

    (void)state;
    assert_int_equal(dir[0], '/');
    assert_int_equal(access(dir, X_OK), 0);
    assert_true(strlen(ost_proc_boot_id()) >= 7);
    assert_ptr_equal(ost_proc_boot_id(), ost_proc_boot_id());
    assert_in_range(ost_proc_cores(), 1, 4096);
    ost_free(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_runs_and_its_status_is_told),
        cmocka_unit_test(a_missing_program_is_reported_by_the_parent),
        cmocka_unit_test(stdin_is_empty_unless_given),
        cmocka_unit_test(variables_are_added_and_replaced),
        cmocka_unit_test(the_child_starts_in_the_folder_given),
        cmocka_unit_test(only_the_passed_descriptor_stays_open),
        cmocka_unit_test(descriptors_may_change_places),
        cmocka_unit_test(a_child_can_lead_its_own_group),
        cmocka_unit_test(signals_that_we_block_or_ignore_reach_the_child),
        cmocka_unit_test(a_process_is_named_by_its_start),
        cmocka_unit_test(we_know_where_and_on_what_we_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
