"""A script, conf, Dockerfile, compose file or page of documentation, as the rules read it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from config.mistakes import ConfigError, Mistake
from config.reader import parse_yaml, read_text

LINE_LIMIT = 4000  # longer ones are no commands, and searching them could take for ever
_SHEBANG = re.compile(r"#!.*\b(?:ba|da|z|k)?sh\b")
_COMPOSE = re.compile(r"^services:\s*$", re.MULTILINE)
# What is no command: comments, quoted text, and the bodies of here-documents (200 lines of each at most).
_NO_CODE = re.compile(
    r"(?P<escape>\\.)|(?P<quoted>'[^']*'|\"(?:\\.|[^\"\\])*\")|(?P<comment>(?<![^\s;&|(])#[^\n]*)"
    r"|(?P<here>(?<!<)<<-?[ \t]*['\"\\]?(?P<word>[A-Za-z_]\w*)[^\n]*\n"
    r"(?:[^\n]*\n){0,200}?[ \t]*(?P=word)[ \t]*(?=\n|\Z))",
    re.DOTALL,
)


@dataclass(frozen=True, kw_only=True)
class Script:
    """A file with its text. `source` is the file as messages call it; `compose` holds its values if it has services."""

    source: str
    text: str
    compose: Mapping[str, object] | None = None

    @property
    def is_shell(self) -> bool:
        return Path(self.source).suffix in (".sh", ".bash") or bool(_SHEBANG.match(self.text))

    def lines(self) -> Iterator[tuple[str, str]]:
        """The first LINE_LIMIT characters of each line, joined with the next by `\\`, with its place; no comments."""
        start, joined = 1, ""
        for number, line in enumerate(self.text.splitlines(), 1):
            if not joined and line.lstrip().startswith("#"):
                continue
            start = start if joined else number
            joined += line.removesuffix("\\")
            if not line.endswith("\\"):
                yield f"{self.source}:{start}", joined[:LINE_LIMIT]
                joined = ""
        if joined:
            yield f"{self.source}:{start}", joined[:LINE_LIMIT]

    def code(self) -> str:
        """The text, as long as it is, in which only commands stand: what is quoted has become underscores."""
        return _NO_CODE.sub(_blank, self.text)

    def place(self, offset: int) -> str:
        """The place of an offset in the text."""
        newlines = self.text.count("\n", 0, offset)
        return f"{self.source}:{newlines + 1}"


def _blank(found: re.Match[str]) -> str:
    text = found[0]
    if found["comment"]:
        return " " * len(text)
    if found["here"]:
        return re.sub(r"[^\n]", " ", text)
    if found["quoted"]:
        kept = "" if text[0] == "'" else "$0-9@*"
        return text[0] + re.sub(rf"[^{kept}]" if kept else r"(?s:.)", "_", text[1:-1]) + text[-1]
    return " " * len(text) if text == "\\\n" else "__"


def read_script(path: Path, source: str) -> Script:
    """Read a file; raises ConfigError when it can't be read, or names services and is no YAML."""
    return parse_script(read_text(path, source), source)


def parse_script(text: str, source: str) -> Script:
    """A script of a text; raises ConfigError when the text is empty, or is a compose file that is no YAML."""
    if not text.strip():
        raise ConfigError([Mistake(path=source, found="an empty file", expected="a script, conf or compose file")])
    if not _COMPOSE.search(text) or _SHEBANG.match(text):
        return Script(source=source, text=text)
    return Script(source=source, text=text, compose=parse_yaml(text, source))
