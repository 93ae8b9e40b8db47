"""Runs a command and writes its resource use to file descriptor 3, as wait4 reports it: wall and CPU seconds, peak RSS.

A process inherits the peak of its parent: about 10 MB here, so no figure is below that.
"""
import json
import os
import sys
import time

start = time.monotonic()
pid = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_CLOSE, 3)])
_, status, usage = os.wait4(pid, 0)
wall = time.monotonic() - start
unit = 1 if sys.platform == "darwin" else 1024
usage_report = {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "rssMb": usage.ru_maxrss * unit / 1e6}
os.write(3, json.dumps(usage_report).encode())
sys.exit(os.waitstatus_to_exitcode(status) & 255)
