# lib_venv.sh - Python clients from PyPI, each in a virtual environment under build/venv, made once.
#
# Usage: . tests/e2e/lib_venv.sh   (after lib.sh, in the root of the repository)
# A client that cannot be installed is a failure, never a skip.

venvs=${VENVS:-build/venv}
case $venvs in /*) ;; *) venvs=$PWD/$venvs ;; esac
python=/usr/bin/python3
# What kafka-python takes for codecs; one list, so that all scripts share their environments.
codecs="lz4 zstandard python-snappy"

# venv NAME PACKAGE...: makes it unless a stamp with the same packages is there; prints its python.
venv() {
    dir=$venvs/$1
    shift
    mkdir -p "$venvs"
    exec 8>"$dir.lock" # another script may want the same one now
    flock 8
    if [ "$(cat "$dir/stamp" 2>/dev/null)" != "$*" ]; then
        rm -rf "$dir"
        { $python -m venv "$dir" && "$dir/bin/pip" install -q --disable-pip-version-check "$@"; } >&2 8>&- || return 1
        echo "$*" >"$dir/stamp"
    fi
    exec 8>&-
    echo "$dir/bin/python"
}
