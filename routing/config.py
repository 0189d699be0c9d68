"""Reads config.yaml into `Loaded`: the typed settings, and the entries that are off because their variable is not set.

One `ConfigError` names everything that is wrong, with file, line, key and remedy.
"""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path as FilePath

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from routing import cliproxyapi, compatible_servers, environment_file, payload, proxies
from routing.environment import PLACEHOLDER, Expansion
from routing.errors import ConfigError, Path, Problem, dotted
from routing.field_types import Section
from routing.files import head
from routing.providers import ENTRIES
from routing.providers.entry import Entry
from routing.settings import PLACES, ClientKey, Settings, keys
from routing.yaml_source import Source, UnreadableYaml, read
from translators.values import immutable

_SWITCHED: Mapping[str, type[Section]] = {"api-keys": ClientKey, **ENTRIES}
"""The lists whose entries are switched off, rather than refused, by a variable that is not set."""


@immutable
class Skipped:
    """An entry that is off until all of `variables` are set. `aliases` are the names that it lists for clients;
    `entry` is the entry with placeholders for what is missing, or None where that cannot be made."""

    section: str
    line: int | None
    variables: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    entry: Entry | None = None

    @property
    def text(self) -> str:
        """Return one line for the log."""
        serves = f"; it would serve {shortened(self.aliases, 4)}" if self.aliases else ""
        unset = " and ".join(self.variables)
        return f"{self.section} at line {self.line} is off: {unset} not set in the environment{serves}"


@immutable
class Loaded:
    """A valid configuration. `warnings` are what is no mistake and yet hardly meant, a sentence each; `files` are the
    names of all files that it depends on, whether they are there or not."""

    settings: Settings
    skipped: tuple[Skipped, ...]
    warnings: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


def load(path: FilePath, environ: Mapping[str, str], env_file: FilePath | None = None) -> Loaded:
    """Read the file at `path`, with variables from `environ` and `env_file` (by default `.env` beside it). Raises
    `ConfigError` that names all mistakes."""
    variables_at = env_file or environment_file.beside(path)
    files = (str(path), str(variables_at))
    try:
        variables = environment_file.variables(variables_at, environ, required=env_file is not None)
        loaded = _read(path, variables.values)
    except ConfigError as error:
        error.files = (*files, *error.files)
        raise
    warnings = loaded.warnings
    if variables.overruled:
        names = shortened(variables.overruled, 10)
        warnings += (f"{variables_at}: of {names} the environment has another value, which wins over the file's",)
    return replace(loaded, warnings=warnings, files=(*files, *loaded.files))


def _read(path: FilePath, environ: Mapping[str, str]) -> Loaded:
    try:
        data = head(path)
    except FileNotFoundError:
        reason = "there is no such file; create it, or"
    except OSError as error:
        reason = f"{error.strerror or type(error).__name__};"
    except ValueError:
        reason = "its name cannot be that of a file;"
    else:
        return parse(data, str(path), environ)
    problem = f"cannot be read: {reason} name another file with `scripts/run --config FILE`"
    raise ConfigError(str(path), [Problem(problem)])


def parse(data: bytes, file: str, environ: Mapping[str, str]) -> Loaded:
    """Return the configuration that the text is. `file` is what messages call it; names of files in it are relative to
    its folder. Raises `ConfigError`."""
    problems: tuple[Problem, ...] | list[Problem]
    files: list[str] = []
    try:
        validation = _Validation(read(data, payload.keeps_null), environ, FilePath(file).parent, files)
    except UnreadableYaml as unreadable:
        problems = unreadable.problems
    else:
        loaded = validation.loaded()
        if loaded is not None:
            return loaded
        problems = validation.problems
    raise ConfigError(file, problems, files)


class _Validation:
    """One document on its way to `Loaded`. `off` has the variables that each switched-off entry waits for; `files` gets
    the names of the files that values name."""

    def __init__(self, source: Source, environ: Mapping[str, str], folder: FilePath, files: list[str]) -> None:
        self.source = source
        self.files = files
        self.environ = environ
        self.context = {"folder": folder, "files": files}
        self.problems = list(source.problems)
        self.expansion = Expansion(environ)
        self.inert: Mapping[cliproxyapi.Key, tuple[Path, ...]] = {}
        tree = source.value
        if compatible := _compatible(tree, environ):
            tree = self.adapted(tree)
        self.tree = self.expansion.expand(compatible_servers.with_keys(tree))
        if compatible:
            self.tree = cliproxyapi.completed(self.tree)
            for place in cliproxyapi.without_address(self.tree):
                self.problem(place, "has no base-url; add it, as the key would go to api.openai.com otherwise")
        self.off: dict[tuple[str, int], list[str]] = {}

    def adapted(self, tree: object) -> object:
        """Return a file of CLIProxyAPI's without what has no effect here."""
        adapted = cliproxyapi.adapt(tree)
        self.inert = adapted.inert
        for path, text in adapted.refused:
            self.problem(path, text)
        return adapted.tree

    def without_effect(self) -> Iterator[str]:
        """Yield a line for each key of CLIProxyAPI's that does nothing here."""
        for key, places in self.inert.items():
            lines = shortened(tuple(str(self.source.line(place)) for place in places), 3)
            at = "line" if len(places) == 1 else "lines"
            yield f"{key.dotted} at {at} {lines} is accepted, without effect: {key.reason}"

    def loaded(self) -> Loaded | None:
        """Return the configuration; None when there are `problems`."""
        if not isinstance(self.tree, dict):
            self.problem((), "is not a mapping; write `key: value` lines, as in the config.yaml shipped")
            return None
        self.variables()
        off = (self.skipped(place, names) for place, names in self.off.items())
        skipped = tuple(each for each in off if each.entry is None or not each.entry.disabled)
        settings = self.settings(self.tree)
        if settings is not None:
            settings = self.reached(self.named(settings))
            self.across(settings)
        if self.problems or settings is None:
            return None
        warnings = (
            *self.without_effect(),
            *self.hidden(settings),
            *self.emptied(settings),
            *self.exposed(settings),
            *self.idle(settings),
        )
        return Loaded(settings, skipped, warnings, tuple(dict.fromkeys(self.files)))

    def problem(self, path: Path, text: str) -> None:
        """Add a mistake, one for each place: what follows from the first would only confuse."""
        if all(path != known.path for known in self.problems):
            self.problems.append(Problem(text, self.source.line(path), path))

    def variables(self) -> None:
        for path in self.expansion.malformed:
            self.problem(path, "holds a `${` that begins no variable; write ${NAME}, ${NAME:-default}, or $$ for a $")
        for path, name in self.expansion.missing:
            match path:
                case (str(section), int(at), *_) if section in _SWITCHED:
                    self.off.setdefault((section, at), []).append(name)
                case _:
                    self.problem(path, f"{name} is not set in the environment, or empty; set it, or give a default")

    def entries(self, section: str) -> list[object]:
        """Return the entries of a list of the file; nothing, where it is no list."""
        entries = self.tree.get(section) if isinstance(self.tree, dict) else None
        return entries if isinstance(entries, list) else []

    def positions(self, section: str) -> list[int]:
        """Return the places of the entries that are on."""
        return [at for at in range(len(self.entries(section))) if (section, at) not in self.off]

    def skipped(self, place: tuple[str, int], names: list[str]) -> Skipped:
        """Return the entry at `place`, checked as far as it can be: a mistake in it does not wait for the variable."""
        section, at = place
        entry = None
        unset = {path for path, _ in self.expansion.missing}
        try:
            entry = _SWITCHED[section].model_validate(self.entries(section)[at], context=self.context)
        except ValidationError as error:
            wrong = error.errors(include_url=False, include_input=False)
            self.refuse([one for one in wrong if (*place, *one["loc"]) not in unset], place)
        variables, line = tuple(dict.fromkeys(names)), self.source.line(place)
        if not isinstance(entry, Entry):
            return Skipped(section, line, variables)
        aliases = tuple(model.public for model in entry.models if model.public != PLACEHOLDER)
        return Skipped(section, line, variables, aliases, entry)

    def settings(self, tree: dict[str, object]) -> Settings | None:
        """Return the document without the entries that are off."""
        entries_on = dict(tree)
        for section in {section for section, _ in self.off}:
            entries_on[section] = [self.entries(section)[at] for at in self.positions(section)]
        try:
            return Settings.model_validate(entries_on, context=self.context)
        except ValidationError as error:
            self.refuse(error.errors(include_url=False, include_input=False))
        return None

    def refuse(self, errors: list[ErrorDetails], within: Path = ()) -> None:
        for error in errors:
            place = tuple(part for part in error["loc"] if part != "[key]")
            path = (*within, *place) if within else self.original(place)
            self.problem(path, _sentence(error, path))

    def original(self, path: Path) -> Path:
        """Return `path` as it is in the file, where the entries that are off have their positions too."""
        match path:
            case (str(section), int(at), *rest) if section in _SWITCHED:
                return (section, self.positions(section)[at], *rest)
            case _:
                return path

    def named(self, settings: Settings) -> Settings:
        """Return the settings with a name for every client key: one without is called after its position in the
        file."""
        placed = zip(self.positions("api-keys"), settings.api_keys, strict=True)
        named = tuple(key if key.name else key.called(f"key-{at + 1}") for at, key in placed)
        return settings.model_copy(update={"api_keys": named})

    def reached(self, settings: Settings) -> Settings:
        """Return the settings with the environment's proxies, which matter where the file has none for all."""
        try:
            return settings if settings.proxy_url else settings.with_environment(proxies.from_environment(self.environ))
        except ValueError as error:
            self.problem(("proxy-url",), f"is not there, and {error}")
            return settings

    def across(self, settings: Settings) -> None:
        """Check the fields against each other: mistakes that no single value can be blamed for."""
        if not settings.api_keys and not settings.loopback:
            text = "lets other machines in, and api-keys is empty; add a key that clients present, or use 127.0.0.1"
            self.problem(("host",), text)
        places: list[Path] = [("api-keys", at) for at in self.positions("api-keys")]
        self.twice(places, [key.digest for key in settings.api_keys], "the same key")
        self.twice(places, [key.name for key in settings.api_keys], "the same name")
        for section, at, entry in settings.providers:
            self.models((section, self.positions(section)[at]), entry)
        places = [("forward-headers", at) for at in range(len(settings.forward_headers))]
        self.twice(places, settings.forward_headers)
        places = [("prices", at) for at in range(len(settings.prices))]
        self.twice(places, [(price.provider, price.model) for price in settings.prices], "for the same models")

    def models(self, path: Path, entry: Entry) -> None:
        """Refuse a model that stands twice in one entry under one name. Several models under one name are a pool."""
        places: list[Path] = [(*path, "models", at) for at in range(len(entry.models))]
        self.twice(places, [(model.public, model.name) for model in entry.models], "the same model and alias")

    def idle(self, settings: Settings) -> Iterator[str]:
        """Yield the parts of payload rules that no request ever meets."""
        for path, text in settings.payload.idle():
            yield f"{dotted(path)} at line {self.source.line(path)} {text}"

    def hidden(self, settings: Settings) -> Iterator[str]:
        """Yield a line where the local model is never asked, because an entry has its name."""
        alias, forced = settings.embedded.alias, settings.force_model_prefix
        for section, at, entry in settings.providers if settings.embedded.enable else ():
            for number, model in enumerate(entry.models):
                if model.public == alias and entry.bare(alias, forced=forced):
                    line = self.source.line((section, self.positions(section)[at], "models", number))
                    yield (
                        f'embedded: "{alias}" is never asked here, for {section} at line {line} serves that name; '
                        "give one of them another alias"
                    )
                    return

    def emptied(self, settings: Settings) -> Iterator[str]:
        """Yield the entries whose `models` are all excluded."""
        for section, at, entry in settings.providers:
            if entry.models and all(entry.excludes(model.public) for model in entry.models):
                line = self.source.line((section, self.positions(section)[at], "excluded-models"))
                yield f"{section}: excluded-models at line {line} takes away all models of its entry; it serves nothing"

    def exposed(self, settings: Settings) -> Iterator[str]:
        """Yield the files of keys that anybody may read."""
        for at, key in zip(self.positions("api-keys"), settings.api_keys, strict=True):
            if key.key_file is not None and key.key_file.exposed:
                line = self.source.line(("api-keys", at, "key-file"))
                yield f"api-keys at line {line}: everybody on this machine may read its key-file; chmod 600 it"

    def twice(self, places: list[Path], values: Sequence[object], what: str = "the same") -> None:
        first: dict[object, Path] = {}
        for path, value in zip(places, values, strict=True):
            if (before := first.setdefault(value, path)) != path:
                self.problem(path, f"is {what} as at line {self.source.line(before)}; remove or rename one of them")


def _compatible(tree: object, environ: Mapping[str, str]) -> bool:
    """Return whether the file says that it is CLIProxyAPI's."""
    value = tree.get("compatibility") if isinstance(tree, dict) else None
    return Expansion(environ).expand(value) == cliproxyapi.NAME


def _sentence(error: ErrorDetails, path: Path) -> str:
    """Return what is wrong, in words of ours: pydantic's own may quote the value."""
    match error["type"]:
        case "value_error":
            return str(error["ctx"]["error"])
        case "extra_forbidden":
            return _unknown(path)
        case "missing":
            return "is missing; add it"
        case "literal_error":
            return f"must be {error['ctx']['expected']}"
        case "tuple_type":
            return "must be a list; begin each item with a dash"
        case "model_type" if path[-2:-1] == ("models",):
            return "must be a mapping of `key: value` lines; write `models: [{name: NAME}]`"
        case "model_type" | "dict_type":
            return "must be a mapping of `key: value` lines"
        case kind:
            return f"is not valid ({kind}); compare it with the config.yaml shipped"


_CALLED = {section: entry.called for section, entry in ENTRIES.items()} | {"embedded": ("smollm2", "smollm", "local")}
"""The names that people use for a section's provider, by section."""


def _meant(wrong: str) -> str | None:
    """Return the section of the provider that a key names: `anthropic-api-key` means Claude's."""
    words = re.split(r"[-_. ]", wrong[:100].lower())
    words.append("".join(words))
    return next((section for section, called in _CALLED.items() if any(word in words for word in called)), None)


def _unknown(path: Path) -> str:
    if (theirs := cliproxyapi.unknown(path)) is not None:
        return theirs
    *within, wrong = (part for part in path if isinstance(part, str))
    here = keys(PLACES[tuple(within)])
    elsewhere = [".".join(place) for place, section in PLACES.items() if place and wrong in keys(section)]
    if not within and (meant := _meant(wrong)) is not None:
        return f"is not a known key; did you mean `{meant}`?"
    if near := difflib.get_close_matches(wrong[:100].lower(), here, 1, 0.6):
        return f"is not a known key; did you mean `{near[0]}`?"
    if elsewhere:
        return f"is not a known key here; it belongs into `{elsewhere[0]}`"
    return f"is not a known key; remove it (those here are {', '.join(here)})"


def shortened(names: tuple[str, ...], most: int) -> str:
    """Return `a, b and 3 more`."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
