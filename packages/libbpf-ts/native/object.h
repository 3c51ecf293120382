// One bpf_object: opened from memory, set up, loaded. Maps and programs are named as libbpf names
// them, or by their section if they hold global variables (".rodata").
#pragma once

#include <bpf/libbpf.h>
#include <napi.h>

#include <memory>
#include <string>
#include <unordered_map>

class Object : public Napi::ObjectWrap<Object> {
public:
	static void Init(Napi::Env env, Napi::Object exports);

	explicit Object(const Napi::CallbackInfo &info);

private:
	class Loader;
	struct Closer {
		void operator()(bpf_object *object) const { bpf_object__close(object); }
	};

	Napi::Value Open(const Napi::CallbackInfo &info);
	Napi::Value Load(const Napi::CallbackInfo &info);
	Napi::Value LoadAsync(const Napi::CallbackInfo &info);
	Napi::Value Close(const Napi::CallbackInfo &info);
	Napi::Value Log(const Napi::CallbackInfo &info);
	Napi::Value Maps(const Napi::CallbackInfo &info);
	Napi::Value Programs(const Napi::CallbackInfo &info);
	Napi::Value SetMaxEntries(const Napi::CallbackInfo &info);
	Napi::Value SetPinPath(const Napi::CallbackInfo &info);
	Napi::Value SetAutocreate(const Napi::CallbackInfo &info);
	Napi::Value ReuseFd(const Napi::CallbackInfo &info);
	Napi::Value InitialValue(const Napi::CallbackInfo &info);
	Napi::Value SetInitialValue(const Napi::CallbackInfo &info);
	Napi::Value SetAutoload(const Napi::CallbackInfo &info);
	Napi::Value MapFd(const Napi::CallbackInfo &info);
	Napi::Value ProgramFd(const Napi::CallbackInfo &info);

	int Load();
	bpf_map *FindMap(const Napi::CallbackInfo &info) const;
	bpf_program *FindProgram(const Napi::CallbackInfo &info) const;

	std::unique_ptr<bpf_object, Closer> object_;
	// By the name at open: libbpf renames a map that reuses a descriptor.
	std::unordered_map<std::string, bpf_map *> maps_;
	std::string log_;
};
