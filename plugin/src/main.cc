#include <iostream>
#include <string>
#include <vector>

#include "cli/cli.h"

int main(int argc, char** argv) {
  return netcheck::cli::Main(std::vector<std::string>(argv, argv + argc), std::cout, std::cerr);
}
