// SPDX-License-Identifier: MIT
// An inspected file as JSON for programs. The keys are those of SPEC.md where there are such.
#pragma once

#include <inspector.hpp>
#include <nlohmann/json.hpp>
#include <string>

namespace mmapvideo::tools {

nlohmann::ordered_json info_json(const core::Inspection& file);
/// {"path":, "ok":, "findings": []}
nlohmann::ordered_json check_json(const core::Inspection& file);
/// An error that kept a command from its work: {"path":, "error":, "message":}
nlohmann::ordered_json error_json(const std::string& path, const std::string& status,
                                  const std::string& message);
nlohmann::ordered_json readers_json(const core::Inspection& file);

}  // namespace mmapvideo::tools
