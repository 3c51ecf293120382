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

// The bytes of a Uint8Array; no bytes for anything else, such as null.
inline Bytes BytesAt(const Napi::CallbackInfo &info, size_t index)
{
	if (!info[index].IsTypedArray())
		return {};
	auto array = info[index].As<Napi::TypedArray>();
	if (array.TypedArrayType() != napi_uint8_array)
		return {};
	auto bytes = info[index].As<Napi::Uint8Array>();
	return {bytes.Data(), bytes.ByteLength()};
}

inline int32_t IntAt(const Napi::CallbackInfo &info, size_t index)
{
	return info[index].IsNumber() ? info[index].As<Napi::Number>().Int32Value() : -1;
}

inline uint32_t UintAt(const Napi::CallbackInfo &info, size_t index)
{
	return info[index].IsNumber() ? info[index].As<Napi::Number>().Uint32Value() : 0;
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
