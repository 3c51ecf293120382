"""A stream that stays open and counts both ways, as a terminal or a WebSocket does.

    stream.py serve PORT NAME
    stream.py open ADDRESS PORT

Each end sends 0, 1, 2, ... a line each, and expects the same of the other.
`open` prints the name of who answered; at SIGTERM it closes its half, hears
what the server had received and sent, and prints both ends' totals as JSON.
Whatever is lost, doubled, late or reset ends it with an error.
"""

import json
import signal
import socket
import sys
import threading

PAUSE = 0.01
SILENCE = 5  # seconds: a stream that stands still so long is broken


class Counter:
    """Sends numbers until told to stop."""

    def __init__(self, end):
        self.end = end
        self.sent = 0
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.stopping.wait(PAUSE):
            self.end.sendall(b"%d\n" % self.sent)
            self.sent += 1

    def stop(self):
        self.stopping.set()
        self.thread.join()
        return self.sent


def expect_count(line, number):
    if line != b"%d\n" % number:
        raise SystemExit(f"{line} came where {number} was due")


def answer(end, name):
    end.sendall(name + b"\n")
    counter = Counter(end)
    received = 0
    for line in end.makefile("rb"):
        expect_count(line, received)
        received += 1
    end.sendall(b"end %d %d\n" % (received, counter.stop()))
    end.close()


def serve(port, name):
    server = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
    while True:
        end, _ = server.accept()
        threading.Thread(target=answer, args=(end, name), daemon=True).start()


def listen(lines):
    """Until the server says what it counted."""
    received = 0
    for line in lines:
        if line.startswith(b"end "):
            heard, sent = map(int, line.split()[1:])
            return {"received": received, "server_received": heard, "server_sent": sent}
        expect_count(line, received)
        received += 1
    raise SystemExit("the server closed first")


def open_stream(address, port):
    end = socket.create_connection((address, port), timeout=SILENCE)
    lines = end.makefile("rb")
    print(lines.readline().decode().strip(), flush=True)
    counter = Counter(end)

    def close(*_):
        counter.stop()
        end.shutdown(socket.SHUT_WR)

    signal.signal(signal.SIGTERM, close)
    totals = listen(lines)
    print(json.dumps({"sent": counter.sent, **totals}), flush=True)


if sys.argv[1] == "serve":
    serve(int(sys.argv[2]), sys.argv[3].encode())
else:
    open_stream(sys.argv[2], int(sys.argv[3]))
