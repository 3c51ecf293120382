// A socket whose owner in JavaScript is called once when there is something to receive.
#pragma once

#include "poll.h"

#include <cerrno>

class PolledSocket : private Poll::Owner {
protected:
	~PolledSocket() override { Release(); }

	// Of the open socket in fd_; 0 or -errno.
	int Watch(Napi::Env env, Napi::Function callback);
	// Calls back once when there is something to receive; 0 or -errno.
	int ArmPoll() { return poll_ ? poll_->Arm() : -EBADF; }
	// Closes the socket. Twice is safe.
	void Release();

	int fd_ = -1;

private:
	void OnReadable() override { CallFromLoop(callback_); }
	void OnEnvironmentEnd() override { Release(); }

	Poll *poll_ = nullptr;
	Napi::FunctionReference callback_;
};
