#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Put into a root what the programs of programs.txt are given. Usage: fill_root.sh SOFTWARE_DIR ROOT
set -eu
cp --remove-destination "$1"/*.{py,txt,sh,js,go,java} "$2/root/"
rm -f "$2/root/script.sql"
python3 "$1/make_sql.py" >"$2/root/script.sql"
