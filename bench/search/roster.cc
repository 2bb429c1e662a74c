#include "bench/search/roster.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "quiver/core/file.h"

namespace quiver::bench {
namespace {

std::vector<std::string_view> parts_of(std::string_view text, char between) {
  std::vector<std::string_view> parts;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t to = std::min(text.find(between, from), text.size());
    parts.push_back(text.substr(from, to - from));
    from = to + 1;
  }
  return parts;
}

Result<std::vector<std::uint32_t>> efforts_of(std::string_view text) {
  std::vector<std::uint32_t> efforts;
  for (const std::string_view part : parts_of(text, '/')) {
    std::uint32_t effort = 0;
    const auto [end, failed] = std::from_chars(part.data(), part.data() + part.size(), effort);
    if (failed != std::errc{} || end != part.data() + part.size() || effort == 0) {
      return Error::invalid_argument(
          fmt::format("'{}' is no effort; write whole numbers above 0, such as @10/20/40", part));
    }
    efforts.push_back(effort);
  }
  std::ranges::sort(efforts);
  efforts.erase(std::unique(efforts.begin(), efforts.end()), efforts.end());
  return efforts;
}

}  // namespace

std::vector<std::uint32_t> usual_efforts() {
  return {10, 12, 14, 17, 20, 28, 40, 56, 80, 112, 160, 240, 320, 480, 640};
}

Result<PeerSpec> parse_peer(std::string_view text) {
  const auto within = [&](Error error) { return std::move(error).within(fmt::format("peer '{}'", text)); };
  PeerSpec spec;
  spec.text = text;
  const std::size_t at = text.rfind('@');
  std::string_view front = text.substr(0, at);
  if (at != std::string_view::npos) {
    auto efforts = efforts_of(text.substr(at + 1));
    if (!efforts.has_value()) return within(std::move(efforts).error());
    spec.efforts = *std::move(efforts);
  }
  const auto parts = parts_of(front, ':');
  if (parts[0].starts_with("exec="))
    spec.program = parts[0].substr(5);
  else
    spec.name = parts[0];
  if (spec.name.empty() && spec.program.empty()) {
    return within(Error::invalid_argument("it names no searcher; write one such as hnswlib, or exec=PROGRAM"));
  }
  for (const std::string_view part : std::span(parts).subspan(1)) {
    const std::size_t equals = part.find('=');
    if (equals == 0 || equals == std::string_view::npos) {
      return within(Error::invalid_argument(fmt::format("'{}' is not name=value", part)));
    }
    spec.options.emplace_back(part);
  }
  return spec;
}

Result<Roster> Roster::open(const std::filesystem::path& folder) {
  const auto path = folder / "peers.json";
  auto text = read_file(path);
  if (!text.has_value()) {
    if (text.error().code() != Code::NotFound) return std::move(text).error();
    return Error::not_found(
        fmt::format("there is no {}; make the folder with bench/peers/prepare {}", path.string(), folder.string()));
  }
  Roster roster;
  QUIVER_TRY(roster.peers_, parse_json(*text).within(path.string()));
  if (!roster.peers_.is_object()) return Error::corruption(fmt::format("{} is not a list of peers", path.string()));
  roster.folder_ = std::filesystem::absolute(folder);
  return roster;
}

Result<Entrant> Roster::entrant(const PeerSpec& spec) const {
  Entrant entrant{.label = spec.text.substr(0, spec.text.rfind('@')), .options = spec.options};
  entrant.efforts = spec.efforts.empty() ? usual_efforts() : spec.efforts;
  if (!spec.program.empty()) {
    entrant.command = {spec.program};
    return entrant;
  }
  if (!peers_.contains(spec.name)) {
    std::vector<std::string> names;
    for (const auto& [name, peer] : peers_.items()) names.push_back(name);
    return Error::not_found(fmt::format("no peer is called '{}'; prepared are: {}", spec.name,
                                        names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "))));
  }
  const Json& peer = peers_[spec.name];
  QUIVER_TRY(entrant.command, get<std::vector<std::string>>(peer, "command").within(spec.name));
  for (std::string& word : entrant.command) {
    if (word.starts_with("bin/") || word.starts_with("venv/") || word.starts_with("python/"))
      word = (folder_ / word).string();
  }
  QUIVER_TRY(entrant.source, get_or<std::string>(peer, "source", ""));
  if (spec.efforts.empty()) {
    QUIVER_TRY(entrant.efforts, get_or(peer, "efforts", usual_efforts()));
  }
  if (spec.options.empty()) {
    QUIVER_TRY(entrant.options, get_or(peer, "usual", std::vector<std::string>{}));
  }
  return entrant;
}

std::vector<std::string> Roster::specs(std::string_view metric) const {
  std::vector<std::string> out;
  for (const auto& [name, peer] : peers_.items()) {
    const auto metrics = get_or(peer, "metrics", std::vector<std::string>{"l2"});
    if (metrics.has_value() && std::ranges::find(*metrics, metric) != metrics->end()) out.push_back(name);
  }
  return out;
}

}  // namespace quiver::bench
