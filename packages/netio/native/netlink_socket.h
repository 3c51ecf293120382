// One netlink socket. receive() takes what is there; arm() calls back once when there is more.
#pragma once

#include "polled_socket.h"

#include <vector>

class NetlinkSocket : public Napi::ObjectWrap<NetlinkSocket>, private PolledSocket {
public:
	static void Init(Napi::Env env, Napi::Object exports);

	explicit NetlinkSocket(const Napi::CallbackInfo &info);

private:
	Napi::Value Open(const Napi::CallbackInfo &info);
	Napi::Value Join(const Napi::CallbackInfo &info);
	Napi::Value Send(const Napi::CallbackInfo &info);
	Napi::Value Receive(const Napi::CallbackInfo &info);
	Napi::Value Arm(const Napi::CallbackInfo &info);
	Napi::Value Close(const Napi::CallbackInfo &info);

	int SetUp(int receive_buffer);

	std::vector<uint8_t> buffer_;
};
