"""The pages of a lab that a student in a terminal reads before an exercise."""
from __future__ import annotations

from millrace_labs import source, terminal
from millrace_labs.words import SCHOOL, WORDS


def blocks_before(lab: source.Lab, exercise: source.Exercise | None) -> list[source.Fence | source.Prose]:
    """What stands between the exercise before and this one; without one, what comes after the last."""
    blocks: list[source.Fence | source.Prose] = []
    for block in lab.blocks:
        if isinstance(block, source.Fence) and block.kind == "exercise":
            if exercise and block.name == exercise.name:
                break
            blocks = []
        blocks.append(block)
    return blocks


def _typed(block: source.Fence) -> str:
    """Given code as one would type it."""
    mark = "$ " if block.kind == "bash" else ">>> "
    return terminal.code("\n".join((mark + line).rstrip() for line in block.text.split("\n")))


def reading(lab: source.Lab, exercise: source.Exercise | None, language: str) -> str:
    """The text before an exercise, or after the last one."""
    begins = exercise is not None and exercise.name == next(iter(lab.exercises))
    heading = source.heading(lab, language) if begins else ""
    shown, runs = [terminal.markdown(heading)] if heading else [], False
    for block in blocks_before(lab, exercise):
        if isinstance(block, source.Prose):
            if block.kind == "prose" and block.language in (language, "both"):
                shown.append(terminal.markdown(source.localized(block, language), str(lab.path.parent)))
        elif block.kind in source.SHOWN:
            shown.append(terminal.code(block.text))
        elif block.kind in ("cell", "bash") and "setup" not in block.flags:
            runs = True
            shown.append(_typed(block))
    if runs:
        shown.append(WORDS[language]["run"].format(school=SCHOOL, lab=lab.id))
    return "\n\n".join(shown)
