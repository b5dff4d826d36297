#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Check the types of the extension and of the tools: check_types.sh PYTHON
# The repository's root is the package, and a clone's folder may have any name: mypy finds the
# package under its own name through a link.
set -u
status=0
root=$(cd "$(dirname "$0")/.." && pwd)
python=$1
case $python in /*) ;; *) python=$root/$python ;; esac
mkdir -p "$root/.cache/types"
ln -sfn ../.. "$root/.cache/types/auto_rig_face"
cd "$root/.cache/types"
"$python" -m mypy --config-file "$root/pyproject.toml" --cache-dir "$root/.cache/mypy" \
    -p auto_rig_face || status=1
cd "$root"
"$python" -m mypy --config-file pyproject.toml --cache-dir .cache/mypy-tools tools || status=1
exit $status
