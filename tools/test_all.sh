#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Run the tests on every supported Blender that has its interpreter here: test_all.sh 3.11 3.13
# All at the same time: most tests keep one core busy, so two Blenders on two cores take 12 minutes
# where one after the other took 18.
set -u
mkdir -p out/test
status=0
found=""
summary=""
for version in "$@"; do
    folder=.venv-py$(echo "$version" | tr -d .)
    if [ ! -e "$folder/.installed" ]; then
        summary="$summary
Python $version: NOT FOUND on PATH or in ~/.pyenv/versions, so its Blender was not tested"
        continue
    fi
    found="$found $version"
done
if [ -z "$found" ]; then
    echo "=== Summary of the tests$summary"
    echo "Nothing was tested." >&2
    exit 1
fi

# tests VERSION: what pytest says, and its exit status through a file: no pipefail in sh.
tests() {
    ".venv-py$(echo "$1" | tr -d .)/bin/python" -m pytest --color=no 2>&1
    echo $? >"out/test/py$1.status"
}

# The first one is seen while it runs; the others' words come after it, unmixed.
watched=""
unwatched=""
trap '[ -z "$unwatched" ] || kill $unwatched; exit 1' INT TERM
for version in $found; do
    rm -f "out/test/py$version.status"
    if [ -z "$watched" ]; then
        watched=$version
    else
        tests "$version" >"out/test/py$version.log" &
        unwatched="$unwatched $!"
    fi
done
for version in $found; do
    log=out/test/py$version.log
    blender=$(".venv-py$(echo "$version" | tr -d .)/bin/python" -m pip list 2>/dev/null | sed -n 's/^bpy *//p')
    echo "=== Python $version, Blender $blender"
    if [ "$version" = "$watched" ]; then
        tests "$version" | tee "$log"
        wait
    else
        cat "$log"
    fi
    [ "$(cat "out/test/py$version.status" 2>/dev/null)" = 0 ] || status=1
    summary="$summary
Python $version, Blender $blender: $(tail -n 1 "$log")"
done
echo "=== Summary of the tests$summary"
exit $status
