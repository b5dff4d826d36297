#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Run the tests on every supported Blender that has its interpreter here: test_all.sh 3.11 3.13
set -u
mkdir -p out/test
status=0
tested=0
summary=""
for version in "$@"; do
    folder=.venv-py$(echo "$version" | tr -d .)
    log=out/test/py$version.log
    if [ ! -e "$folder/.installed" ]; then
        summary="$summary
Python $version: NOT FOUND on PATH or in ~/.pyenv/versions, so its Blender was not tested"
        continue
    fi
    blender=$("$folder/bin/python" -m pip list 2>/dev/null | sed -n 's/^bpy *//p')
    echo "=== Python $version, Blender $blender"
    # No pipefail in sh: the exit status of pytest comes through a file.
    { "$folder/bin/python" -m pytest --color=no 2>&1; echo $? >"$log.status"; } | tee "$log"
    result=$(cat "$log.status")
    rm -f "$log.status"
    [ "$result" -eq 0 ] || status=1
    tested=$((tested + 1))
    summary="$summary
Python $version, Blender $blender: $(tail -n 1 "$log")"
done
echo "=== Summary of the tests$summary"
if [ "$tested" -eq 0 ]; then
    echo "Nothing was tested." >&2
    exit 1
fi
exit $status
