# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Energy profiles in HDF5: Slurm then asks the plugin by other ways.

knobs_profile() { export LAB_PROFILE=hdf5; }

profile_job() {
	local node=$1 job
	submit "$USER1" -w "$node" -n1 "${@:2}" --wrap 'work job srun work step 9'
	job=$JOB
	finish "$job"
	want_work "$node" 0.5 job "$job" "$node"
	check_job "$job" "$node"
	check_step "$job" batch "$node"
	want_work "$node" 0.5 step "$job" "$node"
	check_step "$job" 0 "$node"
}

scenario profile-energy node "a job with an energy profile is charged as without"
test_profile_energy() {
	profile_job "$1" --profile=energy --acctg-freq=energy=1
	ok_if "job $JOB left a profile" \
		grep -q . <<<"$(find "$LAB_DIR/hdf5" -name "${JOB}_*.h5" -size +0)"
}
scenario profile-off node "one without a profile on the same cluster"
test_profile_off() { profile_job "$1"; }
