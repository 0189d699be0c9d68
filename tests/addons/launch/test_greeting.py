"""The lines with which a gateway says that it is up."""

import pytest

from addons.launch.greeting import Place, greeting

HERE: Place = ("127.0.0.1", 8317)
MODE = "reverse:http://gateway.invalid@PORT"


@pytest.mark.parametrize(
    ("names", "places", "others", "lines"),
    [
        pytest.param(["a"], [HERE], [], ["The gateway answers at http://127.0.0.1:8317/v1 with a."], id="one"),
        pytest.param(
            list("abcdefg"),
            [HERE, ("::1", 9)],
            [],
            ["The gateway answers at http://127.0.0.1:8317/v1, http://[::1]:9/v1 with a, b, c, d, e and 2 more."],
            id="many",
        ),
        pytest.param(
            [],
            [HERE],
            ["socks5@1"],
            [
                "The gateway answers at http://127.0.0.1:8317/v1 with no model: see config.yaml.",
                "The mode socks5@1 is mitmproxy's own, and nothing of the gateway.",
            ],
            id="no model, and another mode",
        ),
        pytest.param(
            ["a"], [], [], [f"The gateway answers nowhere: leave --mode out, or add --mode {MODE}."], id="no mode"
        ),
        pytest.param(
            ["a"], None, [], ["The gateway answers nowhere: no server was wanted (--no-server)."], id="no server"
        ),
    ],
)
def test_the_lines(names: list[str], places: list[Place] | None, others: list[str], lines: list[str]) -> None:
    assert list(greeting(names, places, others, MODE)) == lines
