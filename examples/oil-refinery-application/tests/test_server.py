"""The server over real HTTP, on a free port of this machine."""

import json
import os
import signal
import subprocess
import sys
import threading
from http.client import HTTPConnection

import pytest

from refinery.server import listening_address, make_server


@pytest.fixture(name="get")
def fixture_get():
    """Asks a server of the test's own: path → status, headers, body."""
    server = make_server("127.0.0.1", 0, '0.10.5 "quoted"')
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()

    def get(path, method="GET"):
        connection = HTTPConnection("127.0.0.1", server.server_port, timeout=5)
        connection.request(method, path)
        response = connection.getresponse()
        body = response.read().decode()
        connection.close()
        return response.status, dict(response.getheaders()), body

    yield get
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_first_page_tells_version_and_tanks(get):
    status, headers, body = get("/")
    assert status == 200
    assert headers["Content-Type"].startswith("application/json")
    page = json.loads(body)
    assert page["version"] == '0.10.5 "quoted"'
    assert page["tanks"]["crude"] == 0.625


def test_health(get):
    assert get("/health")[::2] == (200, "ok\n")
    assert get("/health?from=probe")[0] == 200


def test_head_has_no_body(get):
    status, headers, body = get("/health", "HEAD")
    assert (status, headers["Content-Length"], body) == (200, "3", "")


def test_metrics_count_what_was_answered(get):
    for path in ["/health", "/health", "/unknown", "/another"]:
        get(path)
    status, headers, body = get("/metrics")
    assert status == 200
    assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = body.splitlines()
    assert 'http_requests_total{path="/health",status="200"} 2' in lines
    # Whoever tries addresses out doesn't make time series.
    assert 'http_requests_total{path="other",status="404"} 2' in lines
    assert r'refinery_build_info{version="0.10.5 \"quoted\""} 1' in lines


@pytest.mark.parametrize("text", ["", "8080", ":8080", "host:", "host:x", "host:65536", "host:-1", "host:²"])
def test_addresses_that_are_none(text):
    with pytest.raises(ValueError, match="host:port"):
        listening_address(text)


def test_addresses():
    assert listening_address("0.0.0.0:8080") == ("0.0.0.0", 8080)


def test_sigterm_ends_it_well():
    environment = {**os.environ, "LISTEN": "127.0.0.1:0"}
    command = [sys.executable, "-m", "refinery"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline().startswith("listening on 127.0.0.1:")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
        assert process.stdout.read() == "stopped\n"
