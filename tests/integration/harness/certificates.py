# SPDX-License-Identifier: MIT
"""Authorities and certificates of nodes, made with the openssl tool."""

import subprocess
import time


def openssl(*words, cwd):
    subprocess.run(["openssl", *words], cwd=cwd, check=True, capture_output=True)


def make_authority(folder, name, days=30):
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-days", str(days), "-subj", f"/CN={name}",
            "-keyout", f"{name}.key", "-out", f"{name}.crt",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign", cwd=folder)  # fmt: skip


def make_certificate(folder, authority, name, days=30):
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr",
            cwd=folder)  # fmt: skip
    (folder / f"{name}.ext").write_text(
        f"extendedKeyUsage=serverAuth,clientAuth\nsubjectAltName=DNS:{name}\n")
    openssl("x509", "-req", "-days", str(days), "-in", f"{name}.csr", "-CA", f"{authority}.crt",
            "-CAkey", f"{authority}.key", "-set_serial", str(time.time_ns()),
            "-extfile", f"{name}.ext", "-out", f"{name}.crt", cwd=folder)  # fmt: skip
