// Whole Ethernet frames of one interface. Receives only where it is told which frames.
#pragma once

#include "polled_socket.h"

#include <napi.h>

#include <vector>

class PacketSocket : public Napi::ObjectWrap<PacketSocket>, private PolledSocket {
public:
	static void Init(Napi::Env env, Napi::Object exports);

	explicit PacketSocket(const Napi::CallbackInfo &info);

private:
	Napi::Value Open(const Napi::CallbackInfo &info);
	Napi::Value Listen(const Napi::CallbackInfo &info);
	Napi::Value Send(const Napi::CallbackInfo &info);
	Napi::Value Receive(const Napi::CallbackInfo &info);
	Napi::Value Arm(const Napi::CallbackInfo &info);
	Napi::Value Close(const Napi::CallbackInfo &info);

	int ifindex_ = 0;
	// Made when it listens: who only sends needs none.
	std::vector<uint8_t> buffer_;
};
