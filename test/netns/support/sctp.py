"""Real SCTP for tests: node has no such sockets.

    sctp.py probe
    sctp.py serve ADDRESS PORT NAME
    sctp.py ask FROM ADDRESS PORT COUNT MESSAGES

Each end is bound to one address: an association names the addresses of its
ends, and behind direct routing the server's may be the virtual one only.
`ask` opens COUNT associations one after another, sends MESSAGES messages of
growing size on each, and prints the name that answered, once an association.
"""

import socket
import sys
import threading

SCTP = 132
LARGEST = 1200


def open_socket(address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    end = socket.socket(family, socket.SOCK_STREAM, SCTP)
    end.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    end.bind((address, port))
    return end


def answer(association, name):
    """Echoes every message behind the name."""
    while message := association.recv(65536):
        association.sendall(name + b" " + message)
    association.close()


def serve(address, port, name):
    server = open_socket(address, port)
    server.listen(64)
    print("ready", flush=True)
    while True:
        association, _ = server.accept()
        threading.Thread(target=answer, args=(association, name.encode()), daemon=True).start()


def ask(source, address, port, count, messages):
    for _ in range(count):
        association = open_socket(source, 0)
        association.settimeout(20)
        association.connect((address, port))
        names = set()
        for number in range(messages):
            sent = bytes([number % 256]) * (1 + number * LARGEST // messages)
            association.sendall(sent)
            name, _, echoed = association.recv(65536).partition(b" ")
            if echoed != sent:
                sys.exit(f"message {number}: sent {len(sent)} bytes, {len(echoed)} others came back")
            names.add(name.decode())
        association.close()
        print(" ".join(sorted(names)), flush=True)


def main(verb, *words):
    if verb == "probe":
        socket.socket(socket.AF_INET, socket.SOCK_STREAM, SCTP).close()
    elif verb == "serve":
        serve(words[0], int(words[1]), words[2])
    else:
        ask(words[0], words[1], int(words[2]), int(words[3]), int(words[4]))


main(*sys.argv[1:])
