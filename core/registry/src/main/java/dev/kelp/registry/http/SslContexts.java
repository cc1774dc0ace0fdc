// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry.http;

import dev.kelp.model.Pem;
import java.io.IOException;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/// Makes TLS contexts: the JDK's authorities, plus those of the machine, plus those named for the host.
final class SslContexts {
    private SslContexts() {}

    static SSLContext of(Tls tls, List<String> machineCaPem) {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(
                    keys(tls), tls.skipVerify() ? new TrustManager[] {new Anything()} : trust(tls, machineCaPem), null);
            return context;
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException("TLS is broken in this JVM", e);
        }
    }

    private static KeyManager @Nullable [] keys(Tls tls) throws GeneralSecurityException, IOException {
        if (tls.clients().isEmpty()) {
            return null;
        }
        KeyStore store = emptyStore();
        int n = 0;
        for (Tls.ClientPair pair : tls.clients()) {
            Certificate[] chain = Pem.certificates(pair.certPem()).toArray(new Certificate[0]);
            store.setKeyEntry("client" + n++, Pem.privateKey(pair.keyPem()), new char[0], chain);
        }
        KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        factory.init(store, new char[0]);
        return factory.getKeyManagers();
    }

    private static TrustManager @Nullable [] trust(Tls tls, List<String> machineCaPem)
            throws GeneralSecurityException, IOException {
        if (tls.caPem().isEmpty() && machineCaPem.isEmpty()) {
            return null;
        }
        KeyStore store = emptyStore();
        int n = 0;
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init((KeyStore) null);
        for (TrustManager manager : factory.getTrustManagers()) {
            if (manager instanceof X509TrustManager x) {
                for (X509Certificate root : x.getAcceptedIssuers()) {
                    store.setCertificateEntry("root" + n++, root);
                }
            }
        }
        for (List<String> source : List.of(machineCaPem, tls.caPem())) {
            for (String pem : source) {
                for (X509Certificate ca : Pem.certificates(pem)) {
                    store.setCertificateEntry("ca" + n++, ca);
                }
            }
        }
        TrustManagerFactory all = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        all.init(store);
        return all.getTrustManagers();
    }

    private static KeyStore emptyStore() throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        return store;
    }

    /// `skip_verify`. Being an *extended* trust manager it is asked about the name too, and accepts it.
    private static final class Anything extends X509ExtendedTrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
