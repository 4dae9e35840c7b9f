# SPDX-License-Identifier: MIT
"""HTTP, and the rules that hold for every answer."""

import re
import uuid

import requests

from . import planted
from .waiting import PATIENCE_S

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def check_envelope(answer):
    """Wrapped as section 7 of docs/protocol.md says; returns the document."""
    assert answer.headers["Content-Type"].startswith("application/json"), (
        f"expected JSON, got {answer.headers['Content-Type']}"
    )
    document = answer.json()
    assert set(document) == {"success", "data", "error", "timestamp", "request_id"}, (
        f"expected the five fields of the envelope, got {sorted(document)}"
    )
    assert TIME.fullmatch(document["timestamp"]), f"not RFC 3339: {document['timestamp']}"
    uuid.UUID(document["request_id"])
    assert document["success"] is answer.ok, f"success must follow {answer.status_code}"
    if answer.ok:
        assert document["error"] is None, f"expected no error, got {document['error']}"
    else:
        assert document["data"] is None, f"expected no data, got {document['data']}"
        assert {"code", "message", "details"} <= set(document["error"]), document["error"]
    return document


class Browser:
    """A person over HTTP, on one connection."""

    def __init__(self, node, token=None):
        self.base = node.url
        self.session = requests.Session()
        self.session.trust_env = False
        self.token = token

    def request(self, method, path, *, headers=None, token=True, **options):
        headers = dict(headers or {})
        if token and self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        options.setdefault("timeout", PATIENCE_S)
        options.setdefault("allow_redirects", False)
        return self.session.request(method, self.base + path, headers=headers, **options)

    def call(self, method, path, status=200, **options):
        """The data of an enveloped answer with this status."""
        answer = self.request(method, path, **options)
        assert answer.status_code == status, (
            f"{method} {path}: expected {status}, got {answer.status_code} {answer.text[:300]}"
        )
        data = check_envelope(answer)["data"]
        planted.keep_answer(data)
        return data

    def refusal(self, method, path, status, code, **options):
        """The error of an enveloped answer, which must be this one."""
        answer = self.request(method, path, **options)
        assert answer.status_code == status, (
            f"{method} {path}: expected {status}, got {answer.status_code} {answer.text[:300]}"
        )
        error = check_envelope(answer)["error"]
        assert error["code"] == code, f"{method} {path}: expected {code}, got {error}"
        return error, answer

    def get(self, path, status=200, **options):
        return self.call("GET", path, status, **options)

    def post(self, path, status=200, **options):
        return self.call("POST", path, status, **options)

    def close(self):
        self.session.close()
