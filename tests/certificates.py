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

    def issue(self, name: str, names: str = "IP:127.0.0.1,DNS:localhost") -> Path:
        """Make a certificate for this machine, in place of any of that name; returns its file."""
        self._run("req", *self._new(name), "-out", f"{name}.csr", "-subj", f"/CN={name}")
        (self.folder / "extensions").write_text(f"subjectAltName={names}\n")
        return self.sign(name, name, days=2)

    def sign(self, request: str, name: str, days: int) -> Path:
        """Make another certificate for the key of one, which holds for so many days from now."""
        signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "extensions"]
        self._run("x509", "-req", "-in", f"{request}.csr", *signed, "-days", f"{days}", "-out", f"{name}.pem")
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
