// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime.receiver;

import dev.kelp.model.KelpException;
import dev.kelp.model.Pem;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.X509TrustManager;

/// TLS towards receivers.
final class Tls {
    private Tls() {}

    /// How to trust the other side, and who this one is.
    ///
    /// @param caPem whom to trust besides those this machine's Java trusts; empty: nobody else
    /// @param certificatePem who this side is, with `keyPem`; both empty: nobody
    /// @param unchecked trust everybody, because the user said so
    record Settings(String caPem, String certificatePem, String keyPem, boolean unchecked) {}

    static SSLSocketFactory of(Settings settings) throws IOException {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            TrustManager[] trust = settings.unchecked
                    ? new TrustManager[] {new Anybody()}
                    : settings.caPem.isEmpty() ? null : trusting(settings.caPem);
            context.init(settings.keyPem.isEmpty() ? null : keys(settings), trust, null);
            SSLSocketFactory factory = context.getSocketFactory();
            return settings.unchecked ? new Unchecked(factory) : factory;
        } catch (GeneralSecurityException | KelpException e) {
            throw new IOException("set up TLS: " + e.getMessage(), e);
        }
    }

    private static TrustManager[] trusting(String pem) throws GeneralSecurityException, IOException {
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
        for (X509Certificate ca : Pem.certificates(pem)) {
            store.setCertificateEntry("ca" + n++, ca);
        }
        factory.init(store);
        return factory.getTrustManagers();
    }

    private static KeyManager[] keys(Settings settings) throws GeneralSecurityException, IOException {
        KeyStore store = emptyStore();
        Certificate[] chain = Pem.certificates(settings.certificatePem).toArray(new Certificate[0]);
        store.setKeyEntry("client", Pem.privateKey(settings.keyPem), new char[0], chain);
        KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        factory.init(store, new char[0]);
        return factory.getKeyManagers();
    }

    private static KeyStore emptyStore() throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        return store;
    }

    /// Marks connections whose other side is not checked.
    static final class Unchecked extends SSLSocketFactory {
        private final SSLSocketFactory inner;

        Unchecked(SSLSocketFactory inner) {
            this.inner = inner;
        }

        @Override
        public String[] getDefaultCipherSuites() {
            return inner.getDefaultCipherSuites();
        }

        @Override
        public String[] getSupportedCipherSuites() {
            return inner.getSupportedCipherSuites();
        }

        @Override
        public Socket createSocket(Socket s, String host, int port, boolean autoClose) throws IOException {
            return inner.createSocket(s, host, port, autoClose);
        }

        @Override
        public Socket createSocket(String host, int port) throws IOException {
            return inner.createSocket(host, port);
        }

        @Override
        public Socket createSocket(String host, int port, InetAddress local, int localPort) throws IOException {
            return inner.createSocket(host, port, local, localPort);
        }

        @Override
        public Socket createSocket(InetAddress host, int port) throws IOException {
            return inner.createSocket(host, port);
        }

        @Override
        public Socket createSocket(InetAddress host, int port, InetAddress local, int localPort) throws IOException {
            return inner.createSocket(host, port, local, localPort);
        }
    }

    private static final class Anybody extends X509ExtendedTrustManager {
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
