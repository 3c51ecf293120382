// What libbpf says while a call runs. libbpf has one print function for the whole process, so it
// writes to a sink of the calling thread; without a sink the text is dropped.
#pragma once

#include <string>

class Capture {
public:
	explicit Capture(std::string &sink);
	~Capture();
	Capture(const Capture &) = delete;
	Capture &operator=(const Capture &) = delete;

	// Call once when the addon is loaded.
	static void Install();

private:
	std::string *previous_;
};
