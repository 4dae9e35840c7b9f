// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The machine-readable descriptions of the interfaces, as they are in docs/api: part of the
/// program, so that a node needs no files beside it.

#include <string_view>

namespace greenroom::net {

/// OpenAPI 3.1: the HTTP interface.
std::string_view openapi_document() noexcept;
/// AsyncAPI 3.0: what is said on sockets.
std::string_view asyncapi_document() noexcept;

}  // namespace greenroom::net
