# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Where an OAR lab is, and the files of OAR's that it gets copies of. They are
# made from what the packages ship, never from a site's own /etc/oar.
# shellcheck disable=SC2016,SC2153

# shellcheck disable=SC2034	# knobs.sh reads it
KNOBS=("${OAR_KNOBS[@]}")
# shellcheck disable=SC2034	# wattgate.sh copies them: none is Slurm's
WATTGATE_PLUGINS=
OAR_SHARE=/usr/share/oar

# LAB_DIR and what follows from it alone.
oar_settle_dir() {
	: "${LAB_DIR:=${TMPDIR:-/tmp}/wattgate-lab-oar}"
	[[ $LAB_DIR =~ ^/[A-Za-z0-9._/+-]+$ ]] ||
		die "LAB_DIR=$LAB_DIR: an absolute path of letters, digits and ._/+- is needed"
	LAB_DIR=${LAB_DIR%/}
	# the lab hides these from its programs
	[[ ! $LAB_DIR/ =~ ^/(run|dev|proc|sys|etc|var/lib/oar|usr/lib/oar)/ ]] ||
		die "LAB_DIR=$LAB_DIR: not below ${BASH_REMATCH[1]}"
	# PostgreSQL's socket: run/db/.s.PGSQL.12345, at most 107 bytes
	((${#LAB_DIR} <= 80)) || die "LAB_DIR=$LAB_DIR is too long for the sockets below it"
	LAB_NODES="node-1 node-2 node-3 node-4"
	LAB_MODE=node	# this knob is Slurm's
	settle_daemon_users
	lab_choose_users
	export LAB_DIR
	case :$PATH: in *:/usr/sbin:*) ;; *) PATH=$PATH:/usr/sbin:/sbin ;; esac
}

oar_knobs_check() {
	local name
	for name in LAB_CPUS LAB_GPUS LAB_MEMORY; do
		[[ ${!name} =~ ^[0-9]{1,6}$ ]] || die "$name=${!name}: a number is needed"
	done
	((LAB_CPUS > 0)) || die "LAB_CPUS=$LAB_CPUS: at least 1"
	((LAB_GPUS == 0 || LAB_CPUS % LAB_GPUS == 0)) ||
		die "LAB_GPUS=$LAB_GPUS: must divide LAB_CPUS=$LAB_CPUS"
	for name in LAB_BMCS LAB_WATTGATED LAB_OAR_HOOKS LAB_OAR_DROPIN; do
		[[ ${!name} =~ ^[01]$ ]] || die "$name=${!name}: 0 or 1"
	done
	[ "$LAB_WATTGATED" = 0 ] || LAB_BMCS=1
	[[ $LAB_PERIOD =~ [a-z]$ ]] || LAB_PERIOD=${LAB_PERIOD}s
	cpuset_check
}

# OAR 2.5 knows cgroup v1 only.
cpuset_check() {
	[[ $LAB_CPUSET =~ ^(auto|0|1)$ ]] || die "LAB_CPUSET=$LAB_CPUSET: 0, 1 or auto"
	if [ -w /sys/fs/cgroup/cpuset/tasks ] && [ -w /sys/fs/cgroup/freezer/tasks ]; then
		[ "$LAB_CPUSET" != auto ] || LAB_CPUSET=1
	else
		[ "$LAB_CPUSET" != 1 ] ||
			die "LAB_CPUSET=1: no cpuset and freezer of cgroup v1 on this machine"
		LAB_CPUSET=0
	fi
}

# The lab's directory in each hierarchy of cgroup v1.
oar_cgroup() {
	if [ "$LAB_CPUSET" = 1 ]; then
		REPLY=wattgate-oar-$PORT_DB
	else
		REPLY=-
	fi
}

# ---- secrets ----------------------------------------------------------------

# make_pgpass: one line for each of PostgreSQL's roles, made once
make_pgpass() {
	local file=$LAB_DIR/etc/pgpass role word
	[ ! -s "$file.words" ] || return 0
	for role in postgres oar oar_ro; do
		word=$(head -c 12 /dev/urandom | od -An -tx1 | tr -d ' \n')
		printf '%s %s\n' "$role" "$word"
	done | (umask 077 && cat >"$file.words")
}
pg_password() { sed -n "s/^$1 //p" "$LAB_DIR/etc/pgpass.words"; }

# as libpq wants it; the port is another one after each `up`
write_pgpass() {
	local role word
	while read -r role word; do
		printf '127.0.0.1:%s:*:%s:%s\n' "$PORT_DB" "$role" "$word"
	done <"$LAB_DIR/etc/pgpass.words" | (umask 077 && cat >"$LAB_DIR/etc/pgpass")
}

# ---- /etc/oar ---------------------------------------------------------------

# oar_conf_set KEY VALUE: in the file that is being written; OAR takes the last
oar_conf_set() { printf '%s="%s"\n' "$1" "$2"; }

write_oar_conf() {
	cat "$OAR_SHARE/oar-common/oar.conf"
	printf '\n# this lab\n'
	oar_conf_set DB_HOSTNAME 127.0.0.1
	oar_conf_set DB_PORT "$PORT_DB"
	oar_conf_set DB_BASE_PASSWD "$(pg_password oar)"
	oar_conf_set DB_BASE_PASSWD_RO "$(pg_password oar_ro)"
	oar_conf_set SERVER_HOSTNAME 127.0.0.1
	oar_conf_set SERVER_PORT "$PORT_CTL"
	oar_conf_set OPENSSH_CMD "/usr/bin/ssh -p $PORT_NODE -e none"
	oar_conf_set LOG_FILE "$LAB_DIR/log/oar.log"
	oar_conf_set LOG_LEVEL 3
	oar_conf_set FINAUD_FREQUENCY 0
	oar_conf_set PINGCHECKER_SENTINELLE_SCRIPT_COMMAND "/usr/lib/oar/sentinelle.pl -t 10 -w 20"
	oar_conf_set SCHEDULER_JOB_SECURITY_TIME 1
	oar_conf_set SCHEDULER_GANTT_HOLE_MINIMUM_TIME 1
	# with more, what is submitted soon after a look waits up to 10 s
	oar_conf_set SCHEDULER_MIN_TIME_BETWEEN_2_CALLS 0
	oar_conf_set USERS_ALLOWED_HOLD_RESUME yes
	oar_conf_set JOBDEL_WALLTIME 30
	oar_conf_set JOBDEL_SOFTWALLTIME 10
	printf '%s\n' "$LAB_OAR_CONF"
}

# Without a cpuset OAR copies nothing to the nodes and cleans nothing there.
oar_conf_without_cpuset() {
	if [ "$LAB_CPUSET" = 1 ]; then
		cat
	else
		grep -vE '^(CPUSET_PATH|JOB_RESOURCE_MANAGER_PROPERTY_DB_FIELD)='
	fi
}

# Two of its settings, and the line that it says to uncomment where several
# nodes are one machine: after a user's last job it deletes all that he owns
# below /tmp, /dev/shm and /var/tmp.
write_job_resource_manager() {
	sed -e "s,^my @Tmp_dir_to_clear = .*,my @Tmp_dir_to_clear = ('$LAB_DIR/scratch/.');," \
		-e 's,^my \$Fstrim_cmd = .*,my $Fstrim_cmd = "/nonexistent";,' \
		-e 's/^\( *\)# and exit(0)/\1 and exit(0)/' \
		"$OAR_SHARE/oar-server/job_resource_manager_cgroups.pl" >"$1" || return 1
	# of another release, perhaps: then nobody knows what it would delete
	grep -qF "('$LAB_DIR/scratch/.')" "$1" && ! grep -qF "'/tmp/." "$1"
}

# The package's, less what this sshd does not know any more.
write_sshd_config() {
	grep -vE '^(UsePrivilegeSeparation|KeepAlive|XAuthLocation|Protocol|Port|HostKey) ' \
		"$OAR_SHARE/oar-node/sshd_config"
	printf 'Port %s\nHostKey /etc/oar/oar_ssh_host_rsa_key\nUsePAM no\n' "$PORT_NODE"
}

# /etc/oar is written anew at each `up`: what tests changed in it is gone.
make_etc_oar() {
	local etc=$LAB_DIR/root/etc-oar
	rm -rf "$etc" && install -d -m 0755 "$etc" "$etc/check.d" || return 1
	install -m 0644 "$OAR_SHARE"/oar-server/*.pl "$OAR_SHARE"/oar-server/*.conf "$etc" &&
		install -m 0755 "$OAR_SHARE/oar-server"/server_{pro,epi}logue \
			"$OAR_SHARE/oar-node"/{pro,epi}logue "$etc" || return 1
	write_job_resource_manager "$etc/job_resource_manager_cgroups.pl" ||
		{ note "$OAR_SHARE/oar-server/job_resource_manager_cgroups.pl is not as expected"; return 1; }
	write_sshd_config >"$etc/sshd_config" || return 1
	ssh-keygen -q -t ed25519 -N '' -f "$etc/oar_ssh_host_rsa_key" || return 1
	: >"$etc/oar.conf" && chmod 0600 "$etc/oar.conf" && chown oar "$etc/oar.conf" &&
		write_oar_conf | oar_conf_without_cpuset >"$etc/oar.conf" || return 1
	# how all that runs in the lab is found again
	printf '%s\n' "$LAB_DIR" >"$etc/wattgate-lab"
}

# ---- oar's home, hosts, users -------------------------------------------------

make_home_oar() {
	local home=$LAB_DIR/root/home-oar ssh=$LAB_DIR/root/home-oar/.ssh file
	install -d -m 0755 -o oar -g oar "$home" && install -d -m 0700 -o oar -g oar "$ssh" || return 1
	for file in .bash_oar .bash_profile .bashrc .batch_job_bashrc; do
		[ ! -e "/var/lib/oar/$file" ] ||
			install -m 0644 -o oar -g oar "/var/lib/oar/$file" "$home/" || return 1
	done
	rm -f "$ssh"/*
	ssh-keygen -q -t ed25519 -N '' -C lab -f "$ssh/id_ed25519" || return 1
	printf 'environment="OAR_KEY=1" %s\n' "$(cat "$ssh/id_ed25519.pub")" >"$ssh/authorized_keys"
	printf '%s\n' 'Host *' 'ForwardX11 no' 'StrictHostKeyChecking no' \
		'PasswordAuthentication no' 'AddressFamily inet' 'LogLevel ERROR' >"$ssh/config"
	chown oar:oar "$ssh"/*
}

# An address of its own for each node, each with an sshd of its own.
node_address() {
	REPLY=127.0.1.${1#node-}
}

write_hosts() {
	local node
	printf '127.0.0.1 localhost\n127.0.0.1 %s\n' "$(</proc/sys/kernel/hostname)"
	for node in $LAB_NODES; do
		node_address "$node"
		printf '%s %s\n' "$REPLY" "$node"
	done
}

# The plain users get a shell and a home in the lab; outside they have none.
write_passwd() {
	local IFS=: name pass uid gid gecos home shell
	while read -r name pass uid gid gecos home shell; do
		if [[ " $LAB_USERS " == *" $name "* ]]; then
			home=$LAB_DIR/home/$name
			shell=/bin/bash
		fi
		printf '%s:%s:%s:%s:%s:%s:%s\n' "$name" "$pass" "$uid" "$gid" "$gecos" "$home" "$shell"
	done </etc/passwd
}

make_homes() {
	local user
	for user in $LAB_USERS; do
		install -d -m 0755 -o "$user" -g "$user" "$LAB_DIR/home/$user" &&
			: >"$LAB_DIR/home/$user/.bashrc" || return 1
	done
}

# ---- OAR's programs -----------------------------------------------------------

# A copy, so that tests can put modules and hooks into it; the server listens
# on the loopback interface only.
make_lib_oar() {
	local lib=$LAB_DIR/root/lib-oar
	rm -rf "$lib" && cp -a /usr/lib/oar "$lib" &&
		sed -i 's/IO::Socket::INET->new(LocalPort=> \$serverport,/&\n LocalAddr => "127.0.0.1",/' \
			"$lib/Almighty" &&
		grep -q 'LocalAddr => "127.0.0.1"' "$lib/Almighty"
}

OAR_COMMANDS="oarcp oardel oarhold oarnodes oarprint oarresume oarsh oarstat oarsub
	oarwalltime oaraccounting oaradmissionrules oarmonitor oarnodesetting oarnotify
	oarproperty oarremoveresource oar-database oar_resources_add oar_resources_init"

make_commands() {
	local name
	install -m 4755 "$BUILD/tests/lab/oar-enter" "$LAB_DIR/bin/" || return 1
	for name in $OAR_COMMANDS; do
		ln -sfn oar-enter "$LAB_DIR/bin/$name" || return 1
	done
}

# The hooks' program and set-up, and where it leaves its notes. They are in
# oar.conf only after oar_hooks_install.
make_hooks() {
	install -m 0755 "$BUILD/oar-hooks/wattgate-oar-hook" "$BUILD/oar-hooks/wattgate-oar-setup" \
		"$LAB_DIR/bin/" && copy_schema &&
		install -d -m 2770 -o oar -g "$LAB_DAEMON_USER" "$LAB_DIR/wattgate/run/oar.d"
}

write_oar_files() {
	make_etc_oar && make_home_oar && make_homes && make_lib_oar && make_commands && make_hooks &&
		write_hosts >"$LAB_DIR/root/hosts" && write_passwd >"$LAB_DIR/root/passwd" &&
		: >"$LAB_DIR/log/oar.log" && chown oar "$LAB_DIR/log/oar.log"
}
