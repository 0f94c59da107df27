# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# munge, MariaDB, slurmdbd, slurmctld and the slurmds of a lab.

# start_munged NAME ORIGIN [SOCKET]: the key is the lab's
start_munged() {
	local key=$LAB_DIR/munge/key base=$LAB_DIR/munge/$1
	[ -s "$key" ] || (umask 077 && head -c 128 /dev/urandom >"$key")
	# --origin: a fresh machine may not know its own name
	proc_start "$1" /usr/sbin/munged --foreground --key-file="$key" \
		--socket="${3:-$LAB_DIR/run/$1.socket}" --pid-file="$LAB_DIR/run/$1.pid" \
		--log-file="$base.log" --seed-file="$base.seed" \
		--num-threads=10 --origin="$2"
}
start_munge() { start_munged munged 127.0.0.1 "$LAB_DIR/run/munge.socket"; }
munge_ready() { munge -S "$LAB_DIR/run/munge.socket" -n; }

# An empty database takes seconds to make and little to keep: made once, by
# one lab, then copied for each new one.
make_db_cache() {
	local cache=$LAB_CACHE/db
	own_dir "$LAB_CACHE"
	exec {DB_LOCK}>"$LAB_CACHE/lock"
	flock "$DB_LOCK"
	if [ ! -d "$cache" ]; then
		rm -rf "$cache.new"
		install -d -o mysql -m 0700 "$cache.new" &&
			mariadb-install-db --force --no-defaults --user=mysql --datadir="$cache.new" \
				--auth-root-authentication-method=socket --skip-test-db \
				--innodb-log-file-size=8M >"$LAB_DIR/log/install-db.log" 2>&1 &&
			mv -T "$cache.new" "$cache"
	fi
	exec {DB_LOCK}>&-
	[ -d "$cache" ]
}

make_db_dir() {
	make_db_cache && rm -rf "$LAB_DIR/db.new" &&
		cp -a --reflink=auto "$LAB_CACHE/db" "$LAB_DIR/db.new" &&
		mv -T "$LAB_DIR/db.new" "$LAB_DIR/db"
}

start_db() {
	local sock=$LAB_DIR/run/db/sock
	[ -d "$LAB_DIR/db" ] || make_db_dir || return 1
	install -d -o mysql -m 0755 "$LAB_DIR/run/db" || return 1
	# nothing of /etc/mysql; data survives a killed mariadbd, not a power cut
	proc_start mariadbd /usr/sbin/mariadbd --no-defaults --user=mysql \
		--datadir="$LAB_DIR/db" --socket="$sock" --port="$PORT_DB" \
		--bind-address=127.0.0.1 --pid-file="$LAB_DIR/run/db/pid" \
		--innodb-buffer-pool-size=64M --innodb-log-file-size=8M \
		--innodb-lock-wait-timeout=900 --innodb-flush-log-at-trx-commit=2 \
		--skip-log-bin --skip-name-resolve --tmpdir="$LAB_DIR/run/db"
}

db_ready() { mariadb-admin --no-defaults -S "$LAB_DIR/run/db/sock" ping; }

db_grant() {
	local pass
	pass=$(cat "$LAB_DIR/etc/db.secret")
	mariadb --no-defaults -S "$LAB_DIR/run/db/sock" <<-SQL
	create database if not exists slurm_acct_db;
	create or replace user slurm@'127.0.0.1' identified by '$pass';
	grant all on slurm_acct_db.* to slurm@'127.0.0.1';
	SQL
}

start_dbd() { proc_start slurmdbd /usr/sbin/slurmdbd -D; }
dbd_ready() { sacctmgr -n show cluster; }

make_associations() {
	local user account=1
	[ -z "$(sacctmgr -nP show account proj2 format=account)" ] || return 0
	sacctmgr -i -Q add cluster lab >/dev/null
	sacctmgr -i -Q add account proj1,proj2 Cluster=lab >/dev/null || return 1
	sacctmgr -i -Q add user root Account=proj1 DefaultAccount=proj1 >/dev/null || return 1
	for user in $LAB_USERS; do
		sacctmgr -i -Q add user "$user" Account="proj$account" >/dev/null || return 1
		account=$((3 - account))
	done
}

# A controller that was killed may not have saved which job ids it gave away;
# two jobs of one id would share their rows.
next_job_id() {
	local last
	last=$(mariadb --no-defaults -S "$LAB_DIR/run/db/sock" -N -B \
		-e 'select max(id_job) from slurm_acct_db.lab_job_table' 2>/dev/null)
	[[ $last =~ ^[0-9]+$ ]] || last=0
	sed -i '/^FirstJobId=/d' "$LAB_DIR/etc/slurm.conf" &&
		sed -i "1i FirstJobId=$((last + 1))" "$LAB_DIR/etc/slurm.conf"
}

start_ctl() {
	next_job_id && proc_start slurmctld /usr/sbin/slurmctld -D -i
}
ctl_ready() { scontrol ping | grep -q 'is UP'; }

# Several slurmd on one host: -N says which node each one is.
start_node() {
	mkdir -p "$LAB_DIR/spool/$1" && netns_prefix "$1" || return 1
	# shellcheck disable=SC2086
	proc_start "slurmd.$1" $LAB_SLURMD_ENV $REPLY /usr/sbin/slurmd -D -N "$1"
}

node_ready() {
	[[ $(sinfo -hN -n "$1" -o %T) =~ ^(idle|mixed|allocated)$ ]]
}

nodes_ready() {
	local node
	for node in $LAB_NODES; do
		node_ready "$node" || return 1
	done
}

# What is started when, and how long it may take.
up_munge() {
	start_munge && site_start_munges || return 1
	wait_until 10 munge_ready || { note "munged does not answer"; return 1; }
}

up_slurm() {
	local node
	start_db || return 1
	wait_until 30 db_ready || { note "MariaDB does not answer"; return 1; }
	db_grant && start_dbd || return 1
	wait_until 30 dbd_ready || { note "slurmdbd does not answer"; return 1; }
	make_associations && start_ctl || return 1
	wait_until 20 ctl_ready || { note "slurmctld does not answer"; return 1; }
	for node in $LAB_NODES; do
		start_node "$node" || return 1
	done
}

# Jobs end in the accounting before the daemons go, or the next `up` would
# find them requeued.
cancel_jobs() {
	local jobs
	proc_alive slurmctld || return 0
	jobs=$(timeout 2 squeue -h -o %A | sort -u)
	[ -n "$jobs" ] || return 0
	# shellcheck disable=SC2086
	timeout 2 scancel --quiet $jobs 2>/dev/null
	wait_until 2 no_jobs
}
no_jobs() { [ -z "$(timeout 2 squeue -h -o %A)" ]; }

down_slurm() {
	local node slurmds=() munges=(munged)
	for node in $LAB_NODES; do
		slurmds+=("slurmd.$node")
		munges+=("munged.$node")
	done
	cancel_jobs
	proc_stop "${slurmds[@]}" slurmctld
	lab_kill_all lab_steps
	proc_stop slurmdbd
	proc_stop mariadbd "${munges[@]}"
}
