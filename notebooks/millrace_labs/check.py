"""What a check is written with: expect, expect_equal, text; and the world it looks at.

    def check_same_key(out, world):
        "One key, one partition | Una chiave, una partizione"
        expect_equal(out["partitions"], [2], text(en="the partitions of key 'rossi'", it="le partizioni della chiave 'rossi'"),
                     look=text(en="look at: the reading, 'key to partition'", it="guarda: la lettura, «dalla chiave alla partizione»"))

A message says what was expected, what came, where to look; in both languages, and the one who prints it chooses.
"""
from __future__ import annotations

import json
import pathlib
from typing import Any, Callable, NamedTuple

SHOWN_MAX = 300  # of a value in a message


class Text(NamedTuple):
    """The same words in the languages of the labs."""

    en: str
    it: str

    def __add__(self, other: object) -> Text:
        more = as_text(other)
        return Text(self.en + more.en, self.it + more.it)


def text(en: str, it: str) -> Text:
    """Words in both languages."""
    return Text(en, it)


def as_text(words: object) -> Text:
    """A Text stays; a string is the same in both languages."""
    return words if isinstance(words, Text) else Text(str(words), str(words))


class CheckFailed(Exception):
    """What a check found wrong."""

    def __init__(self, message: Text) -> None:
        super().__init__(message.en)
        self.message = message


class Missing(CheckFailed):
    """There is nothing to check: where the cell stopped, that has been told already."""


def expect(condition: object, message: Text | str, look: Text | str | None = None) -> None:
    """Ends the check with this message unless the condition holds."""
    if not condition:
        raise CheckFailed(_with_look(as_text(message), look))


def expect_equal(came: object, expected: object, what: Text | str, look: Text | str | None = None) -> None:
    """Ends the check unless both are equal: "WHAT: expected ..., came ...; look at: ..."."""
    if came == expected and isinstance(came, bool) == isinstance(expected, bool):
        return
    words = Text(f": expected {shown(expected)}, came {shown(came)}", f": atteso {shown(expected)}, arrivato {shown(came)}")
    raise CheckFailed(_with_look(as_text(what) + words, look))


def _with_look(message: Text, look: Text | str | None) -> Text:
    return message if look is None else message + "; " + as_text(look)


def shown(value: object) -> str:
    """A value in a message: as JSON has it where it can be, and not without end; nothing is Python's None."""
    if value is None:
        return "None"
    try:
        words = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        words = repr(value)
    return words if len(words) <= SHOWN_MAX else f"{words[:SHOWN_MAX]}... ({len(words)} characters)"


class Outputs(dict[str, Any]):
    """What the cells recorded; a name that is not there says so."""

    def __missing__(self, name: str) -> Any:
        raise Missing(text(
            en=f"nothing was recorded under {name!r}: did the cell run to its end?",
            it=f"non è stato registrato niente sotto {name!r}: la cella è arrivata alla fine?"))


class World:
    """What the student's run left behind. A broker over its data is started when it is first asked for."""

    def __init__(self, seed: int, folder: str, broker_folder: str, stdout: str, source: str) -> None:
        self.seed, self.folder, self.stdout, self.source = seed, folder, stdout, source
        self._broker_folder = broker_folder
        self._broker: Any = None
        self._refused: Text | None = None

    @property
    def bootstrap(self) -> str:
        """The address of a broker over the data that the student's one left."""
        from millrace_labs import broker, texts

        if self._refused:
            raise CheckFailed(self._refused)
        if self._broker is None:
            if not self._broker_folder or not pathlib.Path(self._broker_folder).is_dir():
                raise Missing(text(en="the run left no broker's data: did the cell run to its end?",
                                   it="l'esecuzione non ha lasciato dati di un broker: la cella è arrivata alla fine?"))
            try:
                self._broker = broker.Broker(self._broker_folder).start()
            except broker.BrokerError as error:
                said, said_it = texts.both(error)
                self._refused = text(en=f"no broker can be started over the data that was left: {said}",
                                     it=f"nessun broker può partire sui dati rimasti: {said_it}")
                raise CheckFailed(self._refused) from None
        return self._broker.bootstrap

    def records(self, topic: str) -> list[Any]:
        """All records of a topic, by partition and offset (client.Record)."""
        return self._ask("consume", topic)

    def topics(self) -> dict[str, int]:
        """The topics, and how many partitions each has."""
        return self._ask("topics")

    def committed(self, group: str, topic: str) -> dict[int, int]:
        """The offsets that a group has committed, by partition."""
        return self._ask("committed", group, topic)

    def _ask(self, function: str, *words: str) -> Any:
        from millrace_labs import client, texts

        ask: Callable[..., Any] = getattr(client, function)
        try:
            return ask(self.bootstrap, *words)
        except client.ClientError as error:
            said, said_it = texts.both(error)
            raise Missing(text(en=f"the log that was left says: {said}", it=f"il log rimasto dice: {said_it}")) from None

    def close(self) -> None:
        """Ends the broker."""
        if self._broker is not None:
            self._broker.kill()
