// One raw IP socket of one protocol on one interface. receive() takes what is there; arm() calls back
// once when there is more. IPv4 datagrams go in and out with their header, IPv6 ones without.
#pragma once

#include "polled_socket.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <string>
#include <vector>

class RawSocket : public Napi::ObjectWrap<RawSocket>, private PolledSocket {
public:
	static void Init(Napi::Env env, Napi::Object exports);

	explicit RawSocket(const Napi::CallbackInfo &info);

private:
	Napi::Value Open(const Napi::CallbackInfo &info);
	Napi::Value Join(const Napi::CallbackInfo &info);
	Napi::Value BindTo(const Napi::CallbackInfo &info);
	Napi::Value Send(const Napi::CallbackInfo &info);
	Napi::Value Receive(const Napi::CallbackInfo &info);
	Napi::Value Arm(const Napi::CallbackInfo &info);
	Napi::Value Close(const Napi::CallbackInfo &info);

	int SetUp4();
	int SetUp6(int hop_limit, int traffic_class);
	int SetOption(int level, int name, int value);
	socklen_t ToAddress(const std::string &text, sockaddr_storage *address) const;
	Napi::Value Received(Napi::Env env, msghdr *message, size_t size);

	int family_ = AF_INET;
	int ifindex_ = 0;
	// As large as a datagram can be.
	std::vector<uint8_t> buffer_ = std::vector<uint8_t>(65536);
};
