"""The authorities that are trusted at providers, at proxies and wherever else mitmproxy connects to: those that it
trusts anyway, and those of `upstream-ca`."""

import ssl
import tempfile
from pathlib import Path

import certifi
from mitmproxy.options import Options


class Unusable(Exception):
    """Raised for certificates that OpenSSL cannot read; the text is for the operator."""


class Trust:
    """`file` has the authorities that are trusted besides; they are, until `end`."""

    def __init__(self, file: str, options: Options) -> None:
        others = options.ssl_verify_upstream_trusted_ca
        if others is None and options.ssl_verify_upstream_trusted_confdir is None:
            others = certifi.where()
        parts = [Path(each).read_bytes() for each in (others, file) if each is not None]
        # mitmproxy knows one file only.
        with tempfile.NamedTemporaryFile(prefix="gateway-upstream-ca-", suffix=".pem", delete=False) as bundle:
            bundle.write(b"\n".join(parts))
        self._bundle = Path(bundle.name)
        try:
            self.context = ssl.create_default_context(cafile=file)
            self.context.load_verify_locations(self._bundle)
        except ssl.SSLError:
            self.end()
            raise Unusable(f"upstream-ca: OpenSSL cannot read the certificates in {file}") from None
        options.update(ssl_verify_upstream_trusted_ca=str(self._bundle))

    def end(self) -> None:
        self._bundle.unlink(missing_ok=True)
