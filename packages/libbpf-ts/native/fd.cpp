#include "fd.h"

#include "args.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace {

// dup(fd): a second descriptor of the same kernel object, or -errno.
Napi::Value Dup(const Napi::CallbackInfo &info)
{
	int fd = fcntl(args::IntAt(info, 0), F_DUPFD_CLOEXEC, 3);
	return args::Number(info, fd < 0 ? -errno : fd);
}

} // namespace

void Fd::Init(Napi::Env env, Napi::Object exports)
{
	exports.Set("Fd", DefineClass(env, "Fd",
				      {
					      InstanceMethod<&Fd::Value>("value"),
					      InstanceMethod<&Fd::Close>("close"),
				      }));
	exports.Set("dup", Napi::Function::New(env, Dup, "dup"));
}

Fd::Fd(const Napi::CallbackInfo &info) : Napi::ObjectWrap<Fd>(info), fd_(args::IntAt(info, 0)) {}

Fd::~Fd()
{
	Release();
}

// value(): the descriptor, or -1 after close().
Napi::Value Fd::Value(const Napi::CallbackInfo &info)
{
	return args::Number(info, fd_);
}

Napi::Value Fd::Close(const Napi::CallbackInfo &info)
{
	Release();
	return info.Env().Undefined();
}

void Fd::Release()
{
	if (fd_ >= 0)
		close(fd_);
	fd_ = -1;
}
