#!/usr/bin/python3
"""compute.py SECONDS: uses so much CPU time and ends with 0."""

import sys
import time

end = time.process_time() + float(sys.argv[1])
while time.process_time() < end:
    pass
