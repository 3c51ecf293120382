// Functions on file descriptors, by file. Every function that returns a number returns -errno on
// failure; buffers and sizes are checked by the caller, in TypeScript.
#pragma once

#include <napi.h>

void InitInfo(Napi::Env env, Napi::Object exports);
void InitLink(Napi::Env env, Napi::Object exports);
void InitMap(Napi::Env env, Napi::Object exports);
void InitProbe(Napi::Env env, Napi::Object exports);
void InitProgram(Napi::Env env, Napi::Object exports);

inline void Export(Napi::Object exports, const char *name,
		   Napi::Value (*function)(const Napi::CallbackInfo &))
{
	exports.Set(name, Napi::Function::New(exports.Env(), function, name));
}
