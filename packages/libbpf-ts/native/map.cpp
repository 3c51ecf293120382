// Maps by file descriptor: single elements, batches, memory maps, creation and pins.
#include "addon.h"
#include "args.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <sys/mman.h>

using args::BytesAt;
using args::IntAt;
using args::Number;
using args::UintAt;

namespace {

// mapLookup(fd, key, value, flags)
Napi::Value Lookup(const Napi::CallbackInfo &info)
{
	return Number(info, bpf_map_lookup_elem_flags(IntAt(info, 0), BytesAt(info, 1).data,
						      BytesAt(info, 2).data, UintAt(info, 3)));
}

// mapLookupAndDelete(fd, key, value)
Napi::Value LookupAndDelete(const Napi::CallbackInfo &info)
{
	return Number(info, bpf_map_lookup_and_delete_elem(IntAt(info, 0), BytesAt(info, 1).data,
							   BytesAt(info, 2).data));
}

// mapUpdate(fd, key, value, flags)
Napi::Value Update(const Napi::CallbackInfo &info)
{
	return Number(info, bpf_map_update_elem(IntAt(info, 0), BytesAt(info, 1).data,
						BytesAt(info, 2).data, UintAt(info, 3)));
}

// mapDelete(fd, key)
Napi::Value Delete(const Napi::CallbackInfo &info)
{
	return Number(info, bpf_map_delete_elem(IntAt(info, 0), BytesAt(info, 1).data));
}

// mapNextKey(fd, key or null, next)
Napi::Value NextKey(const Napi::CallbackInfo &info)
{
	return Number(info, bpf_map_get_next_key(IntAt(info, 0), BytesAt(info, 1).data,
						 BytesAt(info, 2).data));
}

Napi::Value Freeze(const Napi::CallbackInfo &info)
{
	return Number(info, bpf_map_freeze(IntAt(info, 0)));
}

// The number of elements done stands in count[0], whether or not the call failed.
struct Count {
	explicit Count(const Napi::CallbackInfo &info, size_t index)
		: array(info[index].As<Napi::Uint32Array>()), value(array[0])
	{
	}
	~Count() { array[0] = value; }

	Napi::Uint32Array array;
	uint32_t value;
};

// mapLookupBatch(fd, token in or null, token out, keys, values, count)
Napi::Value LookupBatch(const Napi::CallbackInfo &info)
{
	Count count(info, 5);
	return Number(info, bpf_map_lookup_batch(IntAt(info, 0), BytesAt(info, 1).data,
						 BytesAt(info, 2).data, BytesAt(info, 3).data,
						 BytesAt(info, 4).data, &count.value, nullptr));
}

bpf_map_batch_opts BatchFlags(uint32_t flags)
{
	bpf_map_batch_opts options = {};
	options.sz = sizeof(options);
	options.elem_flags = flags;
	return options;
}

// mapUpdateBatch(fd, keys, values, count, flags)
Napi::Value UpdateBatch(const Napi::CallbackInfo &info)
{
	Count count(info, 3);
	bpf_map_batch_opts options = BatchFlags(UintAt(info, 4));
	return Number(info, bpf_map_update_batch(IntAt(info, 0), BytesAt(info, 1).data,
						 BytesAt(info, 2).data, &count.value, &options));
}

// mapDeleteBatch(fd, keys, count)
Napi::Value DeleteBatch(const Napi::CallbackInfo &info)
{
	Count count(info, 2);
	bpf_map_batch_opts options = BatchFlags(0);
	return Number(info, bpf_map_delete_batch(IntAt(info, 0), BytesAt(info, 1).data,
						 &count.value, &options));
}

// mapCreate(type, name, key size, value size, max entries, flags, inner map fd or -1)
Napi::Value Create(const Napi::CallbackInfo &info)
{
	LIBBPF_OPTS(bpf_map_create_opts, options);
	options.map_flags = UintAt(info, 5);
	if (IntAt(info, 6) >= 0)
		options.inner_map_fd = UintAt(info, 6);
	std::string name = args::StringAt(info, 1);
	return Number(info, bpf_map_create(static_cast<bpf_map_type>(UintAt(info, 0)), name.c_str(),
					   UintAt(info, 2), UintAt(info, 3), UintAt(info, 4),
					   &options));
}

// mapMmap(fd, length): an ArrayBuffer over the map's own memory, or -errno. The mapping keeps the
// map alive and ends with the ArrayBuffer. Always writable: a store to a read-only page would
// kill the process.
Napi::Value Mmap(const Napi::CallbackInfo &info)
{
	size_t length = static_cast<size_t>(info[1].As<Napi::Number>().Int64Value());
	void *memory = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_SHARED, IntAt(info, 0), 0);
	if (memory == MAP_FAILED)
		return Number(info, -errno);
	return Napi::ArrayBuffer::New(info.Env(), memory, length,
				      [length](Napi::Env, void *data) { munmap(data, length); });
}

} // namespace

void InitMap(Napi::Env, Napi::Object exports)
{
	Export(exports, "mapLookup", Lookup);
	Export(exports, "mapLookupAndDelete", LookupAndDelete);
	Export(exports, "mapUpdate", Update);
	Export(exports, "mapDelete", Delete);
	Export(exports, "mapNextKey", NextKey);
	Export(exports, "mapFreeze", Freeze);
	Export(exports, "mapLookupBatch", LookupBatch);
	Export(exports, "mapUpdateBatch", UpdateBatch);
	Export(exports, "mapDeleteBatch", DeleteBatch);
	Export(exports, "mapCreate", Create);
	Export(exports, "mapMmap", Mmap);
}
