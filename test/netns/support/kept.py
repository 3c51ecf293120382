"""Connections that stay open and ask again and again: kept.py ADDRESS PORT COUNT. Ends at SIGTERM."""
import http.client, json, signal, sys, time

address, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
open_ones = [http.client.HTTPConnection(address, port, timeout=3) for _ in range(count)]
for one in open_ones:
    one.auto_open = 0
    one.connect()
requests = failed = 0
asked_to_end = []
signal.signal(signal.SIGTERM, lambda *_: asked_to_end.append(1))


def ask(one):
    one.request('GET', '/', headers={'Connection': 'keep-alive'})
    one.getresponse().read()


for one in open_ones:
    ask(one)
print('ready', flush=True)
while not asked_to_end:
    time.sleep(0.05)
    for one in open_ones:
        requests += 1
        try:
            ask(one)
        except Exception:
            failed += 1
print(json.dumps({'requests': requests, 'failed': failed}), flush=True)
