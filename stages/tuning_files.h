/* stages/tuning_files.h - measured choices of algorithms, in the user's cache
 *
 * A file for each name (kernels/tuning.h):
 *     $XDG_CACHE_HOME/osteon/tuning/NAME
 * where XDG_CACHE_HOME is ~/.cache unless it is set.
 */
#ifndef OST_STAGES_TUNING_FILES_H
#define OST_STAGES_TUNING_FILES_H

/* From now on choices of this process are kept there. */
void ost_tuning_files(void);

#endif
