/* tests/fuzz/replay.c - runs a fuzz target over files, without libFuzzer
 *
 * usage: replay_X FILE-OR-FOLDER...
 */
#include "base/alloc.h"
#include "base/fs.h"
#include "tests/fuzz/fuzzed.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/banned.h"

enum { LARGEST = 64 << 20 };

static int replay_file(const char *path)
{
    ost_buf input = { 0 };
    ost_err err = { 0 };
    ost_rc rc = ost_fs_read(path, LARGEST, &input, &err);
    unsigned char *exact;

    if (rc) {
        fprintf(stderr, "%s\n", err.text);
        return -1;
    }
    /* Memory of the exact size, so that sanitizers see reads behind it. */
    exact = ost_xalloc(input.len);
    if (input.len)
        memcpy(exact, input.data, input.len);
    LLVMFuzzerTestOneInput(exact, input.len);
    ost_free(exact);
    ost_buf_release(&input);
    return 1;
}

/* How many inputs were run, or -1. */
static int replay(const char *path)
{
    struct dirent **names;
    struct stat st;
    int n, total = 0;

    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
        return replay_file(path);
    n = scandir(path, &names, NULL, alphasort);
    if (n < 0) {
        perror(path);
        return -1;
    }
    for (int i = 0; i < n; i++) {
        char *file = ost_path_join(path, names[i]->d_name);
        int done = names[i]->d_name[0] == '.' ? 0 : replay_file(file);

        total = done < 0 || total < 0 ? -1 : total + done;
        ost_free(file);
        ost_free(names[i]);
    }
    ost_free(names);
    return total;
}

int main(int argc, char **argv)
{
    int total = 0;

    for (int i = 1; i < argc; i++) {
        int done = replay(argv[i]);

        if (done < 0)
            return 1;
        total += done;
    }
    if (total == 0) {
        fprintf(stderr, "no inputs\n");
        return 1;
    }
    printf("%d inputs\n", total);
    return 0;
}
