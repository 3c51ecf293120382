#include "capture.h"

#include <bpf/libbpf.h>

#include <cstdarg>
#include <cstdio>
#include <mutex>

namespace {

// A verifier's log may have many megabytes; its end is what matters.
constexpr size_t kLimit = 64u << 20;

thread_local std::string *current = nullptr;

__attribute__((format(printf, 2, 0))) int Print(enum libbpf_print_level level, const char *format,
						va_list arguments)
{
	if (level == LIBBPF_DEBUG || current == nullptr || current->size() > kLimit)
		return 0;
	va_list copy;
	va_copy(copy, arguments);
	int length = vsnprintf(nullptr, 0, format, copy);
	va_end(copy);
	if (length <= 0)
		return length;
	size_t start = current->size();
	current->resize(start + length + 1);
	vsnprintf(&(*current)[start], length + 1, format, arguments);
	current->resize(start + length);
	return length;
}

} // namespace

Capture::Capture(std::string &sink) : previous_(current)
{
	current = &sink;
}

Capture::~Capture()
{
	current = previous_;
}

void Capture::Install()
{
	static std::once_flag once;
	std::call_once(once, [] { libbpf_set_print(Print); });
}
