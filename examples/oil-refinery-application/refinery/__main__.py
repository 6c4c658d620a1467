"""Serves until SIGTERM or Ctrl-C: `python3 -m refinery`."""

import os
import signal
import sys
import threading

from refinery.server import listening_address, make_server


def main() -> int:
    """Runs the server; a rollout stops it by SIGTERM, and requests under way are answered first."""
    try:
        host, port = listening_address(os.environ.get("LISTEN", "0.0.0.0:8080"))
    except ValueError as error:
        print(f"LISTEN: {error}", file=sys.stderr)
        return 2
    server = make_server(host, port, os.environ.get("APP_VERSION") or "unknown")

    def stop(_signal: int, _frame: object) -> None:
        # shutdown() waits for serve_forever(), which this very thread is in.
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(f"listening on {host}:{server.server_port}", flush=True)
    server.serve_forever(poll_interval=0.1)
    server.server_close()
    print("stopped", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
