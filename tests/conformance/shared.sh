#!/bin/sh
# shared.sh TOOL FOLDER [OPTION...]: runs the shared cases. Exits 77, "skipped", if they are not there.
set -eu

if [ ! -d "$2" ]; then
    echo "skipped: the shared cases are absent: no folder $2 (DOORBELL_SHARED_DIR)"
    exit 77
fi
exec "$@"
