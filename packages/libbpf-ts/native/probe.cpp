// What this kernel and this libbpf can do.
#include "addon.h"
#include "args.h"

#include <bpf/libbpf.h>

using args::Number;
using args::UintAt;

namespace {

Napi::Value ProgramType(const Napi::CallbackInfo &info)
{
	auto type = static_cast<bpf_prog_type>(UintAt(info, 0));
	return Number(info, libbpf_probe_bpf_prog_type(type, nullptr));
}

Napi::Value MapType(const Napi::CallbackInfo &info)
{
	auto type = static_cast<bpf_map_type>(UintAt(info, 0));
	return Number(info, libbpf_probe_bpf_map_type(type, nullptr));
}

Napi::Value PossibleCpus(const Napi::CallbackInfo &info)
{
	return Number(info, libbpf_num_possible_cpus());
}

// typeNames(kind): kind is 0 map types, 1 program types; in the order of their numbers.
Napi::Value TypeNames(const Napi::CallbackInfo &info)
{
	auto names = Napi::Array::New(info.Env());
	bool maps = UintAt(info, 0) == 0;
	for (uint32_t i = 0; i < 256; i++) {
		const char *name = maps ? libbpf_bpf_map_type_str(static_cast<bpf_map_type>(i))
					: libbpf_bpf_prog_type_str(static_cast<bpf_prog_type>(i));
		if (name == nullptr)
			break;
		names[i] = Napi::String::New(info.Env(), name);
	}
	return names;
}

Napi::Value LibbpfVersion(const Napi::CallbackInfo &info)
{
	return Napi::String::New(info.Env(), libbpf_version_string());
}

} // namespace

void InitProbe(Napi::Env, Napi::Object exports)
{
	Export(exports, "probeProgramType", ProgramType);
	Export(exports, "probeMapType", MapType);
	Export(exports, "possibleCpus", PossibleCpus);
	Export(exports, "typeNames", TypeNames);
	Export(exports, "libbpfVersion", LibbpfVersion);
}
