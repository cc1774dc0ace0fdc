// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Reference;
import dev.kelp.registry.auth.Credential;
import dev.kelp.registry.auth.Credentials;
import dev.kelp.registry.http.Transport;
import java.io.IOException;
import java.io.InputStream;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The token flow, and what happens to credentials on the way.
@Timeout(30)
class AuthFlowTest {
    final Images image = Images.of(1, 50_000, "amd64");
    final HostileServer server = new HostileServer();
    final HostileServer elsewhere = new HostileServer();
    final Transport transport = Images.transport();
    final Reference ref = Reference.parse(server.host() + "/a/b:v1");
    final AtomicInteger issued = new AtomicInteger();
    final List<String> posted = new CopyOnWriteArrayList<>();
    String life = "300";

    @BeforeEach
    void tokenServer() {
        server.on("/token", x -> {
            posted.add(URLDecoder.decode(
                    new String(x.getRequestBody().readAllBytes(), StandardCharsets.UTF_8), StandardCharsets.UTF_8));
            String token = "t" + issued.incrementAndGet();
            HostileServer.answer(
                    x,
                    200,
                    "application/json",
                    ("{\"token\":\"" + token + "\",\"expires_in\":" + life + "}").getBytes());
        });
        server.on(
                "/v2/a/b/manifests/v1",
                x -> guarded(
                        x,
                        () -> HostileServer.answer(
                                x,
                                200,
                                image.manifest().descriptor().mediaType(),
                                image.manifest().bytes())));
        server.on(
                "/v2/a/b/blobs/" + image.layerDescriptor().digest(),
                x -> guarded(x, () -> HostileServer.redirect(x, "http://" + elsewhere.host() + "/cdn?sig=1")));
        elsewhere.on("/cdn", x -> HostileServer.answer(x, 200, "", image.layer()));
    }

    @AfterEach
    void close() {
        server.close();
        elsewhere.close();
        transport.close();
    }

    interface Action {
        void run() throws IOException;
    }

    void guarded(HttpExchange x, Action action) throws IOException {
        String auth = x.getRequestHeaders().getFirst("Authorization");
        if (("Bearer t" + issued.get()).equals(auth)) {
            action.run();
        } else {
            x.getResponseHeaders()
                    .set(
                            "WWW-Authenticate",
                            "Bearer realm=\"http://" + server.host()
                                    + "/token\",service=\"test\",scope=\"repository:a/b:pull\"");
            HostileServer.answer(x, 401, "", new byte[0]);
        }
    }

    Registry as(Credential c) {
        return new Registry(transport, Access.anonymous().withCredentials(Credentials.only(server.host(), c)));
    }

    @Test
    void anonymousTokenIsFetchedOnceAndKept() throws Exception {
        Registry registry = new Registry(transport, Access.anonymous());
        registry.resolver().resolve(ref);
        try (var pool = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<byte[]>> all = java.util.stream.IntStream.range(0, 6)
                    .mapToObj(i -> pool.submit(() -> {
                        try (InputStream in = registry.fetcher(ref).openVerified(image.layerDescriptor())) {
                            return in.readAllBytes();
                        }
                    }))
                    .toList();
            for (Future<byte[]> f : all) {
                assertThat(f.get()).isEqualTo(image.layer());
            }
        }
        assertThat(issued.get()).isEqualTo(1);
        assertThat(server.seen("/token").getFirst().uri())
                .isEqualTo("/token?service=test&scope=repository%3Aa%2Fb%3Apull");
        assertThat(server.seen("/token").getFirst().header("Authorization")).isNull();
    }

    @Test
    void credentialsGoToTheRealmAndNeverToARedirectsTarget() throws Exception {
        Registry registry = as(new Credential.Password("alice", "pässword"));
        try (InputStream in = registry.fetcher(ref).openVerified(image.layerDescriptor())) {
            assertThat(in.readAllBytes()).isEqualTo(image.layer());
        }
        assertThat(server.seen("/token").getFirst().header("Authorization")).startsWith("Basic ");
        assertThat(server.seen("/token").getFirst().uri()).contains("account=alice");
        assertThat(elsewhere.seen("/cdn")).hasSize(1);
        assertThat(elsewhere.seen("/cdn").getFirst().header("Authorization")).isNull();
        assertThat(elsewhere.seen("/cdn").getFirst().header("User-Agent")).isEqualTo("kelp/test");
    }

    @Test
    void identityTokenIsExchangedByPost() {
        as(new Credential.IdentityToken("", "refresh-me")).resolver().resolve(ref);
        assertThat(server.seen("/token").getFirst().method()).isEqualTo("POST");
        assertThat(posted.getFirst())
                .contains("grant_type=refresh_token", "refresh_token=refresh-me", "scope=repository:a/b:pull");
    }

    @Test
    void registryTokenIsSentAsItIs() {
        issued.set(7);
        as(new Credential.RegistryToken("t7")).resolver().resolve(ref);
        assertThat(server.seen("/token")).isEmpty();
    }

    @Test
    void expiredTokenIsRenewed() {
        Registry registry = new Registry(transport, Access.anonymous());
        registry.resolver().resolve(ref);
        issued.incrementAndGet(); // the server takes only the newest token from now on
        registry.resolver().resolve(ref);
        assertThat(issued.get()).isEqualTo(3);
        life = "0";
        issued.incrementAndGet();
        registry.resolver().resolve(ref);
        registry.resolver().resolve(ref);
        assertThat(issued.get()).as("a life of 0 s counts as a minute").isEqualTo(5);
    }

    @Test
    void refusalIsSaidOnceAndNotRepeatedForever() {
        server.on("/token", x -> HostileServer.answer(x, 401, "", new byte[0]));
        assertThatThrownBy(() -> as(new Credential.Password("alice", "no-good-one"))
                        .resolver()
                        .resolve(ref))
                .isInstanceOfSatisfying(KelpException.class, e -> {
                    assertThat(e.kind()).isEqualTo(ErrorKind.UNAUTHENTICATED);
                    assertThat(e.hint()).isPresent();
                })
                .hasMessageNotContaining("no-good-one");
        assertThat(server.seen("/token")).hasSize(1);
        server.on("/v2/a/b/manifests/v1", x -> {
            x.getResponseHeaders().set("WWW-Authenticate", "Basic realm=\"x\"");
            HostileServer.answer(x, 401, "", new byte[0]);
        });
        assertThatThrownBy(() ->
                        as(new Credential.Password("alice", "bad")).resolver().resolve(ref))
                .hasMessageContaining("not authorised");
        assertThat(server.seen("/v2/a/b/manifests/v1")).hasSizeLessThanOrEqualTo(4);
    }

    @Test
    void challengeOfARedirectsTargetIsNotAnswered() {
        elsewhere.on("/cdn", x -> {
            x.getResponseHeaders().set("WWW-Authenticate", "Basic realm=\"give it to me\"");
            HostileServer.answer(x, 401, "", new byte[0]);
        });
        assertThatThrownBy(() -> as(new Credential.Password("alice", "secret"))
                        .fetcher(ref)
                        .open(image.layerDescriptor(), 0))
                .hasMessageContaining("not authorised");
        assertThat(elsewhere.seen)
                .allSatisfy(s -> assertThat(s.header("Authorization")).isNull());
    }

    @Test
    void loginTellsGoodFromBad() {
        server.on("/v2/", x -> {
            String auth = x.getRequestHeaders().getFirst("Authorization");
            if (auth == null) {
                x.getResponseHeaders().set("WWW-Authenticate", "Bearer realm=\"http://" + server.host() + "/token\"");
                HostileServer.answer(x, 401, "", new byte[0]);
            } else {
                HostileServer.answer(x, 200, "", new byte[0]);
            }
        });
        Registry registry = new Registry(transport, Access.anonymous());
        registry.login(server.host(), new Credential.Password("alice", "x"));
        server.on("/token", x -> HostileServer.answer(x, 401, "", new byte[0]));
        assertThatThrownBy(() -> registry.login(server.host(), new Credential.Password("alice", "x")))
                .hasMessageContaining("log in to");
        assertThatThrownBy(() -> registry.login(elsewhere.host() + "0", new Credential.Password("a", "x")))
                .isInstanceOf(KelpException.class);
    }
}
