#include "raw_socket.h"

#include "arguments.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace {

std::string TextAt(const Napi::CallbackInfo &info, size_t index)
{
	return info[index].As<Napi::String>().Utf8Value();
}

std::string AddressText(int family, const void *address)
{
	char text[INET6_ADDRSTRLEN];
	return inet_ntop(family, address, text, sizeof text);
}

} // namespace

void RawSocket::Init(Napi::Env env, Napi::Object exports)
{
	exports.Set("RawSocket", DefineClass(env, "RawSocket",
					     {
						     InstanceMethod<&RawSocket::Open>("open"),
						     InstanceMethod<&RawSocket::Join>("join"),
						     InstanceMethod<&RawSocket::BindTo>("bindTo"),
						     InstanceMethod<&RawSocket::Send>("send"),
						     InstanceMethod<&RawSocket::Receive>("receive"),
						     InstanceMethod<&RawSocket::Arm>("arm"),
						     InstanceMethod<&RawSocket::Close>("close"),
					     }));
}

RawSocket::RawSocket(const Napi::CallbackInfo &info) : Napi::ObjectWrap<RawSocket>(info)
{
}

// open(4 or 6, protocol, device, hop limit, traffic class, callback): 0 or -errno
Napi::Value RawSocket::Open(const Napi::CallbackInfo &info)
{
	family_ = IntAt(info, 0) == 4 ? AF_INET : AF_INET6;
	std::string device = TextAt(info, 2);
	ifindex_ = if_nametoindex(device.c_str());
	if (ifindex_ == 0)
		return Number(info, -errno);
	fd_ = socket(family_, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IntAt(info, 1));
	if (fd_ < 0)
		return Number(info, -errno);
	int rc = setsockopt(fd_, SOL_SOCKET, SO_BINDTODEVICE, device.c_str(), device.size() + 1);
	rc = rc ? -errno : family_ == AF_INET ? SetUp4() : SetUp6(IntAt(info, 3), IntAt(info, 4));
	if (rc == 0)
		rc = Watch(info.Env(), info[5].As<Napi::Function>());
	if (rc != 0)
		Release();
	return Number(info, rc);
}

int RawSocket::SetOption(int level, int name, int value)
{
	return setsockopt(fd_, level, name, &value, sizeof value) ? -errno : 0;
}

int RawSocket::SetUp4()
{
	ip_mreqn interface{};
	interface.imr_ifindex = ifindex_;
	if (setsockopt(fd_, IPPROTO_IP, IP_MULTICAST_IF, &interface, sizeof interface))
		return -errno;
	int rc = SetOption(IPPROTO_IP, IP_HDRINCL, 1);
	// Only what this socket has joined, not what others of this machine did.
	rc = rc ? rc : SetOption(IPPROTO_IP, IP_MULTICAST_ALL, 0);
	return rc ? rc : SetOption(IPPROTO_IP, IP_MULTICAST_LOOP, 0);
}

int RawSocket::SetUp6(int hop_limit, int traffic_class)
{
	const int options[][2] = {
		{IPV6_MULTICAST_IF, ifindex_},	     {IPV6_MULTICAST_HOPS, hop_limit},
		{IPV6_UNICAST_HOPS, hop_limit},	     {IPV6_TCLASS, traffic_class},
		{IPV6_MULTICAST_LOOP, 0},	     {IPV6_MULTICAST_ALL, 0},
		{IPV6_RECVPKTINFO, 1},		     {IPV6_RECVHOPLIMIT, 1},
	};
	for (const auto &[name, value] : options) {
		int rc = SetOption(IPPROTO_IPV6, name, value);
		if (rc)
			return rc;
	}
	return 0;
}

// join(group): 0 or -errno
Napi::Value RawSocket::Join(const Napi::CallbackInfo &info)
{
	group_req request{};
	request.gr_interface = ifindex_;
	if (ToAddress(TextAt(info, 0), &request.gr_group) == 0)
		return Number(info, -EINVAL);
	int level = family_ == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
	int rc = setsockopt(fd_, level, MCAST_JOIN_GROUP, &request, sizeof request);
	return Number(info, rc ? -errno : 0);
}

// bindTo(address): what is sent comes from there, and only what is sent there is received; 0 or -errno
Napi::Value RawSocket::BindTo(const Napi::CallbackInfo &info)
{
	sockaddr_storage address{};
	socklen_t length = ToAddress(TextAt(info, 0), &address);
	int rc = length ? bind(fd_, reinterpret_cast<sockaddr *>(&address), length) : -1;
	return Number(info, length == 0 ? -EINVAL : rc ? -errno : 0);
}

// send(bytes, destination): 0 or -errno
Napi::Value RawSocket::Send(const Napi::CallbackInfo &info)
{
	auto data = info[0].As<Napi::Uint8Array>();
	sockaddr_storage address{};
	socklen_t length = ToAddress(TextAt(info, 1), &address);
	if (length == 0)
		return Number(info, -EINVAL);
	ssize_t sent = sendto(fd_, data.Data(), data.ByteLength(), 0,
			      reinterpret_cast<sockaddr *>(&address), length);
	return Number(info, sent < 0 ? -errno : 0);
}

// 0 where the text is no address of this socket's family.
socklen_t RawSocket::ToAddress(const std::string &text, sockaddr_storage *address) const
{
	if (family_ == AF_INET) {
		auto *in = reinterpret_cast<sockaddr_in *>(address);
		in->sin_family = AF_INET;
		return inet_pton(AF_INET, text.c_str(), &in->sin_addr) == 1 ? sizeof *in : 0;
	}
	auto *in = reinterpret_cast<sockaddr_in6 *>(address);
	in->sin6_family = AF_INET6;
	in->sin6_scope_id = ifindex_;
	return inet_pton(AF_INET6, text.c_str(), &in->sin6_addr) == 1 ? sizeof *in : 0;
}

// receive(): [bytes] of IPv4, [bytes, source, destination, hop limit] of IPv6, or -errno
Napi::Value RawSocket::Receive(const Napi::CallbackInfo &info)
{
	sockaddr_in6 source{};
	iovec data{buffer_.data(), buffer_.size()};
	alignas(cmsghdr) uint8_t control[256];
	msghdr message{};
	message.msg_name = &source;
	message.msg_namelen = sizeof source;
	message.msg_iov = &data;
	message.msg_iovlen = 1;
	message.msg_control = control;
	message.msg_controllen = sizeof control;
	ssize_t size = recvmsg(fd_, &message, 0);
	if (size < 0)
		return Number(info, -errno);
	return Received(info.Env(), &message, size);
}

Napi::Value RawSocket::Received(Napi::Env env, msghdr *message, size_t size)
{
	auto result = Napi::Array::New(env);
	result.Set(0u, Napi::Buffer<uint8_t>::Copy(env, buffer_.data(), size));
	if (family_ == AF_INET)
		return result;
	auto *source = static_cast<sockaddr_in6 *>(message->msg_name);
	result.Set(1u, AddressText(AF_INET6, &source->sin6_addr));
	for (cmsghdr *one = CMSG_FIRSTHDR(message); one != nullptr; one = CMSG_NXTHDR(message, one)) {
		if (one->cmsg_level != IPPROTO_IPV6)
			continue;
		if (one->cmsg_type == IPV6_PKTINFO) {
			in6_pktinfo packet;
			memcpy(&packet, CMSG_DATA(one), sizeof packet);
			result.Set(2u, AddressText(AF_INET6, &packet.ipi6_addr));
		} else if (one->cmsg_type == IPV6_HOPLIMIT) {
			int hop_limit;
			memcpy(&hop_limit, CMSG_DATA(one), sizeof hop_limit);
			result.Set(3u, hop_limit);
		}
	}
	return result;
}

// arm(): calls back once when there is something to receive; 0 or -errno
Napi::Value RawSocket::Arm(const Napi::CallbackInfo &info)
{
	return Number(info, ArmPoll());
}

Napi::Value RawSocket::Close(const Napi::CallbackInfo &info)
{
	Release();
	return info.Env().Undefined();
}
