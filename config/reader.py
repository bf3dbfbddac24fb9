"""Reading YAML as operators write it: every mistake at once, with its path; never a traceback."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, cast

import yaml

from config.mistakes import ConfigError, Mistake, shown

SIZE_LIMIT = 1024 * 1024  # bytes; a stack of 64 notaries has about 60 kB
DEPTH_LIMIT = 40
NODE_LIMIT = 100_000


class _CoreLoader(yaml.SafeLoader):
    """YAML's core schema, as the engine reads it: no dates, no `yes` and `no`, no octal. Notes keys that come twice."""

    yaml_implicit_resolvers: ClassVar[dict[Any, Any]] = {}  # pyright: ignore[reportIncompatibleVariableOverride]

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.twins: list[tuple[str, int]] = []


for _tag, _pattern, _first in (
    ("bool", r"(?:true|True|TRUE|false|False|FALSE)$", [*"tTfF"]),
    ("null", r"(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("int", r"[-+]?(?:0|[1-9][0-9]{0,17})$", [*"-+0123456789"]),
    ("float", r"[-+]?(?:0|[1-9][0-9]{0,17})\.[0-9]{1,18}$", [*"-+0123456789"]),
    ("merge", r"<<$", ["<"]),
):
    cast("Any", _CoreLoader).add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), _first)


def _mapping_noting_twins(loader: _CoreLoader, node: yaml.MappingNode) -> dict[Hashable, object]:
    seen: set[Hashable] = set()
    construct = cast("Callable[..., Hashable]", cast("Any", loader).construct_object)
    for key_node, _ in cast("list[tuple[yaml.Node, yaml.Node]]", node.value):
        plain = isinstance(key_node, yaml.ScalarNode) and key_node.tag != "tag:yaml.org,2002:merge"  # pyright: ignore[reportUnknownMemberType]
        key = construct(key_node, deep=True) if plain else None
        if key is not None and key in seen:
            loader.twins.append((str(key), key_node.start_mark.line + 1))
        seen.add(key)
    return loader.construct_mapping(node, deep=True)


_CoreLoader.add_constructor("tag:yaml.org,2002:map", _mapping_noting_twins)


def read_yaml(path: Path, source: str) -> Mapping[str, object]:
    """The mapping that a YAML file holds. `source` is the file as messages call it.

    Raises ConfigError when the file can't be read, is too large or too deep, is no YAML, or has a key twice.
    """
    return parse_yaml(read_text(path, source), source)


def read_text(path: Path, source: str) -> str:
    """The text of a file of at most SIZE_LIMIT bytes of UTF-8; raises ConfigError."""
    try:
        with path.open("rb") as file:
            data = file.read(SIZE_LIMIT + 1)
        if len(data) > SIZE_LIMIT:
            raise ConfigError([Mistake(path=source, found="more than 1 MiB", expected="a file of at most 1 MiB")])
        return data.decode()
    except OSError as error:
        found = error.strerror or type(error).__name__
        raise ConfigError([Mistake(path=source, found=found.lower(), expected="a file that can be read")]) from None
    except (UnicodeDecodeError, ValueError):
        raise ConfigError([Mistake(path=source, found="bytes that are no UTF-8", expected="text in UTF-8")]) from None


def parse_yaml(text: str, source: str) -> Mapping[str, object]:
    """The mapping that YAML text holds; raises ConfigError as `read_yaml` does."""
    try:
        loader = _CoreLoader(text)
        try:
            value: object = loader.get_single_data()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        problem = error.problem or "something that is no YAML"
        raise ConfigError([Mistake(path=f"{source}:{line}", found=problem, expected="valid YAML")]) from None
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        found = "nesting without end" if isinstance(error, RecursionError) else "something that is no YAML"
        raise ConfigError([Mistake(path=source, found=found, expected="valid YAML")]) from None
    twins = [
        Mistake(path=f"{source}:{line}", found=f"the name {shown(key)} twice", expected="each name once")
        for key, line in loader.twins
    ]
    kind = kind_of(value)
    if not isinstance(value, dict):
        twins.append(Mistake(path=source, found=kind, expected="a mapping, such as `config:` with its keys"))
    elif _too_large(cast("object", value)):
        limits = f"at most {DEPTH_LIMIT} levels and {NODE_LIMIT} values"
        twins.append(Mistake(path=source, found="more", expected=limits))
    if twins:
        raise ConfigError(twins)
    return cast("Mapping[str, object]", value)


def _too_large(value: object) -> bool:
    """Whether a value is deeper or has more parts than any stack: aliases in YAML can multiply without end."""
    nodes, level = 0, [value]
    for _ in range(DEPTH_LIMIT):
        level = [child for parent in level for child in children(parent)][: NODE_LIMIT + 1]
        nodes += len(level)
        if nodes > NODE_LIMIT:
            return True
        if not level:
            return False
    return True


def children(value: object) -> Iterator[object]:
    """The values directly inside a mapping or a list."""
    if isinstance(value, dict):
        yield from cast("dict[object, object]", value).values()
    elif isinstance(value, list):
        yield from cast("list[object]", value)


def kind_of(value: object) -> str:
    """What a value is, in the words of someone who writes YAML."""
    kinds: dict[str, str] = {"dict": "a mapping", "list": "a list", "str": "text", "bool": "true or false"}
    kinds |= {"int": "a number", "float": "a number", "NoneType": "nothing"}
    return kinds.get(type(value).__name__, "something else")
