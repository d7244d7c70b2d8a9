"""Certificates for tests of TLS."""

import subprocess
from pathlib import Path


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
