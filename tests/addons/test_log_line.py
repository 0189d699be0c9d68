import asyncio
import io
import json
import os
from datetime import UTC, timedelta, timezone
from decimal import Decimal

import pytest

from addons.exchange.observers import Charge, Record
from addons.log_line import MOST_PENDING, Terminal, as_json, as_words, briefly, colours
from routing.prices import Cost, Tokens
from translators.events import Usage
from translators.notes import Note

SEED = Note("seed", "dropped", 7)
HEAT = Note("temperature", "approximated", 1.5, 1.0)
LENGTH = Note("max_tokens", "defaulted", None, 4096)

STARTED = 1_700_000_000.25
"""22:13:20.250 UTC."""


def record(**fields):
    usual = {
        "id": "0f3a",
        "started": STARTED,
        "method": "POST",
        "path": "/v1/chat/completions",
        "key_name": "dev",
        "model": "claude",
        "provider": "anthropic",
        "provider_model": "claude-sonnet-4-5",
        "status": 200,
        "attempts": 1,
        "usage": Usage(12, 34),
        "first_event": 0.412,
        "duration": 2.3104,
        "own": 0.00184,
    }
    return Record(**usual | fields)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(
            record(stream=True, notes=[LENGTH, HEAT, SEED, LENGTH, LENGTH]),
            "22:13:22  dev  claude -> anthropic/claude-sonnet-4-5  200 stream  12 in 34 out  first 0.41s  total 2.31s"
            "  own 1.8ms  notes: seed dropped, temperature approximated (+3)",
            id="streamed, with notes, the weightiest first",
        ),
        pytest.param(
            record(provider=None, provider_model=None, usage=None, first_event=None, attempts=3, status=502,
                   end="failed", error="bad_answer", cause="provider closed the connection"),
            "22:13:22  dev  claude  502 whole  total 2.31s  own 1.8ms  attempts 3"
            "  failed: bad_answer, provider closed the connection",
            id="failed",
        ),
        pytest.param(
            record(calls=3, attempts=3),
            "22:13:22  dev  claude -> anthropic/claude-sonnet-4-5  200 whole  12 in 34 out  first 0.41s  total 2.31s"
            "  own 1.8ms  calls 3",
            id="three calls, each tried once",
        ),
        pytest.param(
            Record("1", STARTED, "POST", "/v1/chat/completions", status=401, end="refused", error="invalid_api_key"),
            "22:13:20  -  POST /v1/chat/completions  401 whole  total 0.00s  own 0.0ms  refused: invalid_api_key",
            id="refused before anything was read",
        ),
        pytest.param(
            record(stream=True, usage=None, first_event=None, status=0, end="cancelled", duration=123.4),
            "22:15:23  dev  claude -> anthropic/claude-sonnet-4-5  --- stream  total 123s  own 1.8ms  cancelled",
            id="cancelled before there was a status",
        ),
        pytest.param(
            record(key_name="", model="a -> b/c  200 \"x\"", usage=None, first_event=None),
            '22:13:22  ""  "a -> b/c  200 \\"x\\"" -> anthropic/claude-sonnet-4-5  200 whole  total 2.31s  own 1.8ms',
            id="a model that wants to be more than one word",
        ),
    ],
)  # fmt: skip
def test_words(given, expected):
    assert as_words(given, UTC) == expected


def test_words_in_colour_are_the_same_words():
    given = record(notes=[SEED], end="failed", status=502, cause="x")
    coloured = as_words(given, UTC, coloured=True)
    plain = coloured
    for code in ("2", "31", "32", "33", "36", "0"):
        plain = plain.replace(f"\033[{code}m", "")
    assert "\033[31m502 whole\033[0m" in coloured
    assert "\033[33mnotes: seed dropped\033[0m" in coloured
    assert plain == as_words(given, UTC)


def test_json_has_all_its_keys():
    charge = Charge("anthropic", "claude-sonnet-4-5", None, Tokens(8, 34, 4), Cost(Decimal("0.00375"), "USD"))
    given = record(stream=True, notes=[SEED, HEAT], usage=Usage(12, 34, cache_read=4), finish_reason="stop")
    given.charges = (charge,)
    assert json.loads(as_json(given, timezone(timedelta(hours=2)))) == {
        "time": "2023-11-15T00:13:20.250+02:00",
        "id": "0f3a",
        "key": "dev",
        "method": "POST",
        "path": "/v1/chat/completions",
        "model": "claude",
        "provider": "anthropic",
        "provider_model": "claude-sonnet-4-5",
        "served_model": None,
        "provider_id": None,
        "stream": True,
        "status": 200,
        "end": "complete",
        "error": None,
        "cause": None,
        "finish_reason": "stop",
        "calls": 1,
        "attempts": 1,
        "tries": [],
        "tokens_in": 12,
        "tokens_out": 34,
        "tokens_cache_read": 4,
        "tokens_cache_write": None,
        "tokens_reasoning": None,
        "cost": 0.00375,
        "currency": "USD",
        "first_event_ms": 412.0,
        "duration_ms": 2310.4,
        "own_ms": 1.84,
        "injected": [],
        "notes": [{"path": "seed", "fate": "dropped"}, {"path": "temperature", "fate": "approximated"}],
        "notes_count": 2,
    }


def test_an_injected_fault_is_in_both_forms():
    injected = record(injected=["cut-after=3"])
    assert json.loads(as_json(injected))["injected"] == ["cut-after=3"]
    assert "injected: cut-after=3" in as_words(injected)


@pytest.mark.parametrize("cost", [None, Cost(Decimal(1), "USD", whole=False)], ids=["no price", "more than is known"])
def test_an_unknown_cost_is_null(cost):
    line = json.loads(as_json(record(charges=(Charge("anthropic", "m", None, Tokens(8, 34), cost),))))
    assert (line["cost"], line["currency"]) == (None, None)


def test_json_knows_the_machines_own_time_zone():
    assert json.loads(as_json(record()))["time"][-6] in "+-"


@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        pytest.param([], "", id="none"),
        pytest.param([LENGTH, SEED], "max_tokens defaulted, seed dropped", id="two stay in order"),
        pytest.param([LENGTH, HEAT, SEED], "seed dropped, temperature approximated (+1)", id="losses first"),
    ],
)
def test_briefly(notes, expected):
    assert briefly(notes) == expected


HOSTILE = [
    pytest.param("gpt\n22:13:20 root owned", id="newline"),
    pytest.param("gpt\r\x1b[2K\x1b]0;title\x07", id="terminal escapes"),
    pytest.param("gpt\x9b31m\x85\u2028", id="C1 and unicode line ends"),
    pytest.param("gpt\u202egnp\u2066\u200b", id="bidi and zero width"),
    pytest.param("gpt\ud800", id="half a surrogate pair"),
    pytest.param("x" * 100_000, id="very long"),
    pytest.param("\x00" * 100_000, id="very long and invisible"),
]


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("machine", [False, True], ids=["words", "json"])
def test_what_a_client_chooses_stays_one_short_printable_line(hostile, machine):
    given = record(
        model=hostile, path=hostile, method=hostile, notes=[Note(hostile, "dropped")] * 50, served_model=hostile
    )
    for one in (given, record(model=None, path=hostile, method=hostile)):
        line = as_json(one, UTC) if machine else as_words(one, UTC)
        assert line.isprintable()
        assert len(line) < (12_000 if machine else 600)
        assert not machine or json.loads(line)["id"] == "0f3a"


PROMPT = "the password of my bank is swordfish"
KEYS = ("sk-ant-api03-" + "k" * 40, "AIza" + "S" * 35, "gsk_" + "g" * 40)


@pytest.mark.parametrize("write", [as_json, as_words], ids=["json", "words"])
def test_no_prompt_and_no_key(write):
    given = record(
        model=KEYS[0],
        path=f"/v1/{KEYS[1]}",
        notes=[
            Note("seed", "dropped", old=PROMPT, new=KEYS[0], detail=PROMPT),
            Note(f"metadata.{KEYS[2]}", "dropped", old={"prompt": PROMPT}),
        ],
    )
    for one in (given, record(model=None, path=f"/v1/{KEYS[1]}?key=hidden1234")):
        line = write(one, UTC)
        assert "[redacted]" in line
        assert not any(secret in line for secret in (PROMPT, "swordfish", "hidden1234", *KEYS))


class Screen(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("stream", "environment", "expected"),
    [
        pytest.param(Screen(), {}, True, id="terminal"),
        pytest.param(Screen(), {"NO_COLOR": "1"}, False, id="NO_COLOR"),
        pytest.param(Screen(), {"NO_COLOR": ""}, True, id="NO_COLOR empty"),
        pytest.param(Screen(), {"TERM": "dumb"}, False, id="dumb"),
        pytest.param(io.StringIO(), {}, False, id="no terminal"),
        pytest.param(None, {}, False, id="no output at all"),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="Windows asks the console itself")
def test_colours(stream, environment, expected):
    assert colours(stream, environment) is expected


def test_colours_of_a_closed_stream():
    stream = io.StringIO()
    stream.close()
    assert colours(stream, {}) is False


def test_one_line_an_exchange():
    out = io.StringIO()
    terminal = Terminal(out, zone=UTC)
    terminal.ended(record())
    terminal.ended(record(model="other"))
    first, second = out.getvalue().splitlines()
    assert "claude ->" in first
    assert "other ->" in second
    assert terminal.detailed is False


class Counted(io.StringIO):
    def __init__(self):
        super().__init__()
        self.writes, self.flushes = [], 0

    def write(self, text):
        self.writes.append(text)
        return super().write(text)

    def flush(self):
        self.flushes += 1


def models(text, machine=False):
    lines = text.splitlines()
    return [json.loads(line)["model"] if machine else line.split()[2] for line in lines]


@pytest.mark.parametrize("machine", [pytest.param(False, id="words"), pytest.param(True, id="JSON")])
async def test_the_lines_of_a_turn_are_written_together(machine):
    out = Counted()
    terminal = Terminal(out, zone=UTC, as_json=machine)
    for turn in (["a", "b", "c"], ["d", "e"]):
        for model in turn:
            terminal.ended(record(model=model))
        assert out.writes == []
        await asyncio.sleep(0)
        [written] = out.writes
        assert (models(written, machine), out.flushes) == (turn, 1)
        out.writes, out.flushes = [], 0
    await asyncio.sleep(0)
    assert (out.writes, out.flushes) == ([], 0)


async def test_only_so_many_lines_wait():
    out = Counted()
    terminal = Terminal(out, zone=UTC)
    names = [f"m{number}" for number in range(MOST_PENDING + 1)]
    for name in names:
        terminal.ended(record(model=name))
    assert models(out.getvalue()) == names[:-1]
    await asyncio.sleep(0)
    assert (models(out.getvalue()), len(out.writes)) == (names, 2)


async def test_the_end_writes_what_is_pending_and_then_each_line_at_once():
    out = Counted()
    terminal = Terminal(out, zone=UTC)
    terminal.ended(record(model="a"))
    terminal.ended(record(model="b"))
    terminal.done()
    assert models(out.getvalue()) == ["a", "b"]
    terminal.ended(record(model="c"))
    assert models(out.getvalue()) == ["a", "b", "c"]
    terminal.done()
    await asyncio.sleep(0)
    assert (models(out.getvalue()), len(out.writes)) == (["a", "b", "c"], 2)


def test_a_loop_that_ended_leaves_its_lines_to_the_next():
    out = Counted()
    terminal = Terminal(out, zone=UTC)

    async def end(model):
        terminal.ended(record(model=model))

    loop = asyncio.new_event_loop()
    loop.call_soon(lambda: (loop.stop(), terminal.ended(record(model="a"))))
    loop.run_forever()
    loop.close()
    assert out.writes == []
    asyncio.run(end("b"))
    assert models(out.getvalue()) == ["a", "b"]


class Broken(Counted):
    def __init__(self, error):
        super().__init__()
        self.error = error

    def flush(self):
        if self.flushes == 0:
            self.flushes = 1
            raise self.error


@pytest.mark.parametrize(
    ("error", "writes"),
    [
        pytest.param(BrokenPipeError(32, "gone"), 1, id="a reader that has gone"),
        pytest.param(ValueError("closed"), 1, id="a closed output"),
        pytest.param(OSError(28, "full"), 3, id="a full disk"),
        pytest.param(BlockingIOError(11, "slow"), 3, id="a slow reader"),
    ],
)
async def test_a_broken_output_disturbs_nobody(error, writes):
    reported = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: reported.append(context))
    out = Broken(error)
    terminal = Terminal(out, zone=UTC)
    for _ in range(3):
        terminal.ended(record())
        await asyncio.sleep(0)
    terminal.done()
    assert (reported, len(out.writes)) == ([], writes)


def test_an_encoding_that_lacks_a_letter():
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    Terminal(out, zone=UTC).ended(record(model="modèle"))
    out.seek(0)
    assert "  mod\\xe8le ->" in out.read()


def test_a_reader_that_has_gone(caplog):
    reading, writing = os.pipe()
    os.close(reading)
    raw = os.fdopen(writing, "wb", buffering=0)
    stream = io.TextIOWrapper(raw, write_through=True)
    terminal = Terminal(stream, zone=UTC)
    terminal.ended(record())
    terminal.ended(record())
    assert caplog.text == ""
    raw.close()


def test_a_closed_output():
    out = io.StringIO()
    out.close()
    terminal = Terminal(out)
    terminal.ended(record())
    terminal.ended(record())


def test_no_output():
    Terminal(None).ended(record())


class FullOnce(io.StringIO):
    full = True

    def write(self, text):
        if self.full:
            self.full = False
            raise OSError(28, "No space left on device")
        return super().write(text)


def test_a_full_disk_costs_a_line_and_no_more():
    out = FullOnce()
    terminal = Terminal(out, zone=UTC)
    terminal.ended(record())
    terminal.ended(record())
    assert len(out.getvalue().splitlines()) == 1
