"""Which client key was presented, and in which forms a configuration has it."""

from hashlib import sha256
from pathlib import Path

import pytest

from routing.client_keys import KeyRing
from routing.config import Loaded, parse
from routing.errors import ConfigError

HASHED = sha256(b"third").hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "key").write_text("fourth\n")
    (tmp_path / "key").chmod(0o600)
    return tmp_path


def read(folder: Path, entries: str, **environ: str) -> Loaded:
    return parse(f"api-keys: {entries}".encode(), str(folder / "c.yaml"), environ)


@pytest.mark.parametrize(
    ("presented", "name"),
    [
        pytest.param("first", "key-1", id="first"),
        pytest.param("second", "two", id="second"),
        pytest.param("third", "three", id="by its digest"),
        pytest.param(HASHED, None, id="the digest itself is no key"),
        pytest.param("fourth", "four", id="from a file"),
        pytest.param("", None, id="empty"),
        pytest.param("First", None, id="other case"),
        pytest.param("first ", None, id="longer"),
        pytest.param("sécond", None, id="not ASCII"),
        pytest.param("first\udcff", None, id="bytes that are no text"),
        pytest.param("\ud800", None, id="lone surrogate"),
        pytest.param("x" * 1_000_000, None, id="long"),
    ],
)
def test_check(presented: str, name: str | None, folder: Path) -> None:
    hashed, held = f"{{key-sha256: '{HASHED.upper()}', name: three}}", "{key-file: key, name: four}"
    entries = f"[first, {{key: second, name: two}}, {hashed}, {held}]"
    ring = KeyRing(read(folder, entries).settings.api_keys)
    found = ring.check(presented)
    assert (found and found.name) == name
    if found is not None:
        assert ring.of(found.name) is found


def test_no_keys_no_entry() -> None:
    assert KeyRing(()).check("") is None


def test_a_file_is_read_again_with_its_configuration(folder: Path) -> None:
    assert KeyRing(read(folder, "[{key-file: key}]").settings.api_keys).check("fourth")
    (folder / "key").write_text("fifth")
    again = read(folder, "[{key-file: key}]")
    assert KeyRing(again.settings.api_keys).check("fourth") is None
    assert KeyRing(again.settings.api_keys).check("fifth")
    assert again.warnings == ()
    assert list(again.settings.secrets()) == ["fifth"]


def test_a_file_that_anybody_can_read_is_remarked_on(folder: Path) -> None:
    (folder / "key").chmod(0o644)
    loaded = read(folder, "\n  - ${NONE}\n  - key-file: key")
    assert loaded.warnings == ("api-keys at line 3: everybody on this machine may read its key-file; chmod 600 it",)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        pytest.param("{name: x}", "api-keys[0]: must have exactly one of key, key-sha256 and key-file", id="none"),
        pytest.param("{key: CANARY, key-file: key}", "api-keys[0]: must have exactly one of", id="two"),
        pytest.param("{key-sha256: CANARY}", "api-keys[0].key-sha256: must be 64 hexadecimal digits", id="no digest"),
        pytest.param("{key-sha256: 1}", "api-keys[0].key-sha256: must be 64 hexadecimal digits", id="a number"),
        pytest.param("{key-file: CANARY}", "api-keys[0].key-file: there is no such file", id="no file"),
        pytest.param("{key-file: .}", "api-keys[0].key-file: there is no such file", id="a folder"),
        pytest.param("{key-file: /dev/zero}", "api-keys[0].key-file: there is no such file", id="a device"),
        pytest.param("{key-file: two}", "api-keys[0].key-file: must hold one key and nothing else", id="two lines"),
        pytest.param("{key-file: empty}", "api-keys[0].key-file: must hold one key", id="empty file"),
        pytest.param("{key-file: binary}", "api-keys[0].key-file: must hold one key", id="binary file"),
        pytest.param("{key-file: large}", "api-keys[0].key-file: must hold one key", id="large file"),
        pytest.param("{key: k, expires: CANARY}", "api-keys[0].expires: must be a date or a time", id="no date"),
        pytest.param("{key: k, expires: 2027}", "api-keys[0].expires: must be a date or a time", id="a year"),
        pytest.param("{key: k, expires: 2027-02-30}", "api-keys[0].expires: must be a date", id="no such day"),
        pytest.param("{key: k, rpm: 0}", "api-keys[0].rpm: must be a whole number, 1 or more", id="no requests"),
        pytest.param("{key: k, tpm: CANARY}", "api-keys[0].tpm: must be a whole number", id="tokens"),
        pytest.param("{key: k, max-parallel: 1.5}", "api-keys[0].max-parallel: must be a whole number", id="parallel"),
        pytest.param("{key: k, tpm: 1000000000001}", "must be a whole number, 1 or more, at most", id="very many"),
        pytest.param("{key: k, debug: CANARY}", "api-keys[0].debug: must be true or false", id="debug"),
        pytest.param("fourth, {key-file: key}", "api-keys[1]: is the same key as at line 1", id="a file's key again"),
        pytest.param(
            f"{{key-sha256: '{HASHED}'}}, third", "api-keys[1]: is the same key as at line 1", id="a digest's key again"
        ),
    ],
)
def test_mistakes(entry: str, message: str, folder: Path) -> None:
    (folder / "two").write_text("CANARY\nb")
    (folder / "empty").write_text("\n")
    (folder / "binary").write_bytes(b"CANARY\xff")
    (folder / "large").write_text("a" * 4097)
    with pytest.raises(ConfigError) as caught:
        read(folder, f"[{entry}]")
    assert message in str(caught.value)
    assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize(
    ("written", "expires"),
    [
        pytest.param("2027-01-31", 1801353600, id="a date is its first moment in UTC"),
        pytest.param("2027-01-31T18:00:00", 1801418400, id="without a zone it is UTC"),
        pytest.param("2027-01-31 18:00:00", 1801418400, id="as YAML writes it"),
        pytest.param("2027-01-31T18:00:00+01:00", 1801414800, id="with a zone"),
        pytest.param("'2027-01-31T18:00:00Z'", 1801418400, id="Z"),
        pytest.param("${UNTIL}", 1801353600, id="a variable"),
    ],
)
def test_expires(written: str, expires: float, folder: Path) -> None:
    loaded = read(folder, f"\n  - key: k\n    expires: {written}", UNTIL="2027-01-31")
    assert [(key.name, key.expires) for key in loaded.settings.api_keys] == [("key-1", expires)]


def test_whose_what_is_kept_is(folder: Path) -> None:
    """A name that is written says it; a position does not."""
    first, second, named = read(folder, "[k1, k2, {key: k3, name: bob}]").settings.api_keys
    [moved, renewed] = read(folder, "[k2, {key: k4, name: bob}]").settings.api_keys
    assert (moved.name, first.name, second.name) == ("key-1", "key-1", "key-2")
    assert moved.owner == second.owner != first.owner
    assert named.owner == renewed.owner == "bob"


def test_limits(folder: Path) -> None:
    given = read(folder, "[{key: k, rpm: 1, tpm: '2', max-parallel: 3}, k2, {key: k3, tpm: 5}]").settings.api_keys
    assert [(key.rpm, key.tpm, key.max_parallel) for key in given] == [(1, 2, 3), (None, None, None), (None, 5, None)]
    assert [key.limited for key in given] == [True, False, True]


def test_an_entry_whose_variable_is_not_set_is_off(folder: Path) -> None:
    loaded = read(folder, "[{key-file: '${A}'}, {key-sha256: '${B}'}, {key: c, expires: '${C}'}, d]")
    assert [key.name for key in loaded.settings.api_keys] == ["key-4"]
    assert [each.variables for each in loaded.skipped] == [("A",), ("B",), ("C",)]
