"""The parts of the bench that take no time: wrk's output, nginx's configuration, the table, missing programs."""

import shutil
import subprocess
from pathlib import Path

import pytest

from scripts.measuring import others, providers, table, wire, wrk
from scripts.measuring.parts import Sheet
from scripts.tools import bench

WRK = """\
Running 2s test @ http://127.0.0.1:1
  1 threads and 16 connections
Requests/sec:    250.00
{"seconds": 2.000000, "answers": 500, "p50": 0.050000, "p99": 0.100000, "refused": 0, "broken": 0}
"""


def _sheet(**rows: dict[str, list[float]]) -> Sheet:
    sheet = Sheet()
    for row, programs in rows.items():
        for program, values in programs.items():
            for value in values:
                sheet.add(row, program, value)
    return sheet


def _shown(sheet: Sheet) -> tuple[int, str]:
    lines: list[str] = []
    return table.show(sheet, lines.append), "\n".join(lines)


def test_the_counts_of_wrk_are_its_last_line() -> None:
    seen = wrk.parse_wrk(WRK, 200, "bulk through gateway")
    assert seen == wrk.Seen(seconds=2.0, answers=500, events=100_000, p50=0.05, p99=0.1)


@pytest.mark.parametrize("count", ["refused", "broken"])
def test_a_load_with_errors_is_no_measurement(count: str) -> None:
    with pytest.raises(RuntimeError, match="whole through gateway"):
        wrk.parse_wrk(WRK.replace(f'"{count}": 0', f'"{count}": 3'), 0, "whole through gateway")


def test_ratios_and_differences_are_medians_of_the_rounds() -> None:
    sheet = _sheet(row={"bare": [1.0, 2.0, 10.0], "gateway": [2.0, 2.0, 50.0]})
    assert sheet.ratio("row", "gateway") == 2.0
    assert sheet.excess("row", "gateway") == 1.0
    assert sheet.ratio("row", "portkey") is None
    assert sheet.excess("other", "gateway") is None


@pytest.mark.parametrize(
    ("target", "met"),
    [
        (table.Target("ratio", ">=", 2.0), True),
        (table.Target("ratio", "<=", 1.9), False),
        (table.Target("value", "<=", 6.0), True),
        (table.Target("excess", "<=", 2.9), False),
        (table.Target("excess", "<=", 3.0), True),
    ],
)
def test_a_target_is_of_a_ratio_a_value_or_a_difference(target: table.Target, met: bool) -> None:
    sheet = _sheet(row={"bare": [3.0], "gateway": [6.0]})
    assert target.met(sheet, "row") is met
    assert target.met(sheet, "other") is None


def test_the_table_has_a_column_for_each_program_and_counts_what_is_missed() -> None:
    sheet = Sheet()
    for program, value in {"bare": 100.0, "gateway": 310.0, "portkey": 50.0}.items():
        sheet.add("requests/s", program, value)
        sheet.add("first event ms", program, value)
    sheet.notes += ["twice", "twice"]
    missed, text = _shown(sheet)
    assert missed == 1
    head, rate, first, *_ = text.splitlines()
    assert head.split() == ["bare", "gateway", "portkey", "gateway/bare", "portkey/bare", "target"]
    assert rate.split() == ["requests/s", "100", "310", "50.0", "3.10", "0.50", ">=", "3", "of", "bare", "ok"]
    assert first.endswith("<= 0.5 more than bare  MISSED")
    assert text.count("Note: twice.") == 1


def test_what_could_not_be_measured_counts_as_missed() -> None:
    sheet = Sheet(missing=["memory"])
    sheet.add("requests/s", "bare", 1.0)
    missed, text = _shown(sheet)
    assert missed == 2
    assert "NOT MEASURED" in text
    assert "Not measured: memory." in text


def test_missing_programs_are_named_with_their_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(providers, "NGINX", None)
    monkeypatch.setattr(wrk, "WRK", None)
    monkeypatch.setattr(others, "missing", lambda: {"portkey": "nowhere"})
    nginx, load, portkey = bench.missing_programs(with_others=True)
    assert "nginx-light" in nginx
    assert "Debian: wrk" in load
    assert portkey == "portkey is left out, for it is not installed (nowhere)"
    assert len(list(bench.missing_programs(with_others=False))) == 2


@pytest.mark.skipif(providers.NGINX is None, reason="nginx is not installed")
def test_nginx_takes_its_configuration(tmp_path: Path) -> None:
    _, certificate = providers.certificates(tmp_path)
    ports = providers.Providers(18081, 18082, 18083, 0, certificate)
    (tmp_path / "nginx.conf").write_text(providers.nginx_config(ports, certificate), encoding="utf-8")
    command = [str(providers.NGINX), "-t", "-p", str(tmp_path), "-c", "nginx.conf", "-e", "stderr"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_request_has_the_headers_of_its_program() -> None:
    request = wire.request("whole", chat=True, headers="x-portkey-provider: anthropic\r\n")
    head, _, body = request.partition(b"\r\n\r\n")
    assert head.endswith(b"\r\nx-portkey-provider: anthropic")
    assert f"content-length: {len(body)}".encode() in head


def test_portkey_is_started_by_the_path_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(others.PORTKEY_PATH, "/somewhere/start-server.js")
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")
    others.portkey_command.cache_clear()
    assert others.portkey_command() == ["/bin/node", "/somewhere/start-server.js"]
    others.portkey_command.cache_clear()
