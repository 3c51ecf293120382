"""Sends the next datagram that goes to ADDRESS PORT by UDP over IPv4 once more, and prints it in hexadecimal."""
import socket, sys

address, port = sys.argv[1], int(sys.argv[2])
ETH_P_ALL = 3
frames = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
print('ready', flush=True)
while True:
    packet, (_, protocol, kind, *_) = frames.recvfrom(65535)
    if kind != socket.PACKET_OUTGOING or protocol != 0x0800 or packet[9] != socket.IPPROTO_UDP:
        continue
    at = (packet[0] & 15) * 4
    if packet[16:20] == socket.inet_aton(address) and int.from_bytes(packet[at + 2 : at + 4], 'big') == port:
        break
payload = packet[at + 8 : at + int.from_bytes(packet[at + 4 : at + 6], 'big')]
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(payload, (address, port))
print(payload.hex(), flush=True)
