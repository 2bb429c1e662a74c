#include "quiver/inspect/internal/html.h"

#include <fmt/format.h>

namespace quiver::internal {

std::string json_in_script(const std::string& json) {
  std::string out;
  out.reserve(json.size());
  for (const char c : json) {
    if (c == '<')
      out += "\\u003c";
    else
      out += c;
  }
  return out;
}

std::string base64(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::uint32_t group = std::uint32_t{bytes[i]} << 16 |
                                (i + 1 < bytes.size() ? std::uint32_t{bytes[i + 1]} << 8 : 0U) |
                                (i + 2 < bytes.size() ? std::uint32_t{bytes[i + 2]} : 0U);
    out += kDigits[group >> 18];
    out += kDigits[group >> 12 & 63U];
    out += i + 1 < bytes.size() ? kDigits[group >> 6 & 63U] : '=';
    out += i + 2 < bytes.size() ? kDigits[group & 63U] : '=';
  }
  return out;
}

std::string short_number(double value) { return fmt::format("{:.4g}", value); }

std::string colour(unsigned i) { return fmt::format("var(--c{})", i % kColours); }

const std::string_view kStyle = R"css(
:root { color-scheme: light dark; --ink: #1c2024; --faint: #667; --line: #d5d9de; --paper: #fff; --soft: #f4f6f8;
  --c0: #0072b2; --c1: #d55e00; --c2: #009e73; --c3: #cc79a7; --c4: #a67c00; --c5: #2a9bd8; --c6: #7a5195; --c7: #555; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8ea; --faint: #9aa2ab; --line: #3a4048; --paper: #15181c;
  --soft: #1e2329; --c0: #56b4e9; --c1: #e69f00; --c2: #2fd3a0; --c3: #e7a6cb; --c4: #f0e442; --c5: #7cc8f5;
  --c6: #b79ad6; --c7: #aaa; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 2rem 1rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.2; } h2 { font-size: 1.2rem; margin-top: 2.5rem; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; }
th, td { padding: .3rem .9rem .3rem 0; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; white-space: normal; }
th { color: var(--faint); font-weight: 600; } caption, figcaption { color: var(--faint); font-size: .9rem; text-align: left; }
caption { caption-side: bottom; padding-top: .4rem; }
pre { background: var(--soft); padding: .8rem 1rem; overflow-x: auto; border-radius: .3rem; font-size: .85rem; }
figure { margin: 1rem 0; } svg { max-width: 100%; height: auto; } svg text { fill: var(--ink); font-size: 13px; }
svg .faint { fill: var(--faint); } svg .axis { stroke: var(--line); } svg .range { stroke: var(--ink); stroke-width: 1.5; }
.map { position: relative; } .map canvas { width: 100%; height: 70vh; min-height: 24rem; border: 1px solid var(--line);
  border-radius: .3rem; touch-action: none; cursor: crosshair; display: block; }
.map .tip { position: absolute; pointer-events: none; max-width: 24rem; padding: .3rem .6rem; background: var(--paper);
  border: 1px solid var(--line); border-radius: .3rem; font-size: .85rem; box-shadow: 0 2px 8px #0003; }
.map input { font: inherit; padding: .2rem .5rem; margin: .4rem 0; width: min(24rem, 100%); color: inherit;
  background: var(--soft); border: 1px solid var(--line); border-radius: .3rem; }
.key { display: inline-block; margin-right: 1rem; font-size: .9rem; }
.key i { display: inline-block; width: .8em; height: .8em; border-radius: 50%; margin-right: .35em; }
)css";

}  // namespace quiver::internal
