"""A memory is bounded, and every client has its own."""

from addons.exchange.memory import LONGEST, LruMemory, Memories


def kept(memory: LruMemory, *keys: str) -> list[str | None]:
    return [memory.get(key) for key in keys]


def test_what_was_used_last_stays() -> None:
    memory = LruMemory(characters=8)
    memory.put("a", "111")
    memory.put("b", "222")
    assert memory.get("a") == "111"
    memory.put("c", "333")
    assert kept(memory, "a", "b", "c") == ["111", None, "333"]


def test_a_text_is_replaced() -> None:
    memory = LruMemory(characters=8)
    for text in ("111", "222", "1234567"):
        memory.put("a", text)
    assert memory.get("a") == "1234567"
    memory.put("b", "")
    assert kept(memory, "a", "b") == [None, ""]


def test_what_is_too_long_is_not_kept() -> None:
    memory = LruMemory(characters=8)
    memory.put("a", "1" * 8)
    memory.put("b", "2" * (LONGEST + 1))
    assert kept(memory, "a", "b") == [None, None]
    memory.put("c", "333")
    assert memory.get("c") == "333"


def test_every_client_has_its_own() -> None:
    memories = Memories()
    memories.of("one").put("a", "1")
    assert memories.of("one").get("a") == "1"
    assert memories.of("two").get("a") is None


def test_what_was_for_a_client_that_is_gone_is_forgotten() -> None:
    memories = Memories()
    for owner in ("one", "two"):
        memories.of(owner).put("a", "1")
    memories.keep(["two", "three"])
    assert [memories.of(owner).get("a") for owner in ("one", "two")] == [None, "1"]
