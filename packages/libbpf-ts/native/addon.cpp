// The addon's table of contents. Each environment (main thread, worker) gets its own objects;
// nothing is shared between them but libbpf itself.
#include "addon.h"

#include "capture.h"
#include "fd.h"
#include "object.h"
#include "ring_buffer.h"

namespace {

Napi::Object Init(Napi::Env env, Napi::Object exports)
{
	Capture::Install();
	Fd::Init(env, exports);
	Object::Init(env, exports);
	RingBuffer::Init(env, exports);
	InitInfo(env, exports);
	InitLink(env, exports);
	InitMap(env, exports);
	InitProbe(env, exports);
	InitProgram(env, exports);
	return exports;
}

} // namespace

NODE_API_MODULE(bpf_addon, Init)
