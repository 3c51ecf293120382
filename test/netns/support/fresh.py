"""New connections, one after another, each with a request: fresh.py ADDRESS SECONDS."""
import http.client, json, sys, time

address, seconds = sys.argv[1], float(sys.argv[2])
begin = time.monotonic()
connected, failed, slowest = 0, [], 0
while time.monotonic() - begin < seconds:
    one = http.client.HTTPConnection(address, 80, timeout=3)
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
