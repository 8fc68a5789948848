// SPDX-License-Identifier: MIT
// An inspected file as text for people and as JSON for programs.
#pragma once

#include <inspector.hpp>
#include <string>

namespace mmapvideo::tools {

/// A few aligned lines, one for each subject.
std::string info_text(const core::Inspection& file);
/// One JSON object; the keys are those of SPEC.md where there are such.
std::string info_json(const core::Inspection& file);
/// "PATH: fine", or one line for each finding.
std::string check_text(const core::Inspection& file);
/// {"path":, "ok":, "findings": []}
std::string check_json(const core::Inspection& file);
/// An error that kept a file from being inspected: {"path":, "error":, "message":}
std::string error_json(const std::string& path, const std::string& status,
                       const std::string& message);

}  // namespace mmapvideo::tools
