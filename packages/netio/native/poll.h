// One libuv poll handle over a socket. It outlives its socket until libuv has closed it, and deletes
// itself then; an environment that ends waits for that through the asynchronous cleanup hook.
#pragma once

#include <napi.h>
#include <uv.h>

class Poll {
public:
	struct Owner {
		virtual ~Owner() = default;
		virtual void OnReadable() = 0;
		// Of the environment: the poll handle must be closed before this returns.
		virtual void OnEnvironmentEnd() = 0;
	};

	// The handle, or null and -errno in `rc`.
	static Poll *Start(Napi::Env env, int fd, Owner *owner, int *rc);

	// Calls the owner once when there is something to receive; 0 or -errno.
	int Arm();
	// The owner hears nothing any more. Twice is safe.
	void Close();

private:
	explicit Poll(Owner *owner) : owner_(owner) { handle_.data = this; }

	uv_poll_t handle_;
	Owner *owner_;
	napi_async_cleanup_hook_handle hook_ = nullptr;
};

// A JavaScript function that libuv's loop calls; what it throws is as fatal as everywhere.
void CallFromLoop(Napi::FunctionReference &callback);
