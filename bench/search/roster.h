// Roster: which searchers take part. A folder made by bench/peers/prepare says in peers.json how each is started and
// which efforts suit it; a spec picks one and sets its options.
//
//   hnswlib                             with its defaults
//   hnswlib:M=16:efC=200@10/20/40       options of the searcher, and the efforts to ask for
//   exec=/path/to/program:layout=3      any program that speaks the protocol (protocol.h)
//
//   {"hnswlib": {"command": ["bin/hnswlib_driver"], "efforts": [10, 14, 20, ...], "source": "github.com/... at
//   c1b9b79",
//                "metrics": ["l2", "dot"], "usual": ["M=16", "efC=200"]}}
//
// Words of a command that begin with "bin/", "python/" or "venv/" are files of that folder.
// Thread-safety: plain values.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/core/json.h"
#include "quiver/core/result.h"

namespace quiver::bench {

struct PeerSpec {
  std::string name;                    // of the roster; empty with `program`
  std::string program;                 // of exec=
  std::vector<std::string> options;    // name=value
  std::vector<std::uint32_t> efforts;  // empty: those that the roster says
  std::string text;                    // as written
};
Result<PeerSpec> parse_peer(std::string_view text);

struct Entrant {
  std::string label{};                 // as written in the spec
  std::vector<std::string> command{};  // without the files
  std::vector<std::string> options{};
  std::vector<std::uint32_t> efforts{};  // rising
  std::string source{};                  // where it comes from; empty: unknown
  bool ours = false, rebuild = false;
};

class Roster {
 public:
  // Errors: NotFound (no peers.json: run bench/peers/prepare), Corruption.
  static Result<Roster> open(const std::filesystem::path& folder);
  Result<Entrant> entrant(const PeerSpec& spec) const;
  std::vector<std::string> specs(std::string_view metric) const;  // all that know the metric
  static Roster none() { return {}; }

 private:
  std::filesystem::path folder_;
  Json peers_ = Json::object();
};

// Efforts of graph walks that keep a list of so many candidates.
std::vector<std::uint32_t> usual_efforts();

}  // namespace quiver::bench
