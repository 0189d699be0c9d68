"""The page on testing: its mock, its program, its configuration and its fault work as it shows them."""

import re
import subprocess
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from routing.faults import Kind, parse
from tests.docs.test_docs import ROOT, at, blocks, run
from tests.e2e.gateway_process import GatewayProcess, free_port

PAGE = ROOT / "docs" / "testing.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_the_page_from_its_mock_to_its_fault(tmp_path: Path) -> None:
    [started] = [text.strip() for text in blocks(PAGE, "bash") if text.startswith("scripts/mock")]
    [program] = blocks(PAGE, "python")
    config: Any = next(made for text in blocks(PAGE, "yaml") if "claude-api-key" in (made := yaml.safe_load(text)))
    [asked] = [text.split("&\n", 1)[1] for text in blocks(PAGE, "bash") if "x-gateway-fault" in text]
    port = str(free_port())
    command = started.replace("8400", port).split()
    mock = subprocess.Popen([ROOT / command[0], *command[1:]], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert mock.stdout is not None
        assert f"127.0.0.1:{port} answers with 5 fixtures" in mock.stdout.readline()
        done = run(f"'{ROOT}/.venv/bin/python' - <<'END'\n{program.replace('8400', port)}\nEND")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("Hello!")
        config["claude-api-key"][0]["base-url"] = f"http://127.0.0.1:{port}"
        with GatewayProcess(tmp_path, config) as gateway:
            done = run(at(gateway, asked))
        *chunks, last = re.findall(r"^data: (.*)$", done.stdout, re.MULTILINE)
        assert len(chunks) == 3
        assert "(injected)" in last
    finally:
        mock.terminate()
        mock.communicate(timeout=20)


def test_every_fault_has_its_row() -> None:
    table = TEXT.split("## Every fault")[1].split("\n\n")[1]
    named = re.findall(r"`([^`]+)`", " ".join(line.split("|")[1] for line in table.splitlines()[2:]))
    kinds = {parse(re.sub(r"=(N|SECONDS)", "=1", name)).kind for name in named}
    assert kinds == set(get_args(Kind))


@pytest.mark.parametrize("text", re.findall(r"`?(?:x-gateway-fault: |fault\": \")([^`\"\n]+)", TEXT))
def test_faults_on_the_page_are_faults(text: str) -> None:
    assert parse(text).text
