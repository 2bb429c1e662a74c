// Help pages: drawn from the declarations, never written twice.
#pragma once
#include <string>

#include "quiver/cli/verb.h"

namespace quiver::cli {

std::string overview();                                                        // what `quiver` alone prints
std::string verb_help(const Verb& verb, std::span<const OptionSpec> options);  // what `quiver help VERB` prints
std::string reference_page();                                                  // docs/reference/cli.md

}  // namespace quiver::cli
