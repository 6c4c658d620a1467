"""The HTTP server: `/`, `/health` and `/metrics`."""

import json
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from refinery.metrics import Metrics
from refinery.tanks import TANKS, share


def listening_address(text: str) -> tuple[str, int]:
    """Splits `host:port`.

    Raises ValueError when it isn't one.
    """
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"expected host:port, not {text!r}")
    return host, int(port)


class Server(ThreadingHTTPServer):
    """A server that knows its version and counts what it answers."""

    # Requests under way are waited for when the server is closed.
    daemon_threads = False

    def __init__(self, address: tuple[str, int], version: str) -> None:
        super().__init__(address, Handler)
        self.version = version
        self.metrics = Metrics(version)


class Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    server: Server
    # A client that says nothing doesn't hold a thread for ever.
    timeout = 10

    def do_GET(self) -> None:  # pylint: disable=invalid-name
        """Answers GET."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:  # pylint: disable=invalid-name
        """Answers HEAD: the same without a body."""
        self._answer(with_body=False)

    def _answer(self, with_body: bool) -> None:
        path = urlsplit(self.path).path
        status, kind, body = self._page(path)
        self.server.metrics.count(path if status == HTTPStatus.OK else "other", int(status))
        content = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if with_body:
            self.wfile.write(content)

    def _page(self, path: str) -> tuple[HTTPStatus, str, str]:
        if path == "/":
            tanks = {tank.name: round(share(tank), 3) for tank in TANKS}
            page = {"application": "oil-refinery-application", "version": self.server.version, "tanks": tanks}
            return HTTPStatus.OK, "application/json", json.dumps(page, ensure_ascii=False) + "\n"
        if path == "/health":
            return HTTPStatus.OK, "text/plain", "ok\n"
        if path == "/metrics":
            return HTTPStatus.OK, "text/plain; version=0.0.4", self.server.metrics.render()
        return HTTPStatus.NOT_FOUND, "text/plain", "there is nothing here\n"


def make_server(host: str, port: int, version: str) -> Server:
    """A server that listens, and answers once `serve_forever` runs; port 0 takes a free one."""
    return Server((host, port), version)
