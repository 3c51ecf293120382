// Sends whole Ethernet frames out of one interface, and receives none.
#pragma once

#include <napi.h>

class PacketSocket : public Napi::ObjectWrap<PacketSocket> {
public:
	static void Init(Napi::Env env, Napi::Object exports);

	explicit PacketSocket(const Napi::CallbackInfo &info);
	~PacketSocket() override;

private:
	Napi::Value Open(const Napi::CallbackInfo &info);
	Napi::Value Send(const Napi::CallbackInfo &info);
	Napi::Value Close(const Napi::CallbackInfo &info);

	void Release();

	int fd_ = -1;
	int ifindex_ = 0;
};
