"""Which names are served, by whom, and the error of the others."""

import pytest

from routing.auth import EmbeddedAuth, StaticKey
from routing.catalogue import CREATED, EMBEDDED, Catalogue, ListedModel, Target, UnknownModel
from routing.config import parse
from routing.secret import Secret

KNOWN = ("claude-opus-5", "claude-haiku-4-5")


def catalogue(entries: str = "[]", embedded_url: str | None = None, **environ: str) -> Catalogue:
    text = f"claude-api-key: {entries}\nembedded: {{enable: true}}"
    loaded = parse(text.encode(), "c.yaml", environ)
    return Catalogue(loaded.settings, loaded.skipped, {"anthropic": KNOWN}, embedded_url)


def listed(served: Catalogue) -> list[str]:
    return [model.id for model in served.listing("key-1")]


ALIASED = "[{api-key: a, models: [{name: claude-opus-5, alias: big}, {name: small}]}]"
PREFIXED = "[{api-key: a, prefix: team, models: [{name: m, alias: team/x}]}]"


@pytest.mark.parametrize(
    ("entries", "names"),
    [
        pytest.param("[]", [], id="nothing"),
        pytest.param(ALIASED, ["big", "small"], id="alias instead of the name"),
        pytest.param("[{api-key: a}]", list(KNOWN), id="without models all that are known"),
        pytest.param("[{api-key: a, models: []}]", list(KNOWN), id="an empty list is none"),
        pytest.param("[{api-key: a, excluded-models: ['*-OPUS-*']}]", ["claude-haiku-4-5"], id="excluded"),
        pytest.param(
            "[{api-key: a, excluded-models: [claude-opus-5], models: [{name: claude-opus-5, alias: x}, {name: y}]}]",
            ["y"],
            id="excluded by the provider's name",
        ),
        pytest.param(
            "[{api-key: a, prefix: t, models: [{name: m}, {name: n}]}]", ["m", "n", "t/m", "t/n"], id="prefix"
        ),
        pytest.param(PREFIXED, ["team/x", "team/team/x"], id="alias that looks prefixed"),
        pytest.param("[{api-key: a, models: [{name: m}]}, {api-key: b, models: [{name: m}]}]", ["m"], id="shared"),
        pytest.param("[{api-key: '${OFF}', models: [{name: m}]}]", [], id="switched off"),
    ],
)
def test_listing(entries: str, names: list[str]) -> None:
    assert listed(catalogue(entries)) == names


@pytest.mark.parametrize(
    ("entries", "name", "model", "key"),
    [
        pytest.param(ALIASED, "big", "claude-opus-5", "a", id="alias"),
        pytest.param(ALIASED, "small", "small", "a", id="name"),
        pytest.param(PREFIXED, "team/x", "m", "a", id="alias that looks prefixed"),
        pytest.param(PREFIXED, "team/team/x", "m", "a", id="and prefixed"),
        pytest.param("[{api-key: a}]", "claude-opus-5", "claude-opus-5", "a", id="known"),
        pytest.param("[{api-key: a}]", "claude-new-9", "claude-new-9", "a", id="not known yet"),
        pytest.param("[{api-key: a, prefix: t}]", "t/claude-new-9", "claude-new-9", "a", id="not known yet, prefix"),
        pytest.param("[{api-key: a, prefix: t}]", "t/claude-opus-5", "claude-opus-5", "a", id="known, prefix"),
        pytest.param(
            "[{api-key: a, models: [{name: x, alias: m}]}, {api-key: b, models: [{name: m}]}]",
            "m",
            "x",
            "a",
            id="first",
        ),
        pytest.param(
            "[{api-key: a}, {api-key: b, models: [{name: m, alias: claude-own}]}]", "claude-own", "m", "b", id="listed"
        ),
        pytest.param("[{api-key: '${OFF}'}, {api-key: b}]", "claude-opus-5", "claude-opus-5", "b", id="the one on"),
    ],
)
def test_resolve(entries: str, name: str, model: str, key: str) -> None:
    target = catalogue(entries).candidates(name, "key-1")[0]
    assert (target.model, target.alias, target.auth) == (model, name, StaticKey("x-api-key", Secret(key)))
    assert catalogue(entries).get(name, "key-1") == ListedModel(name, "anthropic", CREATED)


def test_a_whole_target() -> None:
    entry = "{api-key: a, base-url: http://h/p/, headers: {X-A: b}, models: [{name: m, alias: n}]}"
    assert catalogue(f"[{entry}]").candidates("n", "key-1")[0] == Target(
        provider="anthropic",
        model="m",
        alias="n",
        base_urls={"anthropic": "http://h/p"},
        auth=StaticKey("x-api-key", Secret("a")),
        headers={"x-a": Secret("b")},
        overrides={},
    )


def test_the_embedded_model_comes_and_goes() -> None:
    off = catalogue(ALIASED)
    on = off.with_embedded("http://127.0.0.1:5")
    assert listed(off) == ["big", "small"]
    assert on.listing("key-1")[-1] == ListedModel("smollm2", "embedded", CREATED)
    assert on.candidates("smollm2", "key-1")[0] == Target(
        "embedded",
        "smollm2",
        "smollm2",
        {"anthropic": "http://127.0.0.1:5"},
        EmbeddedAuth(),
        overrides=EMBEDDED,
    )
    assert listed(on.with_embedded(None)) == listed(off)


def test_the_embedded_model_needs_its_section() -> None:
    loaded = parse(b"{}", "c.yaml", {})
    assert Catalogue(loaded.settings, embedded_url="http://127.0.0.1:5").listing("key-1") == ()


OFF = "[{api-key: '${KEY}', models: [{name: m, alias: claude-3-5-sonnet}]}, {api-key: '${OTHER}'}]"


@pytest.mark.parametrize(
    ("entries", "url", "name", "message"),
    [
        pytest.param(
            OFF,
            "http://e",
            "claude-3-5-sonnet",
            'The model "claude-3-5-sonnet" is switched off: set KEY and restart the gateway.'
            " Models that work now: smollm2.",
            id="alias of an entry that is off",
        ),
        pytest.param(
            OFF,
            "http://e",
            "claude-new",
            'The model "claude-new" is switched off: set OTHER and restart the gateway. Models that work now: smollm2.',
            id="any name of an entry that is off",
        ),
        pytest.param(
            OFF,
            None,
            "gpt-5",
            'The model "gpt-5" is not served by this gateway. No model works now.',
            id="nobody",
        ),
        pytest.param(
            ALIASED,
            None,
            "Bigg",
            'The model "Bigg" is not served by this gateway. Did you mean "big"? Models that work now: big, small.',
            id="close",
        ),
        pytest.param(
            "[{api-key: a, excluded-models: ['*opus*']}]",
            None,
            "claude-opus-9",
            'The model "claude-opus-9" is not served by this gateway. Did you mean "claude-haiku-4-5"?'
            " Models that work now: claude-haiku-4-5.",
            id="excluded",
        ),
        pytest.param(
            "[{api-key: a}]",
            None,
            "claude-" + "x" * 200,
            f'The model "claude-{"x" * 93}..." is not served by this gateway.'
            " Models that work now: claude-opus-5, claude-haiku-4-5.",
            id="long",
        ),
        pytest.param(
            "[]",
            None,
            "a\r\nb\u202e\ud800",
            'The model "a??b??" is not served by this gateway. No model works now.',
            id="odd",
        ),
    ],
)
def test_unknown(entries: str, url: str | None, name: str, message: str) -> None:
    served = catalogue(entries, url)
    for ask in (served.candidates, served.get):
        with pytest.raises(UnknownModel) as caught:
            ask(name, "key-1")
        assert str(caught.value) == message


def test_a_long_list_is_cut() -> None:
    models = ", ".join(f"{{name: m{n}}}" for n in range(30))
    with pytest.raises(UnknownModel, match=r"now: m0, m1, .*, m9 and 20 more\.$"):
        catalogue(f"[{{api-key: a, models: [{models}]}}]").candidates("zzz", "key-1")[0]
