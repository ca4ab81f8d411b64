#include "bsp/conformance/programs.hpp"

#include <exception>
#include <utility>

namespace conformance {
namespace {

using namespace scalar;

void append(std::vector<Program>& all, std::vector<Program> more) {
  for (Program& program : more) all.push_back(std::move(program));
}

/// As another process would tell it.
std::string text_of(const Program& program, const std::exception_ptr& error) {
  Errc code = Errc::failed;
  std::string text = "an exception of a type unknown here";
  try {
    std::rethrow_exception(error);
  } catch (const Error& known) {
    code = known.code(), text = known.what();
  } catch (const std::exception& unknown) {
    text = unknown.what();
  } catch (...) {
  }
  if (program.only_code == code) text = "...";
  return std::string(name(code)) + ", " + text;
}

void run(const Program& program, int peers, bsp::EngineOptions options, std::vector<std::string>& lines) {
  options.peers = peers;
  options.checkpoints.name = program.needs.in_shards ? "in-shards" : "of-" + std::to_string(peers);
  options.checkpoints.every = 3;  // a file that is safe on a busy disk takes its time
  if (!program.needs.keeps_state) options.checkpoints = {};
  options.resources.mailbox_bytes = program.needs.mailbox_bytes;
  options.collectives = program.needs.collectives;
  const std::string title = program.name + ", " + std::to_string(peers);
  std::vector<Log> logs(static_cast<std::size_t>(peers));
  std::vector<char> is_local(static_cast<std::size_t>(peers));
  try {
    bsp::Engine(options).run([&](bsp::Peer& peer) -> bsp::Task<> {
      const auto rank = static_cast<std::size_t>(peer.rank());
      is_local[rank] = true;
      return program.body(peer, logs[rank]);
    });
  } catch (...) {
    lines.push_back(title + ": " + text_of(program, std::current_exception()));
  }
  for (std::size_t rank = 0; rank < logs.size(); ++rank)
    if (is_local[rank]) lines.push_back(title + ", " + std::to_string(rank) + ": " + logs[rank].digest());
}

}  // namespace

const std::vector<Program>& programs() {
  static const std::vector<Program> all = [] {
    std::vector<Program> list = message_programs();
    append(list, collective_programs());
    append(list, array_programs());
    append(list, exchange_programs());
    append(list, state_programs());
    append(list, shard_programs());
    append(list, misuse_programs());
    append(list, message_programs());  // again, after runs that threw
    return list;
  }();
  return all;
}

std::vector<std::string> run_programs(const bsp::EngineOptions& options, int processes, std::string_view filter) {
  std::vector<std::string> lines;
  for (const Program& program : programs())
    for (const int peers : program.peers)
      if (peers >= processes && program.name.find(filter) != std::string::npos) run(program, peers, options, lines);
  return lines;
}

}  // namespace conformance
