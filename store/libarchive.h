/* store/libarchive.h - libarchive, opened on use
 *
 * It brings a dozen libraries along, which would double the time in which
 * every command starts.  Workers, which read archives, link it.
 */
#ifndef OST_STORE_LIBARCHIVE_H
#define OST_STORE_LIBARCHIVE_H

#include "base/err.h"

#include <archive.h>
#include <archive_entry.h>

/* How to add a function: one row. */
#define OST_LIBARCHIVE_MAP(XX)           \
    XX(archive_error_string)             \
    XX(archive_entry_clear)              \
    XX(archive_entry_filetype)           \
    XX(archive_entry_free)               \
    XX(archive_entry_new)                \
    XX(archive_entry_pathname)           \
    XX(archive_entry_set_filetype)       \
    XX(archive_entry_set_mtime)          \
    XX(archive_entry_set_pathname)       \
    XX(archive_entry_set_perm)           \
    XX(archive_entry_set_size)           \
    XX(archive_entry_size)               \
    XX(archive_read_data)                \
    XX(archive_read_free)                \
    XX(archive_read_new)                 \
    XX(archive_read_next_header)         \
    XX(archive_read_open_filename)       \
    XX(archive_read_support_filter_zstd) \
    XX(archive_read_support_format_tar)  \
    XX(archive_write_add_filter_zstd)    \
    XX(archive_write_close)              \
    XX(archive_write_data)               \
    XX(archive_write_free)               \
    XX(archive_write_header)             \
    XX(archive_write_new)                \
    XX(archive_write_open_fd)            \
    XX(archive_write_set_format_pax_restricted)

typedef struct ost_libarchive {
#define XX(name) __typeof__(&(name)) name;
    OST_LIBARCHIVE_MAP(XX)
#undef XX
} ost_libarchive;

/* The functions, for as long as the process lives; OST_EUNSUPPORTED names the
 * package when the library is not there. */
ost_rc ost_libarchive_open(const ost_libarchive **lib, ost_err *err);

#endif
