# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The configuration of a lab's Slurm, all below $LAB_DIR/etc.

# 2205 for 22.05, into REPLY
slurm_version() {
	local word
	read -r _ word < <(slurmd -V)
	word=${word//./}
	REPLY=${word:0:4}
}

slurm_plugin_dir() {
	local so
	for so in /usr/lib/*/slurm-wlm/auth_munge.so /usr/lib/*/slurm/auth_munge.so; do
		[ -e "$so" ] && REPLY=${so%/*} && return 0
	done
	die "Slurm's plugins are not below /usr/lib: is slurm-wlm-basic-plugins installed?"
}

# Slurm can be told to listen where the machine's own name points, instead of
# everywhere. Steps call srun back at 127.0.0.1, so this works where that is
# what the name means; elsewhere (Debian's 127.0.1.1, or a name that nobody
# knows) the daemons listen on all addresses, behind munge. So they do where
# nodes have a network of their own: srun is called back there, too.
settle_listen() {
	LISTEN=
	[ "$LAB_NETNS" = 0 ] || return 0
	[ "$(getent ahostsv4 "$HOST" 2>/dev/null | sed -n '1s/ .*//p')" != 127.0.0.1 ] ||
		LISTEN=NoInAddrAny,NoCtldInAddrAny
}

# Character devices for GRES: null devices, never opened.
make_gpus() {
	local node gpu
	for node in $LAB_NODES; do
		for ((gpu = 0; gpu < LAB_GPUS; gpu++)); do
			[ -e "$LAB_DIR/dev/$node-gpu$gpu" ] ||
				mknod "$LAB_DIR/dev/$node-gpu$gpu" c 1 3 || return 1
		done
	done
}

node_lines() {
	local node port=$PORT_NODE
	for node in $LAB_NODES; do
		node_address "$node"
		printf 'NodeName=%s NodeHostname=%s NodeAddr=%s Port=%s CPUs=%s RealMemory=%s' \
			"$node" "$HOST" "$REPLY" "$port" "$LAB_CPUS" "$LAB_MEMORY"
		((LAB_GPUS == 0)) || printf ' Gres=gpu:%s' "$LAB_GPUS"
		printf ' State=UNKNOWN %s\n' "$LAB_NODE_EXTRA"
		port=$((port + 1))
	done
}

plugin_dirs() {
	slurm_plugin_dir
	printf '%s:%s' "$REPLY" "$LAB_DIR/plugin"
}

write_slurm_conf() {
	local freq="task=$LAB_TASK_FREQ" hash='#'
	[ "$LAB_PROFILE" = none ] || freq+=",energy=$LAB_TASK_FREQ"
	[ "$LAB_CONTAIN" = 1 ] && hash=
	cat <<-EOC
	ClusterName=lab
	SlurmctldHost=$HOST($LAB_ADDR)
	SlurmctldPort=$PORT_CTL
	SlurmUser=root
	SlurmdUser=root
	AuthType=auth/munge
	AuthInfo=socket=$LAB_DIR/run/munge.socket
	CredType=cred/munge
	StateSaveLocation=$LAB_DIR/state
	SlurmdSpoolDir=$LAB_DIR/spool/%n
	SlurmctldPidFile=$LAB_DIR/run/slurmctld.pid
	SlurmdPidFile=$LAB_DIR/run/slurmd.%n.pid
	SlurmctldLogFile=$LAB_DIR/log/slurmctld.log
	SlurmdLogFile=$LAB_DIR/log/slurmd.%n.log
	SlurmctldDebug=info
	SlurmdDebug=verbose
	PluginDir=$(plugin_dirs)
	PlugStackConfig=$LAB_DIR/etc/plugstack.conf
	ProctrackType=proctrack/$LAB_PROCTRACK
	TaskPlugin=task/none
	JobAcctGatherType=jobacct_gather/linux
	JobAcctGatherFrequency=$freq
	AcctGatherEnergyType=acct_gather_energy/$LAB_ENERGY
	AcctGatherProfileType=acct_gather_profile/$LAB_PROFILE
	AcctGatherNodeFreq=$LAB_NODE_FREQ
	AccountingStorageType=accounting_storage/slurmdbd
	AccountingStorageHost=127.0.0.1
	AccountingStoragePort=$PORT_DBD
	# this connection does not heed AuthInfo
	AccountingStoragePass=$LAB_DIR/run/munge.socket
	AccountingStorageTRES=gres/gpu
	AccountingStorageEnforce=associations
	AccountingStoreFlags=job_comment,job_extra
	SelectType=select/cons_tres
	SelectTypeParameters=$LAB_SELECT_PARAMS
	GresTypes=gpu
	SchedulerType=sched/backfill
	SchedulerParameters=bf_interval=2,sched_interval=2,batch_sched_delay=0,sched_min_interval=0
	SlurmdParameters=config_overrides
	MpiDefault=none
	ReturnToService=2
	SlurmctldTimeout=30
	SlurmdTimeout=60
	KillWait=$LAB_KILL_WAIT
	MinJobAge=300
	JobRequeue=1
	RebootProgram=/bin/false
	SrunPortRange=$PORT_SRUN
	${LISTEN:+CommunicationParameters=$LISTEN}
	${hash}PrologFlags=Contain
	EOC
	printf '%s\n' "$LAB_EXTRA_CONF"
	node_lines
	printf 'PartitionName=main Nodes=ALL Default=YES MaxTime=60 State=UP OverSubscribe=%s %s\n' \
		"$LAB_OVERSUBSCRIBE" "$LAB_PARTITION_EXTRA"
}

write_slurmdbd_conf() {
	slurm_plugin_dir
	cat <<-EOC
	AuthType=auth/munge
	AuthInfo=socket=$LAB_DIR/run/munge.socket
	DbdHost=localhost
	DbdAddr=127.0.0.1
	DbdPort=$PORT_DBD
	${LISTEN:+CommunicationParameters=$LISTEN}
	SlurmUser=root
	PidFile=$LAB_DIR/run/slurmdbd.pid
	LogFile=$LAB_DIR/log/slurmdbd.log
	DebugLevel=info
	StorageType=accounting_storage/mysql
	StorageHost=127.0.0.1
	StoragePort=$PORT_DB
	StorageUser=slurm
	StoragePass=$(cat "$LAB_DIR/etc/db.secret")
	StorageLoc=slurm_acct_db
	PluginDir=$REPLY
	EOC
}

write_gres_conf() {
	local node
	((LAB_GPUS > 0)) || return 0
	for node in $LAB_NODES; do
		printf 'NodeName=%s Name=gpu File=%s/dev/%s-gpu[0-%d]\n' \
			"$node" "$LAB_DIR" "$node" $((LAB_GPUS - 1))
	done
}

# Loaded always (GRES asks for its configuration), used with
# LAB_PROCTRACK=cgroup only.
write_cgroup_conf() {
	slurm_version
	if ((REPLY > 2205)) && [ "$LAB_PROCTRACK" != cgroup ]; then
		echo "CgroupPlugin=disabled"
		return
	fi
	echo "CgroupPlugin=cgroup/v1"
	echo "CgroupMountpoint=/sys/fs/cgroup"
	((REPLY > 2205)) || echo "CgroupAutomount=no"
	printf '%s\n' ConstrainCores=no ConstrainRAMSpace=no ConstrainDevices=no
}

# The prolog's process has none of slurmd's environment: an argument carries
# the run directory.
write_plugstack_conf() {
	[ "$LAB_SPANK" = 0 ] ||
		printf 'optional %s/plugin/spank_wattgate.so run_dir=%s/wattgate/run\n' \
			"$LAB_DIR" "$LAB_DIR"
}

write_acct_gather_conf() {
	[ "$LAB_PROFILE" != hdf5 ] ||
		printf 'ProfileHDF5Dir=%s/hdf5\nProfileHDF5Default=None\n' "$LAB_DIR"
}

write_slurm_confs() {
	local etc=$LAB_DIR/etc
	settle_listen
	[ -s "$etc/db.secret" ] ||
		(umask 077 && head -c 18 /dev/urandom | base64 | tr '+/' '-_' >"$etc/db.secret")
	write_slurm_conf >"$etc/slurm.conf" &&
		(umask 077 && write_slurmdbd_conf >"$etc/slurmdbd.conf") &&
		write_gres_conf >"$etc/gres.conf" &&
		write_cgroup_conf >"$etc/cgroup.conf" &&
		write_plugstack_conf >"$etc/plugstack.conf" &&
		write_acct_gather_conf >"$etc/acct_gather.conf" &&
		make_gpus
}
