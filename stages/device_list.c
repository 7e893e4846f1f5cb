/* stages/device_list.c - the GPUs of the machine and who uses them */
#include "base/alloc.h"
#include "base/fs.h"
#include "base/text.h"
#include "stages/devices.h"
#include "stages/nvml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* The oldest architecture that the backend has kernels for, and the oldest
 * CUDA that a driver must be for. */
enum { OLDEST_CAPABILITY = 75, OLDEST_CUDA = 13000 };

enum { TEXT = 96, MAX_PROCESSES = 1024 };

typedef struct lister {
    ost_gpus *gpus;
    nvml_library nvml;
} lister;

/* --- one device ----------------------------------------------------------- */

static const char *process_name(ost_arena *arena, unsigned pid)
{
    const char *name = "?";
    ost_buf text = { 0 };
    char path[64];

    snprintf(path, sizeof(path), "/proc/%u/comm", pid);
    if (!ost_fs_read(path, 4096, &text, NULL)) {
        const char *comm = ost_buf_str(&text);
        char shown[64];

        ost_utf8_shown(shown, sizeof(shown), comm, "\n");
        name = ost_arena_strndup(arena, shown, strcspn(shown, "\n"));
    }
    ost_buf_release(&text);
    return name;
}

static void list_users(lister *l, nvml_device device, ost_gpu *gpu)
{
    ost_arena *arena = &l->gpus->arena;
    unsigned n = MAX_PROCESSES;
    nvml_process *found;
    ost_gpu_user *users;

    if (!l->nvml.nvmlDeviceGetComputeRunningProcesses_v3)
        return;
    found = ost_xalloc(MAX_PROCESSES * sizeof(*found));
    if (l->nvml.nvmlDeviceGetComputeRunningProcesses_v3(device, &n, found) ==
        NVML_SUCCESS) {
        users = OST_ARENA_ARRAY(arena, ost_gpu_user, (size_t)n + 1);
        for (unsigned i = 0; i < n; i++)
            users[i] = (ost_gpu_user){
                .pid = found[i].pid,
                .name = process_name(arena, found[i].pid),
                .memory =
                    found[i].memory == ~0ull ? 0 : (uint64_t)found[i].memory,
            };
        gpu->users = users;
        gpu->n_users = n;
    }
    ost_free(found);
}

/* What a device and a slice of one have in common. */
static bool describe(lister *l, nvml_device device, ost_gpu *gpu)
{
    char uuid[TEXT] = "", name[TEXT] = "";
    nvml_memory memory = { 0 };

    if (l->nvml.nvmlDeviceGetUUID(device, uuid, sizeof(uuid)) != NVML_SUCCESS)
        return false;
    if (l->nvml.nvmlDeviceGetName(device, name, sizeof(name)) != NVML_SUCCESS)
        snprintf(name, sizeof(name), "unnamed");
    l->nvml.nvmlDeviceGetMemoryInfo(device, &memory);
    gpu->uuid = ost_arena_strdup(&l->gpus->arena, uuid);
    gpu->name = ost_arena_strdup(&l->gpus->arena, name);
    gpu->memory = memory.total;
    gpu->free = memory.free;
    list_users(l, device, gpu);
    return true;
}

static void judge_age(lister *l, ost_gpu *gpu)
{
    if (gpu->major && gpu->major * 10 + gpu->minor < OLDEST_CAPABILITY)
        gpu->unusable = ost_arena_printf(
            &l->gpus->arena, "too old: compute capability %d.%d, below %d.%d",
            gpu->major, gpu->minor, OLDEST_CAPABILITY / 10,
            OLDEST_CAPABILITY % 10);
}

/* The slices of a device in MIG mode, in its place. */
static void list_slices(lister *l, nvml_device device, ost_gpu whole)
{
    unsigned n = 0, found = 0;
    nvml_device slice;

    if (l->nvml.nvmlDeviceGetMaxMigDeviceCount)
        l->nvml.nvmlDeviceGetMaxMigDeviceCount(device, &n);
    for (unsigned i = 0; i < n; i++) {
        ost_gpu gpu = { .index = whole.index,
                        .slice = (int)i,
                        .major = whole.major,
                        .minor = whole.minor };

        if (!l->nvml.nvmlDeviceGetMigDeviceHandleByIndex ||
            l->nvml.nvmlDeviceGetMigDeviceHandleByIndex(device, i, &slice) !=
                NVML_SUCCESS ||
            !describe(l, slice, &gpu))
            continue;
        judge_age(l, &gpu);
        ost_vec_push(&l->gpus->list, gpu);
        found++;
    }
    if (found > 0)
        return;
    whole.unusable = "is in MIG mode and has no slices (make some with "
                     "'nvidia-smi mig -cgi')";
    ost_vec_push(&l->gpus->list, whole);
}

static void list_device(lister *l, unsigned index)
{
    ost_gpu gpu = { .index = index, .slice = -1 };
    unsigned mig = 0, pending = 0;
    nvml_device device;

    /* What this container or user may not see is not there. */
    if (l->nvml.nvmlDeviceGetHandleByIndex_v2(index, &device) != NVML_SUCCESS ||
        !describe(l, device, &gpu))
        return;
    l->nvml.nvmlDeviceGetCudaComputeCapability(device, &gpu.major, &gpu.minor);
    if (l->nvml.nvmlDeviceGetMigMode &&
        l->nvml.nvmlDeviceGetMigMode(device, &mig, &pending) == NVML_SUCCESS &&
        mig) {
        list_slices(l, device, gpu);
        return;
    }
    judge_age(l, &gpu);
    ost_vec_push(&l->gpus->list, gpu);
}

/* --- CUDA_VISIBLE_DEVICES ------------------------------------------------- */

static bool is_named(const ost_gpu *gpu, const char *word, size_t n)
{
    char *end;
    long number = strtol(word, &end, 10);

    if (n > 0 && end == word + n)
        return number == (long)gpu->index;
    return n > 0 && strncmp(gpu->uuid, word, n) == 0;
}

/* Slurm and the like say so which GPUs a job has been given. */
static void hide_invisible(ost_gpus *gpus)
{
    const char *visible = getenv("CUDA_VISIBLE_DEVICES");

    for (size_t i = 0; i < gpus->list.len && visible; i++) {
        ost_gpu *gpu = &gpus->list.data[i];
        bool named = false;

        for (const char *w = visible; *w;) {
            size_t n = strcspn(w, ",");

            named = named || is_named(gpu, w, n);
            w += n + (w[n] == ',');
        }
        if (!named && !gpu->unusable)
            gpu->unusable = "left out by CUDA_VISIBLE_DEVICES";
    }
}

/* --- all of them ---------------------------------------------------------- */

static void list_devices(lister *l)
{
    char driver[TEXT] = "";
    unsigned n = 0;

    if (l->nvml.nvmlSystemGetDriverVersion(driver, sizeof(driver)) ==
        NVML_SUCCESS)
        l->gpus->driver = ost_arena_strdup(&l->gpus->arena, driver);
    l->nvml.nvmlSystemGetCudaDriverVersion_v2(&l->gpus->cuda);
    l->nvml.nvmlDeviceGetCount_v2(&n);
    for (unsigned i = 0; i < n; i++)
        list_device(l, i);
    hide_invisible(l->gpus);
}

static const char *no_usable(const ost_gpus *gpus, ost_arena *arena)
{
    const ost_gpu *first = gpus->list.data;

    if (gpus->list.len == 0)
        return "no CUDA device";
    if (gpus->list.len == 1)
        return ost_arena_printf(arena, "%s: %s", first->name, first->unusable);
    return ost_arena_printf(arena,
                            "none of %zu GPUs can be used; of the first "
                            "one, %s: %s",
                            gpus->list.len, first->name, first->unusable);
}

void ost_gpus_find(ost_gpus *gpus)
{
    lister l = { .gpus = gpus };
    ost_buf reason = { 0 };
    ost_err err = { 0 };

    *gpus = (ost_gpus){ .driver = "" };
    if (!ost_gpu_built(&reason))
        gpus->reason = ost_arena_strdup(&gpus->arena, ost_buf_str(&reason));
    ost_buf_release(&reason);
    if (ost_nvml_open(&l.nvml, &err)) {
        if (!gpus->reason)
            gpus->reason =
                ost_arena_printf(&gpus->arena, "no CUDA device (%s)", err.text);
    } else {
        list_devices(&l);
    }
    ost_nvml_close(&l.nvml);
    if (!gpus->reason && gpus->cuda > 0 && gpus->cuda < OLDEST_CUDA)
        gpus->reason = ost_arena_printf(
            &gpus->arena,
            "the driver %s is for CUDA %d.%d, this needs one for %d.%d",
            gpus->driver, gpus->cuda / 1000, gpus->cuda % 1000 / 10,
            OLDEST_CUDA / 1000, OLDEST_CUDA % 1000 / 10);
    if (!gpus->reason && ost_gpus_usable(gpus) == 0)
        gpus->reason = no_usable(gpus, &gpus->arena);
}

void ost_gpus_release(ost_gpus *gpus)
{
    ost_vec_release(&gpus->list);
    ost_arena_release(&gpus->arena);
    *gpus = (ost_gpus){ 0 };
}

/* --- in words ------------------------------------------------------------- */

void ost_gpu_label(const ost_gpu *gpu, ost_buf *out)
{
    ost_buf_addf(out, "%s %u", ost_gpu_standin() ? "stand-in" : "GPU",
                 gpu->index);
    if (gpu->slice >= 0)
        ost_buf_addf(out, ".%d", gpu->slice);
}

void ost_gpu_users_text(const ost_gpu *gpu, ost_buf *out)
{
    char bytes[32];

    for (size_t i = 0; i < gpu->n_users; i++) {
        const ost_gpu_user *u = &gpu->users[i];

        ost_buf_addf(out, "%s%s (pid %u", i ? ", " : "", u->name, u->pid);
        if (u->memory)
            ost_buf_addf(out, ", %s", ost_human_bytes(bytes, u->memory));
        ost_buf_addc(out, ')');
    }
}

void ost_gpu_text(const ost_gpu *gpu, int indent, ost_buf *out)
{
    char all[32], left[32];

    ost_buf_addf(out, "%*s", indent, "");
    ost_gpu_label(gpu, out);
    ost_buf_addf(out, "  %s  %s of %s free\n%*s%s", gpu->name,
                 ost_human_bytes(left, gpu->free),
                 ost_human_bytes(all, gpu->memory), indent + 2, "", gpu->uuid);
    if (gpu->major)
        ost_buf_addf(out, "  capability %d.%d", gpu->major, gpu->minor);
    ost_buf_addc(out, '\n');
}

static void add_gpu(const ost_gpu *gpu, ost_buf *out)
{
    ost_gpu_text(gpu, 0, out);
    if (gpu->unusable)
        ost_buf_addf(out, "  not used: %s\n", gpu->unusable);
    if (gpu->n_users) {
        ost_buf_adds(out, "  in use by ");
        ost_gpu_users_text(gpu, out);
        ost_buf_addc(out, '\n');
    }
}

void ost_gpus_text(const ost_gpus *gpus, ost_buf *out)
{
    if (ost_gpu_standin())
        ost_buf_adds(out, "a CPU stand-in for CUDA (OSTEON_CUDASIM), no GPU\n");
    if (*gpus->driver)
        ost_buf_addf(out, "driver %s, for CUDA %d.%d\n", gpus->driver,
                     gpus->cuda / 1000, gpus->cuda % 1000 / 10);
    for (size_t i = 0; i < gpus->list.len; i++)
        add_gpu(&gpus->list.data[i], out);
    if (gpus->reason)
        ost_buf_addf(out, "none can be used: %s\n", gpus->reason);
}

static void add_text(ost_buf *out, const char *name, const char *value)
{
    ost_buf_addf(out, ",\"%s\":", name);
    if (value)
        ost_buf_add_json(out, value, strlen(value));
    else
        ost_buf_adds(out, "null");
}

static void add_gpu_json(const ost_gpu *gpu, ost_buf *out)
{
    ost_buf_addf(out, "{\"index\":%u", gpu->index);
    if (gpu->slice >= 0)
        ost_buf_addf(out, ",\"slice\":%d", gpu->slice);
    else
        ost_buf_adds(out, ",\"slice\":null");
    add_text(out, "uuid", gpu->uuid);
    add_text(out, "name", gpu->name);
    ost_buf_addf(out, ",\"memory\":%llu,\"free\":%llu",
                 (unsigned long long)gpu->memory,
                 (unsigned long long)gpu->free);
    if (gpu->major)
        ost_buf_addf(out, ",\"capability\":\"%d.%d\"", gpu->major, gpu->minor);
    else
        ost_buf_adds(out, ",\"capability\":null");
    ost_buf_adds(out, ",\"users\":[");
    for (size_t i = 0; i < gpu->n_users; i++) {
        ost_buf_addf(out, "%s{\"pid\":%u", i ? "," : "", gpu->users[i].pid);
        add_text(out, "name", gpu->users[i].name);
        ost_buf_addf(out, ",\"memory\":%llu}",
                     (unsigned long long)gpu->users[i].memory);
    }
    ost_buf_addc(out, ']');
    add_text(out, "unusable", gpu->unusable);
    ost_buf_addc(out, '}');
}

void ost_gpus_json(const ost_gpus *gpus, ost_buf *out)
{
    ost_buf_addc(out, '[');
    for (size_t i = 0; i < gpus->list.len; i++) {
        ost_buf_adds(out, i ? ",\n" : "\n");
        add_gpu_json(&gpus->list.data[i], out);
    }
    ost_buf_adds(out, "\n]\n");
}
