"""Counters in the text format that Prometheus reads (version 0.0.4)."""

import threading
import time
from collections import Counter


class Metrics:
    """What is counted since the process started; safe to use from many threads."""

    def __init__(self, version: str) -> None:
        self._version = version
        self._started = time.time()
        self._requests: Counter[tuple[str, int]] = Counter()
        self._lock = threading.Lock()

    def count(self, path: str, status: int) -> None:
        """Counts an answered request. `path` is one of few: each is a time series of its own."""
        with self._lock:
            self._requests[path, status] += 1

    def render(self) -> str:
        """The page that Prometheus scrapes."""
        with self._lock:
            requests = sorted(self._requests.items())
        lines = [
            "# HELP refinery_build_info The version that runs.",
            "# TYPE refinery_build_info gauge",
            f'refinery_build_info{{version="{_label(self._version)}"}} 1',
            "# HELP process_start_time_seconds When the process started, in seconds since the epoch.",
            "# TYPE process_start_time_seconds gauge",
            f"process_start_time_seconds {self._started:.3f}",
            "# HELP http_requests_total Answered requests.",
            "# TYPE http_requests_total counter",
        ]
        lines += [
            f'http_requests_total{{path="{_label(path)}",status="{status}"}} {number}'
            for (path, status), number in requests
        ]
        return "\n".join(lines) + "\n"


def _label(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
