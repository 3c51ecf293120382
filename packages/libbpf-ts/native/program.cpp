// Programs by file descriptor: test runs, and loading of bare instructions for probes.
#include "addon.h"
#include "args.h"

#include <bpf/bpf.h>

#include <vector>

using args::Bytes;
using args::BytesAt;
using args::IntAt;
using args::UintAt;

namespace {

// testRun(fd, data in, data out, context in, context out, repeat, flags, cpu, batch size)
Napi::Value TestRun(const Napi::CallbackInfo &info)
{
	Bytes data_in = BytesAt(info, 1), data_out = BytesAt(info, 2);
	Bytes context_in = BytesAt(info, 3), context_out = BytesAt(info, 4);
	LIBBPF_OPTS(bpf_test_run_opts, options);
	options.data_in = data_in.data;
	options.data_size_in = static_cast<uint32_t>(data_in.size);
	options.data_out = data_out.data;
	options.data_size_out = static_cast<uint32_t>(data_out.size);
	options.ctx_in = context_in.data;
	options.ctx_size_in = static_cast<uint32_t>(context_in.size);
	options.ctx_out = context_out.data;
	options.ctx_size_out = static_cast<uint32_t>(context_out.size);
	options.repeat = IntAt(info, 5);
	options.flags = UintAt(info, 6);
	options.cpu = UintAt(info, 7);
	options.batch_size = UintAt(info, 8);
	int rc = bpf_prog_test_run_opts(IntAt(info, 0), &options);
	auto out = Napi::Object::New(info.Env());
	out["rc"] = rc;
	out["retval"] = options.retval;
	out["duration"] = options.duration;
	out["dataSize"] = options.data_size_out;
	out["contextSize"] = options.ctx_size_out;
	return out;
}

// programLoad(type, instructions, flags, expected attach type): { fd: a descriptor or -errno, log }
Napi::Value Load(const Napi::CallbackInfo &info)
{
	Bytes code = BytesAt(info, 1);
	LIBBPF_OPTS(bpf_prog_load_opts, options);
	options.prog_flags = UintAt(info, 2);
	options.expected_attach_type = static_cast<bpf_attach_type>(UintAt(info, 3));
	std::vector<char> log(64 << 10);
	options.log_buf = log.data();
	options.log_size = static_cast<uint32_t>(log.size());
	options.log_level = 1;
	auto out = Napi::Object::New(info.Env());
	out["fd"] = bpf_prog_load(static_cast<bpf_prog_type>(UintAt(info, 0)), nullptr, "GPL",
				  reinterpret_cast<const bpf_insn *>(code.data),
				  code.size / sizeof(bpf_insn), &options);
	log.back() = 0;
	out["log"] = Napi::String::New(info.Env(), log.data());
	return out;
}

} // namespace

void InitProgram(Napi::Env, Napi::Object exports)
{
	Export(exports, "testRun", TestRun);
	Export(exports, "programLoad", Load);
}
