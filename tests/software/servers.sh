#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Three servers at once, which tests/e2e/servers_test.sh asks from outside: redis on 6379, nginx on 8080, Python's on
# 8000. Ends when redis is shut down, with its status.
set -eu
mkdir -p /srv/www /var/lib/nginx /var/log/nginx /tmp/redis
for bytes in 0 1 1000 100000 3000000; do head -c $bytes /dev/zero | tr '\0' x >/srv/www/$bytes; done
echo 'hello from the guest' >/srv/www/index.html
cat >/tmp/nginx.conf <<'CONF'
daemon off;
user root;
worker_processes 2;
error_log stderr;
pid /tmp/nginx.pid;
events { worker_connections 256; }
http {
    access_log off;
    default_type text/plain;
    sendfile on;
    keepalive_requests 1000000;
    server { listen 8080; root /srv/www; index index.html; }
}
CONF
nginx -c /tmp/nginx.conf &
python3 -m http.server 8000 --directory /srv/www >/dev/null 2>&1 &
echo started
redis-server --dir /tmp/redis --appendonly yes --save '' --protected-mode no --loglevel warning &
redis=$!
status=0
wait $redis || status=$?
nginx -c /tmp/nginx.conf -s quit
echo ended
exit $status
