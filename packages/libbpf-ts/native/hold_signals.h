// The verifier gives up with EAGAIN when a signal comes, and libbpf tries no more than five times:
// signals wait until the call is over, or other threads take them.
#pragma once

#include <csignal>

class HoldSignals {
public:
	HoldSignals()
	{
		sigset_t all;
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &before_);
	}
	~HoldSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
	HoldSignals(const HoldSignals &) = delete;
	HoldSignals &operator=(const HoldSignals &) = delete;

private:
	sigset_t before_;
};
