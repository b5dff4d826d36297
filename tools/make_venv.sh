#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Make a virtual environment with exactly the pinned packages: make_venv.sh 3.11 FOLDER REQUIREMENTS
set -eu
version=$1
folder=$2
requirements=$3
python=$(sh "$(dirname "$0")/find_python.sh" "$version") || {
    echo "Python $version was not found on PATH or in ~/.pyenv/versions; install it." >&2
    exit 1
}
echo "Installing the pinned packages for Python $version into $folder (about 1 GB)"
rm -rf "$folder"
"$python" -m venv "$folder"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
    --no-deps --only-binary :all: --require-hashes --requirement "$requirements" || {
    echo "The packages could not be installed: is a package registry reached from here?" >&2
    exit 1
}
touch "$folder/.installed"
