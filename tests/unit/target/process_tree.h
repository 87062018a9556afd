#pragma once

#include <cstdint>
#include <string>

#include "unit/kernel/proc_tree.h"

namespace netcheck::test {

/// One process of a fixture.
struct FakeProcess {
  std::int64_t pid = 0;
  std::uint64_t start_ticks = 0;
  std::string cgroup;
  std::string netns;    ///< Processes with the same name share a namespace; "": none to be read.
  std::string address;  ///< IPv4 address of the namespace; "": unknown.
  char state = 'S';
};

/// A /proc with the probe's own namespace "node" and processes as they are added.
class ProcessTree : public ProcTree {
 public:
  ProcessTree() {
    Write("netns/node", "");
    Link("netns/node", "self/ns/net");
  }

  void Add(const FakeProcess& process) {
    const std::string folder = std::to_string(process.pid);
    Write(folder + "/cgroup", process.cgroup);
    // A name with blanks and parentheses, as processes may choose one.
    std::string stat = folder + " (a) R (b " + ") " + process.state;
    for (int field = 4; field < 22; ++field) {
      stat += " 1";
    }
    Write(folder + "/stat", stat + " " + std::to_string(process.start_ticks) + " 0 0\n");
    if (!process.netns.empty()) {
      if (!Exists("netns/" + process.netns)) {
        Write("netns/" + process.netns, "");
      }
      Link("netns/" + process.netns, folder + "/ns/net");
    }
    if (!process.address.empty()) {
      Write(folder + "/net/fib_trie",
            "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- " + process.address +
                "\n        /32 host LOCAL\n");
    }
  }
};

}  // namespace netcheck::test
