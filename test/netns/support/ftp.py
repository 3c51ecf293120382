"""An FTP client that stays logged in.

    ftp.py ADDRESS FILE SHA256

Prints who greeted it, then goes round PWD, NOOP and a passive transfer of FILE
until SIGTERM, and prints how often as JSON. An answer that is late, wrong or
missing ends it with an error.
"""

import ftplib
import hashlib
import json
import signal
import sys
import threading

PAUSE = 0.5
PATIENCE = 5
address, name, expected = sys.argv[1:]
stopping = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stopping.set())


def go_round(session):
    if session.pwd() != "/":
        raise SystemExit("not the directory of the login")
    session.voidcmd("NOOP")
    content = hashlib.sha256()
    # PASV or, over IPv6, EPSV: its port belongs to the same real server by the persistence of port 21.
    session.retrbinary(f"RETR {name}", content.update)
    if content.hexdigest() != expected:
        raise SystemExit("the file came changed")


with ftplib.FTP(timeout=PATIENCE) as session:
    session.connect(address)
    session.login()
    print(session.getwelcome().removeprefix("220 "), flush=True)
    rounds = 0
    while not stopping.wait(PAUSE):
        go_round(session)
        rounds += 1
print(json.dumps({"rounds": rounds}), flush=True)
