// What a driver says of itself through SIOCETHTOOL.
#pragma once

#include <napi.h>

// ethtoolValue(device, command): the answer of an ETHTOOL_G* command that has one number, or -errno.
Napi::Value EthtoolValue(const Napi::CallbackInfo &info);
