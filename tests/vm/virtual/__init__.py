"""Virtual machines of the tests: built from Debian's packages, run by qemu in software emulation.

Progress, locks and the cache's place are those of the embedded cluster's scripts.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "cluster"))
