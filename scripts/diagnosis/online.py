"""The providers, each asked once with each credential, by the gateway's own URLs, headers and credentials.

A server that lists its models is asked for the list, which costs nothing; another for an answer of one token. Neither
keys nor what a provider wrote is shown: not even its errors, which may repeat a key.
"""

import asyncio
import ssl
import time

import httpx
from pydantic_core import from_json, to_json

from addons.credentials import Authorities, Unauthorised
from addons.exchange.provider_request import ProviderRequest, provider_request
from addons.exchange.request import AGENT, ClientRequest
from addons.model_lists import FORMS, LARGEST, ListForm
from addons.provider_http import Clients, body_of
from routing.settings import Settings
from routing.targets import Offer, Target
from scripts.diagnosis.configuration import offers
from scripts.diagnosis.finding import Finding, Severity
from translators.dialects import FORGETFUL, Recall, Rendered
from translators.errors import TranslationError
from translators.registry import CLIENTS, PASSTHROUGH, PROVIDERS
from translators.values import immutable

PATIENCE_SECONDS = 20.0
"""For one answer, and for the credentials that it needs."""
AT_ONCE = 8


@immutable
class Question:
    """One request with one credential. `form` is that of the list that is asked for; None: an answer of one token is.
    `models` are the provider's names of those that configuration names."""

    target: Target
    request: ProviderRequest
    form: ListForm | None
    models: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.target.credential.name

    def __str__(self) -> str:
        way = "" if self.request.proxy is None else f" through the proxy at {self.request.proxy.host}"
        method, what = (
            ("POST", f"one token of {self.target.model}") if self.form is None else ("GET", "its models, free")
        )
        return f"{self.name}: {method} {self.request.url.partition('?')[0]}{way} ({what})"


@immutable
class Result:
    question: Question
    seconds: float
    findings: tuple[Finding, ...]

    @property
    def line(self) -> str:
        """Return how it went, in a line."""
        failed = any(each.severity == "error" for each in self.findings)
        return f"{self.question.name} {'failed' if failed else 'answered'} after {self.seconds * 1000:.0f} ms"


class Asking:
    """Asks all providers of `settings`. `problems` are the findings on those that cannot be asked at all."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._authorities = Authorities()
        self._gate = asyncio.Semaphore(AT_ONCE)
        self.questions: list[Question] = []
        self.problems: list[Finding] = []
        for offer in offers(settings):
            self._prepare(offer)

    async def all(self) -> list[Result]:
        """Ask all, several at once; return the results in the order of the questions."""
        context = await asyncio.to_thread(httpx.create_ssl_context)
        if self._settings.upstream_ca is not None:
            context.load_verify_locations(self._settings.upstream_ca)
        clients = Clients(PATIENCE_SECONDS, context)
        try:
            return list(await asyncio.gather(*(self._ask(clients, question) for question in self.questions)))
        finally:
            await clients.close()

    # --- what is asked ---

    def _prepare(self, offer: Offer) -> None:
        names = list(offer.listed)
        models = tuple(dict.fromkeys(model.name for model in offer.entry.models))
        targets = offer.targets(names[0])[: offer.credentials] if names else (offer.sample(),)
        for target in targets:
            dialect = next(iter(target.base_urls))
            form = FORMS[dialect] if offer.entry.lists_models else None
            try:
                if form is not None:
                    question = _listing(target, models, dialect, form)
                else:
                    question = _token(self._settings, target, models)
            except TranslationError as error:
                self.problems.append(
                    Finding("warning", target.credential.name, f"is not asked: {error.failure.message}")
                )
            else:
                self.questions.append(question)

    # --- asking ---

    async def _ask(self, clients: Clients, question: Question) -> Result:
        async with self._gate:
            started = time.monotonic()
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    status, body = await self._answer(clients, question)
            except Unauthorised as error:
                findings = [_wrong(question, error.failure.message, "the log above has what its library says")]
            except TimeoutError:
                why = f"nothing came within {PATIENCE_SECONDS:g} s"
                findings = [_wrong(question, why, "look at the network, and at base-url")]
            except (httpx.HTTPError, OSError) as error:
                findings = [_wrong(question, *_unreachable(error))]
            else:
                findings = list(_judged(question, status, body))
            return Result(question, time.monotonic() - started, tuple(findings))

    async def _answer(self, clients: Clients, question: Question) -> tuple[int, bytes]:
        request = question.request
        if request.auth is not None:
            request = await self._authorities.authorised(request)
        headers = dict((*request.headers, *request.secrets))
        http = await clients.to(question.target.proxies, request.url)
        method, content = ("POST", request.body) if question.form is None else ("GET", None)
        async with http.stream(method, request.url, headers=headers, content=content) as answer:
            try:
                return answer.status_code, await body_of(answer, LARGEST)
            except ValueError:  # whatever it is, it is no list of models
                return answer.status_code, b""


def _listing(target: Target, models: tuple[str, ...], dialect: str, form: ListForm) -> Question:
    rendered = Rendered(form.page(None), {}, form.headers, (), Recall())
    upstream = next(each for each in (*PROVIDERS.values(), *PASSTHROUGH.values()) if each.name == dialect)
    return Question(target, provider_request(AGENT, (), target, upstream, rendered, {}), form, models)


def _token(settings: Settings, target: Target, models: tuple[str, ...]) -> Question:
    """Return the question for one token. Raises `TranslationError`."""
    chat = CLIENTS["chat"]
    body = {"model": target.alias, "messages": [{"role": "user", "content": "."}], "max_completion_tokens": 1}
    request = ClientRequest(chat, chat.parse, settings, FORGETFUL, {})
    request.read(to_json(body), lambda name: [target])
    return Question(target, request.render(target).calls[0].request, None, models)


# --- what it means ---


def _wrong(question: Question, text: str, remedy: str, severity: Severity = "error") -> Finding:
    return Finding(severity, question.name, text, remedy)


def _unreachable(error: Exception) -> tuple[str, str]:
    """Return what kept a request from its answer, and what to do about it."""
    causes: list[BaseException] = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None and len(causes) < 10:
        causes.append(cause)
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return "TLS fails: its certificate is not trusted, or it speaks no TLS", "correct base-url, or the certificate"
    match error:
        case httpx.ProxyError():
            return "its proxy lets nothing through, or speaks another way", "correct proxy-url"
        case httpx.ConnectError():
            return "no connection: it was refused, or its name is not known", "correct base-url; is it running?"
        case httpx.TimeoutException():
            return f"nothing came within {PATIENCE_SECONDS:g} s", "look at the network, and at base-url"
    return "the connection broke, or its answer was no HTTP", "correct base-url"


def _judged(question: Question, status: int, body: bytes) -> list[Finding]:
    listing = question.form is not None
    if 200 <= status < 300:
        return _models_missing(question, question.form, body) if question.form is not None else []
    match status:
        case 401 | 403:
            return [_wrong(question, f"its key is not accepted ({status})", "replace the key, or give it the right")]
        case 407:
            return [
                _wrong(question, "its proxy does not take the name and password in proxy-url (407)", "correct them")
            ]
        case 404 if not listing:
            return [_wrong(question, f"knows no model {question.target.model} (404)", "correct models, or base-url")]
        case 404 | 405:
            return [_wrong(question, f"has no list of models there ({status})", "correct base-url", "warning")]
        case 402 | 429:
            return [_wrong(question, f"is over its limit or unpaid ({status})", "look at the account", "warning")]
        case 400 if not listing:
            return [_wrong(question, "takes the key, and not a request for one token (400)", "", "note")]
    return [_wrong(question, f"answers {status}", "correct base-url, or try again later")]


def _models_missing(question: Question, form: ListForm, body: bytes) -> list[Finding]:
    try:
        page = form.read(from_json(body))
    except ValueError:
        return [_wrong(question, "its answer is no list of models", "correct base-url", "warning")]
    if page.after is not None:
        return []
    missing = [name for name in question.models if name not in page.names and f"{name}:latest" not in page.names]
    return [_wrong(question, f"does not list {name}", "correct models", "warning") for name in missing]
