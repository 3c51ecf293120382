#include "netlink_socket.h"

#include "arguments.h"

#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

void NetlinkSocket::Init(Napi::Env env, Napi::Object exports)
{
	exports.Set("NetlinkSocket",
		    DefineClass(env, "NetlinkSocket",
				{
					InstanceMethod<&NetlinkSocket::Open>("open"),
					InstanceMethod<&NetlinkSocket::Join>("join"),
					InstanceMethod<&NetlinkSocket::Send>("send"),
					InstanceMethod<&NetlinkSocket::Receive>("receive"),
					InstanceMethod<&NetlinkSocket::Arm>("arm"),
					InstanceMethod<&NetlinkSocket::Close>("close"),
				}));
}

NetlinkSocket::NetlinkSocket(const Napi::CallbackInfo &info)
	: Napi::ObjectWrap<NetlinkSocket>(info)
{
}

// open(protocol, bytes of the receive buffer, callback): 0 or -errno
Napi::Value NetlinkSocket::Open(const Napi::CallbackInfo &info)
{
	fd_ = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IntAt(info, 0));
	if (fd_ < 0)
		return Number(info, -errno);
	int rc = SetUp(IntAt(info, 1));
	if (rc == 0)
		rc = Watch(info.Env(), info[2].As<Napi::Function>());
	if (rc != 0)
		Release();
	return Number(info, rc);
}

int NetlinkSocket::SetUp(int receive_buffer)
{
	int on = 1;
	// With CAP_NET_ADMIN the administrator's limit does not hold.
	if (setsockopt(fd_, SOL_SOCKET, SO_RCVBUFFORCE, &receive_buffer, sizeof receive_buffer) &&
	    setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer))
		return -errno;
	// The kernel's words beside an error number, instead of the request.
	if (setsockopt(fd_, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on) ||
	    setsockopt(fd_, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on))
		return -errno;
	sockaddr_nl address{};
	address.nl_family = AF_NETLINK;
	if (bind(fd_, reinterpret_cast<sockaddr *>(&address), sizeof address))
		return -errno;
	return 0;
}

// join(multicast group): 0 or -errno
Napi::Value NetlinkSocket::Join(const Napi::CallbackInfo &info)
{
	int group = IntAt(info, 0);
	int rc = setsockopt(fd_, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group);
	return Number(info, rc ? -errno : 0);
}

// send(bytes), to the kernel: 0 or -errno
Napi::Value NetlinkSocket::Send(const Napi::CallbackInfo &info)
{
	auto data = info[0].As<Napi::Uint8Array>();
	sockaddr_nl kernel{};
	kernel.nl_family = AF_NETLINK;
	ssize_t sent = sendto(fd_, data.Data(), data.ByteLength(), 0,
			      reinterpret_cast<sockaddr *>(&kernel), sizeof kernel);
	return Number(info, sent < 0 ? -errno : 0);
}

// receive(): one datagram of the kernel's, or -errno; -EAGAIN where there is none
Napi::Value NetlinkSocket::Receive(const Napi::CallbackInfo &info)
{
	for (;;) {
		ssize_t size = recv(fd_, nullptr, 0, MSG_PEEK | MSG_TRUNC);
		if (size < 0)
			return Number(info, -errno);
		if (buffer_.size() < static_cast<size_t>(size))
			buffer_.resize(size);
		sockaddr_nl sender{};
		socklen_t length = sizeof sender;
		size = recvfrom(fd_, buffer_.data(), buffer_.size(), 0,
				reinterpret_cast<sockaddr *>(&sender), &length);
		if (size < 0)
			return Number(info, -errno);
		// Processes may write to each other's sockets; only the kernel is believed.
		if (sender.nl_pid == 0)
			return Napi::Buffer<uint8_t>::Copy(info.Env(), buffer_.data(), size);
	}
}

// arm(): calls back once when there is something to receive; 0 or -errno
Napi::Value NetlinkSocket::Arm(const Napi::CallbackInfo &info)
{
	return Number(info, ArmPoll());
}

Napi::Value NetlinkSocket::Close(const Napi::CallbackInfo &info)
{
	Release();
	return info.Env().Undefined();
}
