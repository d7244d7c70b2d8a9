"""A certificate authority of one's own, and certificates by it, made by the program openssl."""

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Authority:
    """Writes its files into a folder: `ca.pem`, and `{name}.pem` with `{name}.key` for each certificate."""

    folder: Path

    def __post_init__(self) -> None:
        self._run("req", "-x509", *self._new("ca"), "-out", "ca.pem", "-subj", "/CN=tests", "-days", "2")

    @property
    def ca(self) -> Path:
        """What others check certificates with."""
        return self.folder / "ca.pem"

    def issue(self, name: str) -> Path:
        """Make a certificate for 127.0.0.1, in place of any of that name; returns its file."""
        self._run("req", *self._new(name), "-out", f"{name}.csr", "-subj", f"/CN={name}")
        (self.folder / "extensions").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
        signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "extensions"]
        self._run("x509", "-req", "-in", f"{name}.csr", *signed, "-days", "2", "-out", f"{name}.pem")
        return self.folder / f"{name}.pem"

    def key(self, name: str) -> Path:
        """The key of a certificate."""
        return self.folder / f"{name}.key"

    def server_args(self, port: int) -> list[str]:
        """What makes a server speak TLS only, and with those only who have a certificate."""
        return [
            *("--port", "0", "--tls-port", str(port), "--tls-auth-clients", "yes"),
            *("--tls-replication", "yes", *self.files("--")),
        ]

    def files(self, mark: str) -> list[str]:
        """A server's own certificate, key, and authority, as options."""
        return [
            *(f"{mark}tls-cert-file", str(self.folder / "server.pem")),
            *(f"{mark}tls-key-file", str(self.key("server"))),
            *(f"{mark}tls-ca-cert-file", str(self.ca)),
        ]

    def query(self, name: str | None) -> str:
        """What a URL has to say for a client with a certificate, or with none."""
        own = "" if name is None else f"&ssl_certfile={self.folder / name}.pem&ssl_keyfile={self.key(name)}"
        return f"?ssl_ca_certs={self.ca}{own}"

    def _new(self, name: str) -> list[str]:
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
        return [*curve, "-nodes", "-keyout", f"{name}.key"]

    def _run(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)


class Certificates:
    """A certificate authority's own certificate, and two for 127.0.0.1 and `cache.test`: one expired."""

    def __init__(self, folder: Path) -> None:
        self.ca = folder / "ca.pem"
        self.key = folder / "server.key"
        self.certificate = folder / "server.pem"
        self.expired = folder / "expired.pem"
        authority_key = folder / "ca.key"
        names = folder / "names"
        request = folder / "request"
        names.write_text("subjectAltName=IP:127.0.0.1,DNS:cache.test\n")
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        _openssl("req", "-x509", *curve, "-keyout", authority_key, "-out", self.ca, "-subj", "/CN=authority")
        _openssl("req", *curve, "-keyout", self.key, "-out", request, "-subj", "/CN=server")
        signed: list[str | Path] = [
            "-CA",
            self.ca,
            "-CAkey",
            authority_key,
            "-CAcreateserial",
            "-extfile",
            names,
        ]
        _openssl("x509", "-req", "-in", request, "-out", self.certificate, *signed)
        _openssl("x509", "-req", "-in", request, "-out", self.expired, "-days", "-1", *signed)


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
