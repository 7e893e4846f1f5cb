/* store/place.c - the directory of a store
 *
 * Whether LMDB may be used there, whether it is ours, which version wrote it,
 * and what lies in tmp/.
 */
#include "base/alloc.h"
#include "base/fs.h"
#include "base/text.h"
#include "store/store_impl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/banned.h"

enum { FUSE_MAGIC = 0x65735546 };

/* File systems shared over a network: locks and memory maps of several
 * machines are not coherent there, and LMDB would be damaged. */
static const struct {
    uint32_t magic;
    const char *name;
} network[] = {
    { 0x6969, "NFS" },          { 0x517b, "SMB" },
    { 0xff534d42, "CIFS" },     { 0xfe534d42, "SMB2" },
    { 0x5346414f, "AFS" },      { 0x6b414653, "AFS" },
    { 0x00c36400, "Ceph" },     { 0x73757245, "Coda" },
    { 0x0bd00bd0, "Lustre" },   { 0x47504653, "GPFS" },
    { 0x01161970, "GFS2" },     { 0x7461636f, "OCFS2" },
    { 0x19830326, "BeeGFS" },   { 0xaad7aaea, "PanFS" },
    { 0x20030528, "OrangeFS" },
};

/* The device of a line of mountinfo: "36 35 98:0 /mnt1 / rw - ext4 ...". */
static dev_t device_of(const char *line)
{
    unsigned major_number, minor_number;
    char *end;

    for (int i = 0; i < 2; i++) {
        line += strcspn(line, " ");
        line += *line == ' ';
    }
    major_number = (unsigned)strtoul(line, &end, 10);
    minor_number = *end == ':' ? (unsigned)strtoul(end + 1, NULL, 10) : 0;
    return makedev(major_number, minor_number);
}

/* Of the FUSE file systems those that live on a local disk are fine. */
static bool fuse_is_local(dev_t dev)
{
    char *line = NULL;
    size_t cap = 0;
    bool local = false;
    FILE *f = fopen("/proc/self/mountinfo", "re");

    if (!f)
        return false;
    while (getline(&line, &cap, f) >= 0) {
        const char *dash = strstr(line, " - ");

        if (dash && device_of(line) == dev)
            local = ost_starts_with(dash + 3, "fuseblk ") ||
                    ost_starts_with(dash + 3, "fuse.fuse-overlayfs ");
    }
    free(line);
    fclose(f);
    return local;
}

ost_rc ost_place_check_fs(const char *path, int fd, ost_err *err)
{
    const char *pretend = getenv("OSTEON_TEST_FSTYPE");
    const char *name = NULL;
    struct statfs fs;
    struct stat st;
    uint32_t magic;

    if (fstatfs(fd, &fs) < 0 || fstat(fd, &st) < 0)
        return ost_fail_errno(err, OST_ESTORE, errno, "cannot examine '%s'",
                              path);
    magic =
        pretend ? (uint32_t)strtoul(pretend, NULL, 16) : (uint32_t)fs.f_type;
    for (size_t i = 0; i < sizeof(network) / sizeof(network[0]); i++) {
        if (network[i].magic == magic)
            name = network[i].name;
    }
    if (magic == FUSE_MAGIC && !fuse_is_local(st.st_dev))
        name = "FUSE";
    if (!name)
        return OST_OK;
    return ost_fail(err, OST_ESTORE,
                    "store '%s' is on a network file system (%s), where it "
                    "would be damaged; name a local directory with --store "
                    "or OSTEON_STORE",
                    path, name);
}

ost_rc ost_place_check_version(const char *path, int dir_fd, ost_err *err)
{
    static const char intro[] = "osteon store format ";
    char text[64] = "";
    long version = 0;
    ssize_t n;
    int fd = openat(dir_fd, "version", O_RDONLY | O_CLOEXEC);

    if (fd < 0 && errno == ENOENT)
        return OST_ENOTFOUND;
    if (fd < 0)
        return ost_fail_errno(err, OST_ESTORE, errno, "store '%s': 'version'",
                              path);
    n = read(fd, text, sizeof(text) - 1);
    close(fd);
    if (n > 0 && ost_starts_with(text, intro))
        version = strtol(text + sizeof(intro) - 1, NULL, 10);
    if (version < 1)
        return ost_fail(err, OST_ECORRUPT,
                        "store '%s': the file 'version' is damaged", path);
    if (version > OST_STORE_FORMAT)
        return ost_fail(err, OST_EVERSION,
                        "store '%s' was written by a newer osteon (format %ld, "
                        "this one knows %d); use that osteon, or another "
                        "--store",
                        path, version, (int)OST_STORE_FORMAT);
    return OST_OK;
}

ost_rc ost_place_check_empty(const char *path, ost_err *err)
{
    static const char *const ours[] = {
        ".",   "..",        "index.lmdb", "index.lmdb-lock", "objects",
        "tmp", "downloads", "leases",     "quarantine",
    };
    struct dirent *e;
    ost_rc rc = OST_OK;
    DIR *d = opendir(path);

    if (!d)
        return ost_fail_errno(err, OST_ESTORE, errno, "cannot read '%s'", path);
    while (!rc && (e = readdir(d))) {
        bool known = ost_starts_with(e->d_name, "version");

        for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
            known = known || strcmp(ours[i], e->d_name) == 0;
        if (!known)
            rc = ost_fail(err, OST_ESTORE,
                          "'%s' is not a store, and not empty (it has '%s')",
                          path, e->d_name);
    }
    closedir(d);
    return rc;
}

ost_rc ost_place_make(const char *path, int dir_fd, ost_err *err)
{
    static const char *const folders[] = { "objects", "tmp", "downloads" };
    int fd;

    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        if (mkdirat(dir_fd, folders[i], 0777) < 0 && errno != EEXIST)
            return ost_fail_errno(err, OST_ESTORE, errno, "cannot make '%s/%s'",
                                  path, folders[i]);
    }
    fd = openat(dir_fd, "leases", O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        return ost_fail_errno(err, OST_ESTORE, errno, "cannot make '%s/leases'",
                              path);
    close(fd);
    return OST_OK;
}

ost_rc ost_place_write_version(const char *path, ost_err *err)
{
    char text[64];
    char *name = ost_path_join(path, "version");
    int n = snprintf(text, sizeof(text), "osteon store format %d\n",
                     (int)OST_STORE_FORMAT);
    ost_rc rc = ost_fs_write_atomic(name, text, (size_t)n, true, err);

    ost_free(name);
    return rc;
}

/* Process ids mean something within one namespace only; two containers may
 * share a store. */
static uint64_t pid_namespace(void)
{
    struct stat st;

    return stat("/proc/self/ns/pid", &st) == 0 ? (uint64_t)st.st_ino : 0;
}

void ost_tmp_prefix(char out[64])
{
    snprintf(out, 64, "%" PRIu64 ".%d.", pid_namespace(), (int)getpid());
}

static bool tmp_is_stale(const char *name, uint64_t namespace)
{
    char *dot, *end;
    uint64_t ns = strtoull(name, &dot, 10);
    long pid = *dot == '.' ? strtol(dot + 1, &end, 10) : 0;

    if (pid <= 0 || pid > INT32_MAX || *end != '.')
        return false;
    return ns == namespace && kill((pid_t)pid, 0) < 0 && errno == ESRCH;
}

void ost_tmp_sweep(ost_store *s, bool all, bool dry_run, uint64_t *files,
                   uint64_t *bytes)
{
    uint64_t namespace = pid_namespace();
    int fd = openat(s->dir_fd, "tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *e;
    struct stat st;

    if (!d) {
        if (fd >= 0)
            close(fd);
        return;
    }
    while ((e = readdir(d))) {
        if (e->d_name[0] == '.' ||
            (!all && !tmp_is_stale(e->d_name, namespace)) ||
            fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
            (!dry_run && unlinkat(fd, e->d_name, 0) < 0))
            continue;
        if (files)
            (*files)++;
        if (bytes)
            *bytes += (uint64_t)st.st_size;
    }
    closedir(d);
}
