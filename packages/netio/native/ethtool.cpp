#include "ethtool.h"

#include "arguments.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

Napi::Value EthtoolValue(const Napi::CallbackInfo &info)
{
	auto device = info[0].As<Napi::String>().Utf8Value();
	ethtool_value value{};
	value.cmd = static_cast<__u32>(IntAt(info, 1));
	ifreq request{};
	std::strncpy(request.ifr_name, device.c_str(), IFNAMSIZ - 1);
	request.ifr_data = reinterpret_cast<char *>(&value);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return Number(info, -errno);
	int result = ioctl(fd, SIOCETHTOOL, &request) < 0 ? -errno : static_cast<int>(value.data);
	close(fd);
	return Number(info, result);
}
