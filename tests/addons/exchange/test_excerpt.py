"""What stands in the log of an answer that could not be read."""

import pytest

from addons.exchange.excerpt import LONGEST, excerpt


@pytest.mark.parametrize(
    ("payloads", "shown"),
    [
        pytest.param(
            [b'{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a secret"}}'],
            '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"xxxxxxxx"}}',
            id="a text is masked, its kind is not",
        ),
        pytest.param(
            [b'{"choices":[{"finish_reason":"stop","ok":true}]}', b'{"n":1.5,"none":null}'],
            '{"choices":[{"finish_reason":"stop","ok":true}]} {"n":1.5,"none":null}',
            id="several payloads",
        ),
        pytest.param([b'{"type":"my name is Ann"}'], '{"type":"xxxxxxxxxxxxxx"}', id="a sentence for a kind"),
        pytest.param([b'["a","bc"]'], '["x","xx"]', id="a list of texts"),
        pytest.param(
            [b"<html>\n<head><title>502 Bad Gateway</title></head>\n<body>Ann</body></html>"],
            "'<html>\\n<head><title>502 Bad Gateway</title>'",
            id="a proxy's page",
        ),
        pytest.param([b"<b>Ann</b>"], "'<x>xxx</x>'", id="other markup"),
        pytest.param([b"\xff\x00"], "'\ufffd\\x00'", id="no text"),
        pytest.param([b'{"text": "Ann, 5\xff"}'], '\'{"xxxx": "xxx, x\ufffd"}\'', id="broken UTF-8"),
        pytest.param(
            [b"<html><title>sk-ant-api03-abcdefghijklmnop</title>"],
            "'<html><title>[redacted]</title>'",
            id="a key in a page",
        ),
        pytest.param([b""], "''", id="nothing"),
    ],
)
def test_shown(payloads: list[bytes], shown: str) -> None:
    assert excerpt(payloads) == shown


def test_it_is_short() -> None:
    assert len(excerpt([b'{"a":"%b"}' % (b"b" * 99)] * 999)) == LONGEST
