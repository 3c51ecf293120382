// What the kernel knows about a map, program, link or BTF, and pins: everything by descriptor.
#include "addon.h"
#include "args.h"

#include <bpf/bpf.h>

#include <cerrno>
#include <cstdio>
#include <sys/mount.h>
#include <vector>

using args::IntAt;
using args::Number;
using args::StringAt;
using args::UintAt;

namespace {

template <typename T> int GetInfo(int fd, T &out)
{
	uint32_t length = sizeof(out);
	return bpf_obj_get_info_by_fd(fd, &out, &length);
}

Napi::Value MapInfo(const Napi::CallbackInfo &info)
{
	bpf_map_info map = {};
	int rc = GetInfo(IntAt(info, 0), map);
	if (rc < 0)
		return Number(info, rc);
	auto out = Napi::Object::New(info.Env());
	out["id"] = map.id;
	out["type"] = map.type;
	out["name"] = Napi::String::New(info.Env(), map.name);
	out["keySize"] = map.key_size;
	out["valueSize"] = map.value_size;
	out["maxEntries"] = map.max_entries;
	out["flags"] = map.map_flags;
	out["btfId"] = map.btf_id;
	out["btfKeyTypeId"] = map.btf_key_type_id;
	out["btfValueTypeId"] = map.btf_value_type_id;
	return out;
}

std::string Hex(const uint8_t *bytes, size_t size)
{
	std::string text;
	char digits[3];
	for (size_t i = 0; i < size; i++) {
		snprintf(digits, sizeof(digits), "%02x", bytes[i]);
		text += digits;
	}
	return text;
}

Napi::Array MapIds(Napi::Env env, int fd, uint32_t count)
{
	std::vector<uint32_t> ids(count);
	bpf_prog_info program = {};
	program.nr_map_ids = count;
	program.map_ids = reinterpret_cast<uintptr_t>(ids.data());
	if (count == 0 || GetInfo(fd, program) < 0 || program.nr_map_ids < count)
		ids.resize(0);
	auto array = Napi::Array::New(env, ids.size());
	for (uint32_t i = 0; i < ids.size(); i++)
		array[i] = ids[i];
	return array;
}

Napi::Value ProgramInfo(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	bpf_prog_info program = {};
	int rc = GetInfo(IntAt(info, 0), program);
	if (rc < 0)
		return Number(info, rc);
	auto out = Napi::Object::New(env);
	out["id"] = program.id;
	out["type"] = program.type;
	out["name"] = Napi::String::New(env, program.name);
	out["tag"] = Hex(program.tag, sizeof(program.tag));
	out["loadTime"] = Napi::BigInt::New(env, static_cast<uint64_t>(program.load_time));
	out["instructions"] = program.xlated_prog_len / 8;
	out["verifiedInstructions"] = program.verified_insns;
	out["machineCodeBytes"] = program.jited_prog_len;
	out["runTime"] = Napi::BigInt::New(env, static_cast<uint64_t>(program.run_time_ns));
	out["runCount"] = Napi::BigInt::New(env, static_cast<uint64_t>(program.run_cnt));
	out["btfId"] = program.btf_id;
	out["mapIds"] = MapIds(env, IntAt(info, 0), program.nr_map_ids);
	return out;
}

Napi::Value LinkInfo(const Napi::CallbackInfo &info)
{
	bpf_link_info link = {};
	int rc = GetInfo(IntAt(info, 0), link);
	if (rc < 0)
		return Number(info, rc);
	auto out = Napi::Object::New(info.Env());
	out["id"] = link.id;
	out["type"] = link.type;
	out["progId"] = link.prog_id;
	out["ifindex"] = link.type == BPF_LINK_TYPE_XDP ? link.xdp.ifindex : 0;
	return out;
}

// btfData(fd): the BTF's raw bytes, or -errno.
Napi::Value BtfData(const Napi::CallbackInfo &info)
{
	bpf_btf_info btf = {};
	int rc = GetInfo(IntAt(info, 0), btf);
	if (rc < 0)
		return Number(info, rc);
	auto bytes = Napi::Buffer<uint8_t>::New(info.Env(), btf.btf_size);
	btf = {};
	btf.btf_size = static_cast<uint32_t>(bytes.Length());
	btf.btf = reinterpret_cast<uintptr_t>(bytes.Data());
	rc = GetInfo(IntAt(info, 0), btf);
	return rc < 0 ? Number(info, rc) : bytes;
}

// fdById(kind, id): kind is 0 program, 1 map, 2 BTF, 3 link. Needs CAP_SYS_ADMIN.
Napi::Value FdById(const Napi::CallbackInfo &info)
{
	using Getter = int (*)(uint32_t);
	static constexpr Getter getters[] = {bpf_prog_get_fd_by_id, bpf_map_get_fd_by_id,
					     bpf_btf_get_fd_by_id, bpf_link_get_fd_by_id};
	return Number(info, getters[UintAt(info, 0) & 3](UintAt(info, 1)));
}

// pin(fd, path)
Napi::Value Pin(const Napi::CallbackInfo &info)
{
	return Number(info, bpf_obj_pin(IntAt(info, 0), StringAt(info, 1).c_str()));
}

// openPin(path): a descriptor or -errno.
Napi::Value OpenPin(const Napi::CallbackInfo &info)
{
	return Number(info, bpf_obj_get(StringAt(info, 0).c_str()));
}

// mountBpffs(directory, options): bpf(5)'s options, such as mode=0700.
Napi::Value MountBpffs(const Napi::CallbackInfo &info)
{
	std::string directory = StringAt(info, 0), options = StringAt(info, 1);
	int result = mount("bpf", directory.c_str(), "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC,
			   options.c_str());
	return Number(info, result < 0 ? -errno : 0);
}

} // namespace

void InitInfo(Napi::Env, Napi::Object exports)
{
	Export(exports, "mapInfo", MapInfo);
	Export(exports, "programInfo", ProgramInfo);
	Export(exports, "linkInfo", LinkInfo);
	Export(exports, "btfData", BtfData);
	Export(exports, "fdById", FdById);
	Export(exports, "pin", Pin);
	Export(exports, "mountBpffs", MountBpffs);
	Export(exports, "openPin", OpenPin);
}
