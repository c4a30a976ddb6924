"""What the labs say to a student by themselves, in Italian too: the helpers' errors, and the words in figures.

    raise LabError(say("this lab has no file {name} ({path})", name=name, path=path))
    figure("median, ms")

Both speak the language of the notebook (`lab.open`). The English words stand in the code and are the key to the table below, so
that a cell of a lab is read as it is run; {name} is a value, and in a figure # is a number. What is not in the table stays as it
is: a student's own words are nobody's to translate. The proof of a lab makes it an error (STRICT), for its own figures must be there.
"""
from __future__ import annotations

import os
import re
from typing import Any

NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
STRICT = "MILLRACE_LAB_STRICT"

_language = os.environ.get("MILLRACE_LAB_LANGUAGE", "en")


class Said(str):
    """Words in the student's language; `.en` and `.it` are both."""

    en: str
    it: str

    def __new__(cls, en: str, it: str) -> Said:
        made = super().__new__(cls, it if _language == "it" else en)
        made.en, made.it = en, it
        return made


class Untranslated(Exception):
    """A word of a lab's own figure that is not in the table."""


def speak(language: str) -> None:
    """From now on in this language."""
    global _language
    _language = language


def language() -> str:
    """it or en."""
    return _language


def both(words: object) -> tuple[str, str]:
    """(English, Italian) of words or of an error; of what nobody translated, the same twice."""
    if isinstance(words, BaseException):
        words = words.args[0] if len(words.args) == 1 and isinstance(words.args[0], Said) else str(words)
    return (words.en, words.it) if isinstance(words, Said) else (str(words), str(words))


def say(words: str, **values: object) -> Said:
    """A sentence of MESSAGES with its values, each in its own language where it has one."""
    pairs = {name: both(value) for name, value in values.items()}
    return Said(words.format(**{name: pair[0] for name, pair in pairs.items()}),
                MESSAGES[words].format(**{name: pair[1] for name, pair in pairs.items()}))


def figure(words: str) -> str:
    """A word or sentence of a figure, in the student's language."""
    known = FIGURES.get(words) or FIGURES.get(NUMBER.sub("#", words))
    if known is None:
        if os.environ.get(STRICT) and re.search("[A-Za-z]{2}", words):
            raise Untranslated(f"{NUMBER.sub('#', words)!r} is in a figure, and not in FIGURES of millrace_labs/texts.py")
        return words
    if _language != "it":
        return words
    numbers: list[Any] = NUMBER.findall(words)
    for number in numbers if words not in FIGURES else ():
        known = known.replace("#", number, 1)
    return known


MESSAGES = {
    # lab
    "there is no broker yet: run the cell with lab.start() first": "non c'è ancora un broker: esegui prima la cella con lab.start()",
    "lab has no {name}": "lab non ha {name}",
    "lab has no {name}; did you mean {near}?": "lab non ha {name}; intendevi {near}?",
    "not done within {seconds} s: {script}\n{output}": "non è finito entro {seconds} s: {script}\n{output}",
    "status {status}: {script}\n{output}": "stato {status}: {script}\n{output}",
    "{command}: status {status}: {said}": "{command}: stato {status}: {said}",
    "this lab has no file {name} ({path})": "questo laboratorio non ha un file {name} ({path})",
    "{name!r} should be made of numbers, text, lists and dicts only (bytes: decode them; a set or a generator: make it a list): {error}":
        "{name!r} deve essere fatto solo di numeri, testo, liste e dizionari (bytes: decodificali; un insieme o un generatore: fanne una lista): {error}",
    "no picture was drawn yet: lab.plot, lab.svg, lab.draw_log": "non è ancora stata disegnata nessuna figura: lab.plot, lab.svg, lab.draw_log",
    "which lab is this? A notebook says it in its first cell: lab.open('01-topics')":
        "che laboratorio è questo? Un notebook lo dice nella prima cella: lab.open('01-topics')",
    "{lab} has no exercise {name} ({known})": "{lab} non ha un esercizio {name} ({known})",
    "run the cell of exercise {name} first: it begins with {first!r}": "esegui prima la cella dell'esercizio {name}: comincia con {first!r}",
    "lab.check works in a notebook; in a terminal: millrace lab-school check": "lab.check funziona in un notebook; in un terminale: millrace lab-school check",
    "(seed {seed}: lab.check({name!r}, seed={seed}) does the same again)": "(seed {seed}: lab.check({name!r}, seed={seed}) rifà lo stesso)",
    "(picture: {path})": "(figura: {path})",
    # client
    "topic {topic}: {count} records were not written: {error}": "topic {topic}: {count} record non sono stati scritti: {error}",
    "there is no topic {topic}": "non c'è un topic {topic}",
    "group {group}: {error}": "gruppo {group}: {error}",
    # broker, chaos
    "durability={value!r}: one of {known}": "durability={value!r}: uno di {known}",
    "the broker did not get ready: {log}": "il broker non è partito: {log}",
    "the broker did not end within {seconds} s: {log}": "il broker non è finito entro {seconds} s: {log}",
    "the broker ended with status {status}: {log}": "il broker è finito con stato {status}: {log}",
    "the broker did not come back": "il broker non è tornato",
    "lab.chaos has no {name}= ({known})": "lab.chaos non ha {name}= ({known})",
    "{name}={chance}: a chance is a number from 0 to 1": "{name}={chance}: una probabilità è un numero da 0 a 1",
    "nothing was recorded yet: what clients do inside of `with lab.chaos() as bootstrap:` is":
        "non è ancora stato registrato niente: si registra ciò che i client fanno dentro `with lab.chaos() as bootstrap:`",
    "millrace chaos did not get ready: {said}": "millrace chaos non è partito: {said}",
    "millrace chaos did not end within {seconds} s": "millrace chaos non è finito entro {seconds} s",
    # plots
    "kind={kind!r}: one of {known}": "kind={kind!r}: uno di {known}",
    "nothing to plot: no series has a point": "niente da disegnare: nessuna serie ha un punto",
    "gnuplot is not installed (the package gnuplot-nox)": "gnuplot non è installato (il pacchetto gnuplot-nox)",
    # arrivals, event store
    "the batch: {count} orders have arrived, and the warehouse does not show them all": "il batch: {count} ordini sono arrivati, e il warehouse non li mostra tutti",
    "the batch: {said}": "il batch: {said}",
    "the stream: {said}": "lo stream: {said}",
    "millrace es serve ended with status {status}": "millrace es serve è finito con stato {status}",
    "the event store is closed: {error}": "l'event store è chiuso: {error}",
    "{events} events and {ids} ids": "{events} eventi e {ids} id",
    "a snapshot of a function needs a name, and a fold_version that changes with the function":
        "lo snapshot di una funzione vuole un nome, e un fold_version che cambia con la funzione",
    # what labs need
    "MILLRACE={named}: no program there": "MILLRACE={named}: lì non c'è un programma",
    "no program millrace: run make, or name it with MILLRACE=": "non c'è il programma millrace: esegui make, o indicalo con MILLRACE=",
    "no lab {name} (labs: {known})": "il laboratorio {name} non c'è (laboratori: {known})",
    # lab-school
    "no lab or exercise {name} ({known})": "non c'è un laboratorio o un esercizio {name} ({known})",
    "{lab} has no cell {name} ({known})": "{lab} non ha una cella {name} ({known})",
    "no lab in {folder}": "nessun laboratorio in {folder}",
    "{path}: not JSON: {error} (remove it to begin anew)": "{path}: non è JSON: {error} (rimuovilo per ricominciare)",
    "{path}: not an object of JSON (remove it to begin anew)": "{path}: non è un oggetto JSON (rimuovilo per ricominciare)",
    "{path}: {key} is {value}: not what lab-school writes there (remove the file to begin anew)":
        "{path}: {key} è {value}: non è ciò che lab-school scrive lì (rimuovi il file per ricominciare)",
}

SAME = ("n", "lab.produce", "ms", "broker", "acks=#", "kill -#", "page-cache", "interval", "group-commit", "max.in.flight", "session.timeout.ms",
        "log", "batch", "stream")

FIGURES = {
    "Records and milliseconds": "Record e millisecondi",  # tests/labs/00-example.md
    **{words: words for words in SAME},
    # drawings: a log, a group
    "partition #": "partizione #", "goes on at": "riprende da", "log of topic": "log del topic", "group": "gruppo", "on topic": "sul topic",
    "key": "chiave", "value": "valore",
    # 01-topics
    "a record without a key": "un record senza chiave", "Records without a key stay together for a while": "I record senza chiave restano insieme per un po'",
    "record, in the order of writing": "record, nell'ordine di scrittura", "partition": "partizione", "# partition": "# partizione",
    "# partitions": "# partizioni", "One reader: what is read when": "Un lettore: che cosa legge, e quando",
    "position in the order of reading": "posizione nell'ordine di lettura", "number of the record, in the order of writing": "numero del record, nell'ordine di scrittura",
    # 02-producers
    "without looking": "senza guardare", "synchronous": "sincrono", "asynchronous": "asincrono", "records per second": "record al secondo",
    "Three ways to send # bytes": "Tre modi di spedire # byte", "acknowledged": "confermato", "handed to the client": "dato al client",
    "linger.ms=#: records wait for each other": "linger.ms=#: i record si aspettano", "record": "record", "milliseconds": "millisecondi",
    "linger.ms #, #, #, #, #": "linger.ms #, #, #, #, #", "batches of #, #, #": "lotti di #, #, #",
    "What you wait for what you get": "Quanto aspetti per ciò che ottieni",
    "records per second, as fast as it goes": "record al secondo, alla massima velocità", "median latency in ms, paced": "latenza mediana in ms, a ritmo fisso",
    # 03-acks
    "power cut": "corrente staccata", "Acknowledged records that are gone, of #": "Record confermati e perduti, su #", "durability": "durabilità", "records": "record",
    "Answers that are lost": "Risposte che si perdono", "The wait for an acknowledgement": "L'attesa di una conferma", "durability of the topic": "durabilità del topic",
    "median, ms": "mediana, ms", "idempotent": "idempotente", "acks=all": "acks=all", "Requests in flight, over a network of # ms": "Richieste in volo, su una rete di # ms", "append": "aggiungere",
    "read at an offset": "leggere a un offset", "find a key": "cercare una chiave", "What depends on the length of the log": "Che cosa dipende dalla lunghezza del log",
    "records in the log": "record nel log",
    # 04-groups
    "Members come and go: range": "Membri che arrivano e vanno: range", "Members come and go: cooperative-sticky": "Membri che arrivano e vanno: cooperative-sticky",
    "Until another member has the partitions": "Finché un altro membro ha le partizioni", "session timeout, s": "session timeout, s",
    "taken over after, s": "rilevate dopo, s", "killed": "ucciso", "closed": "chiuso",
    "# members, # partitions, heartbeats every # s, range": "# membri, # partizioni, heartbeat ogni # s, range",
    # 05-commits
    "lost": "persi", "done twice": "fatti due volte", "# payments, one worker killed at payment #": "# pagamenti, un lavoratore ucciso al pagamento #",
    "payments": "pagamenti", "librdkafka; killed at the worst moment for each way": "librdkafka; ucciso nel momento peggiore per ogni modo",
    "auto, # s": "auto, # s", "auto, # ms": "auto, # ms", "work, commit": "lavoro, commit", "commit, work": "commit, lavoro",
    "What a commit after every n records costs": "Quanto costa un commit ogni n record", "records per commit": "record per commit", "records/s": "record/s",
    "one worker, one partition, synchronous commits, work that takes no time": "un lavoratore, una partizione, commit sincroni, un lavoro che non prende tempo",
    "What a commit after every n records repeats": "Che cosa ripete un commit ogni n record", "records done twice": "record fatti due volte",
    "killed once, just before the middle": "ucciso una volta, poco prima della metà",
    # 06-batch
    "full: everything anew": "full: tutto da capo", "append: history in the folder": "append: storia nella cartella",
    "append: history archived": "append: storia archiviata", "Loading one evening: # new orders": "Caricare una sera: # ordini nuovi",
    "orders in the history": "ordini nella storia", "seconds": "secondi",
    # 07-stream
    "a batch every second": "un batch al secondo", "a stream": "uno stream", "arrived": "arrivati", "orders": "ordini",
    "Orders that arrived, and orders that the warehouse shows": "Ordini arrivati, e ordini che il warehouse mostra",
    "A quarter of a second of it": "Un quarto di secondo da vicino", "more orders": "altri ordini",
    "A worker is killed after a second, another one takes over its partitions": "Un lavoratore è ucciso dopo un secondo, un altro rileva le sue partizioni",
    "batch, mean": "batch, media", "batch, #th percentile": "batch, #° percentile", "half a period": "mezzo periodo", "stream, mean": "stream, media",
    "stream, #th percentile": "stream, #° percentile", "Age of an order when the warehouse shows it": "Età di un ordine quando il warehouse lo mostra",
    "batch period, seconds": "periodo del batch, secondi", "What it costs": "Quanto costa", "processor seconds per second": "secondi di processore al secondo",
    # 08-events
    "events": "eventi", "cart": "carrello", "Each box below is the one before it and the event above it; the log only grows.":
        "Ogni riquadro sotto è quello prima di lui e l'evento sopra di lui; il log cresce soltanto.",
    "Both clerks saw version #; the broker took both sales.": "I due commessi hanno visto la versione #; il broker ha preso le due vendite.",
    "one stream for all": "un flusso per tutti", "a stream each": "un flusso ciascuno", "Attempts for one successful write": "Tentativi per una scrittura riuscita",
    "writers at once": "scrittori insieme", "attempts": "tentativi", "# writes each, # ms between reading and writing": "# scritture ciascuno, # ms fra lettura e scrittura",
    # 09-views
    "no snapshot": "senza snapshot", "a snapshot every # events": "uno snapshot ogni # eventi", "What one question reads": "Che cosa legge una domanda",
    "events in the history": "eventi nella storia", "events read": "eventi letti", "warehouse": "magazzino", "shop": "negozio", "website": "sito",
    "Three views of one log": "Tre viste di un log", "events in the log": "eventi nel log", "mugs in stock": "tazze in magazzino",
    "all events again": "tutti gli eventi da capo", "from a snapshot": "da uno snapshot", "SQLite table": "tabella SQLite", "starting a program": "avviare un programma",
    "What one question costs": "Quanto costa una domanda",
    # 10-delivery
    "point to point": "punto a punto", "through a broker": "attraverso un broker", "through a topic": "attraverso un topic", "connections": "connessioni",
    "Connections for n senders and n services": "Connessioni con n mittenti e n servizi", "services": "servizi", "ms per order": "ms per ordine",
    "counted; a consumer opens two, one of them for its group's coordinator": "contate; un consumer ne apre due, una per il coordinatore del suo gruppo",
    "What a sender waits for each order": "Quanto aspetta un mittente per ogni ordine",
    "each service works # ms on a message; acks=all, one order at a time": "ogni servizio lavora # ms su un messaggio; acks=all, un ordine alla volta",
}
