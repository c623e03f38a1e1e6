"""``hf://``: a server of this machine that answers what Hugging Face's library asks."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from stores import NAMES, refused

pytest.importorskip("huggingface_hub")

REPOSITORY = "me/preds"
COMMIT = "a" * 40


class Hub(BaseHTTPRequestHandler):
    """One data set, for who has the token."""

    protocol_version = "HTTP/1.1"
    files: Path

    def do_GET(self) -> None:
        path, query = urlsplit(self.path).path, urlsplit(self.path).query
        if self.headers.get("Authorization") != "Bearer hf_secret":
            return self.say({"error": "Invalid username or password."}, 401)
        if path.startswith(f"/datasets/{REPOSITORY}/resolve/"):
            return self.send_file(unquote(path.split("/", 6)[6]))
        if path in (f"/api/datasets/{REPOSITORY}", f"/api/datasets/{REPOSITORY}/revision/main"):
            return self.say({"id": REPOSITORY, "sha": COMMIT, "siblings": [], "tags": []})
        tree = f"/api/datasets/{REPOSITORY}/tree/main"
        if path.startswith(tree):
            folder = self.files / unquote(path.removeprefix(tree)).lstrip("/")
            deep = "true" in parse_qs(query).get("recursive", [""])[0].lower()
            found = folder.rglob("*") if deep else folder.glob("*")
            return self.say([self.entry(one) for one in sorted(found)])
        return self.say({"error": "not found"}, 404, {"X-Error-Code": "RepoNotFound"})

    do_HEAD = do_GET  # noqa: N815

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        asked = json.loads(body) if body.startswith("{") else parse_qs(body)
        there = [self.files / name for name in asked["paths"] if (self.files / name).exists()]
        self.say([self.entry(one) for one in there])

    def entry(self, path: Path) -> dict[str, Any]:
        """What the server says about a file or a folder."""
        name = path.relative_to(self.files).as_posix()
        if path.is_dir():
            return {"type": "directory", "path": name, "oid": COMMIT, "size": 0}
        return {"type": "file", "path": name, "oid": COMMIT, "size": path.stat().st_size}

    def send_file(self, name: str) -> None:
        """A file, or the range of it that is wanted."""
        data = (self.files / name).read_bytes()
        asked = self.headers.get("Range") or "bytes=0-"
        start, _, end = asked.removeprefix("bytes=").partition("-")
        part = data[int(start) : int(end or len(data) - 1) + 1]
        ranged = {"Content-Range": f"bytes {start}-{int(start) + len(part) - 1}/{len(data)}"}
        self.answer(part, 206, {**ranged, "ETag": '"x"', "X-Repo-Commit": COMMIT})

    def say(self, found: object, status: int = 200, headers: dict[str, str] | None = None) -> None:
        """Something as JSON."""
        self.answer(json.dumps(found).encode(), status, headers or {})

    def answer(self, body: bytes, status: int, headers: dict[str, str]) -> None:
        """The answer to a request."""
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def address(files: Path) -> Iterator[str]:
    """A server with one repository."""
    handler = type("Served", (Hub,), {"files": files})
    served = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=served.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{served.server_port}"
    served.shutdown()
    served.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def hub(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server is where the library looks, with a token."""
    monkeypatch.setenv("HF_ENDPOINT", address)
    monkeypatch.setenv("HF_TOKEN", "hf_secret")


def test_names_mean_what_they_mean_on_disk(files: Path) -> None:
    """In a process of its own, since the library looks for the server when it is imported."""
    code = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1])\n"
        "from stores import NAMES, same_as_on_disk\n"
        "for name in NAMES: same_as_on_disk(sys.argv[2] + name, Path(sys.argv[3]) / name)\n"
        "print('all')\n"
    )
    here, root = str(Path(__file__).parent), f"hf://datasets/{REPOSITORY}/"
    words = [sys.executable, "-c", code, here, root, str(files)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
    assert done.stdout == "all\n", done.stderr
    assert len(NAMES) > 10


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("me/preds/none.csv", "hf://datasets/me/preds/none.csv: there is no such file"),
        ("me/preds/none.parquet", "hf://datasets/me/preds/none.parquet: there is no such file"),
        ("me/preds/none/*.csv", "hf://datasets/me/preds/none/*.csv: matches no file"),
        ("me/none/all.csv", "there is no repository 'datasets/me/none', or it is not open to you"),
    ],
)
def test_what_is_not_there(name: str, said: str) -> None:
    assert said in refused(f"hf://datasets/{name}")


def test_without_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN")
    said = refused("hf://datasets/me/preds/all.csv")
    assert "hf://datasets/me/preds/all.csv: " in said
    assert "credentials come from HF_TOKEN or `hf auth login`" in said


def test_a_hub_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert "cannot be reached: " in refused("hf://datasets/me/preds/all.csv", seconds=60)
