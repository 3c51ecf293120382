// One netlink socket. receive() takes what is there; arm() calls back once when there is more. The
// poll handle outlives this object until libuv has closed it.
#pragma once

#include <napi.h>

#include <vector>

struct Poll;

class NetlinkSocket : public Napi::ObjectWrap<NetlinkSocket> {
public:
	static void Init(Napi::Env env, Napi::Object exports);

	explicit NetlinkSocket(const Napi::CallbackInfo &info);
	~NetlinkSocket() override;

private:
	friend struct Poll;

	Napi::Value Open(const Napi::CallbackInfo &info);
	Napi::Value Join(const Napi::CallbackInfo &info);
	Napi::Value Send(const Napi::CallbackInfo &info);
	Napi::Value Receive(const Napi::CallbackInfo &info);
	Napi::Value Arm(const Napi::CallbackInfo &info);
	Napi::Value Close(const Napi::CallbackInfo &info);

	int SetUp(int receive_buffer);
	int Watch(Napi::Env env);
	void Release();
	void OnReadable();

	int fd_ = -1;
	Poll *poll_ = nullptr;
	Napi::FunctionReference callback_;
	std::vector<uint8_t> buffer_;
};
