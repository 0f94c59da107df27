#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# bmcsim as a client of a BMC, and as a test, meets it.
set -u

here=$(cd "$(dirname "$0")" && pwd)
bmcsim=${BMCSIM:-./tests/bmcsim/bmcsim}
command -v certtool >/dev/null && command -v curl >/dev/null &&
	command -v jq >/dev/null || { echo "needs certtool, curl and jq"; exit 77; }
[ -x "$bmcsim" ] || { echo "no $bmcsim: build it first"; exit 1; }

dir=$(mktemp -d) || exit 1
pid=
failed=0
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null; rm -rf "$dir"' EXIT

check() { # WHAT, then a command that must succeed
	what=$1
	shift
	if "$@"; then
		echo "ok   $what"
	else
		echo "FAIL $what ($*)"
		failed=1
	fi
}

bmc_start() { # options
	rm -f "$dir/port" "$dir/control"
	"$bmcsim" serve --user admin --password-file "$dir/password" \
		--port-file "$dir/port" --control-port-file "$dir/control" \
		--log "$dir/log" --truth-file "$dir/truth" "$@" &
	pid=$!
	tries=0
	until [ -e "$dir/port" ]; do
		tries=$((tries + 1))
		if [ "$tries" -gt 200 ] || ! kill -0 "$pid" 2>/dev/null; then
			echo "FAIL bmcsim does not start"
			exit 1
		fi
		sleep 0.05
	done
	url=https://127.0.0.1:$(cat "$dir/port")
	control=http://127.0.0.1:$(cat "$dir/control")
}

bmc_stop() {
	kill "$pid"
	began=$(date +%s%N)
	wait "$pid"
	stopped=$?
	took_ms=$((($(date +%s%N) - began) / 1000000))
	pid=
	check "stops cleanly" [ "$stopped" -eq 0 ]
	check "stops within a second ($took_ms ms)" [ "$took_ms" -lt 1000 ]
}

get() { # PATH and curl options: the body to $dir/body, the status to stdout
	path=$1
	shift
	curl -s -m 5 --cacert "$dir/tls/ca.pem" -o "$dir/body" -D "$dir/head" \
		-w '%{http_code}' "$@" "$url$path"
}

curl_code() { # as get, but prints curl's exit status
	get "$@" >/dev/null
	echo $?
}

login() { # prints the status, sets nothing: the answer is in $dir/head
	get "$sessions" -d "{\"UserName\":\"admin\",\"Password\":\"${1:-pa:ss \\u00fc}\"}"
}

head_get() { tr -d '\r' <"$dir/head" | sed -n "s/^$1: //Ip"; }
order() { curl -s -X POST "$control$1" >/dev/null; }
stat_get() { curl -s "$control/stats" | jq -r "$1"; }
body_get() { jq -c "$1" "$dir/body"; }
power_get() { get "$power" -H "X-Auth-Token: $token" "$@"; }
power_curl() { curl_code "$power" -H "X-Auth-Token: $token" "$@"; }
watts_get() { power_get >/dev/null; body_get '.PowerControl[0].PowerConsumedWatts'; }

printf 'pa:ss \303\274\n' >"$dir/password"
"$here/mkcert" "$dir/tls" || exit 1
sessions=/redfish/v1/SessionService/Sessions
power=/redfish/v1/Chassis/1/Power
environment=/redfish/v1/Chassis/1/EnvironmentMetrics

# ---- discovery, login, reading, logout ----
bmc_start --cert "$dir/tls/server.pem" --key "$dir/tls/server-key.pem" \
	--shape both --program const:214.5 --max-sessions 2
check "root is open" [ "$(get /redfish/v1)" = 200 ]
check "root names Chassis" [ "$(body_get '.Chassis["@odata.id"]')" = '"/redfish/v1/Chassis/"' ]
check "root with a slash" [ "$(get /redfish/v1/)" = 200 ]
check "TLS: the CA counts" [ "$(curl -s "$url/redfish/v1"; echo $?)" = 60 ]
check "power wants a login" [ "$(get $power)" = 401 ]
check "and offers Basic" [ -n "$(head_get WWW-Authenticate)" ]
check "a wrong password" [ "$(login wrong)" = 401 ]
check "a broken login" [ "$(get $sessions -d '{"UserName":')" = 400 ]
check "a login body above 64 KiB" [ "$(head -c 70000 /dev/zero | tr '\0' ' ' |
	get $sessions --data-binary @-)" = 413 ]
check "login" [ "$(login)" = 201 ]
token=$(head_get X-Auth-Token)
location=$(head_get Location)
check "a token" [ ${#token} -eq 32 ]
check "the session is there" [ "$(get "$location" -H "X-Auth-Token: $token")" = 200 ]
check "Chassis" [ "$(get /redfish/v1/Chassis/ -H "X-Auth-Token: $token")" = 200 ]
check "Power" [ "$(watts_get)" = 214.5 ]
get $environment -H "X-Auth-Token: $token" >/dev/null
check "EnvironmentMetrics" [ "$(body_get .PowerWatts.Reading)" = 214.5 ]
check "Basic" [ "$(get $power -u 'admin:pa:ss ü')" = 200 ]
check "wrong Basic" [ "$(get $power -u admin:wrong)" = 401 ]
check "a wrong token" [ "$(get $power -H 'X-Auth-Token: 1')" = 401 ]
check "no such resource" [ "$(get /redfish/v1/Nowhere -H "X-Auth-Token: $token")" = 404 ]
check "no such method" [ "$(power_get -X PATCH)" = 405 ]
check "keep-alive: one connection for two requests" [ "$(
	before=$(stat_get .connections_total)
	curl -s --cacert "$dir/tls/ca.pem" -H "X-Auth-Token: $token" \
		-o /dev/null "$url$power" -o /dev/null "$url$environment"
	echo $(($(stat_get .connections_total) - before)))" = 1 ]

# ---- sessions run out ----
login >/dev/null
check "sessions run out" [ "$(login)" = 503 ]
check "with a Retry-After" [ "$(head_get Retry-After)" = 5 ]
check "and RAC0218" grep -q RAC0218 "$dir/body"
check "logout" [ "$(get "$location" -X DELETE -H "X-Auth-Token: $token")" = 204 ]
check "the token is dead" [ "$(power_get)" = 401 ]
check "the session is free" [ "$(login)" = 201 ]
token=$(head_get X-Auth-Token)
check "counts" [ "$(curl -s "$control/stats" | jq -c \
	'[.sessions_open,.sessions_created,.sessions_deleted,.logins_failed]')" = '[2,3,1,3]' ]

# ---- faults ----
order '/fault?kind=401&for=0'
check "401: sessions are dropped" [ "$(power_get)" = 401 ]
login >/dev/null
token=$(head_get X-Auth-Token)
check "a new login mends it" [ "$(power_get)" = 200 ]
for status in 401 403 404 500 503; do
	order "/fault?kind=$status&count=1"
	check "$status" [ "$(power_get)" = $status ]
	[ $status = 401 ] && login >/dev/null && token=$(head_get X-Auth-Token)
	check "$status is over" [ "$(power_get)" = 200 ]
done
order '/fault?kind=500'
check "scope power spares the rest" [ "$(get /redfish/v1)" = 200 ]
order '/fault?kind=500&scope=all'
check "scope all does not" [ "$(get /redfish/v1)" = 500 ]
order /clear
check "clear" [ "$(power_get)" = 200 ]
for pair in null=null zero=0 'string="214.5"' negative=-214.5 absent=null; do
	order "/fault?kind=${pair%%=*}"
	check "${pair%%=*}" [ "$(watts_get)" = "${pair#*=}" ]
	order /clear
done
order '/fault?kind=absent'
power_get >/dev/null
check "absent has no key" [ "$(grep -c PowerConsumedWatts "$dir/body")" = 0 ]
order '/clear?kind=absent'
order '/fault?kind=nan&count=1'
power_get >/dev/null
check "nan" grep -q '"PowerConsumedWatts":NaN' "$dir/body"
order '/fault?kind=garbage&count=1'
check "garbage is a 200" [ "$(power_get)" = 200 ]
check "that is no JSON" [ "$(jq . "$dir/body" >/dev/null 2>&1; echo $?)" != 0 ]
order '/fault?kind=html&count=1'
check "html is a 200" [ "$(power_get)" = 200 ]
check "of text/html" [ "$(head_get Content-Type)" = text/html ]
order '/fault?kind=empty&count=1'
power_get >/dev/null
check "empty" [ "$(cat "$dir/body")" = '{}' ]
order '/fault?kind=redirect&to=http://127.0.0.1:1/x&count=1'
check "redirect" [ "$(power_get)" = 308 ]
check "to there" [ "$(head_get Location)" = http://127.0.0.1:1/x ]
order '/fault?kind=truncated&count=1'
check "truncated" [ "$(power_curl)" = 18 ]
order '/fault?kind=huge&mb=3&count=1'
check "huge comes" [ "$(power_curl)" = 0 ]
check "3 MB of it" [ "$(wc -c <"$dir/body")" -gt 3000000 ]
check "with the reading at its end" [ "$(body_get '.PowerControl[0].PowerConsumedWatts')" = 214.5 ]
order '/fault?kind=huge&mb=3&chunked=1&count=1'
power_get >/dev/null
check "huge without a length" [ "$(head_get Transfer-Encoding)" = chunked ]
order '/fault?kind=drip&ms=20&count=1'
check "drip outlives a client's patience" [ "$(power_curl -m 0.5)" = 28 ]
order '/fault?kind=reset&count=1'
check "reset" [ "$(power_curl --http1.1)" = 56 ]
order '/fault?kind=latency&ms=300&count=1'
check "latency" [ "$(power_curl -m 0.2)" = 28 ]
order '/fault?kind=latency&ms=100&jitter=50&count=1'
check "latency passes" [ "$(power_get)" = 200 ]
order '/fault?kind=silence&for=1'
check "silence" [ "$(get /redfish/v1 -m 0.2)" = 000 ]
check "who waits for its end is answered" [ "$(power_get)" = 200 ]
order '/fault?kind=refuse&for=1'
check "refuse" [ "$(power_curl)" = 7 ]
check "refuse is over by itself" [ "$(power_get --retry 20 --retry-connrefused \
	--retry-delay 1)" = 200 ]
check "an unknown fault" [ "$(curl -s -o /dev/null -w '%{http_code}' -X POST \
	"$control/fault?kind=gremlin")" = 400 ]
check "an unknown key" [ "$(curl -s -o /dev/null -w '%{http_code}' -X POST \
	"$control/fault?kind=null&fro=3")" = 400 ]
check "an unread reading is not served" [ "$(stat_get .samples_served)" = \
	"$(awk '$6 != "-" && $2 != "-"' "$dir/log" | wc -l)" ]

# ---- another program, and the truth ----
t0=$(date +%s.%N)
curl -s --data 'step:100@0,300@0.2' "$control/program?epoch=now" >/dev/null
sleep 0.4
t1=$(date +%s.%N)
check "the new program" [ "$(watts_get)" = 300 ]
check "a bad program is refused" [ "$(curl -s -o /dev/null -w '%{http_code}' \
	--data 'step:x' "$control/program")" = 400 ]
change=$(awk 'NR == 2 { print $1 }' "$dir/truth")
want=$(echo "$t0 $change $t1" | awk '{ printf "%.3f",
	($2 - $1) * 214.5 + 0.2 * 100 + ($3 - $2 - 0.2) * 300 }')
got=$("$bmcsim" integrate --truth-file "$dir/truth" "$t0" "$t1")
check "integrate: $got J for $want J" [ "$(echo "$want $got" |
	awk '{ d = $1 - $2; print (d < 0.01 && d > -0.01) }')" = 1 ]
check "pmax" [ "$("$bmcsim" pmax --truth-file "$dir/truth" "$t0" "$t1")" = 300.000000000 ]
check "watts" [ "$("$bmcsim" watts --truth-file "$dir/truth" "$t0")" = 214.500000000 ]
check "integrate without a truth file" [ "$("$bmcsim" integrate \
	--program sine:mean=200,amp=50,period=30 --epoch 1000 1000 1030)" = 6000.000000000 ]
check "before the truth nothing is known" [ "$("$bmcsim" integrate \
	--truth-file "$dir/truth" 1 2 2>/dev/null; echo $?)" = 1 ]

# ---- hostile clients ----
huge=$(head -c 100000 /dev/zero | tr '\0' a)
check "huge headers" [ "$(printf '%s\n' "X-A: $huge" |
	get /redfish/v1 -H @-)" != 200 ]
check "a long and odd path" [ "$(printf '%s' "$huge" | head -c 3000 >"$dir/long"
	get "/%00%0a%ff$(cat "$dir/long")" -u 'admin:pa:ss ü')" = 404 ]
printf 'no TLS at all\r\n\r\n' | curl -s -m 1 --output /dev/null \
	telnet://127.0.0.1:"$(cat "$dir/port")"
check "it still lives" [ "$(power_get)" = 200 ]
check "short log lines" [ "$(awk 'length > 500' "$dir/log" | wc -l)" = 0 ]
order '/fault?kind=silence'
get /redfish/v1 -m 30 >/dev/null &
waiting=$!
sleep 0.2
bmc_stop
wait "$waiting"

# ---- other shapes ----
bmc_start --plain --shape environment --program sine:mean=200.123,amp=0,period=1 \
	--no-sessions --resolution 0.1 --latency 20:10
url=http://${url#https://}
check "plain http" [ "$(get $environment -u 'admin:pa:ss ü')" = 200 ]
check "resolution" [ "$(body_get .PowerWatts.Reading)" = 200.1 ]
check "no Power here" [ "$(get $power -u 'admin:pa:ss ü')" = 404 ]
check "no sessions here" [ "$(login)" != 201 ]
check "nor named" [ "$(get /redfish/v1; grep -c Session "$dir/body")" = 2000 ]
bmc_stop
bmc_start --plain --shape power --program const:5 --no-basic --session-timeout 1
url=http://${url#https://}
check "no Basic here" [ "$(get $power -u 'admin:pa:ss ü')" = 401 ]
login >/dev/null
token=$(head_get X-Auth-Token)
check "a session" [ "$(watts_get)" = 5 ]
sleep 1.2
check "times out" [ "$(power_get)" = 401 ]
bmc_stop

# ---- a tree in files ----
tree=$dir/tree
tree_put() { # URL, with the text on standard input
	mkdir -p "$tree$1"
	cat >"$tree$1/index.json"
}
refuses() { # a word of the reason, then options that bmcsim must not start with
	word=$1
	shift
	"$bmcsim" serve --plain --user admin --password-file "$dir/password" \
		"$@" >"$dir/said" 2>&1 </dev/null && return 1
	grep -q -- "$word" "$dir/said"
}
basic() {
	path=$1
	shift
	get "$path" -u 'admin:pa:ss ü' "$@"
}
reading() {
	basic /redfish/v1/Chassis/A/Power >/dev/null
	body_get "$1"
}

tree_put /redfish/v1/Chassis <<'END'
{ "Members": [ { "@odata.id": "/redfish/v1/Chassis/A/" } ] }
END
tree_put /redfish/v1/Chassis/A <<'END'
{"Id":"A","Name":"A"}
END
tree_put /redfish/v1/SessionService/Sessions <<'END'
{"Name":"not this one"}
END
printf '# URL, status\n%s\t404\n%s\t503\n%s\t308\t%s\n' \
	/redfish/v1/Chassis/B/ /redfish/v1/Chassis/C \
	/redfish/v1/Chassis/D /redfish/v1/Chassis/A >"$tree/_status.tsv"
bmc_start --plain --tree "$tree"
url=http://${url#https://}
check "a tree without power needs no program" [ "$(basic /redfish/v1/Chassis/A)" = 200 ]
check "its text, unchanged" cmp -s "$tree/redfish/v1/Chassis/A/index.json" "$dir/body"
check "with a slash" [ "$(basic /redfish/v1/Chassis/A/)" = 200 ]
check "and a query" [ "$(basic '/redfish/v1/Chassis/A?only=1')" = 200 ]
check "it wants a login" [ "$(get /redfish/v1/Chassis/A)" = 401 ]
check "a root of ours" [ "$(get /redfish/v1/)" = 200 ]
check "that names Chassis" [ "$(body_get '.Chassis["@odata.id"]')" = '"/redfish/v1/Chassis/"' ]
check "and Systems" [ "$(body_get '.Systems["@odata.id"]')" = '"/redfish/v1/Systems"' ]
check "which is not there" [ "$(basic /redfish/v1/Systems)" = 404 ]
check "nor a shape's chassis" [ "$(basic /redfish/v1/Chassis/1)" = 404 ]
check "a status" [ "$(basic /redfish/v1/Chassis/B)" = 404 ]
check "another" [ "$(basic /redfish/v1/Chassis/C/)" = 503 ]
check "with Redfish's error" [ "$(body_get .error.code)" = '"Base.1.8.GeneralError"' ]
check "a redirect" [ "$(basic /redfish/v1/Chassis/D)" = 308 ]
check "to there" [ "$(head_get Location)" = /redfish/v1/Chassis/A ]
check "nothing above the tree" [ "$(basic /redfish/v1/../../_status.tsv --path-as-is)" = 404 ]
check "nor in escapes" [ "$(basic /redfish/v1/%2e%2e/%2e%2e/_status.tsv)" = 404 ]
check "sessions are ours" [ "$(login)" = 201 ]
check "in their list, too" [ "$(basic $sessions)" = 200 ]
check "not the tree's" [ "$(body_get .Name)" = '"Session Collection"' ]
bmc_stop

tree_put /redfish/v1/Chassis/A/Power <<'END'
{ "PowerControl": [ { "PowerConsumedWatts" : "@WATTS@" } ],
  "Energy": { "J": "@JOULES@", "EnergykWh": "@KWH@", "Other": 1 } }
END
tree_put /redfish/v1 <<'END'
{"Name":"a root of its own"}
END
check "power needs a program" refuses "needs --program" --tree "$tree"
rm "$dir/truth"
bmc_start --plain --tree "$tree" --program step:100@0,3600@2 \
	--energy-offset 7200000 --energy-wrap 7200400
url=http://${url#https://}
check "the tree's root" [ "$(get /redfish/v1)" = 200 ]
check "is open" [ "$(body_get .Name)" = '"a root of its own"' ]
check "energy begins at the offset" [ "$(reading '.Energy.J >= 7200000 and .Energy.J < 7200300')" = true ]
check "kWh too" [ "$(reading '.Energy.EnergykWh >= 2 and .Energy.EnergykWh < 2.0001')" = true ]
sleep 2.5
check "watts" [ "$(reading '.PowerControl[0].PowerConsumedWatts')" = 3600 ]
t0=$(awk 'NR == 1 { print $1 }' "$dir/truth")
before=$("$bmcsim" integrate --truth-file "$dir/truth" "$t0" "$(date +%s.%N)")
got=$(reading .Energy.J)
after=$("$bmcsim" integrate --truth-file "$dir/truth" "$t0" "$(date +%s.%N)")
check "energy begins again at the wrap: $before <= $got + 400 <= $after" [ "$(
	echo "$before $got $after" |
	awk '{ print ($1 <= $2 + 400.001 && $2 + 399.999 <= $3) }')" = 1 ]
curl -s --data const:0 "$control/program" >/dev/null
got=$(reading .Energy.J)
sleep 0.1
check "another program keeps the energy" [ "$(reading .Energy.J)" = "$got" ]
check "of before" [ "$(echo "$after $got" | awk '{ print ($2 + 400.001 >= $1) }')" = 1 ]
curl -s --data const:50 "$control/program" >/dev/null
order '/fault?kind=null'
check "null" [ "$(reading '.PowerControl[0]')" = '{"PowerConsumedWatts":null}' ]
check "leaves energy alone" [ "$(reading '.Energy.J | type')" = '"number"' ]
order /clear
order '/fault?kind=absent'
check "absent" [ "$(reading '.PowerControl[0].PowerConsumedWatts')" = null ]
check "has no key" [ "$(grep -c PowerConsumedWatts "$dir/body")" = 0 ]
order /clear
order '/fault?kind=500&count=1'
check "a fault spares what holds no power" [ "$(basic /redfish/v1/Chassis/A)" = 200 ]
check "and strikes what does" [ "$(basic /redfish/v1/Chassis/A/Power)" = 500 ]
check "spoilt readings are not in the log" [ "$(grep -c '/Power 200 50 ' "$dir/log")" = 0 ]
reading . >/dev/null
check "right ones are" [ "$(grep -c '/Power 200 50 ' "$dir/log")" = 1 ]
bmc_stop

# A site's data base, from the truth file: 1000 s of 100 W, then 60 W.
began=$(($(date +%s) - 2000))
printf '%s.000000000 step:100@0,60@1000 %s.000000000\n' "$began" "$began" >"$dir/truth"
bmc_start --plain --site nancy --exporter --device n1,n2 --row-step 5 --row-late 3 \
	--window-max 1500 --origin port-3 --program const:50 --metric watts
url=http://${url#https://}
as=admin:$(cat "$dir/password")
rows() { # ARGUMENTS EXPRESSION-OF-JQ
	[ "$(get "/stable/sites/nancy/metrics?$1" -u "$as")" = 200 ] &&
		jq -e "$2" "$dir/body" >/dev/null
}
check "rows of a device and a metric" rows "nodes=n1&metrics=watts&start_time=$((began + 100))&end_time=$((began + 110))" \
	'length >= 2 and all(.device_id == "n1" and .metric_id == "watts" and .value == 100)'
check "stamps with and without parts of a second" rows "devices=n1&start_time=$((began + 100))&end_time=$((began + 130))" \
	'(map(select(.timestamp | test(":[0-9]{2}\\+"))) | length) >= 2 and
	 (map(select(.timestamp | test(":[0-9]{2}\\.[0-9]{6}\\+"))) | length) >= 2'
check "origins as texts and arrays" rows "devices=n1&start_time=$((began + 100))&end_time=$((began + 130))" \
	'map(.labels._device_orig | type) | unique == ["array", "string"]'
check "the last five minutes, rows being late" rows "nodes=n2" 'length >= 58 and length <= 60'
check "ISO stamps" rows "nodes=n1&start_time=$(date -u -d @$((began + 1100)) +%Y-%m-%dT%H:%M:%SZ)&end_time=$((began + 1120))" \
	'length >= 3 and all(.value == 60)'
check "both devices of a job" rows "job_id=7&start_time=$((began + 100))&end_time=$((began + 120))" \
	'map(.device_id) | unique == ["n1", "n2"]'
check "means" rows "nodes=n1&summary=true&start_time=$((began + 1))&end_time=$((began + 900))" \
	'length >= 1 and .[0].value == 100'
check "a missing node" rows "nodes=n3" '. == []'
check "another metric" rows "nodes=n1&metrics=volts" '. == []'
check "too wide a window" [ "$(get "/stable/sites/nancy/metrics?nodes=n1&start_time=$began" -u "$as")" = 500 ]
check "says so" grep -q '^Request timeout' "$dir/body"
check "no rows without a login" [ "$(get "/stable/sites/nancy/metrics?nodes=n1")" = 401 ]
order "/gap?from=$((began + 200))&to=$((began + 300))"
check "a gap" rows "nodes=n1&start_time=$((began + 200))&end_time=$((began + 299))" '. == []'
check "an exporter" [ "$(get /metrics -u "$as")" = 200 ]
check "has each device" [ "$(grep -c '^node_power_watts{node="n[12]"} 50$' "$dir/body")" = 2 ]
order "/gap?for=60"
get /metrics -u "$as" >/dev/null
check "whose series can vanish" [ "$(grep -c '^node_power_watts{' "$dir/body")" = 0 ]
bmc_stop

check "not a tree and a shape" refuses "one of them" --tree "$tree" --shape power
check "nor neither" refuses "one of them" --program const:1
check "no tree there" refuses "No such file" --tree "$dir/nowhere"
mkdir "$dir/bare"
check "nothing in it" refuses "redfish: No such file" --tree "$dir/bare"
ln -s "$dir/password" "$tree/redfish/v1/Chassis/A/link"
check "links are refused" refuses "A/link: is a link" --tree "$tree" --program const:1
rm "$tree/redfish/v1/Chassis/A/link"
mkdir "$tree/redfish/v1/Chassis/E"
head -c 1100000 /dev/zero | tr '\0' ' ' >"$tree/redfish/v1/Chassis/E/index.json"
check "as are huge texts" refuses "more than 1048576 bytes" --tree "$tree" --program const:1
echo '["@WATTS@"]' >"$tree/redfish/v1/Chassis/E/index.json"
check "and watts in an array" refuses "no member's value" --tree "$tree" --program const:1
rm -r "$tree/redfish/v1/Chassis/E"
printf '/redfish/v1/Chassis\tmoved\n' >"$tree/_status.tsv"
check "and odd statuses" refuses "wants a URL" --tree "$tree" --program const:1
exit $failed
