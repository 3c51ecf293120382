// Numbers in and out of JavaScript.
#pragma once

#include <napi.h>

inline Napi::Value Number(const Napi::CallbackInfo &info, int value)
{
	return Napi::Number::New(info.Env(), value);
}

inline int IntAt(const Napi::CallbackInfo &info, size_t index)
{
	return info[index].As<Napi::Number>().Int32Value();
}
