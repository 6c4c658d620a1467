"""The notice of templates/app-pipeline.yml: what it sends with each client, what it never shows, and that it never fails."""

import json
import os
import shutil
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import scripts

TEMPLATE = Path(__file__).parents[2] / "templates" / "app-pipeline.yml"
TOKEN = "123456:AAE-notice_test"
CREATED = "2026-11-21T09:30:00Z"
PROGRAMS = ["mktemp", "rm", "cat", "sed", "tail", "grep"]


def everybodys_arguments() -> str:
    """The command lines of all processes, which any user of the machine can read."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes().decode(errors="replace"))
        except OSError:
            pass
    return "\n".join(found)


class BotApi(ThreadingHTTPServer):
    """Notes what it is sent, and answers what it is told to."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[tuple[str, bytes]] = []
        self.arguments = ""
        # The last one is repeated.
        self.answers: list[tuple[int, object]] = [(200, {"ok": True, "result": {}})]


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    server: BotApi

    def do_POST(self) -> None:  # pylint: disable=invalid-name
        """Answers POST."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.arguments += everybodys_arguments()
        self.server.requests.append((self.path, body))
        answers = self.server.answers
        status, answer = answers.pop(0) if len(answers) > 1 else answers[0]
        content = json.dumps(answer, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture(name="api")
def fixture_api():
    """A Bot API over plain HTTP."""
    server = BotApi()
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(name="tls_api")
def fixture_tls_api(tmp_path):
    """The same over TLS, with a certificate that no system knows."""
    certificate, key = tmp_path / "server.pem", tmp_path / "server.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    server = BotApi()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.url = f"https://localhost:{server.server_port}"
    server.certificate = certificate
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(name="tell", params=["curl", "python3", "wget"])
def fixture_tell(request, tmp_path):
    """Runs `tell` where only one of the clients is there, in the plainest shell."""
    client = request.param
    programs = tmp_path / "bin"
    programs.mkdir()
    for program in [*PROGRAMS, client]:
        path = "/usr/bin/python3" if program == "python3" else shutil.which(program)
        (programs / program).symlink_to(path)
    # Nobody waits here.
    (programs / "sleep").symlink_to(shutil.which("true"))
    _, configuration = scripts.read(TEMPLATE)
    source = "\n".join(scripts.lines(configuration, configuration[".app-pipeline:tell"]["script"]))

    def tell(words, shell="dash", **changes):
        environment = {
            "PATH": str(programs), "TMPDIR": str(tmp_path), "TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_CHAT_ID": "-1001",
            "CI_PIPELINE_ID": "4711", "CI_PIPELINE_CREATED_AT": CREATED, "CI_COMMIT_REF_NAME": "0.10.5", "APP_PIPELINE_CA_FILE": "",
        }  # fmt: skip
        environment.update({name: value for name, value in changes.items() if value is not None})
        script = tmp_path / "script"
        script.write_text(f"set -e{'o pipefail' if shell == 'bash' else ''}\n{source}\ntell '{words}'\n", encoding="utf-8")
        command = [shutil.which(shell), script]
        run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
        shown = run.stdout + run.stderr
        assert run.returncode == 0, shown
        assert TOKEN not in shown
        assert not list(tmp_path.glob("tmp.*")), "nothing stays behind"
        return shown

    tell.client = client
    return tell


LINES = {
    "создан": "Пайплайн 4711 2026-11-21T09:30:00Z 0.10.5 создан",
    "завершен успешно": "Пайплайн 4711 2026-11-21T09:30:00Z 0.10.5 завершен успешно",
    "завершен неуспешно": "Пайплайн 4711 2026-11-21T09:30:00Z 0.10.5 завершен неуспешно",
}


@pytest.mark.parametrize("shell", ["dash", "bash"])
@pytest.mark.parametrize("words", LINES)
def test_the_three_lines(api, tell, words, shell):
    shown = tell(words, shell, TELEGRAM_API_URL=api.url)
    [(path, body)] = api.requests
    assert path == f"/bot{TOKEN}/sendMessage"
    message = json.loads(body)
    assert message == {"chat_id": "-1001", "text": LINES[words], "link_preview_options": {"is_disabled": True}}
    assert shown == f"Sent: {LINES[words]}\n"
    # The client is among them, and neither the address nor the token.
    assert f"{tell.client}\0" in api.arguments
    assert "sendMessage" not in api.arguments and TOKEN not in api.arguments


@pytest.mark.parametrize("branch", ["feature/x", "фича", "a+b", "UPPER", "x" * 200, '"quoted"&<b>$(id)`id`%41', "-n"])
def test_names_are_sent_as_they_are(api, tell, branch):
    tell("создан", CI_COMMIT_REF_NAME=branch, TELEGRAM_API_URL=api.url)
    [(_, body)] = api.requests
    assert json.loads(body)["text"] == f"Пайплайн 4711 {CREATED} {branch} создан"


def test_a_topic(api, tell):
    tell("создан", TELEGRAM_TOPIC_ID="42", TELEGRAM_API_URL=api.url)
    assert json.loads(api.requests[0][1])["message_thread_id"] == 42


def test_a_refusal_is_told_and_not_repeated(api, tell):
    api.answers = [(400, {"ok": False, "error_code": 400, "description": "Bad Request: chat not found"})]
    shown = tell("создан", TELEGRAM_API_URL=api.url)
    assert shown == "The notice was not sent: Bad Request: chat not found (status 400)\n"
    assert len(api.requests) == 1


def test_what_may_have_arrived_is_not_repeated(api, tell):
    api.answers = [(502, "an error of something between")]
    assert "(status 502)" in tell("завершен неуспешно", TELEGRAM_API_URL=api.url)
    assert len(api.requests) == 1


def test_telegram_may_ask_to_wait(api, tell):
    if tell.client != "curl":
        pytest.skip("the other clients try once")
    api.answers = [(429, {"ok": False, "description": "Too Many Requests: retry after 1"}), (200, {"ok": True})]
    assert tell("создан", TELEGRAM_API_URL=api.url).startswith("Sent: ")
    assert len(api.requests) == 2


def test_nobody_there(tell):
    shown = tell("создан", TELEGRAM_API_URL="http://127.0.0.1:9")
    assert shown.startswith("The notice was not sent: ") and shown.endswith("(status 000)\n")


@pytest.mark.parametrize(
    "changes",
    [
        {"TELEGRAM_BOT_TOKEN": ""},
        {"TELEGRAM_CHAT_ID": ""},
        {"TELEGRAM_BOT_TOKEN": TOKEN + "\nurl = file:///etc/passwd"},
        {"TELEGRAM_CHAT_ID": '1","text":"x'},
        {"TELEGRAM_TOPIC_ID": "x"},
    ],
)
def test_variables_that_are_not_there_or_wrong(api, tell, changes):
    assert tell("создан", TELEGRAM_API_URL=api.url, **changes).startswith("The notice was not sent: TELEGRAM_")
    assert not api.requests


def test_a_private_authority(tls_api, tell):
    shown = tell("создан", TELEGRAM_API_URL=tls_api.url)
    assert shown.startswith("The notice was not sent: ") and not tls_api.requests
    shown = tell("создан", TELEGRAM_API_URL=tls_api.url, APP_PIPELINE_CA_FILE=str(tls_api.certificate))
    assert shown.startswith("Sent: "), shown


def test_no_client(tmp_path, tell):
    (tmp_path / "bin" / tell.client).unlink()
    shown = tell("создан", TELEGRAM_API_URL="http://127.0.0.1:9")
    assert shown == "The notice was not sent: there is neither curl nor Python nor GNU wget in this image.\n"


def test_only_a_cancelled_job_tells_of_itself(api, tell):
    _, configuration = scripts.read(TEMPLATE)
    source = scripts.lines(configuration, configuration[".app-pipeline:told"]["after_script"])
    assert os.path.commonprefix([source[-1], 'if [ "$CI_JOB_STATUS" = canceled ]']) == 'if [ "$CI_JOB_STATUS" = canceled ]'
    for status in ["success", "failed", "canceled"]:
        words = f"x'\nCI_JOB_STATUS={status}\n{source[-1]}\n: '"
        tell(words, TELEGRAM_API_URL=api.url)
    texts = [json.loads(body)["text"].split(" ", 4)[-1] for _, body in api.requests]
    assert texts == ["x", "x", "x", "завершен неуспешно"]
