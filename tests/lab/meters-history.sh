# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Labs whose wattgated does not ask the BMCs, but what a site has of them
# already (LAB_SOURCE): a Kwollect server, which each simulated BMC is, too, or a
# private Prometheus that scrapes all of them.

# More words for the simulated BMC of node $1, into REPLY.
history_bmc_options() {
	REPLY=
	case ${LAB_SOURCE-} in
	kwollect) REPLY="--site lab --device $1 --row-step 0.5" ;;
	prometheus) REPLY="--exporter --device $1" ;;
	esac
}

# history_section NODE: of wattgate.conf; false where it is the BMC's
history_section() {
	case ${LAB_SOURCE-} in
	kwollect)
		printf 'source = kwollect\nurl = https://127.0.0.1:%s/stable/sites/lab\n' \
			"$(cat "$LAB_DIR/bmc/out/$1.port")"
		printf 'ca_file = %s\nuser = lab\npassword_file = %s\n' \
			"$LAB_DIR/bmc/tls/ca.pem" "$LAB_DIR/etc/sim.secret"
		;;
	prometheus)
		printf 'source = prometheus\nurl = http://127.0.0.1:%s\ninsecure = true\n' \
			"$PORT_PROMETHEUS"
		printf 'query = node_power_watts{node="%%n"}\n'
		;;
	*) return 1 ;;
	esac
}

write_prometheus_conf() {
	local node
	printf 'global: { scrape_interval: 500ms, scrape_timeout: 400ms }\n'
	printf 'scrape_configs:\n- job_name: power\n  scheme: https\n'
	printf '  tls_config: { ca_file: %s }\n' "$LAB_DIR/bmc/tls/ca.pem"
	printf '  basic_auth: { username: lab, password_file: %s }\n' "$LAB_DIR/etc/sim.secret"
	printf '  static_configs:\n'
	for node in $LAB_NODES; do
		printf '  - targets: [ "127.0.0.1:%s" ]\n' "$(cat "$LAB_DIR/bmc/out/$node.port")"
	done
}

prometheus_ready() {
	local fd line
	{ exec {fd}<>"/dev/tcp/127.0.0.1/$PORT_PROMETHEUS"; } 2>/dev/null || return 1
	printf 'GET /-/ready HTTP/1.0\r\n\r\n' >&"$fd"
	read -r line <&"$fd"
	exec {fd}>&-
	[[ $line == *" 200 "* ]]
}

# Keeps what it scraped over a stop.
prometheus_start() {
	as_user "$LAB_METER_USER"
	# shellcheck disable=SC2086
	proc_start prometheus $REPLY prometheus --log.level=warn \
		--config.file="$LAB_DIR/prometheus/prometheus.yml" \
		--storage.tsdb.path="$LAB_DIR/prometheus/data" \
		--web.listen-address="127.0.0.1:$PORT_PROMETHEUS" &&
		wait_until 20 prometheus_ready
}
prometheus_stop() { proc_stop prometheus; }

# Behind the BMCs, before wattgated.
up_history() {
	[ "${LAB_SOURCE-}" = prometheus ] || return 0
	rm -rf "$LAB_DIR/prometheus"
	install -d -m 0755 -o "$LAB_METER_USER" -g "$LAB_METER_USER" "$LAB_DIR/prometheus"{,/data} &&
		write_prometheus_conf >"$LAB_DIR/prometheus/prometheus.yml" &&
		prometheus_start || { note "Prometheus does not start"; return 1; }
}
down_history() { prometheus_stop; }
