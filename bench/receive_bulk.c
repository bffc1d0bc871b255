/* SPDX-License-Identifier: Apache-2.0 */
/* A server that throws away what it receives: receive_bulk PORT. It takes one connection after the other, reads until
 * the peer has ended its side, and answers with the number of bytes in decimal. tools/bench/servers.py asks it. */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static char buffer[256 << 10];

static void serve(int connection)
{
    unsigned long long bytes = 0;
    ssize_t got;
    while ((got = read(connection, buffer, sizeof buffer)) > 0) bytes += (unsigned long long)got;
    if (got == 0) dprintf(connection, "%llu\n", bytes);
    close(connection);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: receive_bulk PORT\n");
        return 2;
    }
    struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argv[1])) };
    int listener = socket(AF_INET, SOCK_STREAM, 0), connection;
    if (listener < 0 || bind(listener, (struct sockaddr *)&any, sizeof any) != 0 ||
        listen(listener, 8) != 0) {
        perror("receive_bulk");
        return 1;
    }
    while ((connection = accept(listener, NULL, NULL)) >= 0) serve(connection);
    perror("receive_bulk: accept");
    return 1;
}
