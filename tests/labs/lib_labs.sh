# lib_labs.sh - what the tests of the labs need: the program with the example lab of this folder, and scratch.
#
# Usage: . tests/labs/lib_labs.sh   (from the repository root; MILLRACE names the program)

. tests/e2e/lib.sh
export MILLRACE MILLRACE_NOTEBOOKS=$PWD/notebooks MILLRACE_LAB_SOURCES=$PWD/tests/labs PYTHONDONTWRITEBYTECODE=1
labs_module() { # NAME ARGUMENTS...: one of notebooks/millrace_labs
    local name=$1
    shift
    PYTHONPATH=$MILLRACE_NOTEBOOKS /usr/bin/python3 -P -m "millrace_labs.$name" "$@"
}
