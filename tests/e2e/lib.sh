# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For the scenarios: the lab's functions, and the parts of this test.
E2E=${BASH_SOURCE[0]%/*}
# shellcheck source=../lab/lib.sh
. "$E2E/../lab/lib.sh" || exit 1
for part in truth check jobs crash site past; do
	# shellcheck disable=SC1090
	. "$E2E/$part.sh" || exit 1
done
