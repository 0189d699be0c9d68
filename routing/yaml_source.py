"""Parses YAML 1.1 into plain values and the line of each.

Unlike PyYAML's `safe_load`: a key that stands twice is refused, dates stay text, nothing is built from tags, and
neither deep nesting nor aliases of aliases can use up stack or memory.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import yaml
from yaml.reader import Reader

from routing.errors import Path, Problem
from routing.files import LARGEST, TOO_LARGE

_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEPTH = 32
_LONGEST_NUMBER = 100
"""Characters; a longer one stays text. YAML's numbers of minutes (`1:30`) could take minutes."""
_VALUES = 20_000
_TAG = "tag:yaml.org,2002:"
_TOO_DEEP = f"is nested more than {_DEPTH} deep, or an alias stands inside itself; flatten it"
_TOO_DEEP_FOR_PYYAML = "exceeded maximum nesting depth"
"""PyYAML 6.0.4's own words, at a depth of its own."""


class UnreadableYaml(Exception):
    """The error for a text that is no YAML, or too large; `problems` says why."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__()
        self.problems = problems


@dataclass(slots=True)
class Source:
    """A document with its lines. `value` is the document; `lines` has the line, from 1, of every key and item in it;
    `problems` are duplicate keys and scalars that are not what their tag says."""

    value: object = None
    lines: dict[Path, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line(self, path: Path) -> int | None:
        """Return the line of `path`, or of the nearest thing around it."""
        return next((self.lines[path[:n]] for n in range(len(path), -1, -1) if path[:n] in self.lines), None)


def read(data: bytes, keeps_null: Callable[[Path], bool] = lambda path: False) -> Source:
    """Return the values of a YAML text and their lines. A null is as if its key were absent, but where `keeps_null`
    says that it is a value. Raises `UnreadableYaml`."""
    node = _compose(_decoded(data))
    walk = _Walk(keeps_null)
    walk.source.lines[()] = node.start_mark.line + 1
    walk.source.value = walk.value(node, ())
    return walk.source


def _decoded(data: bytes) -> str:
    if len(data) > LARGEST:
        raise UnreadableYaml(Problem(TOO_LARGE))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UnreadableYaml(Problem("is not UTF-8; save the file as UTF-8", line)) from None
    if odd := Reader.NON_PRINTABLE.search(text):
        line = text.count("\n", 0, odd.start()) + 1
        raise UnreadableYaml(Problem(f"holds the control character U+{ord(odd[0]):04X}; remove it", line))
    return text


def _compose(text: str) -> yaml.Node:
    problem = None
    try:
        depth = 0
        for event in yaml.parse(text, Loader=_LOADER):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEPTH:
                raise UnreadableYaml(Problem(_TOO_DEEP, event.start_mark.line + 1 if event.start_mark else None))
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = Problem(_syntax(error), None if mark is None else mark.line + 1)
    except yaml.YAMLError:
        problem = Problem("is not valid YAML; check it with a YAML linter")
    if problem:
        raise UnreadableYaml(problem)
    if node is None:
        raise UnreadableYaml(Problem("is empty; copy the config.yaml that the gateway ships with"))
    assert isinstance(node, yaml.Node)
    return node


def _syntax(error: yaml.MarkedYAMLError) -> str:
    """Return PyYAML's words for an error, without its quotes from the file."""
    if error.problem == _TOO_DEEP_FOR_PYYAML:
        return _TOO_DEEP
    text = " ".join(part for part in (error.context, error.problem) if part)
    text = re.sub(r"(['\"])(?![<\s])[^'\"]{3,}\1", "(not shown)", text)
    return f"is not valid YAML: {text}; check indentation, quotes and the space after each colon"


class _Walk:
    """One walk over the nodes. `remaining` is how many values may still be made, aliases counted each time."""

    def __init__(self, keeps_null: Callable[[Path], bool]) -> None:
        self.source = Source()
        self.keeps_null = keeps_null
        self.remaining = _VALUES
        self.scalars = yaml.constructor.SafeConstructor()

    def value(self, node: yaml.Node, path: Path) -> object:
        self.spend(node, len(path))
        if not node.tag.startswith(_TAG):
            text = "has a tag (`!name`), and tags are not read; write the plain value, or ${NAME} for a variable"
            self.source.problems.append(Problem(text, node.start_mark.line + 1, path))
        match node:
            case yaml.MappingNode():
                return self.mapping(node, path)
            case yaml.SequenceNode():
                self.source.lines |= {(*path, at): item.start_mark.line + 1 for at, item in enumerate(node.value)}
                return [self.value(item, (*path, at)) for at, item in enumerate(node.value)]
            case _:
                assert isinstance(node, yaml.ScalarNode)
                return self.scalar(node, path)

    def spend(self, node: yaml.Node, depth: int) -> None:
        self.remaining -= 1
        if self.remaining < 0 or depth > _DEPTH:
            text = _TOO_DEEP if depth > _DEPTH else f"holds more than {_VALUES} values; use fewer aliases"
            raise UnreadableYaml(Problem(text, node.start_mark.line + 1))

    def mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, object]:
        """Return a mapping without most of its nulls. What is written out wins over what
        `<<` merges in."""
        made: dict[str, object] = {}
        written: dict[str, int] = {}
        for key, value in self.pairs(node, path):
            line = key.start_mark.line + 1
            if key.value in written:
                twice = f"stands twice, here and at line {written[key.value]}; keep one of them"
                self.source.problems.append(Problem(twice, line, (*path, key.value)))
                continue
            written[key.value] = line
            self.put(made, key, value, path)
        for key, value in self.merged(node, path):
            if key.value not in written:
                made.pop(key.value, None)
                self.put(made, key, value, path)
        return made

    def put(self, made: dict[str, object], key: yaml.ScalarNode, value: yaml.Node, path: Path) -> None:
        here = (*path, str(key.value))
        self.source.lines[here] = key.start_mark.line + 1
        if (read := self.value(value, here)) is not None or self.keeps_null(here):
            made[str(key.value)] = read

    def pairs(self, node: yaml.MappingNode, path: Path) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                line = key.start_mark.line + 1
                self.source.problems.append(Problem("a key must be text, not a list or a mapping", line, path))
            elif key.tag != f"{_TAG}merge":
                yield key, value

    def merged(self, node: yaml.MappingNode, path: Path, depth: int = 0) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
        """Yield the pairs that `<<: *anchor` or `<<: [*a, *b]` brings in, the strongest last."""
        self.spend(node, depth)
        for key, value in node.value:
            if key.tag != f"{_TAG}merge":
                continue
            for source in reversed(value.value if isinstance(value, yaml.SequenceNode) else [value]):
                if isinstance(source, yaml.MappingNode):
                    yield from self.merged(source, path, depth + 1)
                    yield from self.pairs(source, path)
                else:
                    text = "`<<` takes the alias of a mapping"
                    self.source.problems.append(Problem(text, key.start_mark.line + 1, path))

    def scalar(self, node: yaml.ScalarNode, path: Path) -> object:
        try:
            match node.tag.removeprefix(_TAG):
                case "null":
                    return None
                case "bool":
                    return self.scalars.construct_yaml_bool(node)
                case "int" if len(node.value) <= _LONGEST_NUMBER:
                    return self.scalars.construct_yaml_int(node)
                case "float":
                    return self.scalars.construct_yaml_float(node)
                case _:
                    return str(node.value)
        except (ValueError, KeyError, IndexError):
            line = node.start_mark.line + 1
            self.source.problems.append(Problem("is not what its type says; put it in quotes", line, path))
            return None
