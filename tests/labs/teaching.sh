#!/usr/bin/env bash
# teaching.sh - the teacher's guide has the minutes that the labs have, and its twelve hours forget no part of them.
. tests/labs/lib_labs.sh
labs_check() { PYTHONPATH=$MILLRACE_NOTEBOOKS /usr/bin/python3 -P tests/labs/teaching.py "$1" notebooks >"$scratch/said"; }

story "docs/teaching.md agrees with the labs"
labs_check docs/teaching.md || fail "$(cat "$scratch/said")"

story "a guide that does not is found out"
sed -e '0,/^| 01-topics | 10 /s//| 01-topics | 11 /' docs/teaching.md >"$scratch/row.md"
labs_check "$scratch/row.md" && fail "a wrong row"
sed -e 's/, kill, /, /' docs/teaching.md >"$scratch/part.md"
labs_check "$scratch/part.md" && fail "an exercise that is nowhere"
grep -q "07 kill is 0 times in the plan" "$scratch/said" || fail "what is missing: $(cat "$scratch/said")"
done_testing
