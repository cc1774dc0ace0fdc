// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime.receiver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.model.KelpException;
import dev.kelp.model.container.Logging;
import dev.kelp.runtime.ContainerLog.Entry;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Instant;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `syslog-address=tcp+tls://…` with a certificate that nobody but the user knows.
class SyslogTlsTest {
    private static final char[] PASSWORD = "changeit".toCharArray();
    private static final Origin ORIGIN = new Origin("0123456789ab", "web", "app:1", "tag", 42, Map.of());

    @TempDir
    static Path folder;

    private static SSLContext context;

    @BeforeAll
    static void makeKeys() throws Exception {
        Path store = folder.resolve("keys.p12");
        String keytool =
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString();
        Process made = new ProcessBuilder(List.of(
                        (keytool + " -genkeypair -alias k -keyalg EC -dname CN=test -validity 2 -ext san=ip:127.0.0.1"
                                        + " -ext bc=ca:true -storepass changeit -keystore " + store)
                                .split(" ")))
                .inheritIO()
                .start();
        assertThat(made.waitFor()).isZero();
        KeyStore keys = KeyStore.getInstance(store.toFile(), PASSWORD);
        KeyManagerFactory own = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        own.init(keys, PASSWORD);
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("k", keys.getCertificate("k"));
        TrustManagerFactory others = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        others.init(trusted);
        context = SSLContext.getInstance("TLS");
        context.init(own.getKeyManagers(), others.getTrustManagers(), null);
        Files.writeString(
                folder.resolve("cert.pem"),
                pem("CERTIFICATE", keys.getCertificate("k").getEncoded()));
        Files.writeString(
                folder.resolve("key.pem"),
                pem("PRIVATE KEY", keys.getKey("k", PASSWORD).getEncoded()));
    }

    private static String pem(String type, byte[] der) {
        String body = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
        return "-----BEGIN " + type + "-----\n" + body + "\n-----END " + type + "-----\n";
    }

    /// The line that a server which asks for a certificate gets.
    private static String received(boolean asks, String... options) throws Exception {
        try (SSLServerSocket server = (SSLServerSocket)
                context.getServerSocketFactory().createServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            server.setNeedClientAuth(asks);
            CompletableFuture<String> line = CompletableFuture.supplyAsync(() -> firstLine(server));
            Logging logging = logging("tcp+tls://127.0.0.1:" + server.getLocalPort(), options);
            try (LogReceiver r = LogReceivers.open(logging, ORIGIN, "host")) {
                r.send(List.of(new Entry(Instant.EPOCH, false, "hello\n".getBytes(StandardCharsets.UTF_8))));
                return line.get();
            }
        }
    }

    private static String firstLine(SSLServerSocket server) {
        try (SSLSocket accepted = (SSLSocket) server.accept()) {
            return new BufferedReader(new InputStreamReader(accepted.getInputStream(), StandardCharsets.UTF_8))
                    .readLine();
        } catch (IOException e) {
            return e.toString();
        }
    }

    private static Logging logging(String address, String... options) {
        Map<String, String> all = new HashMap<>(Map.of("syslog-address", address));
        for (int i = 0; i < options.length; i += 2) {
            all.put(options[i], options[i + 1]);
        }
        return new Logging("syslog", all);
    }

    private static String file(String name) {
        return folder.resolve(name).toString();
    }

    @Test
    void aCertificateAuthorityOfTheUsersOwnIsTrusted() throws Exception {
        assertThatThrownBy(() -> received(false)).isInstanceOf(IOException.class);
        assertThat(received(false, "syslog-tls-ca-cert", file("cert.pem"))).endsWith("tag[42]: hello");
        assertThat(received(false, "syslog-tls-skip-verify", "true")).endsWith("hello");
    }

    @Test
    void aServerThatAsksGetsTheUsersCertificate() throws Exception {
        String[] all = {
            "syslog-tls-ca-cert", file("cert.pem"),
            "syslog-tls-cert", file("cert.pem"),
            "syslog-tls-key", file("key.pem")
        };
        assertThat(received(true, all)).endsWith("hello");
    }

    @Test
    void filesThatAreNoneAreNamed() throws IOException {
        Files.writeString(folder.resolve("empty.pem"), "nothing");
        assertThatThrownBy(() -> received(false, "syslog-tls-ca-cert", file("missing.pem")))
                .hasMessageContaining("missing.pem")
                .isInstanceOf(IOException.class);
        assertThatThrownBy(() -> received(false, "syslog-tls-ca-cert", file("empty.pem")))
                .hasMessageContaining("no certificate")
                .isInstanceOf(IOException.class);
    }

    @Test
    void optionsThatCannotWorkAreRefusedAtOnce() {
        assertThatThrownBy(() -> LogReceivers.check(logging("tcp+tls://h:1", "syslog-tls-ca-cert", "relative.pem")))
                .isInstanceOf(KelpException.class)
                .hasMessageContaining("absolute");
        assertThatThrownBy(() -> LogReceivers.check(logging("tcp+tls://h:1", "syslog-tls-cert", "/cert.pem")))
                .isInstanceOf(KelpException.class)
                .hasMessageContaining("syslog-tls-key");
    }
}
