#pragma once

#include <string>
#include <vector>

#include "diagnosis/digest.h"
#include "diagnosis/finding.h"

namespace netcheck::diagnosis {

/// For each probe that was checked as kubelet does: what kubelet does with attempts that go on as
/// often right and wrong as those that were made.
std::vector<Forecast> Forecasts(const Digest& digest);

/// What it comes to in a day if attempts of a liveness or readiness probe fail as often as those
/// that were made: failed probes, and restarts or times out of the Services, as intervals with what
/// they assume. "": none failed, or this probe isn't made all day.
std::string TollOfADay(const Digest& digest, const ProbeCase& probe);

/// Mean number of attempts until `run` failures in a row, each attempt failing with probability
/// `share` (0 < share <= 1) whatever the others did: (1 - p^n) / ((1 - p) p^n).
double MeanAttemptsUntilRun(double share, int run);

/// The 95 % confidence interval of a share of which `hits` in `count` were observed (Wilson's).
struct ShareInterval {
  double low = 0;
  double high = 1;
};
ShareInterval WilsonInterval(int hits, int count);

}  // namespace netcheck::diagnosis
