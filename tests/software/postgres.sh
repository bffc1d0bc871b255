#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A PostgreSQL server with several clients: processes that share memory, semaphores, signals, locks on files. Prints what
# comes of it, never a time.
set -u
export PATH=/usr/lib/postgresql/15/bin:/usr/bin LC_ALL=C.UTF-8 PGHOST=/tmp PGDATABASE=postgres PGDATA=/tmp/data
cd /tmp || exit 1
if [ "$(id -u)" = 0 ]; then
    cp "$0" /tmp/postgres.sh
    exec setpriv --reuid 65534 --regid 65534 --clear-groups /bin/bash /tmp/postgres.sh
fi

initdb --no-sync --auth trust --username nobody >init.log 2>&1 || { cat init.log; exit 1; }
postgres -c unix_socket_directories=/tmp >server.log 2>&1 &
for _ in $(seq 300); do psql -c '' >/dev/null 2>&1 && break; sleep 0.1; done

psql -q -A -t <<'SQL'
create table words (id serial primary key, word text unique, amount numeric(12, 2), at timestamptz default now());
insert into words (word, amount) select md5(i::text), i * 1.25 from generate_series(1, 5000) i;
select count(*), sum(amount), min(word), max(word) from words;
create index on words (amount);
analyze words;
explain (costs off) select * from words where amount = 12.5;
select word from words where amount between 10 and 14 order by id;
begin; delete from words where id % 2 = 0; select count(*) from words; rollback;
select count(*) from words;
insert into words (word) values (md5('1'));
select jsonb_agg(id order by id) from words where word like 'c4c%';
with recursive f(a, b, n) as (select 0::numeric, 1::numeric, 0 union all select b, a + b, n + 1 from f where n < 100)
    select max(a) from f;
SQL
pgbench -q -i >bench.log 2>&1 || cat bench.log
pgbench -n -c 4 -j 2 -t 25 2>/dev/null | grep -E 'processed|failed'
psql -A -t -c 'select sum(tbalance) = (select sum(delta) from pgbench_history), (select count(*) from pgbench_history) from pgbench_tellers'
PGHOST=127.0.0.1 psql -A -t -c "copy (select word from words order by id) to stdout" | md5sum
psql -q -c "notify nobody; checkpoint"

kill -INT %1
wait %1
echo "the server ends with $?"
grep -oE 'PANIC:.*|database system is shut down' server.log
