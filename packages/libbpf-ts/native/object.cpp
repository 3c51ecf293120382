#include "object.h"

#include "args.h"
#include "capture.h"
#include "hold_signals.h"

#include <cerrno>

using args::Number;
using args::StringAt;

void Object::Init(Napi::Env env, Napi::Object exports)
{
	exports.Set("Object",
		    DefineClass(env, "Object",
				{
					InstanceMethod<&Object::Open>("open"),
					InstanceMethod<&Object::Load>("load"),
					InstanceMethod<&Object::LoadAsync>("loadAsync"),
					InstanceMethod<&Object::Close>("close"),
					InstanceMethod<&Object::Log>("log"),
					InstanceMethod<&Object::Maps>("maps"),
					InstanceMethod<&Object::Programs>("programs"),
					InstanceMethod<&Object::SetMaxEntries>("setMaxEntries"),
					InstanceMethod<&Object::SetPinPath>("setPinPath"),
					InstanceMethod<&Object::SetAutocreate>("setAutocreate"),
					InstanceMethod<&Object::ReuseFd>("reuseFd"),
					InstanceMethod<&Object::InitialValue>("initialValue"),
					InstanceMethod<&Object::SetInitialValue>("setInitialValue"),
					InstanceMethod<&Object::SetAutoload>("setAutoload"),
					InstanceMethod<&Object::MapFd>("mapFd"),
					InstanceMethod<&Object::ProgramFd>("programFd"),
				}));
}

Object::Object(const Napi::CallbackInfo &info) : Napi::ObjectWrap<Object>(info) {}

// open(bytes, name, pin root or ""): libbpf copies what it keeps of the bytes.
Napi::Value Object::Open(const Napi::CallbackInfo &info)
{
	args::Bytes bytes = args::BytesAt(info, 0);
	std::string name = StringAt(info, 1), pin_root = StringAt(info, 2);
	LIBBPF_OPTS(bpf_object_open_opts, options);
	options.object_name = name.c_str();
	options.pin_root_path = pin_root.empty() ? nullptr : pin_root.c_str();
	log_.clear();
	Capture capture(log_);
	object_.reset(bpf_object__open_mem(bytes.data, bytes.size, &options));
	if (!object_)
		return Number(info, -errno);
	bpf_map *map;
	bpf_object__for_each_map(map, object_.get()) {
		maps_.emplace(bpf_map__name(map), map);
	}
	return Number(info, 0);
}

// Loads in one of libuv's threads; the caller leaves the object alone until then.
class Object::Loader : public Napi::AsyncWorker {
public:
	Loader(Napi::Env env, Object &object)
		: AsyncWorker(env), deferred_(env), object_(object),
		  kept_(Napi::Persistent(object.Value()))
	{
	}
	Napi::Promise Promise() const { return deferred_.Promise(); }

protected:
	void Execute() override { result_ = object_.Load(); }
	void OnOK() override { deferred_.Resolve(Napi::Number::New(Env(), result_)); }

private:
	Napi::Promise::Deferred deferred_;
	Object &object_;
	Napi::ObjectReference kept_; // not collected before this is over
	int result_ = 0;
};

int Object::Load()
{
	log_.clear();
	Capture capture(log_);
	HoldSignals hold;
	return object_ ? bpf_object__load(object_.get()) : -EBADF;
}

Napi::Value Object::Load(const Napi::CallbackInfo &info)
{
	return Number(info, Load());
}

// loadAsync(): a promise of what load() returns.
Napi::Value Object::LoadAsync(const Napi::CallbackInfo &info)
{
	auto *loader = new Loader(info.Env(), *this);
	Napi::Promise promise = loader->Promise();
	loader->Queue();
	return promise;
}

Napi::Value Object::Close(const Napi::CallbackInfo &info)
{
	maps_.clear();
	object_.reset();
	return info.Env().Undefined();
}

// log(): what libbpf said during the last open or load.
Napi::Value Object::Log(const Napi::CallbackInfo &info)
{
	return Napi::String::New(info.Env(), log_);
}

Napi::Value Object::Maps(const Napi::CallbackInfo &info)
{
	auto out = Napi::Array::New(info.Env());
	for (const auto &[name, map] : maps_) {
		auto entry = Napi::Object::New(info.Env());
		entry["name"] = name;
		entry["type"] = static_cast<uint32_t>(bpf_map__type(map));
		entry["keySize"] = bpf_map__key_size(map);
		entry["valueSize"] = bpf_map__value_size(map);
		entry["maxEntries"] = bpf_map__max_entries(map);
		entry["flags"] = bpf_map__map_flags(map);
		entry["internal"] = bpf_map__is_internal(map);
		out[out.Length()] = entry;
	}
	return out;
}

Napi::Value Object::Programs(const Napi::CallbackInfo &info)
{
	auto out = Napi::Array::New(info.Env());
	bpf_program *program;
	bpf_object__for_each_program(program, object_.get()) {
		auto entry = Napi::Object::New(info.Env());
		entry["name"] = Napi::String::New(info.Env(), bpf_program__name(program));
		entry["section"] = Napi::String::New(info.Env(),
						     bpf_program__section_name(program));
		entry["type"] = static_cast<uint32_t>(bpf_program__type(program));
		entry["autoload"] = bpf_program__autoload(program);
		out[out.Length()] = entry;
	}
	return out;
}

Napi::Value Object::SetMaxEntries(const Napi::CallbackInfo &info)
{
	bpf_map *map = FindMap(info);
	return Number(info, map ? bpf_map__set_max_entries(map, args::UintAt(info, 1)) : -ENOENT);
}

Napi::Value Object::SetPinPath(const Napi::CallbackInfo &info)
{
	bpf_map *map = FindMap(info);
	std::string path = StringAt(info, 1);
	return Number(info, map ? bpf_map__set_pin_path(map, path.empty() ? nullptr : path.c_str())
				: -ENOENT);
}

Napi::Value Object::SetAutocreate(const Napi::CallbackInfo &info)
{
	bpf_map *map = FindMap(info);
	return Number(info, map ? bpf_map__set_autocreate(map, info[1].ToBoolean()) : -ENOENT);
}

// reuseFd(map, fd): libbpf keeps a duplicate of the descriptor.
Napi::Value Object::ReuseFd(const Napi::CallbackInfo &info)
{
	bpf_map *map = FindMap(info);
	return Number(info, map ? bpf_map__reuse_fd(map, args::IntAt(info, 1)) : -ENOENT);
}

// initialValue(map): a copy of the variables' bytes, or null.
Napi::Value Object::InitialValue(const Napi::CallbackInfo &info)
{
	bpf_map *map = FindMap(info);
	size_t size = 0;
	const void *value = map ? bpf_map__initial_value(map, &size) : nullptr;
	if (value == nullptr)
		return info.Env().Null();
	return Napi::Buffer<uint8_t>::Copy(info.Env(), static_cast<const uint8_t *>(value), size);
}

Napi::Value Object::SetInitialValue(const Napi::CallbackInfo &info)
{
	bpf_map *map = FindMap(info);
	args::Bytes bytes = args::BytesAt(info, 1);
	return Number(info, map ? bpf_map__set_initial_value(map, bytes.data, bytes.size) : -ENOENT);
}

Napi::Value Object::SetAutoload(const Napi::CallbackInfo &info)
{
	bpf_program *program = FindProgram(info);
	return Number(info,
		      program ? bpf_program__set_autoload(program, info[1].ToBoolean()) : -ENOENT);
}

// mapFd(name): a descriptor that the object owns, or -errno.
Napi::Value Object::MapFd(const Napi::CallbackInfo &info)
{
	bpf_map *map = FindMap(info);
	return Number(info, map ? bpf_map__fd(map) : -ENOENT);
}

// programFd(name): a descriptor that the object owns, or -errno.
Napi::Value Object::ProgramFd(const Napi::CallbackInfo &info)
{
	bpf_program *program = FindProgram(info);
	return Number(info, program ? bpf_program__fd(program) : -ENOENT);
}

bpf_map *Object::FindMap(const Napi::CallbackInfo &info) const
{
	if (!object_)
		return nullptr;
	std::string name = StringAt(info, 0);
	auto found = maps_.find(name);
	return found != maps_.end() ? found->second
				    : bpf_object__find_map_by_name(object_.get(), name.c_str());
}

bpf_program *Object::FindProgram(const Napi::CallbackInfo &info) const
{
	if (!object_)
		return nullptr;
	return bpf_object__find_program_by_name(object_.get(), StringAt(info, 0).c_str());
}
