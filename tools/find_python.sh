#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Print the first interpreter that really runs one of the versions asked for: find_python.sh 3.11 3.13
# Looks at PATH, then at pyenv's folders. Prints nothing and ends with 1 where there is none.
for version in "$@"; do
    for candidate in "python$version" "$HOME/.pyenv/versions/$version".*/bin/python3 python3; do
        found=$("$candidate" -c '
import sys
import ensurepip, venv
wanted = sys.argv[1] == "%d.%d" % sys.version_info[:2]
print(sys.executable if wanted else "")' "$version" 2>/dev/null) || continue
        if [ -n "$found" ]; then
            echo "$found"
            exit 0
        fi
    done
done
exit 1
