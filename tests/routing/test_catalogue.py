"""Which names are served, by whom, and the error of the others."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.auth import EmbeddedAuth, StaticKey
from routing.catalogue import (
    _REMEMBERED,
    CREATED,
    EMBEDDED,
    Catalogue,
    ForbiddenModel,
    ListedModel,
    Target,
    UnknownModel,
)
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
    ("model", "name"),
    [
        pytest.param("big", "big", id="listed"),
        pytest.param("big(high)", "big", id="with an effort"),
        pytest.param("big(huge)", None, id="with something else behind it"),
        pytest.param("claude-opus-5", None, id="a provider's name with an alias"),
        pytest.param("smollm2", "smollm2", id="the local model"),
        pytest.param("nobody's", None, id="unknown"),
    ],
)
def test_the_listed_name_of_what_a_client_asks_for(model: str, name: str | None) -> None:
    assert catalogue(ALIASED, "http://127.0.0.1:5").listed(model) == name


@pytest.mark.parametrize(
    ("provider", "model", "known"),
    [
        pytest.param("anthropic", "claude-opus-5", True, id="behind an alias"),
        pytest.param("anthropic", "big", False, id="an alias"),
        pytest.param("openai", "claude-opus-5", False, id="of another provider"),
        pytest.param("embedded", "smollm2", True, id="the local model"),
    ],
)
def test_the_models_behind_the_listed_names(provider: str, model: str, known: bool) -> None:
    assert catalogue(ALIASED, "http://127.0.0.1:5").knows(provider, model) == known


def test_every_credential_has_an_identity() -> None:
    two = catalogue("[{api-key: a, models: [{name: m}]}, {api-key: b}]")
    assert two.identities() == {target.credential.identity for target in two.targets()}
    assert len(two.identities()) == 2
    assert "" in catalogue("[]", "http://127.0.0.1:5").identities()


@pytest.mark.parametrize(
    ("entries", "names"),
    [
        pytest.param("[]", [], id="nothing"),
        pytest.param(ALIASED, ["big", "small"], id="alias instead of the name"),
        pytest.param("[{api-key: a}]", list(KNOWN), id="without models all that are known"),
        pytest.param("[{api-key: a, models: []}]", list(KNOWN), id="an empty list is none"),
        pytest.param("[{api-key: a, excluded-models: ['*-OPUS-*']}]", ["claude-haiku-4-5"], id="excluded"),
        pytest.param(
            "[{api-key: a, excluded-models: [m, y], models: [{name: m, alias: x}, {name: n, alias: Y}, {name: z}]}]",
            ["x", "z"],
            id="excluded by the clients' name alone",
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
            'The model "claude-3-5-sonnet" is switched off: set KEY in the .env of the gateway, '
            "or in its environment and restart it. Models that work now: smollm2.",
            id="alias of an entry that is off",
        ),
        pytest.param(
            OFF,
            "http://e",
            "claude-new",
            'The model "claude-new" is switched off: set OTHER in the .env of the gateway, or in its environment and '
            "restart it. Models that work now: smollm2.",
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


POOL = """
claude-api-key:
  - {api-key: a, models: [{name: x, alias: m}, {name: y, alias: m}]}
gemini-api-key:
  - {api-key: g, models: [{name: m, alias: ''}]}
openai-compatibility:
  - {name: s, base-url: 'http://h', api-key-entries: [{api-key: b}, {api-key: c}], models: [{name: z, alias: m}]}
embedded: {enable: true, alias: m}
"""


def served(text: str, **known: tuple[str, ...]) -> Catalogue:
    loaded = parse(text.encode(), "c.yaml", {})
    return Catalogue(loaded.settings, loaded.skipped, known, "http://embedded")


def test_a_name_in_several_places_is_a_pool() -> None:
    """Of models of one entry, of entries, of providers; without the embedded model."""
    pool = served(POOL)
    found = [(target.provider, target.model, target.credential.name) for target in pool.candidates("m", "key-1")]
    assert found == [
        ("anthropic", "x", "anthropic-1"),
        ("anthropic", "y", "anthropic-1"),
        ("gemini", "m", "gemini-1"),
        ("s", "z", "s-1"),
        ("s", "z", "s-2"),
    ]
    assert pool.listing("key-1") == (ListedModel("m", "anthropic"),)


def test_what_nobody_lists_is_a_pool_of_all_that_hand_it_on() -> None:
    pool = served("claude-api-key: [{api-key: a}, {api-key: b, models: [{name: m}]}, {api-key: c}]")
    assert [target.credential.name for target in pool.candidates("claude-9", "key-1")] == ["anthropic-1", "anthropic-3"]


@pytest.mark.parametrize(
    ("entry", "asked", "pool"),
    [
        pytest.param("prefix: t, models: [{name: m}]", "m", ["b"], id="a bare name is that of who has no prefix"),
        pytest.param("prefix: t, models: [{name: m}]", "t/m", ["a"], id="a prefixed name"),
        pytest.param("prefix: m, models: [{name: m}]", "m", ["a", "b"], id="the prefix is the name"),
        pytest.param("prefix: t", "claude-9", [], id="what is handed on"),
        pytest.param("prefix: t", "t/claude-9", ["a"], id="what is handed on, prefixed"),
        pytest.param("prefix: claude-9", "claude-9", ["a"], id="what is handed on, the prefix is the name"),
    ],
)
def test_a_prefix_is_forced(entry: str, asked: str, pool: list[str]) -> None:
    entries = f"[{{api-key: a, {entry}}}, {{api-key: b, models: [{{name: m}}]}}]"
    forced = served(f"force-model-prefix: true\nclaude-api-key: {entries}")
    if not pool:
        with pytest.raises(UnknownModel):
            forced.candidates(asked, "key-1")
        return
    keys = [target.auth for target in forced.candidates(asked, "key-1")]
    assert keys == [StaticKey("x-api-key", Secret(key)) for key in pool]


SCOPED = """
api-keys:
  - {key: aaaa, name: all}
  - {key: bbbb, name: some, models: [m*, team/x, "?"]}
  - {key: cccc, name: none, models: [nothing]}
claude-api-key:
  - {api-key: a, models: [{name: m1}, {name: m2}, {name: M3}, {name: n}, {name: x, alias: team/x}, {name: yy}]}
embedded: {enable: true, alias: mini}
"""


@pytest.mark.parametrize(
    ("key", "names"),
    [
        pytest.param("all", ["m1", "m2", "M3", "n", "team/x", "yy", "mini"], id="every model"),
        pytest.param("some", ["m1", "m2", "n", "team/x", "mini"], id="those that match, in their exact case"),
        pytest.param("none", [], id="no model"),
    ],
)
def test_a_key_has_its_models_alone(key: str, names: list[str]) -> None:
    catalogue = served(SCOPED)
    assert [model.id for model in catalogue.listing(key)] == names
    for model in catalogue.listing("all"):
        for ask in (catalogue.candidates, catalogue.get):
            if model.id in names:
                assert ask(model.id, key)
            else:
                with pytest.raises(ForbiddenModel):
                    ask(model.id, key)


@pytest.mark.parametrize("model", ["yy", "nobody", "claude-9"])
def test_a_key_does_not_learn_what_it_may_not_use(model: str) -> None:
    with pytest.raises(ForbiddenModel) as caught:
        served(SCOPED).candidates(model, "some")
    assert str(caught.value) == (
        f'The key "some" may not use the model "{model}" (models of that key under api-keys). '
        "It may use m1, m2, n, team/x, mini."
    )


def test_a_key_is_told_its_own_models_only() -> None:
    with pytest.raises(UnknownModel) as caught:
        served(SCOPED).candidates("m3", "some")
    assert not isinstance(caught.value, ForbiddenModel)
    assert caught.value.working == ("m1", "m2", "n", "team/x", "mini")
    assert set(caught.value.close) <= {"m1", "m2"}


@pytest.mark.parametrize(
    ("asked", "close"),
    [
        pytest.param("model-4321x", "model-4321", id="close"),
        pytest.param("Model-9999-", "model-9999", id="the last one"),
        pytest.param("nodel-4321", "model-9943", id="of many those are compared that begin alike"),
    ],
)
def test_a_name_is_not_compared_with_thousands(asked: str, close: str) -> None:
    models = ", ".join(f"{{name: model-{number}}}" for number in range(4000, 10_000))
    with pytest.raises(UnknownModel) as caught:
        catalogue(f"[{{api-key: a, models: [{models}]}}]").candidates(asked, "key-1")
    assert caught.value.close[0] == close


def test_facts_about_a_model() -> None:
    """The length of a pool is one that all of it have."""
    text = """
claude-api-key:
  - {api-key: a, models: [{name: x, alias: m, max-context-length: 200}, {name: y}]}
  - {api-key: b, models: [{name: z, alias: m, max-context-length: 100, display-name: Em}, {name: n, alias: m}]}
"""
    catalogue = served(text)
    assert catalogue.listing("") == (
        ListedModel("m", "anthropic", CREATED, "Em", 100),
        ListedModel("y", "anthropic"),
    )
    assert [target.context_length for target in catalogue.candidates("m", "")] == [200, 100, None]


def test_what_has_not_changed_is_not_made_again() -> None:
    before = served("claude-api-key: [{api-key: a, models: [{name: m}]}, {api-key: b, models: [{name: n}]}]")
    loaded = parse(b"claude-api-key: [{api-key: a, models: [{name: m}]}, {api-key: c, models: [{name: n}]}]", "", {})
    after = before.reloaded(loaded)
    assert after.candidates("m", "")[0] is before.candidates("m", "")[0]
    assert after.candidates("n", "")[0].auth == StaticKey("x-api-key", Secret("c"))
    assert after.with_embedded(None).candidates("n", "")[0] is after.candidates("n", "")[0]


@pytest.mark.parametrize(
    ("entry", "others"),
    [
        pytest.param("claude-api-key: [{api-key: a}]", 1, id="claude"),
        pytest.param("gemini-api-key: [{api-key: a}]", 1, id="gemini"),
        pytest.param("codex-api-key: [{api-key: a}]", 1, id="responses only"),
        pytest.param("claude-api-key: [{api-key: a, models: [{name: m}]}]", 0, id="with models"),
        pytest.param("ollama: [{}]", 0, id="ollama"),
        pytest.param("ollama: [{prefix: p}]", 1, id="ollama, prefix"),
        pytest.param("openai-compatibility: [{name: x, base-url: 'http://h'}]", 0, id="compatible"),
        pytest.param("openai-compatibility: [{name: openai, base-url: 'http://h'}]", 1, id="compatible, known"),
        pytest.param("openai-compatibility: [{name: x, base-url: 'http://h', prefix: p}]", 1, id="compatible, prefix"),
    ],
)
def test_who_takes_other_names(entry: str, others: int) -> None:
    loaded = parse(entry.encode(), "c.yaml", {})
    assert sum(target.alias == "" for target in Catalogue(loaded.settings).targets()) == others


def test_names_of_clients_do_not_pile_up() -> None:
    catalogue = served("claude-api-key: [{api-key: a}]")
    for number in range(3 * _REMEMBERED):
        catalogue.candidates(f"claude-{number}", "")
        assert len(catalogue._handed_on) <= _REMEMBERED


# --- the listing and what is accepted -----------------------------------------------------------------

NAMES = st.sampled_from(["m", "n", "claude-a", "claude-b", "gemini-a", "t/m", "t/claude-a", "s/n", "x:latest"])
PATTERNS = st.sampled_from(["*", "m", "t/*", "claude-*", "[mn]", "?", "*:latest", "nobody"])


def entries(section: str, **more: object) -> st.SearchStrategy[dict[str, object]]:
    """Entries of a section, with or without models, a prefix, and exclusions."""
    models = st.lists(
        st.fixed_dictionaries({"name": NAMES}, optional={"alias": NAMES}),
        max_size=3,
        unique_by=lambda model: (model.get("alias") or model["name"], model["name"]),
    )
    optional = {"models": models, "prefix": st.sampled_from(["s", "t", "m"]), "excluded-models": st.lists(PATTERNS)}
    return st.fixed_dictionaries({name: st.just(value) for name, value in more.items()}, optional=optional)


CONFIGURATIONS = st.fixed_dictionaries(
    {
        "api-keys": st.lists(
            st.fixed_dictionaries(
                {"key": st.uuids().map(str)}, optional={"models": st.lists(PATTERNS, min_size=1, max_size=3)}
            ),
            max_size=3,
        ),
        "claude-api-key": st.lists(entries("claude-api-key", **{"api-key": "a"}), max_size=2),
        "gemini-api-key": st.lists(entries("gemini-api-key", **{"api-key": "a"}), max_size=2),
        "openai-compatibility": st.lists(
            entries("openai-compatibility", name="openai", **{"api-key-entries": [{"api-key": "a"}, {"api-key": "b"}]}),
            max_size=2,
        ),
        "ollama": st.lists(entries("ollama"), max_size=2),
        "force-model-prefix": st.booleans(),
        "embedded": st.fixed_dictionaries({"enable": st.booleans(), "alias": NAMES}),
    }
)


def handed_on(catalogue: Catalogue, model: str) -> bool:
    return any(offer.unlisted(model) for offer in catalogue._offers.values())


@given(CONFIGURATIONS, st.lists(NAMES, max_size=4), NAMES)
def test_what_is_listed_is_what_is_accepted(wanted: dict[str, object], found: list[str], other: str) -> None:
    """A name that is listed has targets, one that is not and is not handed on has none; for every key."""
    loaded = parse(json.dumps(wanted).encode(), "c.yaml", {})
    known = {"anthropic": ("claude-a", "claude-b"), "gemini": ("gemini-a",)}
    catalogue = Catalogue(loaded.settings, loaded.skipped, known, "http://embedded")
    catalogue = catalogue.with_discovered(dict.fromkeys(catalogue.discoverable(), tuple(found)))
    everything = {model.id for model in catalogue.listing("")}
    for key in ("", *(key.name for key in loaded.settings.api_keys)):
        listing = {model.id: model for model in catalogue.listing(key)}
        assert listing.keys() <= everything
        for name in {*everything, other}:
            if name in listing:
                targets = catalogue.candidates(name, key)
                assert targets
                assert {target.alias for target in targets} == {name}
                assert catalogue.get(name, key) == listing[name]
            elif name in everything or not handed_on(catalogue, name):
                for ask in (catalogue.candidates, catalogue.get):
                    with pytest.raises(UnknownModel):
                        ask(name, key)
