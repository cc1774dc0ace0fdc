// SPDX-License-Identifier: Apache-2.0

import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// Asks an HTTP server at each address in every way a JVM has, and prints the way and the answer's last line.
class Ask {
    private static final String REQUEST = "GET / HTTP/1.0\r\n\r\n";

    public static void main(String[] addresses) throws Exception {
        for (String address : addresses) {
            URI uri = URI.create("http://" + address + "/");
            InetSocketAddress to = new InetSocketAddress(uri.getHost().replaceAll("[\\[\\]]", ""), uri.getPort());
            System.out.println("client " + client(uri));
            System.out.println("url " + url(uri));
            System.out.println("socket " + socket(to));
            System.out.println("timeout " + socketWithTimeout(to));
            System.out.println("channel " + blockingChannel(to));
            System.out.println("selector " + selector(to));
        }
    }

    private static String client(URI uri) throws Exception {
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpRequest request = HttpRequest.newBuilder(uri).build();
            return client.send(request, HttpResponse.BodyHandlers.ofString()).body().strip();
        }
    }

    private static String url(URI uri) throws Exception {
        HttpURLConnection connection = (HttpURLConnection) uri.toURL().openConnection();
        try (InputStream in = connection.getInputStream()) {
            return text(in.readAllBytes());
        }
    }

    private static String socket(InetSocketAddress to) throws Exception {
        try (Socket socket = new Socket(to.getAddress(), to.getPort())) {
            return exchange(socket);
        }
    }

    private static String socketWithTimeout(InetSocketAddress to) throws Exception {
        try (Socket socket = new Socket()) {
            socket.connect(to, 10_000);
            return exchange(socket);
        }
    }

    private static String exchange(Socket socket) throws Exception {
        socket.getOutputStream().write(REQUEST.getBytes(StandardCharsets.US_ASCII));
        return text(socket.getInputStream().readAllBytes());
    }

    private static String blockingChannel(InetSocketAddress to) throws Exception {
        try (SocketChannel channel = SocketChannel.open(to)) {
            channel.write(ByteBuffer.wrap(REQUEST.getBytes(StandardCharsets.US_ASCII)));
            ByteBuffer answer = ByteBuffer.allocate(4096);
            int read;
            do {
                read = channel.read(answer);
            } while (read >= 0);
            return text(answer);
        }
    }

    /// The socket is a member of the epoll set before it connects.
    private static String selector(InetSocketAddress to) throws Exception {
        try (Selector selector = Selector.open();
                SocketChannel channel = SocketChannel.open()) {
            channel.configureBlocking(false);
            SelectionKey key = channel.register(selector, SelectionKey.OP_CONNECT);
            selector.selectNow();
            if (!channel.connect(to)) {
                do {
                    selector.select();
                } while (!channel.finishConnect());
            }
            channel.write(ByteBuffer.wrap(REQUEST.getBytes(StandardCharsets.US_ASCII)));
            key.interestOps(SelectionKey.OP_READ);
            ByteBuffer answer = ByteBuffer.allocate(4096);
            int read;
            do {
                selector.select();
                selector.selectedKeys().clear();
                read = channel.read(answer);
            } while (read >= 0);
            return text(answer);
        }
    }

    private static String text(ByteBuffer answer) {
        return text(Arrays.copyOf(answer.array(), answer.position()));
    }

    private static String text(byte[] answer) {
        String all = new String(answer, StandardCharsets.US_ASCII);
        return all.lines().toList().getLast();
    }
}
