"""Reads the Markdown of a lab: from its lines to blocks, from its blocks to exercises. source.py says what they are."""
from __future__ import annotations

import ast
import pathlib
import re
import shlex

from millrace_labs.source import (DEADLINE_MAX_S, KINDS, LANGUAGES, NAME, SEEDS_MAX, SHOWN, Exercise, Fence, Lab, Prose,
                                  SourceError)

MARK = re.compile(r"<!--\s*(.*?)\s*-->\s*\Z")
FENCE = re.compile(r"```(.*)\Z")


class Reader:
    """Reads the lines of one file, once, from the top."""

    def __init__(self, path: pathlib.Path, text: str) -> None:
        self.path, self.lines, self.at = path, text.split("\n"), 0
        self.blocks: list[Fence | Prose] = []
        self.names: set[str] = set()

    def error(self, line: int, what: str) -> SourceError:
        return SourceError(f"{self.path}:{line}: {what}")

    def head(self) -> dict[str, str]:
        """The lines between the two `---` at the top."""
        if self.lines[0].strip() != "---":
            raise self.error(1, "a lab starts with a line --- and its keys (id, title.it, title.en)")
        keys: dict[str, str] = {}
        for number, line in enumerate(self.lines[1:], 2):
            if line.strip() == "---":
                self.at = number
                return keys
            key, colon, value = line.partition(":")
            if not colon or key.strip() not in ("id", "title.it", "title.en"):
                raise self.error(number, f"expected id:, title.it: or title.en:, not {line.strip()!r}")
            keys[key.strip()] = value.strip()
        raise self.error(len(self.lines), "the keys at the top have no second line ---")

    def body(self) -> None:
        mark: tuple[str, str, str, int] | None = None
        prose: list[str] = []
        while self.at < len(self.lines):
            line, number = self.lines[self.at], self.at + 1
            self.at += 1
            found = MARK.match(line)
            fence = FENCE.match(line)
            if not found and not fence:
                if line.strip() and mark is None:
                    raise self.error(number, "text outside of a mark: put <!-- it --> and <!-- en -->, or <!-- both -->, before it")
                prose.append(line)
                continue
            self.prose(mark, prose)
            prose, mark = [], None
            if found:
                mark = self.mark(found.group(1), number)
            elif fence:
                self.blocks.append(self.fence(fence.group(1).strip(), number))
        self.prose(mark, prose)

    def prose(self, mark: tuple[str, str, str, int] | None, lines: list[str]) -> None:
        text = "\n".join(lines).strip("\n").rstrip()
        if mark is None:
            return
        if not text:
            raise self.error(mark[3], "no text under this mark")
        self.blocks.append(Prose(*mark[:3], text, mark[3]))

    def mark(self, text: str, line: int) -> tuple[str, str, str, int]:
        words = text.split()
        if words == ["both"]:
            return "prose", "", "both", line
        if len(words) == 1 and words[0] in LANGUAGES:
            return "prose", "", words[0], line
        if len(words) == 2 and words[0] == "teacher" and words[1] in LANGUAGES:
            return "teacher", "", words[1], line
        if len(words) == 3 and words[0] in ("hint", "explain") and words[2] in LANGUAGES:
            return words[0], words[1], words[2], line
        raise self.error(line, f"no such mark: <!-- {text} --> (it, en, both, hint EX it, explain EX it, teacher it)")

    def fence(self, info: str, line: int) -> Fence:
        start = self.at
        while self.at < len(self.lines) and self.lines[self.at].rstrip() != "```":
            self.at += 1
        if self.at == len(self.lines):
            raise self.error(line, "this fence is not closed by a line ```")
        text = "\n".join(self.lines[start:self.at])
        self.at += 1
        try:
            words = shlex.split(info)
        except ValueError as error:
            raise self.error(line, f"the words behind ``` cannot be read: {error}") from None
        if not words:
            raise self.error(line, "a fence names its language: ```python, ```bash, ```text, ```sql, ```json, ```c")
        tags = dict(word.split("=", 1) for word in words[1:] if "=" in word)
        flags = {word for word in words[1:] if "=" not in word}
        if words[0] != "python":
            return self.plain(words[0], tags, flags, text, line)
        return self.python(tags, flags, text, line)

    def plain(self, language: str, tags: dict[str, str], flags: set[str], text: str, line: int) -> Fence:
        if language not in SHOWN + ("bash",):
            raise self.error(line, f"no such language of a fence: {language} (python, bash, {', '.join(SHOWN)})")
        if tags or flags:
            raise self.error(line, f"a fence of {language} has no words behind its language")
        return Fence(language, language, "", {}, set(), text, line + 1)

    def python(self, tags: dict[str, str], flags: set[str], text: str, line: int) -> Fence:
        kinds = [key for key in tags if key in KINDS]
        if len(kinds) != 1:
            raise self.error(line, f"a fence of python says exactly one of {', '.join(f'{k}=' for k in KINDS)}")
        kind = kinds[0]
        name = tags.pop(kind)
        if not NAME.match(name):
            raise self.error(line, f"{kind}={name}: a name has small letters, digits and single hyphens")
        keys, allowed = KINDS[kind]
        for word in [*(key for key in tags if key not in keys), *(flag for flag in flags if flag not in allowed)]:
            raise self.error(line, f"{kind}= has no {word!r} (it may have: {', '.join(sorted(keys | allowed)) or 'nothing'})")
        self.limits(kind, tags, line)
        try:
            ast.parse(text)
        except SyntaxError as error:
            raise self.error(line + (error.lineno or 1), f"Python cannot read this: {error.msg}") from None
        return Fence("python", kind, name, tags, flags, text, line + 1)

    def limits(self, kind: str, tags: dict[str, str], line: int) -> None:
        highest = {"minutes": 60, "seeds": SEEDS_MAX, "deadline": DEADLINE_MAX_S}
        for key in set(tags) & set(highest):
            if not tags[key].isdigit() or not 1 <= int(tags[key]) <= highest[key]:
                raise self.error(line, f"{key}={tags[key]}: a number from 1 to {highest[key]}")
        needed = {"exercise": ["minutes"], "experiment": ["minutes"], "wrong": ["name", "fails", "says"]}
        for key in needed.get(kind, []):
            if not tags.get(key):
                raise self.error(line, f"{kind}= needs {key}=")

    def pairs(self) -> None:
        """Prose in Italian is followed by the same in English."""
        waiting: Prose | None = None
        for block in self.blocks:
            prose = block if isinstance(block, Prose) and block.language != "both" else None
            if waiting:
                if not prose or (prose.language, prose.kind, prose.exercise) != ("en", waiting.kind, waiting.exercise):
                    raise self.error(waiting.line, "this text has no <!-- en --> of the same kind behind it")
                waiting = None
            elif prose and prose.language == "en":
                raise self.error(prose.line, "this text has no <!-- it --> of the same kind before it")
            else:
                waiting = prose
        if waiting:
            raise self.error(waiting.line, "this text has no <!-- en --> of the same kind behind it")

    def exercises(self) -> dict[str, Exercise]:
        found: dict[str, Exercise] = {}
        for block in self.blocks:
            if isinstance(block, Fence) and block.kind == "exercise":
                if block.name in found:
                    raise self.error(block.line - 1, f"there is an exercise {block.name} already")
                found[block.name] = Exercise(block.name, block)
        for block in self.blocks:
            self.part(block, found)
        return found

    def part(self, block: Fence | Prose, found: dict[str, Exercise]) -> None:
        """Puts a block where it belongs."""
        if isinstance(block, Prose):
            if block.kind not in ("hint", "explain"):
                return
            exercise = self.owner(block.exercise, found, block.line)
            if block.kind == "hint":
                exercise.hints[block.language].append(block.text)
            else:
                exercise.explain[block.language] = block.text
            return
        if block.kind in ("cell", "experiment"):
            if block.name in self.names:
                raise self.error(block.line - 1, f"there is a cell {block.name} already")
            self.names.add(block.name)
        if block.kind not in ("solution", "run", "wrong", "check"):
            return
        exercise = self.owner(block.name, found, block.line - 1)
        if block.kind == "wrong":
            self.another_name(block, exercise)
        if block.kind in ("solution", "run"):
            if getattr(exercise, block.kind):
                raise self.error(block.line - 1, f"there is a {block.kind}={block.name} already")
            setattr(exercise, block.kind, block)
        else:
            (exercise.wrong if block.kind == "wrong" else exercise.checks).append(block)

    def another_name(self, wrong: Fence, exercise: Exercise) -> None:
        """The proof names a mistake by its name: two of one name could not be told apart there."""
        for other in exercise.wrong:
            if other.tags["name"] == wrong.tags["name"]:
                raise self.error(wrong.line - 1, f"wrong={wrong.name} has a name={wrong.tags['name']} already, in line {other.line - 1}")

    def owner(self, name: str, found: dict[str, Exercise], line: int) -> Exercise:
        if name not in found:
            raise self.error(line, f"there is no exercise {name} (exercises: {', '.join(found) or 'none'})")
        return found[name]


def parse(path: pathlib.Path, text: str) -> Lab:
    """Reads a lab's source; SourceError names what does not fit."""
    reader = Reader(path, text)
    keys = reader.head()
    for key in ("id", "title.it", "title.en"):
        if not keys.get(key):
            raise reader.error(1, f"no {key}: between the lines ---")
    if keys["id"] != path.stem or not NAME.match(keys["id"]):
        raise reader.error(2, f"id: {keys['id']} is not the file's name, {path.stem}")
    reader.body()
    reader.pairs()
    titles = {language: keys[f"title.{language}"] for language in LANGUAGES}
    return Lab(keys["id"], path, titles, reader.blocks, reader.exercises())


def read(path: pathlib.Path) -> Lab:
    """The lab in a file."""
    try:
        return parse(path, path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise SourceError(f"{path}: not UTF-8: {error}") from None
