"""What the log says of exceptions, judged by Python's own formatter."""

import asyncio
import errno
import logging
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
    bugs.hide_words()
    yield
    bugs.show_words()


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
