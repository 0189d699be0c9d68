"""The inspector's API for commands: where it is, and its token."""

import argparse
import json
import os
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, quote, urlsplit

import httpx

from routing.config import load
from routing.errors import ConfigError
from scripts.tools.files import Unusable
from scripts.tools.venv import ROOT

VARIABLE = "GATEWAY_INSPECTOR"
SECONDS = 60.0


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--page",
        metavar="URL",
        help=f"the address that the gateway printed, with its ?token=; else {VARIABLE}, or what config.yaml says",
    )
    parser.add_argument("--config", metavar="FILE", help="the gateway's configuration, for inspector.port and .key")


class PageClient:
    """Asks a page. Its methods raise `Unusable`."""

    def __init__(self, url: str, token: str) -> None:
        headers = {"authorization": f"Bearer {token}"}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=SECONDS, trust_env=False)
        self._url = url

    @classmethod
    def of(cls, options: argparse.Namespace) -> Self:
        """Return the client of what the options, the environment or the configuration name."""
        if (given := options.page or os.environ.get(VARIABLE)) is not None:
            parts = urlsplit(given)
            token = parse_qs(parts.query).get("token", [""])[0]
            if not parts.netloc or not token:
                raise Unusable("--page must be the address that the gateway printed, with its ?token=.")
            return cls(f"{parts.scheme}://{parts.netloc}", token)
        try:
            settings = load(Path(options.config or Path(ROOT) / "config.yaml"), os.environ).settings.inspected
        except ConfigError as error:
            raise Unusable(str(error)) from error
        if settings is None:
            raise Unusable("The configuration has no inspector.")
        if settings.key is None:
            raise Unusable(
                "The inspector has another token at each start: give the address that the gateway printed, as --page "
                f"URL or in {VARIABLE}, or set inspector.key."
            )
        return cls(settings.url, settings.key.reveal())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def exchange(self, id: str, *, brief: bool) -> dict[str, Any]:
        """Return an exchange; that of the id `last` is the newest."""
        return self._asked("GET", f"/api/exchanges/{quote(self._id(id), safe='')}{'?brief=yes' if brief else ''}")

    def replay(self, id: str) -> dict[str, Any]:
        return self._asked("POST", f"/api/exchanges/{quote(self._id(id), safe='')}/replay")

    def _id(self, id: str) -> str:
        if id != "last":
            return id
        newest = self._asked("GET", "/api/exchanges?limit=1")["exchanges"]
        if not newest:
            raise Unusable("No exchange was recorded yet.")
        return str(newest[0]["id"])

    def _asked(self, method: str, path: str) -> dict[str, Any]:
        try:
            answer = self._http.request(method, path)
            value: dict[str, Any] = answer.json()
        except httpx.TransportError as error:
            raise Unusable(f"There is no inspector at {self._url}: is the gateway running?") from error
        except json.JSONDecodeError as error:
            raise Unusable(f"What answers at {self._url} is no inspector.") from error
        if answer.status_code != 200:
            raise Unusable(str(value.get("error", {}).get("message", f"The inspector answered {answer.status_code}.")))
        return value
