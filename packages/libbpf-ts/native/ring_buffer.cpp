#include "ring_buffer.h"

#include "args.h"

#include <uv.h>

#include <cerrno>

using args::Number;

// One libuv poll handle. Deletes itself when libuv has closed it; an environment that ends waits
// for that through the asynchronous cleanup hook.
struct Poll {
	uv_poll_t handle;
	RingBuffer *owner;
	napi_async_cleanup_hook_handle hook = nullptr;

	explicit Poll(RingBuffer *ring) : owner(ring) { handle.data = this; }

	void Close()
	{
		if (uv_is_closing(reinterpret_cast<uv_handle_t *>(&handle)))
			return;
		owner->poll_ = nullptr;
		uv_close(reinterpret_cast<uv_handle_t *>(&handle), [](uv_handle_t *closed) {
			std::unique_ptr<Poll> poll(static_cast<Poll *>(closed->data));
			napi_remove_async_cleanup_hook(poll->hook);
		});
	}

	static void OnEvent(uv_poll_t *handle, int, int)
	{
		uv_poll_stop(handle);
		static_cast<Poll *>(handle->data)->owner->OnReadable();
	}

	static void OnEnvironmentEnd(napi_async_cleanup_hook_handle, void *data)
	{
		static_cast<Poll *>(data)->Close();
	}
};

void RingBuffer::Init(Napi::Env env, Napi::Object exports)
{
	exports.Set("RingBuffer", DefineClass(env, "RingBuffer",
					      {
						      InstanceMethod<&RingBuffer::Open>("open"),
						      InstanceMethod<&RingBuffer::Drain>("drain"),
						      InstanceMethod<&RingBuffer::Arm>("arm"),
						      InstanceMethod<&RingBuffer::Close>("close"),
					      }));
}

RingBuffer::RingBuffer(const Napi::CallbackInfo &info) : Napi::ObjectWrap<RingBuffer>(info) {}

RingBuffer::~RingBuffer()
{
	Release();
}

// open(map fd)
Napi::Value RingBuffer::Open(const Napi::CallbackInfo &info)
{
	uv_loop_t *loop = nullptr;
	napi_get_uv_event_loop(info.Env(), &loop);
	ring_.reset(ring_buffer__new(args::IntAt(info, 0), OnSample, this, nullptr));
	if (!ring_)
		return Number(info, -errno);
	auto poll = std::make_unique<Poll>(this);
	int rc = uv_poll_init(loop, &poll->handle, ring_buffer__epoll_fd(ring_.get()));
	if (rc < 0) {
		ring_.reset();
		return Number(info, rc);
	}
	poll_ = poll.release();
	napi_add_async_cleanup_hook(info.Env(), Poll::OnEnvironmentEnd, poll_, &poll_->hook);
	return Number(info, 0);
}

// drain(limit): the records that are there, oldest first, or -errno.
Napi::Value RingBuffer::Drain(const Napi::CallbackInfo &info)
{
	if (!ring_)
		return Number(info, -EBADF);
	auto samples = Napi::Array::New(info.Env());
	samples_ = &samples;
	limit_ = args::UintAt(info, 0);
	int rc = ring_buffer__consume(ring_.get());
	samples_ = nullptr;
	return rc < 0 && rc != -ECANCELED ? Number(info, rc) : samples;
}

// arm(callback): calls back once when a record is there.
Napi::Value RingBuffer::Arm(const Napi::CallbackInfo &info)
{
	int rc = poll_ ? uv_poll_start(&poll_->handle, UV_READABLE, Poll::OnEvent) : -EBADF;
	if (rc == 0)
		callback_ = Napi::Persistent(info[0].As<Napi::Function>());
	return Number(info, rc);
}

Napi::Value RingBuffer::Close(const Napi::CallbackInfo &info)
{
	Release();
	return info.Env().Undefined();
}

void RingBuffer::Release()
{
	if (poll_ != nullptr)
		poll_->Close();
	ring_.reset();
	callback_.Reset();
}

int RingBuffer::OnSample(void *context, void *data, size_t size)
{
	auto self = static_cast<RingBuffer *>(context);
	Napi::Array &samples = *self->samples_;
	samples[samples.Length()] =
		Napi::Buffer<uint8_t>::Copy(samples.Env(), static_cast<uint8_t *>(data), size);
	// A negative answer ends the run after this record.
	return samples.Length() < self->limit_ ? 0 : -ECANCELED;
}

void RingBuffer::OnReadable()
{
	Napi::Env env = callback_.Env();
	Napi::HandleScope scope(env);
	Napi::FunctionReference callback = std::move(callback_);
	try {
		callback.MakeCallback(env.Global(), {});
	} catch (const Napi::Error &error) {
		napi_fatal_exception(env, error.Value());
	}
}
