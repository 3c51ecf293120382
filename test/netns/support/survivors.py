"""Connections that are held while something happens to the directors between.

    survivors.py NAME=ADDRESS:PORT[,CLIENTS,STREAMS,SILENT]...

Opens CLIENTS keep-alive connections of HTTP with two requests each, STREAMS downloads of /large that
are read slowly, and SILENT connections that say nothing. Prints `ready`; at SIGUSR1 opens as many
again and prints `ready` once more; at SIGTERM asks on every connection again, and prints which of them
live as JSON: {NAME: {"http": n, "streams": n, "silent": n}}.
"""

import json
import signal
import socket
import sys
import threading
import time

PATIENCE = 8  # seconds for an answer: a lost packet is sent again meanwhile
REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
LARGE = b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n"


def connect(place):
    end = socket.socket()
    end.settimeout(PATIENCE)
    end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    end.connect(place)
    return end


def ask(end):
    """Whether an answer comes; its body is the last line."""
    try:
        end.sendall(REQUEST)
        text = b""
        while not text.endswith(b"\n") or b"\r\n\r\n" not in text or text.endswith(b"\r\n\r\n"):
            part = end.recv(4096)
            if not part:
                return False
            text += part
        return text.startswith(b"HTTP/1.1 200")
    except OSError:
        return False


class Stream:
    """A download that never ends: read a little, now and then."""

    def __init__(self, place):
        self.end = connect(place)
        self.end.sendall(LARGE)
        self.alive = bool(self.end.recv(4096))
        self.read = 0


class Place:
    def __init__(self, word):
        self.name, rest = word.split("=")
        where, *counts = rest.split(",")
        address, port = where.split(":")
        self.where = (address, int(port))
        self.counts = [int(count) for count in counts]
        self.http, self.streams, self.silent = [], [], []

    def open(self):
        clients, streams, silent = self.counts
        fresh = [connect(self.where) for _ in range(clients)]
        if not all(ask(end) and ask(end) for end in fresh):
            raise SystemExit(f"{self.name}: no answer before anything happened")
        self.http += fresh
        self.streams += [Stream(self.where) for _ in range(streams)]
        self.silent += [connect(self.where) for _ in range(silent)]

    def report(self):
        before = [stream.read for stream in self.streams]
        http = count_in_threads(self.http)
        silent = count_in_threads(self.silent)
        deadline = time.monotonic() + PATIENCE
        going = lambda: sum(s.alive and s.read > b + 20000 for s, b in zip(self.streams, before))
        while going() < len(self.streams) and time.monotonic() < deadline:
            time.sleep(0.05)
        return {"http": http, "streams": going(), "silent": silent}


def count_in_threads(ends):
    answers = []
    threads = [threading.Thread(target=lambda end=end: answers.append(ask(end))) for end in ends]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(answers)


def read_slowly(places):
    while True:
        for place in places:
            for stream in list(place.streams):
                if stream.alive:
                    stream.end.settimeout(0)
                    try:
                        stream.read += len(stream.end.recv(2048))
                    except BlockingIOError:
                        pass
                    except OSError:
                        stream.alive = False
        time.sleep(0.02)


def main():
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1, signal.SIGTERM})
    places = [Place(word) for word in sys.argv[1:]]
    threading.Thread(target=read_slowly, args=(places,), daemon=True).start()
    while True:
        for place in places:
            place.open()
        print("ready", flush=True)
        if signal.sigwait({signal.SIGUSR1, signal.SIGTERM}) == signal.SIGTERM:
            break
    print(json.dumps({place.name: place.report() for place in places}), flush=True)


main()
