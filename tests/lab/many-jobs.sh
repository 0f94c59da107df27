# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Very many jobs in a lab's accounting, written into slurmdbd's own tables:
# submitted, they would take hours. For scripts that have read lib.sh.

MANY_JOBS_FROM=1790000000	# the first ends a little later
MANY_JOBS_FIRST=1000000		# their ids

lab_sql() { mariadb --no-defaults -S "$LAB_DIR/run/db/sock" -N -B slurm_acct_db "$@"; }

# many_jobs N DAYS: N jobs that ended within so many days, of two users, as a
# site has them: arrays, requeued, cancelled, held, on many nodes, with texts of
# users' own. Each that ran has a batch and an extern step. Two in a hundred
# were requeued, so that their own row has no energy.
many_jobs() {
	local n=$1 span=$(($2 * 86400)) user1 user2 assoc1 assoc2
	read -r user1 assoc1 < <(lab_sql -e "select id_assoc, user from lab_assoc_table where user='${LAB_USERS% *}'")
	read -r user2 assoc2 < <(lab_sql -e "select id_assoc, user from lab_assoc_table where user='${LAB_USERS#* }'")
	lab_sql <<-SQL
	set session sql_mode = '';
	insert into lab_job_table (mod_time, account, cpus_req, job_name, id_assoc,
		id_array_job, id_array_task, id_job, id_qos, id_resv, id_wckey, id_user,
		id_group, het_job_id, het_job_offset, kill_requid, state_reason_prev,
		nodelist, nodes_alloc, node_inx, \`partition\`, priority, state, timelimit,
		time_submit, time_eligible, time_start, time_end, time_suspended, flags,
		wckey, work_dir, submit_line, tres_alloc, tres_req)
	select e, if(odd, 'proj2', 'proj1'), c, concat(elt(1 + seq % 4, 'relax', 'train "a,b"',
			'md|run', 'bücher\n'), seq % 1000),
		if(odd, $user2, $user1), if(arr, $MANY_JOBS_FIRST + seq - seq % 50, 0),
		if(arr, seq % 50, 4294967294), $MANY_JOBS_FIRST + seq, 1, 0, 0,
		if(odd, $(id -u "$assoc2"), $(id -u "$assoc1")), 60, 0, 4294967294,
		if(cancelled, 0, null), 0,
		if(never, 'None assigned', if(wide, concat('n[', 1 + seq % 90, '-', 4 + seq % 90, ']'),
			concat('n', 1 + seq % 90))), if(never, 0, if(wide, 4, 1)), seq % 90, 'main', 4294901759,
		case when again then 1024 when cancelled then 4 when seq % 31 = 0 then 5
			when seq % 37 = 0 then 6 when seq % 211 = 0 then 11 else 3 end, 60,
		e - len - 100, if(held, 0, e - len - 90), if(never, 0, e - len), e,
		if(seq % 101 = 0 and not never, len div 3, 0), 20,
		if(seq % 3 = 0, concat('*key', seq % 7), if(seq % 3 = 1, 'paper=1', '')),
		concat('/home/user/project/run.', seq % 5000),
		concat('sbatch --time=60 --ntasks=', c, ' --output=/home/user/project/log/%j job.sh ', seq),
		if(never, '', concat('1=', c, ',2=', c * 4000,
			if(again or seq % 997 = 0, '', concat(',3=', (len * (50 + seq % 300)))), ',4=', if(wide, 4, 1), ',5=', c,
			if(seq % 11 = 0, ',1001=2', ''))),
		concat('1=', c, ',2=', c * 4000, ',4=', if(wide, 4, 1), ',5=', c)
	from (select seq, $MANY_JOBS_FROM + 1 + (seq * $span) div $n as e,
		1 + (seq * 7919) % 7200 as len, 1 + (seq * 31) % 64 as c, seq % 2 as odd,
		seq % 10 >= 6 as arr, seq % 53 = 0 as again, seq % 29 = 0 as cancelled,
		seq % 145 = 0 as never, seq % 290 = 0 as held, seq % 17 = 0 as wide
		from seq_0_to_$((n - 1))) s;
	insert into lab_step_table (job_db_inx, id_step, nodelist, nodes_alloc, node_inx, state,
		step_name, task_cnt, time_start, time_end, consumed_energy, tres_alloc,
		tres_usage_in_ave, tres_usage_in_max, tres_usage_in_min, tres_usage_in_tot,
		tres_usage_out_ave, tres_usage_out_max, tres_usage_out_min, tres_usage_out_tot)
	select job_db_inx, id_step, nodelist, nodes_alloc, node_inx, 3, name, 1, time_start,
		time_end, if(id_job % 997 = 0, 0, (time_end - time_start) * (50 + (id_job - $MANY_JOBS_FIRST) % 300) - k),
		tres_alloc, u, u, u, u, '3=100,6=1', '3=100,6=1', '3=100,6=1', '3=100,6=1'
	from lab_job_table, (select -4 as id_step, 'extern' as name, 0 as k,
			'1=0,2=1687552,3=211,6=6976,7=2990080,8=0' as u
		union select -5, 'batch', 3, '1=1000,2=268435456,3=205,6=6976,7=2990080,8=0') t
	where id_job >= $MANY_JOBS_FIRST and time_start > 0;
	analyze table lab_job_table, lab_step_table;
	SQL
}

# many_jobs_window DAYS: the words for wattgate report
many_jobs_window() { echo "--from @$MANY_JOBS_FROM --to @$((MANY_JOBS_FROM + $1 * 86400 + 10))"; }
