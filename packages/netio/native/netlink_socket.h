// One netlink socket. receive() takes what is there; arm() calls back once when there is more.
#pragma once

#include "poll.h"

#include <vector>

class NetlinkSocket : public Napi::ObjectWrap<NetlinkSocket>, private Poll::Owner {
public:
	static void Init(Napi::Env env, Napi::Object exports);

	explicit NetlinkSocket(const Napi::CallbackInfo &info);
	~NetlinkSocket() override;

private:
	Napi::Value Open(const Napi::CallbackInfo &info);
	Napi::Value Join(const Napi::CallbackInfo &info);
	Napi::Value Send(const Napi::CallbackInfo &info);
	Napi::Value Receive(const Napi::CallbackInfo &info);
	Napi::Value Arm(const Napi::CallbackInfo &info);
	Napi::Value Close(const Napi::CallbackInfo &info);

	int SetUp(int receive_buffer);
	void Release();
	void OnReadable() override;
	void OnEnvironmentEnd() override { Release(); }

	int fd_ = -1;
	Poll *poll_ = nullptr;
	Napi::FunctionReference callback_;
	std::vector<uint8_t> buffer_;
};
