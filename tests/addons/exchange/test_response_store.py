"""Bounded in bytes and in age, apart for every client; what is used stays."""

import tracemalloc
from typing import Any

from addons.exchange.response_store import ResponseStore
from translators.dialects import Remembered


def kept(id: str, previous: str | None = None, text: str = "x") -> Remembered:
    question: dict[str, Any] = {"role": "user", "content": f"question of {id}"}
    answer = {"id": f"msg_{id}", "type": "message", "role": "assistant", "content": text}
    return Remembered(id, {"id": id, "output": [answer]}, (question,), previous)


def test_a_response_is_there_for_its_own_client() -> None:
    store = ResponseStore()
    store.put("ann", kept("resp_1"), 0)
    assert store.get("ann", "resp_1", 1) == kept("resp_1").response
    assert store.get("bob", "resp_1", 1) is None
    assert store.item("ann", "msg_resp_1", 1) == kept("resp_1").response["output"][0]
    assert store.item("bob", "msg_resp_1", 1) is None


def test_a_history_is_all_that_led_to_a_response() -> None:
    store = ResponseStore()
    store.put("ann", kept("resp_1"), 0)
    store.put("ann", kept("resp_2", "resp_1"), 0)
    store.put("ann", kept("resp_3", "resp_1"), 0)
    past = store.of("ann", 1)
    assert past.keeps
    told = past.history("resp_3")
    assert told is not None
    assert [item["content"] for item in told] == ["question of resp_1", "x", "question of resp_3", "x"]
    assert past.history("resp_4") is None
    assert past.item("msg_resp_2") == kept("resp_2").response["output"][0]


def test_a_history_with_a_gap_is_none() -> None:
    store = ResponseStore()
    store.put("ann", kept("resp_1"), 0)
    store.put("ann", kept("resp_2", "resp_1"), 0)
    assert store.delete("ann", "resp_1", 0)
    assert store.history("ann", "resp_2", 0) is None
    assert store.get("ann", "resp_2", 0) is not None


def test_what_is_deleted_is_gone_once() -> None:
    store = ResponseStore()
    store.put("ann", kept("resp_1"), 0)
    assert not store.delete("bob", "resp_1", 0)
    assert store.delete("ann", "resp_1", 0)
    assert not store.delete("ann", "resp_1", 0)
    assert store.item("ann", "msg_resp_1", 0) is None
    assert store.size == 0


def test_what_was_not_used_for_too_long_is_gone() -> None:
    store = ResponseStore(max_age=10)
    store.put("ann", kept("resp_1"), 0)
    store.put("ann", kept("resp_2"), 0)
    assert store.get("ann", "resp_1", 9) is not None
    assert store.get("ann", "resp_2", 11) is None
    assert store.get("ann", "resp_1", 11) is not None
    assert store.item("ann", "msg_resp_1", 40) is None
    assert store.size == 0


def test_the_oldest_makes_room() -> None:
    one = kept("resp_1")
    store = ResponseStore()
    store.put("ann", one, 0)
    store = ResponseStore(max_bytes=2 * store.size)
    for index in (1, 2):
        store.put("ann", kept(f"resp_{index}"), 0)
    store.get("ann", "resp_1", 0)
    store.put("bob", kept("resp_3"), 0)
    assert store.get("ann", "resp_1", 0) is not None
    assert store.get("ann", "resp_2", 0) is None
    assert store.get("bob", "resp_3", 0) is not None


def test_what_is_larger_than_all_is_not_kept() -> None:
    store = ResponseStore(max_bytes=2000)
    store.put("ann", kept("resp_1"), 0)
    store.put("ann", kept("resp_2", text="x" * 2000), 0)
    assert store.get("ann", "resp_2", 0) is None
    assert store.get("ann", "resp_1", 0) is not None


def test_one_client_does_not_push_out_another() -> None:
    """Who has most makes room, even for what somebody else keeps."""
    store = ResponseStore(max_bytes=20_000)
    store.put("ann", kept("resp_ann"), 0)
    for index in range(100):
        store.put("bob", kept(f"resp_{index}", text="x" * 500), 1)
    assert store.get("ann", "resp_ann", 1) is not None
    store.put("ann", kept("resp_new", text="x" * 500), 1)
    assert store.get("ann", "resp_ann", 1) is not None
    assert store.get("ann", "resp_new", 1) is not None
    assert store.get("bob", "resp_99", 1) is not None
    assert 10_000 < store.size <= 20_000


def test_the_memory_that_it_takes_is_counted() -> None:
    store = ResponseStore()
    tracemalloc.start()
    try:
        for index in range(20):
            many = [{"id": f"msg_{index}_{place}", "type": "message", "content": []} for place in range(500)]
            store.put("ann", Remembered(f"resp_{index}", {"id": f"resp_{index}", "output": many}, ()), 0)
        del many
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert taken < 1.5 * store.size


def test_putting_again_replaces() -> None:
    store = ResponseStore()
    store.put("ann", kept("resp_1"), 0)
    size = store.size
    store.put("ann", kept("resp_1"), 0)
    assert store.size == size


def test_an_item_that_is_sent_again_stays_its_first_responses() -> None:
    store = ResponseStore(max_age=10)
    first = kept("resp_1")
    store.put("ann", first, 0)
    store.put("ann", Remembered("resp_2", {"id": "resp_2", "output": []}, tuple(first.response["output"])), 0)
    store.delete("ann", "resp_2", 0)
    assert store.item("ann", "msg_resp_1", 9) is not None
    assert store.get("ann", "resp_1", 18) is not None


def test_a_store_that_shrinks_drops_what_has_no_room() -> None:
    store = ResponseStore()
    for at, name in enumerate(("a", "b", "c")):
        store.put("ann", kept(name), at)
    store.resize(store.size - 1, 3600, 2)
    assert [store.get("ann", name, 2) is not None for name in ("a", "b", "c")] == [False, True, True]
    store.resize(10**6, 1, 4)
    assert store.size == 0
