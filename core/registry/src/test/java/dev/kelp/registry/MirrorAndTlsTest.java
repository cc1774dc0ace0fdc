// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Reference;
import dev.kelp.registry.auth.Credential;
import dev.kelp.registry.hosts.ConfigFiles;
import dev.kelp.registry.hosts.HostsLookup;
import dev.kelp.registry.http.Transport;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Hosts that `hosts.toml` names, and the certificates they show.
@Timeout(60)
class MirrorAndTlsTest {
    @TempDir
    static Path keys;

    static SSLContext serverTls;
    static String certificate;
    static String privateKey;

    @TempDir
    Path folder;

    final Images image = Images.of(1, 50_000, "amd64");
    final String blob = "/v2/a/b/blobs/" + image.layerDescriptor().digest();
    final HostileServer origin = new HostileServer();
    final HostileServer mirror = new HostileServer();
    final List<HostileServer> more = new ArrayList<>();
    final Transport transport = Images.transport();

    @BeforeAll
    static void makeKeys() throws Exception {
        Path store = keys.resolve("server.p12");
        Process keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-alias",
                        "server",
                        "-keyalg",
                        "EC",
                        "-dname",
                        "CN=test",
                        "-validity",
                        "2",
                        "-ext",
                        "san=ip:127.0.0.1",
                        "-ext",
                        "bc=ca:true",
                        "-keystore",
                        store.toString(),
                        "-storepass",
                        "changeit")
                .inheritIO()
                .start();
        assertThat(keytool.waitFor()).isZero();
        KeyStore ks = KeyStore.getInstance(store.toFile(), "changeit".toCharArray());
        KeyManagerFactory km = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        km.init(ks, "changeit".toCharArray());
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("ca", ks.getCertificate("server"));
        TrustManagerFactory tm = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        tm.init(trusted);
        serverTls = SSLContext.getInstance("TLS");
        serverTls.init(km.getKeyManagers(), tm.getTrustManagers(), null);
        certificate = pem("CERTIFICATE", ks.getCertificate("server").getEncoded());
        privateKey =
                pem("PRIVATE KEY", ks.getKey("server", "changeit".toCharArray()).getEncoded());
    }

    static String pem(String type, byte[] der) {
        String body = Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII))
                .encodeToString(der);
        return "-----BEGIN " + type + "-----\n" + body + "\n-----END " + type + "-----\n";
    }

    @AfterEach
    void close() {
        origin.close();
        mirror.close();
        more.forEach(HostileServer::close);
        transport.close();
    }

    Registry configured(String domain, String toml) throws Exception {
        Path dir = Files.createDirectories(folder.resolve(domain));
        Files.writeString(dir.resolve("hosts.toml"), toml);
        Files.writeString(dir.resolve("ca.pem"), certificate);
        Files.writeString(dir.resolve("key.pem"), privateKey);
        return new Registry(
                transport,
                Access.anonymous().withHosts(new HostsLookup(List.of(folder.toString()), ConfigFiles.under(folder))));
    }

    void serve(HostileServer s) {
        s.manifest("a/b", "v1", image.manifest()).on(blob, x -> HostileServer.answer(x, 200, "", image.layer()));
    }

    byte[] fetch(Registry registry, Reference ref) throws Exception {
        try (InputStream in = registry.fetcher(ref).openVerified(image.layerDescriptor())) {
            return in.readAllBytes();
        }
    }

    @Test
    void mirrorsAreTriedInOrderAndFailingOnesPassedOver() throws Exception {
        serve(origin);
        HostileServer damaged = new HostileServer();
        more.add(damaged);
        damaged.on("/v2/a/b/manifests/v1", x -> HostileServer.answer(x, 200, "text/html", "<html>".getBytes()));
        mirror.on("/v2/a/b/manifests/v1", x -> HostileServer.answer(x, 500, "", new byte[0]));
        Registry registry =
                configured("reg.example", """
                server = "http://%s"
                [host."http://127.0.0.1:1"]
                [host."http://%s"]
                  [host."http://%s".header]
                    x-kelp = "yes"
                [host."http://%s"]
                """.formatted(origin.host(), mirror.host(), mirror.host(), damaged.host()));
        Reference ref = Reference.parse("reg.example/a/b:v1");
        assertThat(registry.resolver().resolve(ref).host()).isEqualTo(origin.host());
        assertThat(mirror.seen).isNotEmpty().allSatisfy(s -> {
            assertThat(s.uri()).endsWith("?ns=reg.example");
            assertThat(s.header("X-Kelp")).isEqualTo("yes");
        });
        assertThat(damaged.seen)
                .hasSize(1)
                .allSatisfy(s -> assertThat(s.header("X-Kelp")).isNull());
        assertThat(fetch(registry, ref)).isEqualTo(image.layer());
        assertThat(mirror.seen(blob))
                .as("a mirror that failed is not asked first again")
                .isEmpty();
    }

    @Test
    void capabilitiesAreHonoured() throws Exception {
        serve(origin);
        serve(mirror);
        Registry registry = configured(
                "reg.example",
                "server = \"http://%s\"\n[host.\"http://%s\"]\ncapabilities = [\"pull\"]\n"
                        .formatted(origin.host(), mirror.host()));
        Reference ref = Reference.parse("reg.example/a/b:v1");
        Resolution r = registry.resolver().resolve(ref);
        assertThat(r.host()).as("a tag").isEqualTo(origin.host());
        assertThat(registry.resolver()
                        .resolve(ref.withDigest(r.document().descriptor().digest()))
                        .host())
                .as("a digest")
                .isEqualTo(mirror.host());
        fetch(registry, ref);
        assertThat(mirror.seen(blob)).hasSize(1);
        assertThat(origin.seen(blob)).isEmpty();
        Registry none = configured("n.example", "server = \"http://x.example\"\ncapabilities = [\"pull\"]\n");
        assertThatThrownBy(() -> none.pusher(Reference.parse("n.example/a")).exists(image.layerDescriptor()))
                .hasMessageContaining("no host of `n.example` is set up to push to");
    }

    @Test
    void aDamagedBlobFromAMirrorIsReplacedByTheOrigins() throws Exception {
        serve(origin);
        mirror.on(blob, x -> HostileServer.answer(x, 200, "", new byte[10]));
        Registry registry = configured(
                "reg.example",
                "server = \"http://%s\"\n[host.\"http://%s\"]\n".formatted(origin.host(), mirror.host()));
        assertThat(fetch(registry, Reference.parse("reg.example/a/b"))).isEqualTo(image.layer());
    }

    @Test
    void anAuthorityOfOnesOwn() throws Exception {
        HostileServer tls = new HostileServer(serverTls);
        more.add(tls);
        serve(tls);
        Reference ref = Reference.parse("reg.example/a/b:v1");
        Registry strict = configured("reg.example", "server = \"https://%s\"\n".formatted(tls.host()));
        assertThatThrownBy(() -> strict.resolver().resolve(ref)).isInstanceOfSatisfying(KelpException.class, e -> {
            assertThat(e.kind()).isEqualTo(ErrorKind.UNAVAILABLE);
            assertThat(e.hint()).hasValueSatisfying(h -> assertThat(h).contains("hosts.toml"));
        });
        Registry withCa = configured("reg.example", "server = \"https://%s\"\nca = \"ca.pem\"\n".formatted(tls.host()));
        assertThat(withCa.resolver().resolve(ref).document())
                .hasToString(image.manifest().toString());
        Registry blind =
                configured("reg.example", "server = \"https://%s\"\nskip_verify = true\n".formatted(tls.host()));
        assertThat(fetch(blind, ref)).isEqualTo(image.layer());
        // loopback is reached by https without checks when it does not speak http
        Registry builtIn = new Registry(transport, Access.anonymous());
        assertThat(fetch(builtIn, Reference.parse(tls.host() + "/a/b"))).isEqualTo(image.layer());
    }

    @Test
    void clientCertificateIsShown() throws Exception {
        HostileServer tls = new HostileServer(serverTls, true);
        more.add(tls);
        serve(tls);
        Registry with = configured(
                "tls.example",
                "server = \"https://%s\"\nca = \"ca.pem\"\nclient = [[\"ca.pem\", \"key.pem\"]]\n"
                        .formatted(tls.host()));
        assertThat(fetch(with, Reference.parse("tls.example/a/b"))).isEqualTo(image.layer());
        Registry without =
                configured("not.example", "server = \"https://%s\"\nca = \"ca.pem\"\n".formatted(tls.host()));
        assertThatThrownBy(() -> fetch(without, Reference.parse("not.example/a/b")))
                .isInstanceOf(KelpException.class);
    }

    @Test
    void fromHttpsToHttpIsRefused() throws Exception {
        HostileServer tls = new HostileServer(serverTls);
        more.add(tls);
        serve(origin);
        tls.on(blob, x -> HostileServer.redirect(x, "http://" + origin.host() + blob));
        tls.on("/v2/a/b/manifests/v1", x -> {
            x.getResponseHeaders().set("WWW-Authenticate", "Bearer realm=\"http://" + origin.host() + "/token\"");
            HostileServer.answer(x, 401, "", new byte[0]);
        });
        Registry registry =
                configured("reg.example", "server = \"https://%s\"\nca = \"ca.pem\"\n".formatted(tls.host()));
        Reference ref = Reference.parse("reg.example/a/b:v1");
        assertThatThrownBy(() -> fetch(registry, ref)).hasMessageContaining("from https to plain http");
        Registry asAlice = new Registry(
                transport,
                Access.anonymous()
                        .withHosts(new HostsLookup(List.of(folder.toString()), ConfigFiles.under(folder)))
                        .withCredentials(h -> Optional.of(new Credential.Password("alice", "secret"))));
        assertThatThrownBy(() -> asAlice.resolver().resolve(ref)).hasMessageContaining("is plain http");
        assertThat(origin.seen).isEmpty();
    }

    @Test
    void plainHttpServerBehindAnHttpsNameGetsAHint() throws Exception {
        try (ServerSocket plain = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            Thread.ofVirtual().start(() -> {
                while (!plain.isClosed()) {
                    // read to the end: what is left unread resets the connection, and the answer is lost
                    try (Socket s = plain.accept()) {
                        s.getOutputStream()
                                .write("HTTP/1.0 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                        s.getInputStream().transferTo(OutputStream.nullOutputStream());
                    } catch (IOException e) {
                        // closed by the test, or reset by the client
                    }
                }
            });
            Registry registry =
                    configured("reg.example", "server = \"https://127.0.0.1:%d\"\n".formatted(plain.getLocalPort()));
            assertThatThrownBy(() -> registry.resolver().resolve(Reference.parse("reg.example/a/b")))
                    .isInstanceOfSatisfying(
                            KelpException.class,
                            e -> assertThat(e.hint())
                                    .hasValueSatisfying(h -> assertThat(h).contains("--insecure-registry")));
        }
    }

    @Test
    void insecureMeansHttpsWithoutChecksOrPlainHttp() throws Exception {
        HostileServer tls = new HostileServer(serverTls);
        more.add(tls);
        serve(tls);
        Registry registry = new Registry(transport, Access.anonymous().withInsecure(true));
        assertThat(fetch(registry, Reference.parse(tls.host() + "/a/b"))).isEqualTo(image.layer());
        serve(origin);
        assertThat(fetch(registry, Reference.parse(origin.host() + "/a/b"))).isEqualTo(image.layer());
    }
}
