// Text as it may stand in HTML and SVG, in elements and in attributes: & < > " and ' become character references.
//
//   escaped("R&D <fast>")  ->  "R&amp;D &lt;fast&gt;"
#pragma once
#include <string>
#include <string_view>

namespace quiver {

std::string escaped(std::string_view text);

}  // namespace quiver
