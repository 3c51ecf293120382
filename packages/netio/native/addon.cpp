#include "ethtool.h"
#include "netlink_socket.h"
#include "packet_socket.h"
#include "raw_socket.h"

static Napi::Object InitModule(Napi::Env env, Napi::Object exports)
{
	NetlinkSocket::Init(env, exports);
	RawSocket::Init(env, exports);
	PacketSocket::Init(env, exports);
	exports.Set("ethtoolValue", Napi::Function::New<EthtoolValue>(env, "ethtoolValue"));
	return exports;
}

NODE_API_MODULE(netio_addon, InitModule)
