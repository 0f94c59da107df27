# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# What wattgate-oar-schema and wattgate-site-schema share; the build puts it into
# both. Before it: program (its name), schema. Before it is called: schema_dir,
# database or else db_port and db_name, password_file, owner_user, new_password,
# readers (roles, comma between) and TABLES (of others that wattgate reads).
# shellcheck disable=SC2154

MARK="made by $program"

say() { printf '%s\n' "$*"; }
warn() { printf '%s: %s\n' "$program" "$*" >&2; }
die() { warn "$@"; exit 1; }

# ---- the database -----------------------------------------------------------

host_is_local() {
	case $1 in
	localhost | 127.* | ::1 | /*) return 0 ;;
	esac
	[ "$1" = "$(hostname)" ] || [ "$1" = "$(hostname -f 2>/dev/null)" ]
}

words_check() {
	command -v psql >/dev/null || die "psql is missing (Debian: postgresql-client)"
	case $database in
	*password*=* | *://*:*@*)
		die "--database: no password there, everybody can see it; libpq finds it in PGPASSFILE" ;;
	esac
}

local_user_check() {
	[ "$(id -u)" = 0 ] || [ "$(id -un)" = postgres ] ||
		die "only root or postgres may do this; else give --database"
}

# run_sql [ARGUMENT...]: SQL on standard input
run_sql() {
	set -- psql -X -q -A -t -v ON_ERROR_STOP=1 -v VERBOSITY=terse \
		-v tables="${TABLES-}" -v readers="$readers" "$@" -f -
	if [ -n "$database" ]; then
		"$@" -d "$database"
	elif [ "$(id -u)" = 0 ]; then
		(cd / && runuser -u postgres -- "$@" -p "$db_port" -d "$db_name")
	else
		"$@" -p "$db_port" -d "$db_name"
	fi
}
# answer SQL: its only value
answer() { printf '%s\n' "$1" | run_sql; }

# ---- versions -----------------------------------------------------------------

migrations() { ls "$schema_dir"/[0-9][0-9][0-9]-*.sql 2>/dev/null; }

version_of() {
	number=${1##*/}
	number=${number%%-*}
	number=${number#0}
	printf '%s' "${number#0}"
}

newest() {
	last=$(migrations | tail -n 1)
	[ -n "$last" ] || die "$schema_dir: no SQL files there"
	version_of "$last"
}

# 0: no schema
installed() {
	found=$(answer "SELECT coalesce(to_regclass('$schema.meta')::text, '')") || return 1
	if [ -z "$found" ]; then
		printf 0
	else
		answer "SELECT version FROM $schema.meta"
	fi
}

# sets have and want
versions_read() {
	want=$(newest) || exit 1
	have=$(installed) || die "cannot ask the database, see above"
	case $have in
	'' | *[!0-9]*) die "$schema.meta says no version: '$have'" ;;
	esac
	[ "$have" -le "$want" ] ||
		die "the schema has version $have, this program knows $want: use the wattgate that made it"
}

owner_check() {
	owner=$(answer "SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = '$schema'") ||
		exit 1
	case $owner in
	'' | wattgate) ;;
	*) die "schema $schema belongs to $owner: it is not wattgate's" ;;
	esac
}

# ---- role and password ----------------------------------------------------------

# role_kind ROLE: new, ours or theirs
role_kind() {
	answer "SELECT coalesce((SELECT CASE WHEN shobj_description(oid, 'pg_authid') = '$MARK'
		THEN 'ours' ELSE 'theirs' END FROM pg_roles WHERE rolname = '$1'), 'new')"
}

password_file_check() {
	if [ ! -f "$password_file" ] || [ -L "$password_file" ]; then
		die "$password_file: not a regular file"
	fi
	[ -z "$(find "$password_file" -perm /077)" ] ||
		die "$password_file: others may read it; chmod 0600"
}

password_file_make() {
	[ -d "${password_file%/*}" ] || mkdir "${password_file%/*}" ||
		die "${password_file%/*} cannot be made; --password-file names another place"
	word=$(head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n')
	# noclobber: nor through a link that somebody puts there meanwhile
	(umask 077 && set -C && printf '%s\n' "$word" >"$password_file") ||
		die "$password_file: cannot be made; --password-file names another place"
	say "made       $password_file"
	if [ "$(id -u)" = 0 ] && id -u "$owner_user" >/dev/null 2>&1; then
		chown "$owner_user" "$password_file"
	else
		warn "$password_file must belong to the user that wattgated runs as"
	fi
}

# What PostgreSQL keeps of a password, so that it is in no log of the server's.
# shellcheck disable=SC2016
VERIFIER='
	my $word = <STDIN> // ""; $word =~ s/\r?\n\z//;
	$word =~ /\A[\x21-\x7e]{8,512}\z/ or exit(1);
	open(my $random, "<", "/dev/urandom") or exit(1);
	read($random, my $salt, 16) == 16 or exit(1);
	my $round = hmac_sha256($salt . pack("N", 1), $word);
	my $key = $round;
	for (2 .. 4096) { $round = hmac_sha256($round, $word); $key ^= $round; }
	printf("SCRAM-SHA-256\$4096:%s\$%s:%s\n", map { encode_base64($_, "") }
		$salt, sha256(hmac_sha256("Client Key", $key)), hmac_sha256("Server Key", $key));'

password_set() {
	verifier=$(perl -MDigest::SHA=sha256,hmac_sha256 -MMIME::Base64 -e "$VERIFIER" <"$password_file") ||
		die "$password_file: its first line must be 8 to 512 letters, digits and signs"
	answer "ALTER ROLE wattgate PASSWORD '$verifier'" ||
		die "the password of role wattgate cannot be set, see above"
}

role_install() {
	kind=$(role_kind wattgate) || exit 1
	if [ "$kind" = theirs ]; then
		say "role       wattgate was there before: it and its password stay as they are"
		return
	fi
	if [ -e "$password_file" ] || [ -L "$password_file" ]; then
		password_file_check
	elif [ "$kind" = new ] || [ "$new_password" = 1 ]; then
		password_file_make
	else
		die "role wattgate exists, $password_file does not: put it there, or give --new-password"
	fi
	if [ "$kind" = new ]; then
		answer "BEGIN; CREATE ROLE wattgate LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE;
			COMMENT ON ROLE wattgate IS '$MARK'; COMMIT" ||
			die "role wattgate cannot be made, see above"
		say "made       role wattgate"
	fi
	password_set
}

migrate() {
	for file in $(migrations); do
		version=$(version_of "$file")
		[ "$version" -gt "$have" ] || continue
		run_sql <"$file" || die "$file failed, see above: nothing of it was done"
		say "schema     version $version"
	done
	run_sql <"$schema_dir/rights.sql" || die "rights cannot be given, see above"
}
