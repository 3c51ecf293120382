// A file descriptor that belongs to one JavaScript object: closed by close(), by the garbage
// collector or by the end of the environment, whichever comes first.
#pragma once

#include <napi.h>

class Fd : public Napi::ObjectWrap<Fd> {
public:
	static void Init(Napi::Env env, Napi::Object exports);

	explicit Fd(const Napi::CallbackInfo &info);
	~Fd() override;

private:
	Napi::Value Value(const Napi::CallbackInfo &info);
	Napi::Value Close(const Napi::CallbackInfo &info);
	void Release();

	int fd_;
};
