# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Is what `wattgate report` wrote valid, whatever texts it has?

# Every record of RFC 4180 has as many fields as the first.
csv_valid() {
	(($(tr -cd '"' <"$1" | wc -c) % 2 == 0)) || return 1
	awk -v RS='"' 'NR % 2 { gsub(/,/, "\001"); gsub(/\n/, "\002"); printf "%s", $0 }
		NR % 2 == 0 { printf "q%d", length($0) }' "$1" |
		tr '\002' '\n' | awk -F '\001' 'NR == 1 { n = NF } NF && NF != n { exit 1 }'
}
no_formula() { ! grep -qE '(^|,|")[=+@]' "$1"; }
utf8_valid() { iconv -f UTF-8 -t UTF-8 "$1" >/dev/null; }
no_controls() { ! LC_ALL=C grep -q $'[\x01-\x08\x0b-\x1f\x7f]' "$1"; }

# outputs_valid FILE BY COMMAND...: FILE.csv, FILE.json and FILE.table
outputs_valid() {
	local file=$1 by=$2 format
	shift 2
	for format in csv json table; do
		"$@" --format "$format" >"$file.$format" && utf8_valid "$file.$format" ||
			{ echo "by $by: $format"; return 1; }
	done
	csv_valid "$file.csv" && no_formula "$file.csv" && jq -e 'length > 0' "$file.json" >/dev/null &&
		no_controls "$file.table" || { echo "by $by"; return 1; }
}

# page_valid FILE COMMAND...: what would have been an element is a text
page_valid() {
	local file=$1
	shift
	"$@" --format html >"$file" && utf8_valid "$file" && grep -q 'onerror' "$file" &&
		! grep -qiE '<img|<script>alert|</script><script>' "$file"
}
