"""The providers of a bench: nginx, which answers at once with next to no processor time, and ours in Python for what
nginx cannot do. Where nginx is not installed ours does everything."""

import shutil
from contextlib import ExitStack
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from mitmproxy.certs import CertStore

from scripts.measuring import running, wire
from translators.values import immutable

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
KEY_BITS = 2048

# A POST for a file is a 405, which becomes the file. `ssi` takes the length away: the stream then comes in chunks.
NGINX_CONFIG = """\
daemon off;
master_process off;
pid nginx.pid;
error_log stderr;
events {{ worker_connections {sockets}; }}
http {{
    access_log off;
    client_body_buffer_size 1m;
    client_body_temp_path temporary;
    proxy_temp_path temporary;
    fastcgi_temp_path temporary;
    uwsgi_temp_path temporary;
    scgi_temp_path temporary;
    keepalive_timeout 1h;
    keepalive_requests 1000000000;
    types {{ }}
    {headers}
    error_page 405 =200 /answer;
    ssl_certificate {certificate};
    ssl_certificate_key {certificate};
    server {{
        listen 127.0.0.1:{whole} backlog=2048;
        listen 127.0.0.1:{tls} ssl backlog=2048;
        rewrite ^ /answer;
        root whole;
        default_type application/json;
    }}
    server {{
        listen 127.0.0.1:{bulk} backlog=2048;
        rewrite ^ /answer;
        root bulk;
        default_type text/event-stream;
        ssi on;
        ssi_types text/event-stream;
    }}
}}
"""


@immutable
class Providers:
    """Ports on loopback, by what answers there. `authority` is the file of the CA for the one with TLS."""

    whole: int
    bulk: int
    tls: int
    any: int
    """Our own provider, which gives every kind of answer."""
    authority: Path


def start(folder: Path, stack: ExitStack) -> Providers:
    """Start them, until the end of `stack`."""
    authority, certificate = certificates(folder)
    ours = stack.enter_context(running.provider(folder)).port
    if NGINX is None:
        tls = stack.enter_context(running.provider(folder, str(certificate))).port
        return Providers(whole=ours, bulk=ours, tls=tls, any=ours, authority=authority)
    made = Providers(running.free_port(), running.free_port(), running.free_port(), ours, authority)
    (folder / "nginx.conf").write_text(nginx_config(made, certificate), encoding="utf-8")
    for name, answer in {"whole": wire.WHOLE_BODY, "bulk": b"".join(wire.STREAM_EVENTS)}.items():
        (folder / name).mkdir()
        (folder / name / "answer").write_bytes(answer)
    command = [NGINX, "-p", str(folder), "-c", "nginx.conf", "-e", "stderr"]
    nginx = running.Running("nginx", command, folder, port=made.whole, chat=False)
    stack.enter_context(nginx)
    nginx.first_answer()
    return made


def nginx_config(providers: Providers, certificate: Path) -> str:
    lines = [line.partition(": ") for line in wire.LIMITS.splitlines()]
    return NGINX_CONFIG.format(
        whole=providers.whole,
        bulk=providers.bulk,
        tls=providers.tls,
        certificate=certificate,
        headers="\n    ".join(f'add_header {name} "{value}";' for name, _, value in lines),
        sockets=running.SOCKETS,
    )


def certificates(folder: Path) -> tuple[Path, Path]:
    """Make a CA and a certificate for 127.0.0.1. Return the file of the CA, and that of the certificate and its key."""
    store = CertStore.from_store(folder, "bench", KEY_BITS)
    entry = store.get_cert("127.0.0.1", [x509.IPAddress(IPv4Address("127.0.0.1"))])
    certificate = folder / "provider.pem"
    key = entry.privatekey.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    certificate.write_bytes(key + entry.cert.to_pem())
    return folder / "bench-ca-cert.pem", certificate
