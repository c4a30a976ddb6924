"""What lab-school says, in both languages."""
from __future__ import annotations

SCHOOL = "millrace lab-school"
WORDS = {
    "en": {
        "done": "done", "next": "next", "open": "", "minutes": "min", "all": "all exercises of all labs are done",
        "write": "Write into {path}, then: {school} check", "stuck": "Stuck? {school} hint      As it was: {school} reset {name}",
        "lab_done": "{lab}: all exercises are done. Now the experiment, in {path}; run it with: {school} run {lab}/{name}",
        "passed": "Passed. Go on with: {school} next", "failed": "Not yet. Change {path} and check again; a hint: {school} hint",
        "no_hint": "That was the last hint of {name}.", "hint": "Hint {number} of {count}", "reset": "{path} is as it was given; yours is {old}",
        "no_file": "{path} is not there: {school} next writes it", "no_sandbox": "(no sandbox here, so your cell runs without one: {why})",
        "after": "After yours this is run:",
        "watching": "Watching {path}: it is checked each time you save it. Ctrl-C ends.", "seed": "(seed {seed}: {school} check {name} --seed {seed} does the same again)",
        "run": "What is shown with >>> can be run: {school} run {lab}",
    },
    "it": {
        "done": "fatto", "next": "prossimo", "open": "", "minutes": "min", "all": "tutti gli esercizi di tutti i laboratori sono fatti",
        "write": "Scrivi in {path}, poi: {school} check", "stuck": "Bloccato? {school} hint      Da capo: {school} reset {name}",
        "lab_done": "{lab}: tutti gli esercizi sono fatti. Ora l'esperimento, in {path}; si esegue con: {school} run {lab}/{name}",
        "passed": "Superato. Avanti con: {school} next", "failed": "Non ancora. Cambia {path} e controlla di nuovo; un suggerimento: {school} hint",
        "no_hint": "Quello era l'ultimo suggerimento di {name}.", "hint": "Suggerimento {number} di {count}",
        "reset": "{path} è come è stato dato; il tuo è {old}", "no_file": "{path} non c'è: lo scrive {school} next",
        "no_sandbox": "(qui non c'è una sandbox, quindi la tua cella gira senza: {why})",
        "after": "Dopo la tua cella si esegue:",
        "watching": "Guardo {path}: è controllato a ogni salvataggio. Ctrl-C per finire.", "seed": "(seed {seed}: {school} check {name} --seed {seed} rifà lo stesso)",
        "run": "Ciò che è mostrato con >>> si può eseguire: {school} run {lab}",
    },
}
