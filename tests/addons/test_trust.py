"""The authorities of `upstream-ca` stand beside those that mitmproxy trusts anyway."""

from pathlib import Path

import certifi
import pytest
from mitmproxy.options import Options

from addons.trust import Trust, Unusable
from tests.e2e.certificates import certificate


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return certificate(tmp_path)


@pytest.mark.parametrize(
    ("option", "also"),
    [
        pytest.param({}, certifi.where(), id="besides the public ones"),
        pytest.param({"ssl_verify_upstream_trusted_ca": "other"}, "other", id="besides an option's"),
        pytest.param({"ssl_verify_upstream_trusted_confdir": "folder"}, None, id="besides a folder's"),
    ],
)
def test_all_are_trusted(tmp_path: Path, file: Path, option: dict[str, str], also: str | None) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "other-folder").mkdir()
    other = certificate(tmp_path / "other-folder")
    places = {"other": str(other), "folder": str(tmp_path / "folder")}
    also = places.get(also or "", also)
    options = Options(**{name: places[value] for name, value in option.items()})
    trust = Trust(str(file), options)
    try:
        bundle = Path(options.ssl_verify_upstream_trusted_ca or "").read_text()
        expected = [file.read_text(), *([] if also is None else [Path(also).read_text()])]
        assert all(part in bundle for part in expected)
        count = sum(part.count("BEGIN CERTIFICATE") for part in expected)
        assert bundle.count("BEGIN CERTIFICATE") == count
        assert trust.context.cert_store_stats()["x509"] == count
    finally:
        trust.end()
    assert not Path(options.ssl_verify_upstream_trusted_ca or "").exists()


def test_what_openssl_cannot_read(tmp_path: Path) -> None:
    broken, options = tmp_path / "broken.pem", Options()
    broken.write_text("-----BEGIN CERTIFICATE-----\nMAAA\n-----END CERTIFICATE-----\n")
    with pytest.raises(Unusable, match="upstream-ca"):
        Trust(str(broken), options)
    assert options.ssl_verify_upstream_trusted_ca is None
