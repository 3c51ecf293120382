// Positional arguments of a call from TypeScript, which has checked them already.
#pragma once

#include <napi.h>

#include <cstdint>
#include <string>

namespace args {

struct Bytes {
	uint8_t *data = nullptr;
	size_t size = 0;
};

// Plain Node-API calls: the checked conversions of node-addon-api cost as much as the system call.

// The bytes of a Uint8Array; no bytes for anything else, such as null.
inline Bytes BytesAt(const Napi::CallbackInfo &info, size_t index)
{
	napi_typedarray_type type;
	void *data = nullptr;
	size_t length = 0;
	napi_status status = napi_get_typedarray_info(info.Env(), info[index], &type, &length,
						      &data, nullptr, nullptr);
	if (status != napi_ok || type != napi_uint8_array)
		return {};
	return {static_cast<uint8_t *>(data), length};
}

// -1 for what is no number.
inline int32_t IntAt(const Napi::CallbackInfo &info, size_t index)
{
	int32_t value = -1;
	napi_get_value_int32(info.Env(), info[index], &value);
	return value;
}

// 0 for what is no number.
inline uint32_t UintAt(const Napi::CallbackInfo &info, size_t index)
{
	uint32_t value = 0;
	napi_get_value_uint32(info.Env(), info[index], &value);
	return value;
}

inline std::string StringAt(const Napi::CallbackInfo &info, size_t index)
{
	return info[index].IsString() ? info[index].As<Napi::String>().Utf8Value() : std::string();
}

inline Napi::Value Number(const Napi::CallbackInfo &info, double value)
{
	return Napi::Number::New(info.Env(), value);
}

} // namespace args
