// A ring buffer map's consumer. drain() takes what is there; arm() calls back once when there is
// more. Only an armed callback keeps its JavaScript side alive: a reader that nobody waits for and
// nobody holds is collected. The poll handle outlives this object until libuv has closed it.
#pragma once

#include <bpf/libbpf.h>
#include <napi.h>

#include <memory>

struct Poll;

class RingBuffer : public Napi::ObjectWrap<RingBuffer> {
public:
	static void Init(Napi::Env env, Napi::Object exports);

	explicit RingBuffer(const Napi::CallbackInfo &info);
	~RingBuffer() override;

private:
	friend struct Poll;
	struct Freer {
		void operator()(ring_buffer *ring) const { ring_buffer__free(ring); }
	};

	static int OnSample(void *context, void *data, size_t size);

	Napi::Value Open(const Napi::CallbackInfo &info);
	Napi::Value Drain(const Napi::CallbackInfo &info);
	Napi::Value Arm(const Napi::CallbackInfo &info);
	Napi::Value Close(const Napi::CallbackInfo &info);
	void Release();
	void OnReadable();

	std::unique_ptr<ring_buffer, Freer> ring_;
	Poll *poll_ = nullptr;
	Napi::FunctionReference callback_;
	// Only while drain() runs.
	Napi::Array *samples_ = nullptr;
	uint32_t limit_ = 0;
};
