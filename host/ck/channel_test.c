/* SPDX-License-Identifier: Apache-2.0 */
/* The host's side of the channel against honest and dishonest bytes. */
#include "host/ck/channel.h"

#include <string.h>

#include "tests/harness/test.h"

#define HELLO          \
    "\x01\x00\x08\x00" \
    "CKCH"             \
    "\x04\x00\x00\x00"

static struct channel_decoder decoder;
static struct channel_frame frame;
static size_t used;

static enum channel_step decode(const void *bytes, size_t count)
{
    return channel_decode(&decoder, bytes, count, &frame, &used);
}
#define DECODE(text) decode(text, sizeof(text) - 1)

static void greet(void)
{
    decoder = (struct channel_decoder){ 0 };
    EXPECT_EQ(DECODE(HELLO), CHANNEL_FRAME);
}

TEST(channel_takes_a_greeting)
{
    greet();
    EXPECT_EQ(frame.type, CHANNEL_HELLO);
    EXPECT_EQ(used, 12);
    EXPECT_EQ(decoder.noise_bytes, 0);
}

TEST(channel_skips_noise_before_the_greeting_however_it_is_cut)
{
    static const char text[] = "SeaBIOS\r\n\x01\x00\x08\x00"
                               "CKC\x01\x00" HELLO "\x02\x00\x01\x00y";
    for (size_t cut = 1; cut < sizeof text - 1; cut++) {
        decoder = (struct channel_decoder){ 0 };
        size_t at = 0, available = cut;
        enum channel_step step;
        while ((step = decode(text + at, available - at)) == CHANNEL_MORE && available < sizeof text - 1) {
            at += used;
            available++;
        }
        EXPECT_EQ(step, CHANNEL_FRAME);
        EXPECT_EQ(frame.type, CHANNEL_HELLO);
        EXPECT_EQ(at + used, sizeof text - 1 - 5);
        EXPECT_EQ(decoder.noise_bytes, sizeof text - 1 - 5 - 12);
    }
}

TEST(channel_gives_up_on_endless_noise)
{
    static char noise[4096];
    memset(noise, 1, sizeof noise); /* the first byte of a greeting, over and over */
    decoder = (struct channel_decoder){ 0 };
    int rounds = 0;
    while (decode(noise, sizeof noise) == CHANNEL_MORE && rounds < 1000) rounds++;
    EXPECT(rounds > 200 && rounds < 300);
    EXPECT(strstr(decoder.why, "greeting"));
}

TEST(channel_refuses_another_version)
{
    decoder = (struct channel_decoder){ 0 };
    EXPECT_EQ(DECODE("\x01\x00\x08\x00"
                     "CKCH"
                     "\x07\x00\x00\x00"),
              CHANNEL_BROKEN);
    EXPECT(strstr(decoder.why, "version 7"));
}

TEST(channel_hands_out_output_frames_whole)
{
    static const char text[] = "\x03\x00\x05\x00hello";
    greet();
    for (size_t count = 0; count < sizeof text - 1; count++) {
        EXPECT_EQ(decode(text, count), CHANNEL_MORE);
        EXPECT_EQ(used, 0);
    }
    EXPECT_EQ(DECODE(text), CHANNEL_FRAME);
    EXPECT_EQ(frame.type, CHANNEL_STDERR);
    EXPECT_EQ(frame.length, 5);
    EXPECT(memcmp(frame.payload, "hello", 5) == 0);
    EXPECT_EQ(used, 9);
}

TEST(channel_reads_how_the_program_ended)
{
    greet();
    EXPECT_EQ(DECODE("\x04\x00\x08\x00\x01\x00\x00\x00\x0b\x00\x00\x00"), CHANNEL_FRAME);
    EXPECT_EQ(frame.exit.kind, CHANNEL_SIGNALED);
    EXPECT_EQ(frame.exit.status, 11);
    EXPECT(decoder.has_exit);
    greet();
    EXPECT_EQ(DECODE("\x04\x00\x08\x00\x04\x00\x00\x00\x09\x00\x00\x00"), CHANNEL_FRAME);
    EXPECT_EQ(frame.exit.kind, CHANNEL_OUT_OF_MEMORY);
    EXPECT_EQ(frame.exit.status, 9);
}

TEST(channel_judges_a_header_before_its_payload_is_there)
{
    greet();
    EXPECT_EQ(DECODE("\x02\x00\x01\x10"), CHANNEL_BROKEN);
    EXPECT(strstr(decoder.why, "4097"));
    EXPECT_EQ(DECODE("\x02\x00\x00\x10"), CHANNEL_MORE);
    EXPECT_EQ(DECODE("\x02\x01\x00\x00"), CHANNEL_BROKEN);
    EXPECT(strstr(decoder.why, "reserved"));
}

TEST(channel_reads_how_much_input_was_taken)
{
    greet();
    EXPECT_EQ(DECODE("\x05\x00\x04\x00\x10\x20\x00\x00"), CHANNEL_FRAME);
    EXPECT_EQ(frame.type, CHANNEL_STDIN_TAKEN);
    EXPECT_EQ(frame.taken, 0x2010);
    greet();
    EXPECT_EQ(DECODE("\x05\x00\x03\x00\x10\x20\x00"), CHANNEL_BROKEN);
}

TEST(channel_hands_out_whole_statistics)
{
    static const char whole[] = "\x06\x00\x18\x00"
                                "123456789012345678901234";
    greet();
    EXPECT_EQ(DECODE(whole), CHANNEL_FRAME);
    EXPECT_EQ(frame.type, CHANNEL_STATS);
    EXPECT_EQ(frame.length, sizeof(struct channel_stat));
}

TEST(channel_refuses_every_type_the_kernel_may_not_send)
{
    for (unsigned type = 0; type < 256; type++) {
        uint8_t bytes[4] = { (uint8_t)type, 0, 24, 0 };
        bool is_allowed = type == CHANNEL_STDOUT || type == CHANNEL_STDERR || type == CHANNEL_EXIT ||
                          type == CHANNEL_STDIN_TAKEN || type == CHANNEL_STATS;
        greet();
        EXPECT_EQ(decode(bytes, sizeof bytes), is_allowed ? CHANNEL_MORE : CHANNEL_BROKEN);
    }
}

TEST(channel_refuses_absurd_ends)
{
    static const struct {
        const char *bytes;
        size_t count;
        const char *why;
    } cases[] = {
        { "\x04\x00\x00\x00", 4, "of 0 bytes" },
        { "\x04\x00\x09\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 13, "of 9 bytes" },
        { "\x04\x00\x08\x00\x00\x00\x00\x00\x00\x01\x00\x00", 12, "status of 256" },
        { "\x04\x00\x08\x00\x00\x00\x00\x00\xff\xff\xff\xff", 12, "status of 4294967295" },
        { "\x04\x00\x08\x00\x01\x00\x00\x00\x00\x00\x00\x00", 12, "signal 0" },
        { "\x04\x00\x08\x00\x01\x00\x00\x00\x41\x00\x00\x00", 12, "signal 65" },
        { "\x04\x00\x08\x00\x05\x00\x00\x00\x00\x00\x00\x00", 12, "kind 5" },
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        greet();
        EXPECT_EQ(decode(cases[i].bytes, cases[i].count), CHANNEL_BROKEN);
        EXPECT(strstr(decoder.why, cases[i].why));
        EXPECT(!decoder.has_exit);
    }
}

TEST(channel_encodes_frames_as_the_contract_says)
{
    struct buffer out = { 0 };
    channel_encode(&out, CHANNEL_STDIN, "hello", 5);
    channel_encode(&out, CHANNEL_STDIN_EOF, NULL, 0);
    static const char wanted[] = "\x81\x00\x05\x00hello\x82\x00\x00\x00";
    EXPECT_EQ(buffer_bytes(&out), sizeof wanted - 1);
    EXPECT(memcmp(buffer_front(&out), wanted, sizeof wanted - 1) == 0);
    buffer_free(&out);
}

TEST(buffer_keeps_its_bytes_in_order_while_they_come_and_go)
{
    struct buffer b = { 0 };
    uint8_t next_in = 0, next_out = 0;
    for (int round = 0; round < 2000; round++) {
        for (int i = 0; i < round % 97; i++, next_in++) buffer_append(&b, &next_in, 1);
        for (size_t left = MIN(buffer_bytes(&b), (size_t)(round % 89)); left > 0; left--) {
            EXPECT_EQ(*buffer_front(&b), next_out++);
            buffer_take(&b, 1);
        }
    }
    buffer_free(&b);
}

TEST(buffer_tail_forgets_the_oldest_bytes)
{
    struct buffer b = { 0 };
    for (int i = 0; i < 100; i++) buffer_append_tail(&b, "0123456789", 10, 15);
    EXPECT_EQ(buffer_bytes(&b), 15);
    EXPECT(memcmp(buffer_front(&b), "567890123456789", 15) == 0);
    buffer_free(&b);
}
