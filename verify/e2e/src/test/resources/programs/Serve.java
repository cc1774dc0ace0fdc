// SPDX-License-Identifier: Apache-2.0

import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/// HTTP servers that answer with the address they were asked at: by a selector at the first port, by a thread that
/// blocks at the second.
class Serve {
    public static void main(String[] ports) throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress(Integer.parseInt(ports[0])), 0);
        server.createContext("/", exchange -> {
            byte[] answer = (exchange.getLocalAddress() + "\n").getBytes(StandardCharsets.US_ASCII);
            exchange.sendResponseHeaders(200, answer.length);
            exchange.getResponseBody().write(answer);
            exchange.close();
        });
        server.start();
        try (ServerSocket blocking = new ServerSocket(Integer.parseInt(ports[1]))) {
            System.out.println("ready");
            while (true) {
                try (Socket socket = blocking.accept()) {
                    socket.getInputStream().read(new byte[4096]);
                    String answer = "HTTP/1.0 200 OK\r\n\r\n" + socket.getLocalSocketAddress() + "\n";
                    socket.getOutputStream().write(answer.getBytes(StandardCharsets.US_ASCII));
                }
            }
        }
    }
}
