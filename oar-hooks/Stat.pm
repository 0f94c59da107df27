# SPDX-License-Identifier: GPL-2.0-or-later
#
# Energy in oarstat and in OAR's REST API, for OAR 2.5 on PostgreSQL.
#
# OAR's programs look for their modules in OAR's own directory first
# (/usr/lib/oar): this file, found there as OAR/Stat.pm, loads the packaged
# module, which stays as it is, and puts itself around some of its functions:
#
#   -f                        two lines of energy
#   -J -Y -D -X, REST         energy_kwh and energy_coverage of each job
#   --accounting              a table of kWh and core time by user and project
#
# It reads schema wattgate (docs/oar-schema.md). Where that is missing, of
# another version, forbidden or late, all output is what it is without this
# file: every entry from OAR's code ends in a catch().

package OAR::Stat::Wattgate;

use strict;
use warnings;

my %SCHEMA_KNOWN = (1 => 1, 2 => 1);	# what is read here is the same in both
my $CONNECT_S = 2;	# libpq knows no less
my $PATIENCE_S = 2;	# for all queries between an open and the next

my $failed;		# since OAR opened its connection: ask no more
my $spent_s;
my %pending;		# jobs that OAR has looked up
my %energy;		# job => [kWh or undef, coverage or undef]
my $accounting;		# the query of --accounting, sent
my $by_sql;		# --sql was given with it

sub forget {
    drop_accounting();
    ($failed, $spent_s) = (0, 0);
    %pending = ();
    %energy = ();
}

# ---- the packaged module ----------------------------------------------------

# The next OAR/Stat.pm on the path after this one.
sub packaged_file {
    my @self = stat(__FILE__);
    my @dirs = grep { !ref($_) } @INC;
    my ($here) = grep { is_self("$dirs[$_]/OAR/Stat.pm", @self) } 0 .. $#dirs;
    my $first = defined($here) ? $here + 1 : 0;
    my ($file) = grep { -f $_ && !is_self($_, @self) }
        map { "$_/OAR/Stat.pm" } @dirs[$first .. $#dirs];
    return $file;
}
sub is_self {
    my ($file, @self) = @_;
    my @other = stat($file);
    return @self && @other && $self[0] == $other[0] && $self[1] == $other[1];
}

my $packaged = packaged_file();
die("Can't locate OAR's own OAR/Stat.pm in \@INC (\@INC contains: @INC)\n")
    if (!defined($packaged));
do($packaged) or die($@ || "$packaged: $!\n");

# ---- the database -----------------------------------------------------------

# Nothing that happens in CODE reaches OAR.
sub catch {
    my $code = shift;
    local ($@, $!, $?);
    local $SIG{__DIE__} = 'DEFAULT';
    local $SIG{__WARN__} = sub { };
    my $result;
    $failed = 1 if (!eval { $result = $code->(@_); 1 });
    return $result;
}

# A connection of our own, as the user that OAR reads with: what is set or
# goes wrong on it is not OAR's.
sub connect_database {
    my $type = OAR::Conf::get_conf('DB_TYPE');
    die("not PostgreSQL\n") if (!defined($type) || $type !~ /^(Pg|psql)$/);
    my %conf = map { $_ => OAR::Conf::get_conf("DB_$_") }
        qw(HOSTNAME PORT BASE_NAME BASE_LOGIN BASE_PASSWD BASE_LOGIN_RO BASE_PASSWD_RO);
    # OAR takes what is before a semicolon too
    s/;.*// foreach (grep { defined($_) } @conf{qw(HOSTNAME PORT BASE_NAME)});
    my $source = "dbi:Pg:dbname=$conf{BASE_NAME};host=$conf{HOSTNAME};"
        . "connect_timeout=$CONNECT_S;application_name=wattgate-oarstat";
    $source .= ";port=$conf{PORT}" if (($conf{PORT} // '') =~ /^[0-9]+$/);
    return DBI->connect($source, $conf{BASE_LOGIN_RO} // $conf{BASE_LOGIN},
        $conf{BASE_PASSWD_RO} // $conf{BASE_PASSWD},
        { PrintError => 0, RaiseError => 1, AutoInactiveDestroy => 1 });
}

# Rows of a query that was sent; dies where they do not come in time. The
# server has its own limit, but a server that is stuck does not keep it.
sub receive_rows {
    my ($base, $query) = @_;
    my $begin = Time::HiRes::time();
    while (!$base->pg_ready()) {
        my $left_s = $PATIENCE_S - $spent_s - (Time::HiRes::time() - $begin);
        if ($left_s <= 0) {
            hang_up($base);
            die("late\n");
        }
        my $bits = '';
        vec($bits, $base->{pg_socket}, 1) = 1;
        select($bits, undef, undef, $left_s);
    }
    $query->pg_result();
    $spent_s += Time::HiRes::time() - $begin;
    return $query->{NUM_OF_FIELDS} ? $query->fetchall_arrayref() : [];
}

sub send_query {
    my ($base, $sql, @bind) = @_;
    my $query = $base->prepare($sql, { pg_async => 1 });
    $query->execute(@bind);
    return $query;
}

sub select_rows {
    my $base = shift;
    return receive_rows($base, send_query($base, @_));
}

# A polite disconnect would wait for the answer, as would perl at its end.
sub hang_up {
    my $base = shift;
    open(my $socket, '+<&', $base->{pg_socket}) or return;
    shutdown($socket, 2);
}

# Asked of the catalogue first: a query that fails leaves a line in the
# server's log, for each oarstat.
my $READABLE = q{SELECT count(*) FROM pg_catalog.pg_namespace
    WHERE nspname = 'wattgate' AND pg_catalog.has_schema_privilege(oid, 'USAGE')};

sub check_schema {
    my $base = shift;
    die("no schema\n") if (!select_rows($base, $READABLE)->[0][0]);
    my $rows = select_rows($base, 'SELECT version FROM wattgate.meta');
    die("another version\n") if (@{$rows} != 1 || !$SCHEMA_KNOWN{$rows->[0][0]});
}

# Send a query on a connection of its own. Returns what finish() takes, or
# undef: after a failure nothing is asked until OAR connects anew.
sub start {
    my @query = @_;
    return undef if ($failed);
    return catch(sub {
        require Time::HiRes;
        my $base = connect_database();
        # in a transaction, so that behind a pooler too it is ours alone
        select_rows($base, 'BEGIN READ ONLY; SET LOCAL jit = off;
            SET LOCAL max_parallel_workers_per_gather = 0;
            SET LOCAL statement_timeout = ' . 1000 * $PATIENCE_S);
        check_schema($base);
        return [$base, send_query($base, @query)];
    });
}

# The rows, or undef.
sub finish {
    my $running = shift;
    return undef if ($failed || !$running);
    return catch(sub {
        my $rows = receive_rows(@{$running});
        $running->[0]->disconnect();
        return $rows;
    });
}

# ---- jobs -------------------------------------------------------------------

# Jobs that OAR looked up, a list or a hash of them: one query gets them all.
sub note_jobs {
    my $jobs = shift;
    my @ids = ref($jobs) eq 'HASH' ? keys(%{$jobs})
        : ref($jobs) eq 'ARRAY' ? map { $_->{job_id} } grep { ref($_) eq 'HASH' } @{$jobs} : ();
    $pending{$_} = 1 foreach (grep { is_job_id($_) } @ids);
}
sub is_job_id {
    my $id = shift;
    return defined($id) && $id =~ /^[0-9]{1,10}\z/ && $id <= 2147483647;
}

sub job_energy {
    my $id = shift;
    return $energy{$id} if ($energy{$id} || !is_job_id($id));
    $pending{$id} = 1;
    my $rows = finish(start('SELECT job_id, energy_kwh, energy_coverage
        FROM wattgate.job_energy WHERE job_id = ANY (?)', [keys(%pending)]));
    return undef if (!$rows);
    $energy{$_} = [undef, undef] foreach (keys(%pending));
    $energy{$_->[0]} = [number($_->[1]), part($_->[2])] foreach (@{$rows});
    %pending = ();
    return $energy{$id};
}

# A number to JSON, with no more digits than it has.
sub number {
    my $value = shift;
    return defined($value) ? 0 + sprintf('%.9g', $value) : undef;
}
# All but covered is not covered.
sub part {
    my $value = number(@_);
    return defined($value) && $value == 1 && $_[0] < 1 ? 0.999999999 : $value;
}

sub add_energy {
    my ($data, $job, $full) = @_;
    my $energy = job_energy($job->{job_id});
    return if (!$energy || ref($data) ne 'HASH');
    @{$data}{qw(energy_kwh energy_coverage)} = @{$energy};
    add_lines($job, @{$energy}) if (defined($full) && defined(&main::print_job_data));
}

# oarstat -f prints fields that it knows; the last before the events is made
# longer, in its own copy of the job, which goes into no other format.
sub add_lines {
    my ($job, $kwh, $coverage) = @_;
    $job->{resubmit_job_id} .= sprintf("\n    energy_kwh = %s\n    energy_coverage = %s",
        $kwh // 'unknown', $coverage // 'unknown');
}

# ---- --accounting -----------------------------------------------------------

sub start_accounting {
    my ($from_s, $to_s, $user, $sql) = @_;
    $by_sql = defined($sql) && $sql ne '';
    $accounting = start('SELECT job_user, project, core_s, energy_kwh, energy_coverage
        FROM wattgate.account(?::bigint, ?::bigint, ?::text)
        ORDER BY job_user, project', $from_s, $to_s, $user);
}

# OAR ended before it came to print.
sub drop_accounting {
    hang_up($accounting->[0]) if ($accounting);
    $accounting = undef;
}
END {
    catch(\&drop_accounting);
}

sub print_accounting {
    my $rows = finish($accounting);
    drop_accounting() if (!$rows);
    $accounting = undef;
    return if (!$rows || !@{$rows});
    # its condition is for OAR's table
    return print("\nEnergy is not shown with --sql.\n") if ($by_sql);
    my $text = sprintf("\n%-10s %-20s %16s %16s %s\n", 'User', 'Project',
        'Core time (s)', 'Energy (kWh)', 'Coverage');
    $text .= join(' ', map { '-' x $_ } (10, 20, 16, 16, 8)) . "\n";
    $text .= accounting_line(@{$_}) foreach (@{$rows});
    utf8::encode($text) if (utf8::is_utf8($text));
    print($text);
}

sub accounting_line {
    my ($user, $project, $core_s, $kwh, $coverage) = @_;
    # users name projects: no line or escape sequence of theirs
    s/[[:cntrl:]]/?/g foreach ($user, $project);
    $kwh = defined($kwh) ? sprintf('%.6f', $kwh) : '-';
    $coverage = defined($coverage) ? sprintf('%.4f', int($coverage * 10000) / 10000) : '-';
    return sprintf("%-10s %-20s %16.0f %16s %8s\n", $user, $project, $core_s, $kwh, $coverage);
}

# ---- around OAR's functions ---------------------------------------------------

no warnings qw(redefine prototype);

sub around_lists {
    foreach my $name (qw(get_all_jobs_for_user get_specific_jobs get_array_subjobs
        get_jobs_with_given_properties get_jobs_for_user_query)) {
        no strict 'refs';
        my $stock = defined(&{"OAR::Stat::$name"}) ? \&{"OAR::Stat::$name"} : next;
        *{"OAR::Stat::$name"} = sub {
            my $jobs = $stock->(@_);
            catch(\&note_jobs, $jobs);
            return $jobs;
        };
    }
}

sub around_job {
    my $stock = defined(&OAR::Stat::get_job_data) ? \&OAR::Stat::get_job_data : return;
    *OAR::Stat::get_job_data = sub ($$) {
        my $data = $stock->(@_);
        catch(\&add_energy, $data, @_);
        return $data;
    };
}

sub around_accounting {
    my $stock = defined(&OAR::Stat::get_accounting_summary)
        ? \&OAR::Stat::get_accounting_summary : return;
    *OAR::Stat::get_accounting_summary = sub ($$$$) {
        # the server works on it while OAR asks and prints its own
        catch(\&start_accounting, @_);
        return $stock->(@_);
    };
}

# oarstat itself is compiled only now.
sub around_main {
    my $stock = defined(&main::show_accounting) ? \&main::show_accounting : return;
    *main::show_accounting = sub {
        $stock->(@_);
        catch(\&print_accounting);
    };
}

sub around_open {
    my $stock = defined(&OAR::Stat::open_db_connection)
        ? \&OAR::Stat::open_db_connection : return;
    my $main_done;
    *OAR::Stat::open_db_connection = sub () {
        forget();
        catch(\&around_main) if (!$main_done++);
        return $stock->(@_);
    };
}

# another copy, further down the path, has done it
our $around;
if (!$around++) {
    forget();
    catch(sub { around_lists(); around_job(); around_accounting(); around_open() });
}
1;
