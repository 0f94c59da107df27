# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What can be set in the environment before `tests/run lab slurm up` and, in
# OAR_KNOBS, `tests/run lab oar up`. `up` keeps the values in
# $LAB_DIR/etc/knobs, so that later calls need LAB_DIR only.

KNOBS=(
	"LAB_CPUS=2"		# CPUs (cores) of each node
	"LAB_GPUS=2"		# GPUs of each node, null devices
	"LAB_MEMORY=2000"	# MB of each node
	"LAB_ENERGY=wattgate"	# AcctGatherEnergyType; none for a plain cluster
	"LAB_SPANK=1"		# spank_wattgate.so in plugstack.conf
	"LAB_CONTAIN=1"		# PrologFlags=Contain
	"LAB_TASK_FREQ=1"	# JobAcctGatherFrequency task=, seconds
	"LAB_NODE_FREQ=1"	# AcctGatherNodeFreq, seconds
	"LAB_SELECT_PARAMS=CR_CPU"	# SelectTypeParameters
	"LAB_PROCTRACK=linuxproc"	# ProctrackType
	"LAB_OVERSUBSCRIBE=NO"	# of the partition
	"LAB_PROFILE=none"	# hdf5: acct_gather_profile/hdf5 into $LAB_DIR/hdf5
	"LAB_KILL_WAIT=5"	# KillWait, seconds
	"LAB_EXTRA_CONF="	# more lines for slurm.conf
	"LAB_PARTITION_EXTRA="	# more words for the partition's line
	"LAB_NODE_EXTRA="	# more words for the nodes' lines
	"LAB_SLURMD_ENV="	# NAME=VALUE words for slurmd's environment
	"LAB_WATTGATED=1"	# a wattgated and a BMC for each node
	"LAB_MODE=node"		# node: it reads the BMC; site: one more, on the
				# management host, reads all BMCs, and the nodes' ask it
	"LAB_SITE_AUTH=munge"	# how nodes prove to the site who they are: munge, tls
	"LAB_NETNS=auto"	# 1: nodes in network namespaces, from where no BMC is
				# reached (site mode only); auto: where there can be any
	"LAB_SITE_SECTION="	# more lines of the management host's [site]
	"LAB_SITE_DISK="	# size of a disk of its own for the site's state
	"LAB_SOURCE=redfish"	# of power: the BMCs by redfish, or what stands in
				# for a site's data base: kwollect, prometheus
	"LAB_PERIOD=1"		# sample period: seconds, or with a unit
	"LAB_SHARE=cores"	# share mode
	"LAB_CHECKPOINT=5s"	# of open allocations
	"LAB_ROLLUP=1h"		# length of the ledger's intervals
	"LAB_WATTGATE_TOP="	# more lines for the top of wattgate.conf
	"LAB_WATTGATE_CONF="	# more lines, with sections, for its end
	"LAB_BMC_KIND=redfish"	# how they are asked: redfish, ipmi
	"LAB_BMC_SHAPE=both"	# of the simulated BMCs: environment, power, both
	"LAB_BMC_TREE="		# a directory of answers (bmcsim --tree) instead
	"LAB_BMC_PROGRAM_n1=const:200"	# what their nodes draw
	"LAB_BMC_PROGRAM_n2=const:300"
	"LAB_BMC_OPTIONS="	# more options for both
	"LAB_BMC_URL_n1="	# a foreign BMC instead of the simulated one
	"LAB_BMC_URL_n2="
	"LAB_BMC_USER="		# for foreign BMCs; none: no authentication
)

# shellcheck disable=SC2034	# oar-conf.sh puts them in the place of KNOBS
OAR_KNOBS=(
	"LAB_CPUS=2"		# cores (and rows of resources) of each node
	"LAB_GPUS=0"		# GPUs of each node: gpudevice of its rows
	"LAB_MEMORY=2000"	# MB of each node
	"LAB_CPUSET=auto"	# 1: cpuset and freezer of cgroup v1; 0: none, then
				# OAR refuses oarhold -r; auto: where there are any
	"LAB_OAR_CONF="		# more lines for oar.conf; the last of a key counts
	"LAB_OAR_HOOKS=1"	# wattgate's hooks in oar.conf
	"LAB_BMCS=1"		# a BMC for each node
	"LAB_WATTGATED=1"	# schema wattgate, and a wattgated in site mode
	"LAB_OAR_DROPIN=1"	# the module that makes oarstat show kWh
	"LAB_OAR_INTERVAL=1s"	# how often results are written
	"LAB_OAR_SECTION="	# more lines of [oar]
	"LAB_PERIOD=1"
	"LAB_SHARE=cores"
	"LAB_CHECKPOINT=5s"
	"LAB_ROLLUP=1h"
	"LAB_WATTGATE_TOP="
	"LAB_WATTGATE_CONF="
	"LAB_BMC_SHAPE=both"
	"LAB_BMC_TREE="
	"LAB_BMC_PROGRAM_node_1=const:200"
	"LAB_BMC_PROGRAM_node_2=const:300"
	"LAB_BMC_PROGRAM_node_3=const:400"
	"LAB_BMC_PROGRAM_node_4=const:500"
	"LAB_BMC_OPTIONS="
	"LAB_BMC_URL_node_1="
	"LAB_BMC_URL_node_2="
	"LAB_BMC_URL_node_3="
	"LAB_BMC_URL_node_4="
	"LAB_BMC_USER="
)
# not kept with the others: LAB_BMC_PASSWORD goes into a file of mode 0600

knobs_default() {
	local knob name
	for knob in "${KNOBS[@]}"; do
		name=${knob%%=*}
		[ -n "${!name-}" ] || printf -v "$name" '%s' "${knob#*=}"
	done
	settle_daemon_users
}

# Daemons of the user `wattgate` in real life; here plain system users, one for
# the nodes', another for the management host's, who alone knows secrets of BMCs.
settle_daemon_users() {
	LAB_DAEMON_USER=news
	LAB_SITE_USER="uucp"
	[ "$LAB_MODE" = site ] && LAB_METER_USER=$LAB_SITE_USER || LAB_METER_USER=$LAB_DAEMON_USER
}

knobs_check() {
	local name
	for name in LAB_CPUS LAB_GPUS LAB_MEMORY LAB_TASK_FREQ LAB_NODE_FREQ LAB_KILL_WAIT; do
		[[ ${!name} =~ ^[0-9]{1,6}$ ]] || die "$name=${!name}: a number is needed"
	done
	for name in LAB_SPANK LAB_CONTAIN LAB_WATTGATED; do
		[[ ${!name} =~ ^[01]$ ]] || die "$name=${!name}: 0 or 1"
	done
	[[ ${LAB_BMC_KIND-redfish} =~ ^(redfish|ipmi)$ ]] || die "LAB_BMC_KIND=$LAB_BMC_KIND: redfish or ipmi"
	[[ $LAB_PERIOD =~ [a-z]$ ]] || LAB_PERIOD=${LAB_PERIOD}s
	if [ "$LAB_ENERGY" != wattgate ] && [ "$LAB_SPANK" = 0 ]; then
		LAB_WATTGATED=0
	fi
	knobs_check_site
}

knobs_check_site() {
	[[ $LAB_SOURCE =~ ^(redfish|kwollect|prometheus)$ ]] ||
		die "LAB_SOURCE=$LAB_SOURCE: redfish, kwollect or prometheus"
	[[ $LAB_MODE =~ ^(node|site)$ ]] || die "LAB_MODE=$LAB_MODE: node or site"
	[[ $LAB_SITE_AUTH =~ ^(munge|tls)$ ]] || die "LAB_SITE_AUTH=$LAB_SITE_AUTH: munge or tls"
	[[ $LAB_NETNS =~ ^(auto|0|1)$ ]] || die "LAB_NETNS=$LAB_NETNS: 0, 1 or auto"
	if [ "$LAB_MODE" = node ]; then
		[ "$LAB_NETNS" != 1 ] || die "LAB_NETNS=1 needs LAB_MODE=site: who reads the BMCs?"
		LAB_NETNS=0
	elif netns_possible; then
		[ "$LAB_NETNS" != auto ] || LAB_NETNS=1
	else
		[ "$LAB_NETNS" != 1 ] || die "LAB_NETNS=1: no network namespaces, veth or bridges on this machine"
		LAB_NETNS=0
	fi
}

knobs_save() {
	local knob name
	for knob in "${KNOBS[@]}"; do
		name=${knob%%=*}
		printf '%s=%q\n' "$name" "${!name}"
	done >"$LAB_DIR/etc/knobs"
}

knobs_load() {
	# shellcheck disable=SC1091
	. "$LAB_DIR/etc/knobs"
	settle_daemon_users
}

# A value that belongs to a node: node_knob LAB_BMC_URL n1 -> REPLY
node_knob() {
	local name=${1}_${2//-/_}
	REPLY=${!name-}
}
