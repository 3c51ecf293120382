#include "polled_socket.h"

#include <unistd.h>

int PolledSocket::Watch(Napi::Env env, Napi::Function callback)
{
	int rc = 0;
	poll_ = Poll::Start(env, fd_, this, &rc);
	if (rc == 0)
		callback_ = Napi::Persistent(callback);
	return rc;
}

void PolledSocket::Release()
{
	// The poll handle first: libuv must not watch a descriptor that is closed.
	if (poll_ != nullptr)
		poll_->Close();
	poll_ = nullptr;
	if (fd_ >= 0)
		close(fd_);
	fd_ = -1;
	callback_.Reset();
}
