#include <string>
#include <vector>

#include "session/probe_main.h"

int main(int argc, char** argv) {
  return netcheck::probe::ProbeMain(std::vector<std::string>(argv, argv + argc));
}
