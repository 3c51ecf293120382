#include "packet_socket.h"

#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

void PacketSocket::Init(Napi::Env env, Napi::Object exports)
{
	exports.Set("PacketSocket", DefineClass(env, "PacketSocket",
						{
							InstanceMethod<&PacketSocket::Open>("open"),
							InstanceMethod<&PacketSocket::Send>("send"),
							InstanceMethod<&PacketSocket::Close>("close"),
						}));
}

PacketSocket::PacketSocket(const Napi::CallbackInfo &info) : Napi::ObjectWrap<PacketSocket>(info)
{
}

PacketSocket::~PacketSocket()
{
	Release();
}

// open(device): 0 or -errno. Protocol 0: the kernel hands nothing over.
Napi::Value PacketSocket::Open(const Napi::CallbackInfo &info)
{
	ifindex_ = if_nametoindex(info[0].As<Napi::String>().Utf8Value().c_str());
	if (ifindex_ != 0)
		fd_ = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return Napi::Number::New(info.Env(), fd_ < 0 ? -errno : 0);
}

// send(frame): 0 or -errno
Napi::Value PacketSocket::Send(const Napi::CallbackInfo &info)
{
	auto frame = info[0].As<Napi::Uint8Array>();
	sockaddr_ll address{};
	address.sll_family = AF_PACKET;
	address.sll_ifindex = ifindex_;
	ssize_t sent = sendto(fd_, frame.Data(), frame.ByteLength(), 0,
			      reinterpret_cast<sockaddr *>(&address), sizeof address);
	return Napi::Number::New(info.Env(), sent < 0 ? -errno : 0);
}

Napi::Value PacketSocket::Close(const Napi::CallbackInfo &info)
{
	Release();
	return info.Env().Undefined();
}

void PacketSocket::Release()
{
	if (fd_ >= 0)
		close(fd_);
	fd_ = -1;
}
