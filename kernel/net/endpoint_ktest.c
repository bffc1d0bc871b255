/* SPDX-License-Identifier: Apache-2.0 */
/* Endpoints over the loopback interface, in the kernel itself. */
#include "lib/string.h"
#include "mm/heap.h"
#include "net/endpoint.h"
#include "net/interface.h"
#include "net/stack.h"
#include "tests/harness/test.h"

struct probe {
    struct endpoint_owner owner;
    uint32_t changes; /* all bits that were told */
};

static void changed(struct endpoint_owner *owner, uint32_t states)
{
    CONTAINER_OF(owner, struct probe, owner)->changes |= states;
}

static struct net_address loopback(uint16_t port)
{
    return (struct net_address){ { 127, 0, 0, 1 }, port, false, 0 };
}

static int64_t send(struct endpoint *endpoint, const void *data, size_t bytes, const struct net_address *to)
{
    struct io_segment segment;
    struct io_buffer from;
    struct endpoint_message message = { 0 };
    if (to) message.to = *to;
    io_buffer_init_kernel(&from, &segment, (void *)data, bytes);
    return endpoint_send(endpoint, &from, to ? &message : NULL, 0);
}

static int64_t receive(struct endpoint *endpoint, void *data, size_t bytes, struct endpoint_message *message)
{
    struct io_segment segment;
    struct io_buffer to;
    io_buffer_init_kernel(&to, &segment, data, bytes);
    return endpoint_receive(endpoint, &to, message, 0);
}

static struct endpoint *create(enum endpoint_kind kind, struct probe *probe)
{
    struct endpoint *endpoint = NULL;
    if (failed(endpoint_create(kind, 0, false, &endpoint))) return NULL;
    *probe = (struct probe){ .owner.changed = changed };
    endpoint_set_owner(endpoint, &probe->owner);
    return endpoint;
}

/* Two ends of a connection; the listener on `port` stays open. */
struct pair {
    struct endpoint *listener, *client, *server;
    struct probe on_listener, on_client, on_server;
};

static bool pair_open(struct pair *pair, uint16_t port)
{
    struct net_address address = loopback(port);
    uint32_t on = 1;
    pair->listener = create(ENDPOINT_TCP, &pair->on_listener);
    pair->client = create(ENDPOINT_TCP, &pair->on_client);
    if (failed(endpoint_set_option(pair->listener, ENDPOINT_REUSE_ADDRESS, on))) return false;
    if (failed(endpoint_bind(pair->listener, &address)) || failed(endpoint_listen(pair->listener, 4)))
        return false;
    if (endpoint_connect(pair->client, &address).code != ERR_IN_PROGRESS.code) return false;
    if (failed(endpoint_accept(pair->listener, &pair->server))) return false;
    pair->on_server = (struct probe){ .owner.changed = changed };
    endpoint_set_owner(pair->server, &pair->on_server.owner);
    return true;
}

static void pair_close(struct pair *pair)
{
    endpoint_close(pair->client);
    endpoint_close(pair->server);
    endpoint_close(pair->listener);
    net_forget_ended();
}

TEST(a_connection_to_this_machine_is_there_when_connect_returns_and_both_ends_know_each_other)
{
    struct pair pair;
    struct net_address local, remote;
    EXPECT(pair_open(&pair, 7001));
    EXPECT(pair.on_client.changes & ENDPOINT_CONNECTED);
    EXPECT(pair.on_listener.changes & ENDPOINT_READABLE);
    EXPECT(!(endpoint_ready(pair.listener) & ENDPOINT_READABLE));
    endpoint_local(pair.client, &local);
    EXPECT(!failed(endpoint_remote(pair.server, &remote)));
    EXPECT(local.port == remote.port && !memcmp(local.bytes, remote.bytes, 4));
    pair_close(&pair);
}

TEST(what_one_end_sends_the_other_receives_to_the_byte_and_the_end_of_the_stream_behind_it)
{
    struct pair pair;
    enum { BYTES = 200000 };
    uint8_t *sent = heap_alloc(BYTES), *got = heap_alloc(BYTES);
    EXPECT(sent && got && pair_open(&pair, 7002));
    for (size_t i = 0; i < BYTES; i++) sent[i] = (uint8_t)(i * 31 + (i >> 8));
    EXPECT(receive(pair.server, got, 1, NULL) == ERR_TRY_AGAIN.code);
    EXPECT(send(pair.client, sent, BYTES, NULL) == BYTES);
    EXPECT(!failed(endpoint_shutdown(pair.client, false, true)));
    EXPECT(endpoint_receive_queued(pair.server) == BYTES);
    EXPECT(receive(pair.server, got, 7, NULL) == 7);
    EXPECT(receive(pair.server, got + 7, BYTES, NULL) == BYTES - 7);
    EXPECT(!memcmp(sent, got, BYTES));
    EXPECT(receive(pair.server, got, 1, NULL) == 0);
    EXPECT(endpoint_ready(pair.server) & ENDPOINT_READ_END);
    EXPECT(send(pair.client, sent, 1, NULL) == ERR_BROKEN_PIPE.code);
    pair_close(&pair);
    heap_free(sent);
    heap_free(got);
}

TEST(a_writer_whose_peer_does_not_read_gets_try_again_and_is_told_when_there_is_room)
{
    struct pair pair;
    enum { BYTES = 65536 };
    uint8_t *data = heap_alloc_zeroed(BYTES);
    int64_t total = 0, result;
    EXPECT(data && pair_open(&pair, 7003));
    while ((result = send(pair.client, data, BYTES, NULL)) > 0) total += result;
    EXPECT(result == ERR_TRY_AGAIN.code && total > 1 << 20);
    EXPECT(!(endpoint_ready(pair.client) & ENDPOINT_WRITABLE));
    pair.on_client.changes = 0;
    int64_t left = total;
    while (left > 0 && (result = receive(pair.server, data, BYTES, NULL)) > 0) left -= result;
    EXPECT(left == 0);
    EXPECT(pair.on_client.changes & ENDPOINT_WRITABLE);
    EXPECT(endpoint_send_queued(pair.client) == 0);
    pair_close(&pair);
    heap_free(data);
}

TEST(a_port_without_a_listener_refuses_and_a_close_with_unread_data_resets_the_peer)
{
    struct probe probe;
    struct pair pair;
    uint8_t byte = 1;
    struct net_address nobody = loopback(7999);
    struct endpoint *client = create(ENDPOINT_TCP, &probe);
    EXPECT(endpoint_connect(client, &nobody).code == ERR_IN_PROGRESS.code);
    EXPECT(endpoint_ready(client) & ENDPOINT_ERROR);
    EXPECT(endpoint_take_error(client).code == ERR_REFUSED.code);
    EXPECT(!failed(endpoint_take_error(client)));
    endpoint_close(client);

    EXPECT(pair_open(&pair, 7004));
    EXPECT(send(pair.client, &byte, 1, NULL) == 1);
    endpoint_close(pair.server);
    EXPECT(receive(pair.client, &byte, 1, NULL) == ERR_RESET.code);
    EXPECT(receive(pair.client, &byte, 1, NULL) == 0);
    endpoint_close(pair.client);
    endpoint_close(pair.listener);
    net_forget_ended();
}

TEST(a_full_queue_of_a_listener_takes_no_more_until_somebody_accepts)
{
    struct pair pair;
    struct probe probes[3];
    struct endpoint *clients[3], *taken;
    struct net_address address = loopback(7005);
    EXPECT(pair_open(&pair, 7005));
    EXPECT(!failed(endpoint_listen(pair.listener, 1))); /* as on Linux, one more than it says */
    for (int i = 0; i < 3; i++) {
        clients[i] = create(ENDPOINT_TCP, &probes[i]);
        EXPECT(endpoint_connect(clients[i], &address).code == ERR_IN_PROGRESS.code);
    }
    EXPECT(endpoint_ready(clients[1]) & ENDPOINT_CONNECTED);
    EXPECT(endpoint_ready(clients[2]) & ENDPOINT_CONNECTING);
    EXPECT(!failed(endpoint_accept(pair.listener, &taken)));
    endpoint_close(taken);
    for (int i = 0; i < 3; i++) endpoint_close(clients[i]);
    pair_close(&pair);
}

TEST(datagrams_keep_their_borders_and_senders_and_one_without_a_receiver_is_refused)
{
    struct probe on_a, on_b;
    struct endpoint *a = create(ENDPOINT_UDP, &on_a), *b = create(ENDPOINT_UDP, &on_b);
    struct net_address to = loopback(7006), nobody = loopback(7998);
    struct endpoint_message message;
    char got[16];
    EXPECT(!failed(endpoint_bind(b, &to)));
    EXPECT(send(a, "first", 5, &to) == 5 && send(a, "", 0, &to) == 0 && send(a, "third one", 9, &to) == 9);
    EXPECT(receive(b, got, sizeof(got), &message) == 5 && !memcmp(got, "first", 5));
    EXPECT(message.from.bytes[0] == 127 && message.from.port && message.to.port == 7006 && !message.is_cut);
    EXPECT(receive(b, got, sizeof(got), NULL) == 0);
    EXPECT(receive(b, got, 5, &message) == 5 && message.is_cut && message.bytes == 9);
    EXPECT(receive(b, got, 5, NULL) == ERR_TRY_AGAIN.code);
    EXPECT(send(a, "x", 1, NULL) == ERR_NO_DESTINATION.code);
    EXPECT(!failed(endpoint_connect(a, &nobody)));
    EXPECT(send(a, "x", 1, NULL) == 1);
    EXPECT(receive(a, got, 1, NULL) == ERR_REFUSED.code);
    endpoint_close(a);
    endpoint_close(b);
}

TEST(a_queue_of_datagrams_ends_where_the_option_says)
{
    struct probe on_a, on_b;
    struct endpoint *a = create(ENDPOINT_UDP, &on_a), *b = create(ENDPOINT_UDP, &on_b);
    struct net_address to = loopback(7007);
    char data[1000] = { 0 };
    int count = 0;
    EXPECT(!failed(endpoint_bind(b, &to)) && !failed(endpoint_set_option(b, ENDPOINT_RECEIVE_BYTES, 10000)));
    for (int i = 0; i < 20; i++) EXPECT(send(a, data, sizeof(data), &to) == (int64_t)sizeof(data));
    while (receive(b, data, sizeof(data), NULL) > 0) count++;
    EXPECT(count > 5 && count < 10);
    endpoint_close(a);
    endpoint_close(b);
}

TEST(the_machine_answers_an_echo_request_to_itself_and_a_raw_endpoint_sees_it)
{
    struct endpoint *raw;
    struct net_address to = loopback(0);
    uint8_t request[16] = { 8, 0, 0, 0, 0x12, 0x34, 0, 1, 'p', 'i', 'n', 'g' }, got[64];
    uint32_t sum = 0;
    for (size_t i = 0; i < sizeof(request); i += 2) sum += (uint32_t)(request[i] << 8 | request[i + 1]);
    sum = ~((sum & 0xffff) + (sum >> 16));
    request[2] = (uint8_t)(sum >> 8);
    request[3] = (uint8_t)sum;
    EXPECT(!failed(endpoint_create(ENDPOINT_RAW, 1, false, &raw)));
    EXPECT(send(raw, request, sizeof(request), &to) == (int64_t)sizeof(request));
    EXPECT(receive(raw, got, sizeof(got), NULL) == 20 + (int64_t)sizeof(request) && got[20] == 8);
    EXPECT(receive(raw, got, sizeof(got), NULL) == 20 + (int64_t)sizeof(request) && got[20] == 0);
    EXPECT(!memcmp(got + 24, request + 4, sizeof(request) - 4));
    endpoint_close(raw);
}

TEST(both_families_a_dual_endpoint_takes_connections_of_ipv4_and_of_ipv6)
{
    struct probe probe;
    struct endpoint *listener, *client, *server;
    struct net_address any = { .port = 7008, .is_v6 = true }, v4 = loopback(7008), remote;
    struct net_address v6 = { .bytes[15] = 1, .port = 7008, .is_v6 = true };
    EXPECT(!failed(endpoint_create(ENDPOINT_TCP, 0, true, &listener)));
    EXPECT(!failed(endpoint_bind(listener, &any)) && !failed(endpoint_listen(listener, 4)));
    client = create(ENDPOINT_TCP, &probe);
    EXPECT(endpoint_connect(client, &v4).code == ERR_IN_PROGRESS.code);
    EXPECT(!failed(endpoint_accept(listener, &server)));
    EXPECT(!failed(endpoint_remote(server, &remote)) && !remote.is_v6);
    endpoint_close(client);
    endpoint_close(server);
    EXPECT(!failed(endpoint_create(ENDPOINT_TCP, 0, true, &client)));
    EXPECT(endpoint_connect(client, &v6).code == ERR_IN_PROGRESS.code);
    EXPECT(!failed(endpoint_accept(listener, &server)));
    EXPECT(!failed(endpoint_remote(server, &remote)) && remote.is_v6 && remote.bytes[15] == 1);
    endpoint_close(client);
    endpoint_close(server);
    endpoint_close(listener);
    net_forget_ended();
}

TEST(two_may_not_have_one_port_unless_both_say_so)
{
    struct probe probe;
    struct endpoint *a = create(ENDPOINT_UDP, &probe), *b = create(ENDPOINT_UDP, &probe);
    struct net_address port = loopback(7009), foreign = { { 192, 0, 2, 1 }, 7009, false, 0 };
    EXPECT(!failed(endpoint_bind(a, &port)));
    EXPECT(endpoint_bind(b, &port).code == ERR_ADDRESS_IN_USE.code);
    EXPECT(endpoint_bind(b, &foreign).code == ERR_NO_ADDRESS.code);
    endpoint_close(a);
    EXPECT(!failed(endpoint_bind(b, &port)));
    endpoint_close(b);
}

TEST(the_loopback_interface_is_number_1_and_has_its_addresses)
{
    struct interface_info info;
    EXPECT(interface_read(0, &info) && info.number == 1 && info.is_loopback && info.is_up &&
           info.mtu == 65536);
    EXPECT(!strcmp(info.name, "lo") && interface_number("lo") == 1 && interface_number("eth9") == 0);
    EXPECT(info.address_count == 2 && info.addresses[0].address.bytes[0] == 127 &&
           info.addresses[0].prefix_bits == 8);
}
