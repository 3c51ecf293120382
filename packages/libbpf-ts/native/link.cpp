// XDP attachment: links, and the netlink way without one.
#include "addon.h"
#include "args.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <net/if.h>

using args::IntAt;
using args::Number;
using args::UintAt;

namespace {

// linkCreate(program fd, ifindex, XDP flags): a descriptor or -errno.
Napi::Value Create(const Napi::CallbackInfo &info)
{
	LIBBPF_OPTS(bpf_link_create_opts, options);
	options.flags = UintAt(info, 2);
	return Number(info, bpf_link_create(IntAt(info, 0), IntAt(info, 1), BPF_XDP, &options));
}

// linkUpdate(link fd, new program fd, old program fd or -1)
Napi::Value Update(const Napi::CallbackInfo &info)
{
	LIBBPF_OPTS(bpf_link_update_opts, options);
	if (IntAt(info, 2) >= 0) {
		options.flags = BPF_F_REPLACE;
		options.old_prog_fd = UintAt(info, 2);
	}
	return Number(info, bpf_link_update(IntAt(info, 0), IntAt(info, 1), &options));
}

Napi::Value Detach(const Napi::CallbackInfo &info)
{
	return Number(info, bpf_link_detach(IntAt(info, 0)));
}

// xdpAttach(ifindex, program fd or -1 to detach, flags, old program fd or -1)
Napi::Value XdpAttach(const Napi::CallbackInfo &info)
{
	LIBBPF_OPTS(bpf_xdp_attach_opts, options);
	if (IntAt(info, 3) >= 0)
		options.old_prog_fd = IntAt(info, 3);
	return Number(info, bpf_xdp_attach(IntAt(info, 0), IntAt(info, 1), UintAt(info, 2),
					   &options));
}

// xdpQuery(ifindex): libbpf finds nothing attached to an interface that is not there.
Napi::Value XdpQuery(const Napi::CallbackInfo &info)
{
	char name[IF_NAMESIZE];
	if (if_indextoname(UintAt(info, 0), name) == nullptr)
		return Number(info, -ENODEV);
	LIBBPF_OPTS(bpf_xdp_query_opts, options);
	int rc = bpf_xdp_query(IntAt(info, 0), 0, &options);
	if (rc < 0)
		return Number(info, rc);
	auto out = Napi::Object::New(info.Env());
	out["attachMode"] = options.attach_mode;
	out["progId"] = options.prog_id;
	out["nativeId"] = options.drv_prog_id;
	out["genericId"] = options.skb_prog_id;
	out["hardwareId"] = options.hw_prog_id;
	return out;
}

} // namespace

void InitLink(Napi::Env, Napi::Object exports)
{
	Export(exports, "linkCreate", Create);
	Export(exports, "linkUpdate", Update);
	Export(exports, "linkDetach", Detach);
	Export(exports, "xdpAttach", XdpAttach);
	Export(exports, "xdpQuery", XdpQuery);
}
