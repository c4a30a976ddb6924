#!/usr/bin/env bash
# late.sh - a check that hangs costs its deadline once: the checks before it keep what they said, those behind it and the other
# seeds are not run, and the messages say so. The same for a cell that hangs.
. tests/labs/lib_labs.sh
sed -e '/^    came = type(out\["counts"\])/i\    while out["counts"] == {"slow": 1}:\n        pass' tests/labs/00-example.md >"$scratch/00-example.md"
grep -q '"slow"' "$scratch/00-example.md" || die "the check is as it was"
sed -i -e 's/seeds=2 deadline=4/seeds=5 deadline=4/' -e '/^```python check=count$/a\def check_topic(out, world):\n    "There is a topic | C'"'"'è un topic"\n    expect(world.stdout == "", text(en="words", it="parole"))\n\n' \
    "$scratch/00-example.md"

cat >"$scratch/late.py" <<'LATE'
import pathlib, sys, time
from millrace_labs import prove, run, source
run.JUDGE_S = 2
if sys.argv[2] == "--prove":
    sys.argv[1:] = ["--no-walk", "--only", "count", sys.argv[1]]
    sys.exit(prove.main())
lab = source.read(pathlib.Path(sys.argv[1]))
started = time.monotonic()
verdict = run.exercise(lab, "count", sys.argv[2], 7)
for language in source.LANGUAGES:
    print(*run.lines(lab, "count", verdict, language), sep="\n")
print("seeds", verdict["seeds"], "in time" if time.monotonic() - started < 12 else f"took {time.monotonic() - started:.0f} s")
LATE
late() { # CODE: what the student is told
    PYTHONPATH=$MILLRACE_NOTEBOOKS /usr/bin/python3 -P "$scratch/late.py" "$scratch/00-example.md" "$1" >"$scratch/said" 2>&1 || die "$(tail -3 "$scratch/said")"
}
told() { grep -qF -- "$1" "$scratch/said" || fail "not told \"$1\": $(cat "$scratch/said")"; }

story "a check that hangs"
late 'def count(topic): return {"slow": 1}'
told "ok    00-example count/topic         There is a topic"
told "count/a-dictionary  this check did not end within 2 s over what the cell left, and was broken off; the other 4 seeds were not run"
told "count/a-dictionary  questo controllo non è finito entro 2 s su ciò che la cella ha lasciato, ed è stato interrotto; gli altri 4 seed non"
told "count/every-record  not run: the check a-dictionary before it did not end within 2 s"
told "seeds [7] in time"

story "a check that hangs with the third seed only"
late 'def count(topic): return {"slow": 1} if lab.seed == 9 else {}'
told "count/a-dictionary  survived 2 of 3 seeds; seed 9: this check did not end within 2 s"
told "the other 2 seeds were not run"
told "seeds [7, 8, 9] in time"

story "a cell that hangs"
late 'def count(topic):
    while True: pass'
told "count/cell  the cell did not end within 4 s: a loop without an end, or a wait for what never comes; the other 4 seeds were not run"
told "seeds [7] in time"

story "the proof takes neither for a failure of the right kind"
sed -i -e '/name=by-heart /,/^```$/s/return .*/return {"slow": 1}/' "$scratch/00-example.md"
PYTHONPATH=$MILLRACE_NOTEBOOKS /usr/bin/python3 -P "$scratch/late.py" "$scratch/00-example.md" --prove >"$scratch/said" && fail "a mistake that hangs its check is proven"
told "every-record should say 'look at: lab.consume'; it said: not run: the check a-dictionary before it did not end"
done_testing
