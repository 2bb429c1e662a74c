// The pieces that the parts of a report share: scripts, colours and number format.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace quiver::internal {

std::string json_in_script(const std::string& json);  // so that no text can end the <script> element
std::string base64(std::span<const std::uint8_t> bytes);
std::string short_number(double value);  // at most 4 significant digits
// Colour `i` of the page's palette as a CSS value; it repeats after kColours (Okabe & Ito's, told apart by most
// readers).
inline constexpr unsigned kColours = 8;
std::string colour(unsigned i);

extern const std::string_view kStyle;      // of the whole page, light and dark
extern const std::string_view kMapScript;  // draws a map: report_map.cc

}  // namespace quiver::internal
