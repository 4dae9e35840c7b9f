# SPDX-License-Identifier: MIT
"""The cluster's certificate authority and the nodes' certificates, made with openssl.

Nodes speak mutual TLS with each other, on one machine too, and trust whatever this authority has
signed. So its key, like all files here, is for the owner's eyes only.
"""

import os
import secrets
import subprocess
from pathlib import Path

CA_DAYS = 3650
NODE_DAYS = 365
RENEW_BEFORE_S = 30 * 24 * 3600


class TlsError(Exception):
    pass


def _openssl(*arguments, **options):
    try:
        return subprocess.run(
            ["openssl", *arguments], capture_output=True, text=True, check=True, **options
        )
    except FileNotFoundError:
        raise TlsError("openssl is not installed; scripts/install-deps does that") from None
    except subprocess.CalledProcessError as error:
        raise TlsError(f"openssl {arguments[0]} failed: {error.stderr.strip()}") from None


def _make_ca(folder: Path):
    key, certificate = folder / "ca.key", folder / "ca.crt"
    if key.exists() and certificate.exists():
        return
    _openssl(
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
        "-sha256", "-days", str(CA_DAYS), "-subj", "/O=greenroom/CN=greenroom cluster CA",
        "-addext", "basicConstraints=critical,CA:TRUE,pathlen:0",
        "-addext", "keyUsage=critical,keyCertSign,cRLSign",
        "-keyout", str(key), "-out", str(certificate),
    )  # fmt: skip


def _is_good(certificate: Path, ca: Path) -> bool:
    """Signed by this authority and valid for a while yet."""
    try:
        _openssl("x509", "-noout", "-checkend", str(RENEW_BEFORE_S), "-in", str(certificate))
        _openssl("verify", "-CAfile", str(ca), str(certificate))
    except TlsError:
        return False
    return True


def _make_node(folder: Path, name: str):
    key, certificate = folder / f"{name}.key", folder / f"{name}.crt"
    if key.exists() and certificate.exists() and _is_good(certificate, folder / "ca.crt"):
        return
    request, extensions = folder / f"{name}.csr", folder / f"{name}.ext"
    extensions.write_text(
        "basicConstraints=critical,CA:FALSE\n"
        "keyUsage=critical,digitalSignature\n"
        "extendedKeyUsage=serverAuth,clientAuth\n"
        f"subjectAltName=DNS:{name}\n"
    )
    _openssl(
        "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
        "-sha256", "-subj", f"/O=greenroom/CN={name}", "-keyout", str(key), "-out", str(request),
    )  # fmt: skip
    _openssl(
        "x509", "-req", "-sha256", "-days", str(NODE_DAYS), "-in", str(request),
        "-CA", str(folder / "ca.crt"), "-CAkey", str(folder / "ca.key"),
        "-set_serial", "0x" + secrets.token_hex(16),
        "-extfile", str(extensions), "-out", str(certificate),
    )  # fmt: skip
    request.unlink()
    extensions.unlink()


def make(folder: Path, names):
    """Makes what is missing or runs out soon. Files 0600, the folder 0700."""
    before = os.umask(0o077)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        _make_ca(folder)
        for name in names:
            _make_node(folder, name)
    finally:
        os.umask(before)
