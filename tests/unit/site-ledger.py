# SPDX-License-Identifier: GPL-2.0-or-later
# NODE COUNT FIRST: a ledger of that many hours, the n-th of n joules.
import sys
import zlib

node, count, first = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
hour = 3600 * 10**9
for i in range(first, first + count):
	text = ('1 interval node=%s boot=3fb97892-045e-4f38-b879-0dd30d47cc8c start_ns=%d end_ns=%d '
	        'start_wall_ns=%d end_wall_ns=%d node_j=%d.000000 parts=%d.0:%d.000000 allocated_j=%d.000000 '
	        'unallocated_j=0.000000 idle_j=0.000000 measured_ns=%d unmeasured_ns=0 idle_ns=0 scaled=0' %
	        (node, i * hour, (i + 1) * hour, 10**18 + i * hour, 10**18 + (i + 1) * hour, i, i, i, i, hour))
	print('%08x %s' % (zlib.crc32(text.encode()), text))
