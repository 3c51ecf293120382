#include "packet_socket.h"

#include "arguments.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace {

constexpr size_t LONGEST_FRAME = 65536;

sockaddr_ll AddressOf(int ifindex, int protocol)
{
	sockaddr_ll address{};
	address.sll_family = AF_PACKET;
	address.sll_ifindex = ifindex;
	address.sll_protocol = htons(protocol);
	return address;
}

} // namespace

void PacketSocket::Init(Napi::Env env, Napi::Object exports)
{
	exports.Set("PacketSocket", DefineClass(env, "PacketSocket",
						{
							InstanceMethod<&PacketSocket::Open>("open"),
							InstanceMethod<&PacketSocket::Listen>("listen"),
							InstanceMethod<&PacketSocket::Send>("send"),
							InstanceMethod<&PacketSocket::Receive>("receive"),
							InstanceMethod<&PacketSocket::Arm>("arm"),
							InstanceMethod<&PacketSocket::Close>("close"),
						}));
}

PacketSocket::PacketSocket(const Napi::CallbackInfo &info) : Napi::ObjectWrap<PacketSocket>(info)
{
}

// open(device): 0 or -errno. Protocol 0: the kernel hands nothing over.
Napi::Value PacketSocket::Open(const Napi::CallbackInfo &info)
{
	ifindex_ = if_nametoindex(info[0].As<Napi::String>().Utf8Value().c_str());
	if (ifindex_ != 0)
		fd_ = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return Number(info, fd_ < 0 ? -errno : 0);
}

// listen(instructions of a classic filter, callback): 0 or -errno. The filter is there before the first
// frame can be.
Napi::Value PacketSocket::Listen(const Napi::CallbackInfo &info)
{
	auto code = info[0].As<Napi::Uint8Array>();
	std::vector<sock_filter> filter(code.ByteLength() / sizeof(sock_filter));
	memcpy(filter.data(), code.Data(), filter.size() * sizeof(sock_filter));
	sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
	sockaddr_ll address = AddressOf(ifindex_, ETH_P_ALL);
	if (setsockopt(fd_, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) ||
	    bind(fd_, reinterpret_cast<sockaddr *>(&address), sizeof address))
		return Number(info, -errno);
	buffer_.resize(LONGEST_FRAME);
	return Number(info, Watch(info.Env(), info[1].As<Napi::Function>()));
}

// send(frame): 0 or -errno
Napi::Value PacketSocket::Send(const Napi::CallbackInfo &info)
{
	auto frame = info[0].As<Napi::Uint8Array>();
	sockaddr_ll address = AddressOf(ifindex_, 0);
	ssize_t sent = sendto(fd_, frame.Data(), frame.ByteLength(), 0,
			      reinterpret_cast<sockaddr *>(&address), sizeof address);
	return Number(info, sent < 0 ? -errno : 0);
}

// receive(): [frame, whether this machine sent it], or -errno; -EAGAIN where there is none
Napi::Value PacketSocket::Receive(const Napi::CallbackInfo &info)
{
	sockaddr_ll sender{};
	socklen_t length = sizeof sender;
	ssize_t size = recvfrom(fd_, buffer_.data(), buffer_.size(), 0,
				reinterpret_cast<sockaddr *>(&sender), &length);
	if (size < 0)
		return Number(info, -errno);
	auto result = Napi::Array::New(info.Env());
	result.Set(0u, Napi::Buffer<uint8_t>::Copy(info.Env(), buffer_.data(), size));
	result.Set(1u, Napi::Boolean::New(info.Env(), sender.sll_pkttype == PACKET_OUTGOING));
	return result;
}

// arm(): calls back once when there is something to receive; 0 or -errno
Napi::Value PacketSocket::Arm(const Napi::CallbackInfo &info)
{
	return Number(info, ArmPoll());
}

Napi::Value PacketSocket::Close(const Napi::CallbackInfo &info)
{
	Release();
	return info.Env().Undefined();
}
