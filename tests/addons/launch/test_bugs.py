"""What the log says of exceptions, judged by Python's own formatter."""

import asyncio
import errno
import logging
import time
from collections.abc import Callable, Iterator

import pytest
from pydantic import TypeAdapter

from addons.exchange.listeners import Listeners
from addons.inspector.background import Background
from addons.launch import bugs
from addons.page.server import _Guarded

PROMPT = "canary-of-a-prompt-55fe01"
logger = logging.getLogger("gateway")


@pytest.fixture(autouse=True)
def hidden() -> Iterator[None]:
    bugs.begin()
    yield
    bugs.end()


def in_a_job(fail: Callable[[], object]) -> None:
    """Fail in a thread of the inspector's, which logs it."""
    background = Background("test")
    background.put(fail)
    background.idle()
    background.close()


def as_a_key() -> object:
    return {}[PROMPT]


def as_a_value() -> object:
    return TypeAdapter(int).validate_python(PROMPT)


def as_a_cause() -> object:
    try:
        return as_a_value()
    except ValueError as error:
        raise RuntimeError(f"not {PROMPT}") from error


def as_a_context() -> object:
    try:
        return as_a_key()
    except KeyError:
        raise RuntimeError(PROMPT)  # noqa: B904 - its context is what is tried


def in_a_group() -> object:
    try:
        return as_a_key()
    except KeyError as error:
        raise ExceptionGroup(PROMPT, [error, ValueError(PROMPT)]) from None


def with_a_note() -> object:
    error = ValueError("no")
    error.add_note(PROMPT)
    raise error


def in_code() -> object:
    return compile(f"'{PROMPT}' '", "<a prompt>", "eval")


def of_itself() -> object:
    error = ValueError(PROMPT)
    error.__cause__ = ValueError(PROMPT)
    error.__cause__.__cause__ = error
    raise error


@pytest.mark.parametrize(
    ("fail", "kinds"),
    [
        pytest.param(as_a_key, ["KeyError"], id="a key"),
        pytest.param(as_a_value, ["ValidationError"], id="pydantic's input"),
        pytest.param(as_a_cause, ["ValidationError", "direct cause", "RuntimeError"], id="a cause"),
        pytest.param(as_a_context, ["KeyError", "another exception occurred", "RuntimeError"], id="a context"),
        pytest.param(in_a_group, ["ExceptionGroup:", "KeyError:", "ValueError:"], id="a group"),
        pytest.param(with_a_note, ["ValueError"], id="a note"),
        pytest.param(in_code, ["SyntaxError"], id="a line of code"),
        pytest.param(of_itself, ["ValueError"], id="a circle"),
    ],
)
def test_no_words_of_an_exception(
    caplog: pytest.LogCaptureFixture, fail: Callable[[], object], kinds: list[str]
) -> None:
    in_a_job(fail)
    assert PROMPT not in caplog.text
    assert f"in {fail.__name__}" in caplog.text  # where it happened
    at = [caplog.text.index(kind) for kind in kinds]
    assert at == sorted(at)


@pytest.mark.parametrize(
    ("times", "fails", "tracebacks", "lines"),
    [
        pytest.param([0.0] * 5, [as_a_key], 1, 1, id="at once"),
        pytest.param([0.0] * 123, [as_a_key], 1, 3, id="often"),
        pytest.param([0.0, 3000.0, 3700.0, 3800.0, 7400.0], [as_a_key], 3, 3, id="after an hour"),
        pytest.param([0.0] * 20, [as_a_key, as_a_value], 2, 4, id="two bugs by turns"),
    ],
)
def test_a_bug_that_comes_again_does_not_fill_the_log(
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    times: list[float],
    fails: list[Callable[[], object]],
    tracebacks: int,
    lines: int,
) -> None:
    background = Background("test")
    for at in times:
        monkeypatch.setattr(time, "time_ns", lambda at=at: int(at * 1e9))
        monkeypatch.setattr(time, "time", lambda at=at: at)
        for fail in fails:
            background.put(fail)
            background.idle()
    background.close()
    assert caplog.text.count("Traceback") == tracebacks
    assert len(caplog.records) == lines
    repeated = [message for message in caplog.messages if "times by now" in message]
    assert len(repeated) == lines - tracebacks
    assert all("the gateway goes on. 10" in message for message in repeated)
    assert PROMPT not in caplog.text


def test_which_error_of_the_system_it_was(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise OSError(errno.ENOSPC, PROMPT, PROMPT)

    in_a_job(fail)
    assert "OSError: No space left on device" in caplog.text
    assert PROMPT not in caplog.text


def test_which_module_was_missing(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        import no_such_module  # type: ignore[import-not-found]  # noqa: F401

    in_a_job(fail)
    assert "ModuleNotFoundError: of the module no_such_module" in caplog.text


def test_the_page_tells_no_words_either(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(*_: object) -> None:
        as_a_key()

    async def nothing(*_: object) -> None: ...

    asyncio.run(_Guarded(broken)({"type": "http"}, nothing, nothing))  # type: ignore[arg-type]
    assert "KeyError" in caplog.text
    assert PROMPT not in caplog.text


def test_a_line_that_quotes_its_exception(caplog: pytest.LogCaptureFixture) -> None:
    """mitmproxy: `Addon error: {value}`."""
    try:
        Listeners._each(None, (PROMPT,), lambda watcher: as_a_key())  # type: ignore[arg-type]
    except AttributeError as error:
        logger.error(f"Addon error: {error}", exc_info=error)
    assert "Addon error: AttributeError" in caplog.text
    assert PROMPT not in caplog.text


@pytest.mark.parametrize("group", [False, True], ids=["a cause", "a group"])
def test_a_library_that_hands_on_what_came_through_the_gateway(caplog: pytest.LogCaptureFixture, group: bool) -> None:
    try:
        Listeners._each(None, (PROMPT,), lambda watcher: as_a_key())  # type: ignore[arg-type]
    except AttributeError as cause:
        ours = cause
    try:
        if group:
            raise ExceptionGroup(PROMPT, [ours])
        raise RuntimeError(PROMPT) from ours
    except (RuntimeError, ExceptionGroup):
        logger.exception("A library failed")
    assert "AttributeError: (" in caplog.text
    assert PROMPT not in caplog.text


def test_what_others_fail_with_is_theirs(caplog: pytest.LogCaptureFixture) -> None:
    """Another addon's exception that did not come through the gateway."""
    try:
        as_a_key()
    except KeyError:
        logger.exception("Theirs")
    assert PROMPT in caplog.text
