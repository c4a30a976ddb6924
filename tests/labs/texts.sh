#!/usr/bin/env bash
# texts.sh - in an Italian notebook the helpers speak Italian, in an English one English, and so do the words of a figure.
. tests/labs/lib_labs.sh

story "each sentence of a helper is in the table, with its values"
/usr/bin/python3 -P tests/labs/texts.py "$MILLRACE_NOTEBOOKS" >"$scratch/said" 2>&1 || fail "$(cat "$scratch/said")"

story "one that is not is found out"
cp -r "$MILLRACE_NOTEBOOKS" "$scratch/notebooks"
sed -i -e 's/"there is no topic {topic}", topic=topic/"no topic {topic} here", topic=topic/' "$scratch/notebooks/millrace_labs/client.py"
sed -i -e 's/say("the broker did not come back")/"the broker is away"/' "$scratch/notebooks/millrace_labs/chaos.py"
/usr/bin/python3 -P tests/labs/texts.py "$scratch/notebooks" >"$scratch/said" && fail "accepted"
grep -q "client.py:.*'no topic {topic} here' is not in MESSAGES" "$scratch/said" || fail "a sentence that is not there: $(cat "$scratch/said")"
grep -q "chaos.py:.*'the broker is away' is said in English only" "$scratch/said" || fail "one that is not from the table: $(cat "$scratch/said")"

story "both languages"
cat >"$scratch/speak.py" <<'SPEAK'
import sys
from millrace_labs import cells, draw, lab, texts
lab.open("01-topics", language=sys.argv[1])
for wrong in (lambda: lab.bootstrap, lambda: lab.data("none.csv"), lambda: lab.record("x", {1, 2}), lambda: lab.plot({"a": []}), lambda: lab.topik):
    try:
        wrong()
    except Exception as error:
        print(error)
        told = cells.told({"name": "x", "kind": "given", "text": ""}, error)
print(told["it"])
lab.plot({"lost": [("auto, 5 s", 3), ("mine", 1)], "done twice": [("auto, 5 s", 20)]}, kind="bars",
         title="40 payments, one worker killed at payment 20", y="payments", note="a student's own words, 7 of them")
print(lab.last_svg(), draw.log("shop", {3: (0, 0)}, []), draw.group("g", "t", [1], {}))
SPEAK
speak() { (cd "$scratch" && PYTHONPATH=$MILLRACE_NOTEBOOKS /usr/bin/python3 -P speak.py "$1" >"said.$1" 2>&1) || fail "$1: $(tail -3 "$scratch/said.$1")"; }
told() { # LANGUAGE WORDS...
    local language=$1 words
    shift
    for words; do grep -qF -- "$words" "$scratch/said.$language" || fail "$language: not \"$words\" in $(cat "$scratch/said.$language")"; done
}
speak it
speak en
told it "non c'è ancora un broker" "questo laboratorio non ha un file none.csv" "fanne una lista" "niente da disegnare" "lab non ha topik; intendevi topic?" \
    "la cella data x si è fermata con AttributeError: lab non ha topik" "40 pagamenti, un lavoratore ucciso al pagamento 20" "fatti due volte" ">pagamenti<" \
    "a student" "partizione 3" "log del topic shop" "gruppo g sul topic t" "(figura: "
told en "there is no broker yet" "this lab has no file none.csv" "lab has no topik; did you mean topic?" "la cella data x si è fermata con AttributeError: lab non ha topik" \
    "40 payments, one worker killed at payment 20" "done twice" "partition 3" "log of topic shop" "group g on topic t" "(picture: "

story "a word of a lab's own figure that is not in the table fails its proof"
sed -e 's/title="Records and milliseconds"/title="Records and hours"/' tests/labs/00-example.md >"$scratch/00-example.md"
labs_module prove --walk kernel "$scratch/00-example.md" >"$scratch/said" && fail "accepted"
grep -q "'Records and hours' is in a figure, and not in FIGURES" "$scratch/said" || fail "$(cat "$scratch/said")"
done_testing
