#include "poll.h"

#include <memory>

Poll *Poll::Start(Napi::Env env, int fd, Owner *owner, int *rc)
{
	uv_loop_t *loop = nullptr;
	napi_get_uv_event_loop(env, &loop);
	std::unique_ptr<Poll> poll(new Poll(owner));
	*rc = uv_poll_init(loop, &poll->handle_, fd);
	if (*rc < 0)
		return nullptr;
	auto on_end = [](napi_async_cleanup_hook_handle, void *data) {
		static_cast<Poll *>(data)->owner_->OnEnvironmentEnd();
	};
	napi_add_async_cleanup_hook(env, on_end, poll.get(), &poll->hook_);
	return poll.release();
}

// libuv reports an error of the socket (netlink's overrun, ICMP's unreachable) as a bad descriptor.
// It is none: whatever is wrong, the next receive() says.
int Poll::Arm()
{
	return uv_poll_start(&handle_, UV_READABLE, [](uv_poll_t *handle, int, int) {
		uv_poll_stop(handle);
		static_cast<Poll *>(handle->data)->owner_->OnReadable();
	});
}

void Poll::Close()
{
	auto *handle = reinterpret_cast<uv_handle_t *>(&handle_);
	if (uv_is_closing(handle))
		return;
	uv_close(handle, [](uv_handle_t *closed) {
		std::unique_ptr<Poll> poll(static_cast<Poll *>(closed->data));
		napi_remove_async_cleanup_hook(poll->hook_);
	});
}

void CallFromLoop(Napi::FunctionReference &callback)
{
	Napi::Env env = callback.Env();
	Napi::HandleScope scope(env);
	try {
		callback.MakeCallback(env.Global(), {});
	} catch (const Napi::Error &error) {
		napi_fatal_exception(env, error.Value());
	}
}
