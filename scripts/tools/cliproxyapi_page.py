"""docs/from-cliproxyapi.md: every key of CLIProxyAPI's config.yaml and what the gateway makes of it, from
`routing.cliproxyapi`."""

from collections.abc import Iterator
from pathlib import Path

from routing.cliproxyapi import KEYS, Key
from scripts.tools.venv import ROOT

PAGE = Path(ROOT, "docs", "from-cliproxyapi.md")

INTRO = """\
# From CLIProxyAPI

Written by `scripts/matrix` from the code; a test fails when it is stale. It follows the `config.example.yaml` of
CLIProxyAPI 7, and has the keys that cliproxyapi++ adds.

A line more, and the gateway reads a `config.yaml` of CLIProxyAPI's:

```yaml
compatibility: cliproxyapi
```

`scripts/run --check --config FILE` says what it makes of the file, `scripts/run --config FILE` starts the gateway with
it. Each key is in one of three classes:

- **honoured**: it does here what it does there, but for what its line says.
- **without effect**: it is accepted, and a line at the start names it. Without `compatibility: cliproxyapi` it is a
  mistake, like any other key that does nothing.
- **refused**: to ignore it would be unsafe or untrue, so the gateway does not start, and says what to do instead. Where
  a line says *refused when*, the key is without effect otherwise.

A key that CLIProxyAPI does not know either is a mistake, and no longer ignored; this gateway's own keys
([configuration.md](configuration.md)) may stand in the file as well.

## What is different all the same

- `api-keys: []` asks nobody for a key there. Here it opens nothing, and the gateway wants a key to listen on other
  addresses than this machine's.
- Without `host` it listens on this machine only; `host: ""` listens everywhere, as there.
- A comment keeps a silent stream alive every 15 seconds unless `streaming.keepalive-seconds` says otherwise; there it
  has to be switched on.
- A key goes to Anthropic as `x-api-key`, to any other address in `claude-api-key` as `Authorization: Bearer`, as there.
  `auth: x-api-key` or `auth: bearer` in the entry says it outright, in every file. Without `compatibility` the key goes
  as `x-api-key` everywhere.
- An entry of `codex-api-key` without a `base-url`, which is left out there, is a mistake: its key would go to
  api.openai.com. So are other entries that are left out there without a word.
- `${NAME}` is an environment variable. Any other dollar is itself, also `$$`, which is one dollar in other files.
- Logins by account, the management API and the disguise as another program are not here.

"""

FATES = {"honoured": "honoured", "always": "honoured", "inert": "without effect", "refused": "refused"}


def page() -> str:
    sections: dict[str, list[Key]] = {}
    for key in KEYS:
        lists = len(key.path) > 1 and key.path[0].endswith(("-api-key", "-compatibility"))
        sections.setdefault(key.path[0] if lists else "", []).append(key)
    return INTRO + "\n".join(line for name, keys in sections.items() for line in _table(name, keys))


def _table(section: str, keys: list[Key]) -> Iterator[str]:
    yield f"## {section or 'The file'}\n"
    yield "| key | | |"
    yield "|---|---|---|"
    for key in keys:
        name = ".".join(key.path[1:]) if section else key.dotted
        yield f"| `{name}` | {_fate(key)} | {_text(key)} |"
    yield ""


def _fate(key: Key) -> str:
    return f"refused when {key.when}" if key.fate == "refused" else FATES[key.fate]


def _text(key: Key) -> str:
    return f"always so: {key.text}" if key.fate == "always" else key.text
