/* stages/protocol.h - what the engine and a worker process say to each other
 *
 * A worker is `osteon-worker --store DIR` with a connected stream socket as
 * descriptor 3.  Each message is a u32 length (little endian, of what follows),
 * a u8 kind and a body in the encodings of base/buf.h.  The engine may send
 * any number of steps ahead; the worker works on them in order and answers
 * each with one STEP_DONE.  The worker ends when the socket closes.
 */
#ifndef OST_STAGES_PROTOCOL_H
#define OST_STAGES_PROTOCOL_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "store/key.h"
#include "store/secret.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum ost_msg {
    OST_MSG_STEP = 1,  /* engine -> worker: compute a step */
    OST_MSG_CHECK = 2, /* engine -> worker: run the stage's .check */
    OST_MSG_STOP = 3,  /* engine -> worker: give up the current step soon */
    OST_MSG_DONE = 16, /* worker -> engine: a step is finished, or failed */
    OST_MSG_PROGRESS = 17 /* worker -> engine: how far the current step is */,
    OST_MSG_CHECKED = 18, /* worker -> engine: result of a CHECK */
    OST_MSG_COMMIT = 19,  /* worker -> engine: a batch to commit now (memos of a
                             long step, checkpoints); no answer */
} ost_msg;

enum { OST_MSG_LIMIT = 1u << 30 };

/* One artifact at an input port. */
typedef struct ost_step_input {
    const char *port;
    const char *row;         /* "" when it has none */
    const char *const *axes; /* name, value, name, value ... */
    uint32_t n_axes;         /* pairs */
    ost_digest artifact;
    const char *root; /* folder of outside files, or "" */
} ost_step_input;

typedef struct ost_step_msg {
    uint64_t tag;     /* the engine's number for it */
    const char *name; /* "train[fold=2]", for logs only */
    const char *stage;
    const char *params;   /* canonical JSON of the complete parameters */
    const char *seed;     /* canonical JSON of the seed word */
    const char *numeric;  /* numeric class of the key; "" for none */
    const char *computes; /* class to compute in; NULL or "": that of the key */
    uint64_t memory;      /* of the GPU that it may use, in bytes, 0: any */
    ost_key key;          /* names its checkpoint */
    uint32_t threads;
    bool exec_allowed;
    const ost_step_input *inputs;
    uint32_t n_inputs;
    const char *const *env; /* reserved for exec: "NAME=value" */
    uint32_t n_env;
    ost_secret secret; /* for stages that make pseudonyms */
} ost_step_msg;

typedef struct ost_done_output {
    const char *port;
    uint8_t type; /* ost_artifact_type */
    ost_digest artifact;
    uint64_t items;
} ost_done_output;

typedef struct ost_done_msg {
    uint64_t tag;
    int32_t rc;            /* ost_rc */
    const char *error;     /* "" when rc is OST_OK */
    const char *notes;     /* warnings, one a line */
    const char *libraries; /* of the GPU that it was computed on, with versions;
                              NULL or "" */
    double seconds;
    uint64_t computed;
    uint64_t remembered;
    uint64_t leaked; /* items judged by what had learned from their group */
    const ost_done_output *outputs;
    uint32_t n_outputs;
    const unsigned char *batch; /* encoded batch to commit with the record */
    size_t batch_size;
} ost_done_msg;

typedef struct ost_progress_msg {
    uint64_t tag;
    uint64_t done;
    uint64_t total;
    const char *extra; /* JSON object or "" */
} ost_progress_msg;

/* Encoders append one whole message with its length; decoders get the body
 * behind the kind byte, borrow from it and from the arena, and return false
 * when it is malformed. */
void ost_step_msg_encode(ost_buf *out, const ost_step_msg *m);
bool ost_step_msg_decode(const void *body, size_t size, ost_arena *arena,
                         ost_step_msg *m);
void ost_done_msg_encode(ost_buf *out, const ost_done_msg *m);
bool ost_done_msg_decode(const void *body, size_t size, ost_arena *arena,
                         ost_done_msg *m);
void ost_progress_msg_encode(ost_buf *out, const ost_progress_msg *m);
bool ost_progress_msg_decode(const void *body, size_t size, ost_arena *arena,
                             ost_progress_msg *m);
/* CHECK carries tag, stage, params; CHECKED tag, rc, error (the body of a done
 * message); COMMIT carries an encoded batch; STOP nothing. */
void ost_checked_msg_encode(ost_buf *out, const ost_done_msg *m);
void ost_check_msg_encode(ost_buf *out, uint64_t tag, const char *stage,
                          const char *params);
bool ost_check_msg_decode(const void *body, size_t size, ost_arena *arena,
                          uint64_t *tag, const char **stage,
                          const char **params);
void ost_plain_msg_encode(ost_buf *out, ost_msg kind, const void *body,
                          size_t size);

/* Takes the next whole message out of received bytes: its kind and body
 * (borrowed from `in`), and advances *offset behind it.  1 when there was one,
 * 0 when more bytes are needed, -1 when the stream is broken. */
int ost_msg_next(const ost_buf *in, size_t *offset, ost_msg *kind,
                 const unsigned char **body, size_t *size);

#endif
