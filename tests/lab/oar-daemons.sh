# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What runs in an OAR lab: the keeper of its mount namespace, PostgreSQL, an
# sshd for each node, Almighty; and in the end nothing.

# ---- the namespace ------------------------------------------------------------

namespace_ready() { [ -e "$LAB_DIR/run/namespace" ]; }

start_namespace() {
	rm -f "$LAB_DIR/run/namespace"
	oar_cgroup
	[ "$REPLY" = - ] || make_cgroups "$REPLY" || return 1
	proc_start namespace "$BUILD/tests/lab/private-mounts" \
		"$REPO/tests/lab/oar-namespace" "$LAB_DIR" "$REPLY" &&
		wait_until 10 namespace_ready
}

# The words that run a command in the namespace, into REPLY. Its root is ours,
# which in a chroot is not the namespace's own.
in_namespace() {
	proc_pid namespace &&
		REPLY="nsenter --mount=/proc/$REPLY/ns/mnt --root=/proc/$REPLY/root --wd=/proc/$REPLY/root --"
}

# oar_inside COMMAND...: as root, in the lab's namespace
oar_inside() {
	in_namespace || { note "the lab is not up"; return 1; }
	# shellcheck disable=SC2086
	$REPLY "$@"
}

# oar_start NAME COMMAND...: a daemon there
oar_start() {
	local name=$1
	shift
	in_namespace || return 1
	# shellcheck disable=SC2086
	proc_start "$name" $REPLY "$@"
}

# Whatever runs in a lab's namespace sees the lab's /etc/oar, jobs too.
oar_strays() {
	local file
	grep -lxF -e "$LAB_DIR" /proc/[0-9]*/root/etc/oar/wattgate-lab 2>/dev/null |
		while read -r file; do
			file=${file#/proc/}
			printf '%s\n' "${file%%/*}"
		done
	pids_with_env "WATTGATE_LAB_DAEMON=$LAB_DIR"
}

# ---- cgroups --------------------------------------------------------------------

# A cpuset without processors and memory takes no process.
make_cgroups() {
	local name dir file
	for name in cpuset cpu cpuacct devices freezer; do
		dir=/sys/fs/cgroup/$name/$1
		mkdir -p "$dir" || return 1
	done
	dir=/sys/fs/cgroup/cpuset
	for file in cpuset.cpus cpuset.mems; do
		cat "$dir/$file" >"$dir/$1/$file" || return 1
	done
}

# whatever the knob says by now
remove_cgroups() {
	local dir
	[ -n "${PORT_DB-}" ] || return 0
	LAB_CPUSET=1 oar_cgroup
	for dir in /sys/fs/cgroup/*/"$REPLY"; do
		[ ! -d "$dir" ] || [ -L "${dir%/*}" ] ||
			find "$dir" -depth -type d -exec rmdir {} \; 2>/dev/null
	done
}

# A job that was stopped by the freezer does not even die.
thaw_cgroups() {
	local file
	[ -n "${PORT_DB-}" ] || return 0
	LAB_CPUSET=1 oar_cgroup
	for file in /sys/fs/cgroup/freezer/"$REPLY"/oar/*/freezer.state; do
		[ ! -e "$file" ] || echo THAWED >"$file"
	done
}

# The processors that this process may run on: 0-2,5 -> 0 1 2 5
processors() {
	local list range i
	list=$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status)
	for range in ${list//,/ }; do
		for ((i = ${range%-*}; i <= ${range#*-}; i++)); do
			echo "$i"
		done
	done
}

# ---- PostgreSQL -------------------------------------------------------------------

pg_program() {
	local file
	for file in /usr/lib/postgresql/*/bin/"$1"; do
		[ -x "$file" ] && REPLY=$file
	done
	[ -n "${REPLY-}" ]
}

# as PostgreSQL's superuser, over the socket that only root and postgres reach
pg_admin() { psql -h "$LAB_DIR/run/db" -p "$PORT_DB" -U postgres -qAtX -v ON_ERROR_STOP=1 "$@"; }

pg_ready() { pg_admin -c 'select 1' postgres; }

make_pg_dir() {
	rm -rf "$LAB_DIR/db.new" && install -d -m 0700 -o postgres "$LAB_DIR/db.new" || return 1
	pg_program initdb && (cd / && setpriv --reuid postgres --regid postgres --clear-groups \
		"$REPLY" -D "$LAB_DIR/db.new" -U postgres -A trust -E UTF8 --locale=C --no-sync) \
		>"$LAB_DIR/log/initdb.log" 2>&1 || return 1
	# passwords over TCP as at a site
	printf 'local all postgres trust\nhost all all 127.0.0.1/32 scram-sha-256\n' \
		>"$LAB_DIR/db.new/pg_hba.conf"
	mv -T "$LAB_DIR/db.new" "$LAB_DIR/db"
}

start_pg() {
	[ -d "$LAB_DIR/db" ] || make_pg_dir || return 1
	# of a killed one; the pid may be somebody else's now
	rm -f "$LAB_DIR/db/postmaster.pid"
	install -d -m 0700 -o postgres "$LAB_DIR/run/db" || return 1
	REPLY=
	pg_program postgres || { note "PostgreSQL is not installed"; return 1; }
	# data survives a killed server, not a power cut
	oar_start postgres setpriv --reuid postgres --regid postgres --clear-groups \
		"$REPLY" -D "$LAB_DIR/db" -c listen_addresses=127.0.0.1 -c port="$PORT_DB" \
		-c unix_socket_directories="$LAB_DIR/run/db" -c fsync=off \
		-c shared_buffers=32MB -c max_connections=60
}

# TERM would wait for all who are connected
stop_pg() {
	proc_signal INT postgres && wait_until 10 proc_gone postgres
	proc_stop postgres
}

# OAR's own tables, once; the passwords are given to the roles at each `up`.
make_oar_db() {
	[ -z "$(pg_admin -c "select 1 from pg_database where datname='oar'" postgres)" ] || return 0
	pg_admin -c "alter role postgres password '$(pg_password postgres)'" postgres &&
		PGDATABASE=postgres oar_inside /usr/sbin/oar-database --create --conf=/etc/oar/oar.conf \
			--db-admin-user=postgres --db-admin-pass="$(pg_password postgres)" -y \
			>"$LAB_DIR/log/oar-database.log" 2>&1 </dev/null
}

# ---- OAR ------------------------------------------------------------------------

start_node() {
	node_address "$1"
	oar_start_sshd "$1" "$REPLY"
}
oar_start_sshd() {
	oar_start "sshd.$1" /usr/sbin/sshd -D -e -f /etc/oar/sshd_config \
		-o "ListenAddress $2" -o "PidFile none"
}
node_listens() {
	local addr hex
	node_address "$1"
	printf -v hex '%02X0100%02X:%04X' "${REPLY##*.}" 127 "$PORT_NODE"
	grep -q " $hex 00000000:0000 0A" /proc/net/tcp
}

start_almighty() {
	oar_start almighty /usr/sbin/Almighty
}
almighty_ready() { (exec 3<>"/dev/tcp/127.0.0.1/$PORT_CTL"); }

# The properties that oar_resources_init makes, and mem.
make_properties() {
	local name
	for name in cpu core mem gpu gpudevice; do
		[[ $name != gpu* ]] || ((LAB_GPUS > 0)) || continue
		"$LAB_DIR/bin/oarproperty" -a "$name" || return 1
	done
	"$LAB_DIR/bin/oarproperty" -c -a host
}

# One line for each row of resources: node cpu core cpuset gpu gpudevice.
# cpuset numbers are real processors of this machine, used again where there
# are too few.
list_resources() {
	local node n=0 c core=0 real gpus=$LAB_GPUS g
	mapfile -t real < <(processors)
	for node in $LAB_NODES; do
		for ((c = 0; c < LAB_CPUS; c++)); do
			g=$((gpus ? c * gpus / LAB_CPUS : 0))
			echo "$node $((n + 1)) $((++core))" \
				"${real[c % ${#real[@]}]} $((n * gpus + g + 1)) $g"
		done
		n=$((n + 1))
	done
}

# oarnodesetting does one row a quarter of a second; these are its calls.
# shellcheck disable=SC2016
ADD_RESOURCES='
	use OAR::Conf qw(init_conf); use OAR::IO;
	init_conf("/etc/oar/oar.conf");
	my ($mem, $gpus) = @ARGV; @ARGV = ();
	my $base = OAR::IO::connect() or die;
	while (<STDIN>) {
		my ($node, $cpu, $core, $cpuset, $gpu, $device) = split;
		my $id = OAR::IO::add_resource($base, $node, "Alive");
		my %p = (host => $node, cpu => $cpu, core => $core, cpuset => $cpuset, mem => $mem);
		%p = (%p, gpu => $gpu, gpudevice => $device) if ($gpus > 0);
		foreach my $key (sort(keys(%p))) {
			OAR::IO::set_resources_property($base, {resources => [$id]}, $key, $p{$key}) >= 0
				or die("$key of $node");
		}
	}
	OAR::IO::disconnect($base);'

make_resources() {
	[ "$(pg_admin -c 'select count(*) from resources' oar)" = 0 ] || return 0
	make_properties >"$LAB_DIR/log/resources.log" 2>&1 || return 1
	list_resources | oar_inside setpriv --reuid oar --regid oar --clear-groups \
		env OARCONFFILE=/etc/oar/oar.conf OARDIR=/usr/lib/oar \
		perl -e "$ADD_RESOURCES" "$LAB_MEMORY" "$LAB_GPUS" >>"$LAB_DIR/log/resources.log" 2>&1 &&
		"$LAB_DIR/bin/oarnotify" ChState && "$LAB_DIR/bin/oarnotify" Term
}

# Nodes that a crash left Suspected are well again.
revive_nodes() {
	local node
	for node in $LAB_NODES; do
		node_alive "$node" || "$LAB_DIR/bin/oarnodesetting" -h "$node" -s Alive >/dev/null
	done
}
node_alive() {
	[ -z "$(pg_admin -c "select 1 from resources where network_address='$1' and
		(state <> 'Alive' or next_state <> 'UnChanged') limit 1" oar)" ]
}
nodes_alive() {
	local node
	for node in $LAB_NODES; do
		node_alive "$node" || return 1
	done
}
all_listen() {
	local node
	for node in $LAB_NODES; do
		node_listens "$node" || return 1
	done
}

# Jobs that ran through a crash of the lab: nobody watches over them any more,
# and OAR would wait for their walltime. This is how it gives up a job.
end_lost_jobs() {
	local jobs
	jobs=$(open_jobs | tr '\n' ' ')
	[ -n "$jobs" ] || return 0
	# shellcheck disable=SC2086
	"$LAB_DIR/bin/oardel" $jobs >/dev/null 2>&1
	jobs=${jobs% }
	pg_admin -c "update frag_jobs set frag_state = 'LEON_EXTERMINATE'
		where frag_id_job in (${jobs// /,})" oar &&
		"$LAB_DIR/bin/oarnotify" Qdel && wait_until 20 no_open_jobs
}

# What is started when, and how long it may take.
up_oar() {
	local node
	start_namespace || { note "no mount namespace of its own"; return 1; }
	start_pg || return 1
	for node in $LAB_NODES; do
		start_node "$node" || return 1
	done
	# where OAR runs jobs of types cosystem and deploy
	oar_start_sshd frontend 127.0.0.1 || return 1
	wait_until 30 pg_ready || { note "PostgreSQL does not answer"; return 1; }
	make_oar_db || { note "OAR's database cannot be made"; return 1; }
	start_almighty || return 1
	wait_until 20 almighty_ready || { note "Almighty does not listen"; return 1; }
	wait_until 10 all_listen || { note "the nodes' sshds do not listen"; return 1; }
	make_resources || { note "the resources cannot be made"; return 1; }
	[ "$LAB_OAR_HOOKS" = 0 ] || oar_hooks install >"$LAB_DIR/log/hooks.log" 2>&1 ||
		{ note "wattgate's hooks cannot be set"; return 1; }
	end_lost_jobs || { note "jobs of before a crash cannot be ended"; return 1; }
	revive_nodes
	wait_until 30 nodes_alive || { note "not all nodes are Alive"; return 1; }
}

# Jobs end in the database before the server goes: the processes that watch
# over them try for hours to reach a server that is gone.
delete_jobs() {
	local jobs
	proc_alive almighty && proc_alive postgres || return 0
	jobs=$(open_jobs)
	[ -n "$jobs" ] || return 0
	# shellcheck disable=SC2086
	timeout 10 "$LAB_DIR/bin/oardel" $jobs >/dev/null 2>&1
	wait_until 15 no_open_jobs || warn "jobs $(open_jobs | tr '\n' ' ')do not end"
}
open_jobs() {
	timeout 5 psql -h "$LAB_DIR/run/db" -p "$PORT_DB" -U postgres -qAtX \
		-c "select job_id from jobs where state not in ('Terminated','Error')" oar 2>/dev/null
}
no_open_jobs() { [ -z "$(open_jobs)" ]; }

down_oar() {
	local node sshds=(sshd.frontend)
	for node in $LAB_NODES; do
		sshds+=("sshd.$node")
	done
	thaw_cgroups
	delete_jobs
	proc_stop almighty "${sshds[@]}"
	stop_pg
	proc_stop namespace
}
