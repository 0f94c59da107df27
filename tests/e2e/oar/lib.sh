# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For the scenarios: the lab's functions, and the parts of this test.
E2E_OAR=${BASH_SOURCE[0]%/*}
# shellcheck source=../../lab/oar-lib.sh
. "$E2E_OAR/../../lab/oar-lib.sh" || exit 1
for part in ../truth ../check ../past truth check jobs; do
	# shellcheck disable=SC1090
	. "$E2E_OAR/$part.sh" || exit 1
done

# What all groups' labs have in common. `since` is known, so that all time from
# then on has to be found in the results.
knobs_common() {
	SINCE_S=$(($(date +%s) - 60))
	export SINCE_S
	export LAB_WATTGATE_TOP="max_gap = ${MAX_GAP_S}s" LAB_OAR_SECTION="since = $SINCE_S"
	export LAB_BMC_PROGRAM_node_1="sine:mean=200,amp=100,period=17"
	export LAB_BMC_PROGRAM_node_2="sine:mean=300,amp=150,period=19"
	export LAB_BMC_PROGRAM_node_3="sine:mean=400,amp=200,period=23"
	export LAB_BMC_PROGRAM_node_4="sine:mean=500,amp=250,period=29"
}
