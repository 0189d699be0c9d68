"""Other gateways that are measured beside ours where they are installed; they translate the same requests."""

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

from scripts.measuring import wire
from scripts.measuring.running import Running, free_port

PORTKEY_PATH = "PORTKEY_GATEWAY"
"""The environment variable with the path of Portkey's `build/start-server.js`, where npx does not know the package."""
PORTKEY_PACKAGE = "@portkey-ai/gateway"

LITELLM_CONFIG = """\
model_list:
  - model_name: {model}
    litellm_params: {{model: anthropic/{model}, api_key: provider-key, api_base: "http://127.0.0.1:{provider}"}}
general_settings: {{master_key: {key}}}
"""
LITELLM_ENVIRON = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "REPEATED_STREAMING_CHUNK_LIMIT": "1000000"}
"""Its own list of prices instead of one from the Internet; and no end of a stream whose events are all equal."""


def missing() -> dict[str, str]:
    """Return the names of those that are not installed, each with what was looked for."""
    found = {
        "litellm": (litellm_command(), "no litellm beside the interpreter or in PATH"),
        "portkey": (portkey_command(), f"no {PORTKEY_PATH}, and npx finds no {PORTKEY_PACKAGE}"),
    }
    return {name: why for name, (command, why) in found.items() if command is None}


def litellm(folder: Path, provider: int) -> Running | None:
    """Start LiteLLM; None where it is not installed."""
    command = litellm_command()
    if command is None:
        return None
    port = free_port()
    config = folder / f"litellm-{port}.yaml"
    config.write_text(LITELLM_CONFIG.format(key=wire.KEY, provider=provider, model=wire.MODEL), encoding="utf-8")
    command = [*command, "--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
    return Running("litellm", command, folder, port=port, environ=LITELLM_ENVIRON)


def portkey(folder: Path, provider: int) -> Running | None:
    """Start Portkey's gateway; None where it is not installed."""
    command = portkey_command()
    if command is None:
        return None
    port = free_port()
    headers = f"x-portkey-provider: anthropic\r\nx-portkey-custom-host: http://127.0.0.1:{provider}/v1\r\n"
    return Running("portkey", [*command, f"--port={port}", "--headless"], folder, port=port, headers=headers)


def litellm_command() -> list[str] | None:
    beside = Path(sys.executable).parent / "litellm"
    program = str(beside) if beside.exists() else shutil.which("litellm")
    return None if program is None else [program]


@functools.cache
def portkey_command() -> list[str] | None:
    """Return the command that starts the script which the environment names, or the one that npx knows of."""
    node, npx, script = shutil.which("node"), shutil.which("npx"), os.environ.get(PORTKEY_PATH, "")
    if node and npx and not script:
        asking = [npx, "--no-install", "-p", PORTKEY_PACKAGE, "-c", "command -v gateway"]
        done = subprocess.run(asking, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
        script = done.stdout.strip() if done.returncode == 0 else ""
    return [node, script] if node and script else None
