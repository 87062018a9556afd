#pragma once

#include <iosfwd>

#include "diagnosis/finding.h"
#include "model/evidence.h"

// The same report for people and for programs.
namespace netcheck::output {

struct TableStyle {
  bool color = false;
  bool unicode = true;   ///< Block characters in the picture of the source ports.
  int width = 80;        ///< Columns of the terminal.
  bool verbose = false;  ///< Every failed attempt, not only counts.
};

/// For people: verdict, what was tried, the picture of the source ports, causes with their evidence
/// and fix, what could not be seen.
void RenderTable(const diagnosis::Report& report,
                 const model::Evidence& evidence,
                 const TableStyle& style,
                 std::ostream& out);

/// For programs; the form is documented in README.md and versioned by `schemaVersion`.
void RenderJson(const diagnosis::Report& report,
                const model::Evidence& evidence,
                std::ostream& out);

}  // namespace netcheck::output
