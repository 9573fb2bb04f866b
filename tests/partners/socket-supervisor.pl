#!/usr/bin/perl
# tests/partners/socket-supervisor.pl NAME=ADDRESS:PORT... -- PROGRAM ARGUMENT...
#
# Opens the sockets once and starts any number of processes that inherit them, as sd_listen_fds(3) says. NAME is what LISTEN_FDNAMES calls a
# socket; '-' gives it none. Says "socket NAME ADDRESS:PORT" for each, then obeys standard input, a command a line:
#   start [DIRECTORY]  starts the program, its output going into DIRECTORY/out-N and err-N: "started PID"
#   signal NAME PID    sends it the signal
# and says "ended PID CODE" when one has ended. Ends, and every process with it, when standard input does.
use strict;
use warnings;
use Fcntl qw(F_SETFD);
use IO::Handle;
use IO::Select;
use POSIX qw(:sys_wait_h dup2 getcwd);
use Socket qw(:all);

my (@sockets, @names, %running, $count);
while (defined(my $argument = shift @ARGV)) {
    last if $argument eq '--';
    my ($name, $address, $port) = $argument =~ /^([^=]+)=(.+):(\d+)$/ or die "$argument: write NAME=ADDRESS:PORT\n";
    $address =~ s/^\[(.*)\]$/$1/;
    my $family = $address =~ /:/ ? AF_INET6 : AF_INET;
    socket(my $socket, $family, SOCK_STREAM, 0) or die "socket: $!\n";
    setsockopt($socket, SOL_SOCKET, SO_REUSEADDR, 1);
    my $packed = inet_pton($family, $address);
    bind($socket, $family == AF_INET6 ? pack_sockaddr_in6($port, $packed) : pack_sockaddr_in($port, $packed)) or die "$argument: $!\n";
    listen($socket, 4096) or die "listen: $!\n";
    my $bound = $family == AF_INET6 ? (unpack_sockaddr_in6(getsockname $socket))[0] : (unpack_sockaddr_in(getsockname $socket))[0];
    push @sockets, $socket;
    push @names, $name eq '-' ? 'unknown' : $name;
    say_line("socket $name " . ($family == AF_INET6 ? "[$address]" : $address) . ":$bound");
}
my @program = @ARGV;
my $input = IO::Select->new(\*STDIN);
my $buffer = '';
while (1) {
    if ($input->can_read(0.05)) {
        last unless sysread(STDIN, $buffer, 4096, length $buffer);
        obey($1) while $buffer =~ s/^(.*)\n//;
    }
    while ((my $ended = waitpid(-1, WNOHANG)) > 0) {
        delete $running{$ended};
        say_line("ended $ended " . ($? & 127 ? 128 + ($? & 127) : $? >> 8));
    }
}
kill 'KILL', keys %running;

sub say_line { print "$_[0]\n"; STDOUT->flush }

sub obey {
    my ($command, @arguments) = split ' ', $_[0];
    if ($command eq 'start') { say_line('started ' . start($arguments[0])) }
    elsif ($command eq 'signal') { kill @arguments }
}

sub start {
    my $directory = $_[0] // getcwd();
    my $number = ++$count;
    my $pid = fork() // die "fork: $!\n";
    if ($pid) { $running{$pid} = 1; return $pid }
    open(STDIN, '<', '/dev/null');
    open(STDOUT, '>', "$directory/out-$number") or POSIX::_exit(126);
    open(STDERR, '>', "$directory/err-$number") or POSIX::_exit(126);
    # First out of the way of each other, then to where they are looked for.
    my $next = 100;
    my @from = map { dup2(fileno $_, $next); $next++ } @sockets;
    for my $i (0 .. $#from) { dup2($from[$i], 3 + $i); POSIX::close($from[$i]) }
    @ENV{qw(LISTEN_FDS LISTEN_PID LISTEN_FDNAMES)} = (scalar @from, $$, join(':', @names));
    exec { $program[0] } @program or POSIX::_exit(127);
}
