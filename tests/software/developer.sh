#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What a developer does in a container: version control, a compiler, make, Perl, digests and ciphers. Prints what comes
# of it, never a time or a path that differs.
set -eu
export LC_ALL=C
cd "$(mktemp -d)"
export GIT_AUTHOR_DATE='2024-01-01T00:00:00Z' GIT_COMMITTER_DATE='2024-01-01T00:00:00Z' GIT_CONFIG_GLOBAL=$PWD/config

echo '== git'
git config --global user.name Somebody
git config --global user.email somebody@example.com
git config --global init.defaultBranch main
git init -q work
cd work
mkdir src
cat >src/hello.c <<'C'
#include <math.h>
#include <pthread.h>
#include <stdio.h>
static void *square_root(void *of) { *(double *)of = sqrt(*(double *)of); return of; }
int main(int argc, char **argv)
{
    double number = argc + 1;
    pthread_t thread;
    pthread_create(&thread, NULL, square_root, &number);
    pthread_join(thread, NULL);
    printf("hello from %s: %.15g\n", argv[0], number);
    return 7;
}
C
printf 'hello: src/hello.c\n\tcc -O2 -Wall -o $@ $< -lm\n' >Makefile
for number in $(seq 40); do echo "line $number" >>"file$((number % 7))"; done
git add .
git commit -qm 'the first'
git checkout -qb branch
sed -i 's/hello from/greetings from/' src/hello.c
git commit -qam 'another greeting'
git checkout -q main
echo more >>file1
git commit -qam 'more in file1'
git merge -q --no-edit branch
git log --format='%h %s' --graph | sed 's| *$||'
git diff --stat HEAD~1
cd ..
git clone -q work copy
cd copy
git fsck --strict
git gc -q
git status --short --branch
git rev-parse HEAD

echo '== gcc and make'
make
status=0
./hello || status=$?
echo "status $status"
cc -O1 -S -o - src/hello.c | sha256sum

echo '== perl'
perl -e '
use strict; use warnings; use Digest::SHA qw(sha256_hex); use POSIX qw(floor);
my %count; $count{length $_}++ for map { "x" x ($_ % 13) } 1 .. 500;
print join(" ", map { "$_:$count{$_}" } sort { $a <=> $b } keys %count), "\n";
open(my $pipe, "-|", "sort -r") // die; close $pipe;
my $pid = fork // die; if (!$pid) { exit 5 } waitpid $pid, 0; print "child ", $? >> 8, "\n";
print sha256_hex("text"), " ", floor(-2.5), " ", sprintf("%.10g", atan2(1, 1) * 4), "\n";
$_ = "the quick brown fox"; print ucfirst join(" ", reverse split / /), "\n" if s/(\w+) (\w+)/$2 $1/;'

echo '== openssl'
head -c 1000000 /dev/zero | openssl sha256
printf text | openssl enc -aes-256-cbc -pbkdf2 -iter 1000 -S 0011223344556677 -pass pass:secret | od -An -tx1
openssl genpkey -algorithm ed25519 -out key.pem
openssl pkey -in key.pem -pubout -out public.pem
openssl pkeyutl -sign -inkey key.pem -rawin -in Makefile -out signature
openssl pkeyutl -verify -pubin -inkey public.pem -rawin -in Makefile -sigfile signature
openssl prime 1000003
