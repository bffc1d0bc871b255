// SPDX-License-Identifier: Apache-2.0

import java.io.*;
import java.net.*;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.*;
import java.util.*;
import java.util.concurrent.*;
import java.util.stream.*;

/** What a Java machine asks of a kernel: a large reserved heap, guard pages, safepoints by page faults, compiler threads.
 *  Prints what comes of it, never a time. */
public class Threads {
    static int depth(int n) { return n + depth(n + 1) % 3; }

    static void threads() throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(8);
        List<Future<Long>> results = new ArrayList<>();
        for (int i = 0; i < 64; i++) {
            final int id = i;
            results.add(pool.submit(() -> {
                long sum = 0;
                List<byte[]> blocks = new ArrayList<>();
                for (int j = 0; j < 200; j++) {
                    byte[] block = new byte[10000];
                    block[j] = (byte) (id + j);
                    blocks.add(block);
                    if (blocks.size() > 10) sum += blocks.remove(0)[Math.max(0, j - 10)];
                }
                Thread.sleep(id % 3);
                return sum;
            }));
        }
        long sum = 0;
        for (Future<Long> result : results) sum += result.get();
        pool.shutdown();
        System.out.println("threads " + sum + " " + pool.awaitTermination(10, TimeUnit.SECONDS));
        System.out.println("parallel " + IntStream.range(0, 100000).parallel().mapToLong(i -> (long) i * i % 7).sum());
    }

    /** Faults that become exceptions. */
    static void faults() {
        try { depth(0); } catch (StackOverflowError e) { System.out.println("stack overflow"); }
        Object nothing = null;
        for (int i = 0; i < 3; i++)
            try { nothing.hashCode(); } catch (NullPointerException e) { System.out.println("null pointer"); }
        try { System.out.println(new byte[Integer.MAX_VALUE - 8].length); } catch (OutOfMemoryError e) { System.out.println("no heap"); }
    }

    static void sockets() throws Exception {
        ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread echo = new Thread(() -> {
            try {
                for (int i = 0; i < 5; i++)
                    try (Socket client = server.accept()) { client.getInputStream().transferTo(client.getOutputStream()); }
            } catch (IOException e) { e.printStackTrace(System.out); }
        });
        echo.start();
        long bytes = 0;
        for (int i = 0; i < 5; i++)
            try (Socket socket = new Socket(server.getInetAddress(), server.getLocalPort())) {
                socket.getOutputStream().write(new byte[1000 * (i + 1)]);
                socket.shutdownOutput();
                bytes += socket.getInputStream().readAllBytes().length;
            }
        echo.join();
        System.out.println("echo " + bytes);
    }

    static void files() throws Exception {
        Path path = Files.createTempFile("java", ".data");
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            var map = channel.map(FileChannel.MapMode.READ_WRITE, 0, 100000);
            for (int i = 0; i < 100000; i += 4) map.putInt(i, i);
            map.force();
            ByteBuffer last = ByteBuffer.allocate(4);
            channel.read(last, 99996);
            System.out.println("mapped " + last.getInt(0) + " " + channel.size() + " " + (channel.tryLock() != null));
        }
        Files.delete(path);
        Process child = new ProcessBuilder("/bin/sh", "-c", "cat; exit 4").start();
        try (OutputStream in = child.getOutputStream()) { in.write("through a child\n".getBytes()); }
        System.out.print(new String(child.getInputStream().readAllBytes()));
        System.out.println("status " + child.waitFor());
    }

    public static void main(String[] words) throws Exception {
        threads();
        faults();
        sockets();
        files();
        System.gc();
        System.out.println("processors " + Runtime.getRuntime().availableProcessors());
    }
}
