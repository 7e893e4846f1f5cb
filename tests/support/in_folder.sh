#!/bin/sh
# tests/support/in_folder.sh FOLDER COMMAND... - runs a test in an empty folder
#
# The folder is removed when the test passes or is skipped, and is left for a
# look when it fails.  TMPDIR and HOME point into it, so that no test reads or
# writes anything of the person who runs it.
folder=$1
shift
chmod -R u+rwX "$folder" 2>/dev/null
rm -rf "$folder"
mkdir -p "$folder/tmp" "$folder/home" "$folder/work" || exit 1
cd "$folder/work" || exit 1
TMPDIR=$folder/tmp HOME=$folder/home "$@"
status=$?
if [ $status -eq 0 ] || [ $status -eq 77 ]; then
    cd /
    chmod -R u+rwX "$folder" 2>/dev/null
    rm -rf "$folder"
fi
exit $status
