"""The impact on a terminal, and as Markdown for a pull request's comment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.table import Table

from fleet.impact.impact import Impact
from fleet.impact.sections import Section, sections
from fleet.output import table

# By this line a workflow finds the comment that it edits.
MARKER = "<!-- notary-fleet preview: {} -->"


def shown(impact: Impact) -> list[Table | str]:
    """The impact as a person at a terminal reads it."""
    items: list[Table | str] = [headline(impact)]
    for section in sections(impact):
        items += ["", f"{section.title}{' (!)' if section.grave else ''}", *section.sentences]
        if section.rows:
            rows = table(*section.columns)
            for row in section.rows:
                rows.add_row(*row)
            items.append(rows)
    return items


def markdown(impact: Impact, errors: Sequence[str] = (), advice: Sequence[str] = ()) -> str:
    """The impact as a comment. `errors` are what ended the preview, refusals of policies among them."""
    lines = [MARKER.format(impact.stack), f"## {headline(impact)}", ""]
    if errors:
        lines += ["**Refused:**", "", *(f"- {_safe(error)}" for error in errors), ""]
    if advice:
        lines += ["**Advice:**", "", *(f"- {_safe(item)}" for item in advice), ""]
    for section in sections(impact):
        lines += [*_section(section), ""]
    return "\n".join(lines)


def headline(impact: Impact) -> str:
    """One line: the stack, its release, and how much changes."""
    if impact.first:
        return f"{impact.stack}, release {impact.release}: first preview, nothing of it runs yet by its state"
    kinds = ("added", "removed", "replaced", "restarted", "changed")
    counts = {kind: sum(item.kind == kind for item in impact.daemons) for kind in kinds}
    told = [f"{count} {kind}" for kind, count in counts.items() if count]
    stops = sum(item.outcome in ("hands over", "nobody signs", "gone") for item in impact.duties)
    daemons = f"daemons: {', '.join(told)}" if told else "no daemon changes"
    duties = f"{stops or 'no'} {'duty' if stops < 2 else 'duties'} interrupted"
    return f"{impact.stack}, release {impact.release}: {daemons}; {duties}"


def _section(section: Section) -> Iterator[str]:
    yield f"### {section.title}{' ⚠️' if section.grave else ''}"
    yield ""
    yield from (_safe(sentence) for sentence in section.sentences)
    if section.rows:
        if section.sentences:
            yield ""
        yield _row(section.columns)
        yield _row(["---"] * len(section.columns))
        yield from (_row(row) for row in section.rows)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(_safe(cell) for cell in cells)} |"


def _safe(text: str) -> str:
    """Text that Markdown shows as it is: a pull request writes names, and a comment must not be rewritten by them."""
    arrows = text.replace("->", "→")
    return " ".join("".join(f"\\{letter}" if letter in "\\`*_[]|<>#" else letter for letter in arrows).split())
