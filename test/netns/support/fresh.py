"""New connections, one after another, each with a request: fresh.py ADDRESS PORT SECONDS."""
import http.client, json, sys, time

address, port, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
begin = time.monotonic()
connected, failed, slowest = 0, [], 0
while time.monotonic() - begin < seconds:
    one = http.client.HTTPConnection(address, port, timeout=3)
    try:
        started = time.monotonic()
        one.connect()
        slowest = max(slowest, time.monotonic() - started)
        one.request('GET', '/', headers={'Connection': 'close'})
        one.getresponse().read()
        connected += 1
    except Exception as error:
        failed.append(repr(error))
    finally:
        one.close()
    time.sleep(0.02)
print(json.dumps({'connected': connected, 'failed': failed, 'slowest': slowest}))
