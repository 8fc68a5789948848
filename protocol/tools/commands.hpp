// SPDX-License-Identifier: MIT
// The subcommands. Each prints what it has to say and returns the exit status. They throw
// core::Failure, mmapvideo::Error and UsageError.
#pragma once

#include "requests.hpp"

namespace mmapvideo::tools {

int run(const ListRequest& request);
int run(const InfoRequest& request);
int run(const WatchRequest& request);
int run(const DumpRequest& request);
int run(const PlayRequest& request);
int run(const CheckRequest& request);
int run(const GcRequest& request);

}  // namespace mmapvideo::tools
