// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.dns;

import dev.kelp.linux.NetworkNamespaces;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.network.DetachedNamespace;
import dev.kelp.network.dns.DnsMessage.Question;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/// Answers the containers' questions for addresses, on port 53 of each network's gateway, over UDP and TCP.
public final class NameServer implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(NameServer.class.getName());
    private static final int PORT = 53;
    private static final int MESSAGE_BYTES_MAX = 65535;

    /// Questions under way to the host's servers; with one more the oldest is forgotten.
    private static final int PENDING_MAX = 4096;

    /// Resolvers ask again after 5 s (resolv.conf(5) `timeout`), each time the next server is tried.
    private static final long PENDING_NANOS_MAX = TimeUnit.SECONDS.toNanos(10);

    private static final int DATAGRAMS_MAX = 64;

    private final DetachedNamespace namespace;
    private final Names names;
    private final Upstreams upstreams;
    private final Selector selector;
    private final DatagramChannel upstream;
    private final DatagramChannel upstreamInside;
    private final ConcurrentLinkedQueue<Runnable> requests = new ConcurrentLinkedQueue<>();
    private final ConcurrentMap<InetAddress, List<SelectableChannel>> listening = new ConcurrentHashMap<>();
    private final SequencedMap<Integer, Pending> pending = new LinkedHashMap<>();
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(MESSAGE_BYTES_MAX);
    private final Thread thread;
    private volatile boolean closed;

    /// A question that one of the host's servers has.
    private record Pending(
            int id, DatagramChannel channel, InetSocketAddress client, InetSocketAddress server, long sinceNanos) {}

    public NameServer(DetachedNamespace namespace, Names names) {
        this(namespace, names, Path.of("/etc/resolv.conf"));
    }

    NameServer(DetachedNamespace namespace, Names names, Path resolvConf) {
        this.namespace = namespace;
        this.names = names;
        this.upstreams = new Upstreams(resolvConf);
        try {
            selector = Selector.open();
            upstream = DatagramChannel.open();
            upstreamInside = NetworkNamespaces.inside(namespace.fd(), DatagramChannel::open);
            for (DatagramChannel channel : List.of(upstream, upstreamInside)) {
                channel.configureBlocking(false);
                channel.register(selector, SelectionKey.OP_READ);
            }
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "make the name server: " + e.getMessage(), e);
        }
        thread = Thread.ofPlatform().name("kelp-dns").daemon(true).start(this::run);
    }

    /// Answers at a gateway's address, which must be there. Twice is fine.
    public void listen(InetAddress gateway) {
        listening.computeIfAbsent(gateway, this::open);
    }

    private List<SelectableChannel> open(InetAddress gateway) {
        try {
            InetSocketAddress address = new InetSocketAddress(gateway, PORT);
            DatagramChannel udp = NetworkNamespaces.inside(
                    namespace.fd(), () -> DatagramChannel.open().bind(address));
            ServerSocketChannel tcp = NetworkNamespaces.inside(
                    namespace.fd(), () -> ServerSocketChannel.open().bind(address));
            udp.configureBlocking(false);
            tcp.configureBlocking(false);
            requests.add(() -> {
                register(udp, SelectionKey.OP_READ);
                register(tcp, SelectionKey.OP_ACCEPT);
            });
            selector.wakeup();
            return List.of(udp, tcp);
        } catch (IOException e) {
            throw new KelpException(
                    ErrorKind.INTERNAL, "answer names at " + gateway.getHostAddress() + ": " + e.getMessage(), e);
        }
    }

    private void register(SelectableChannel channel, int interest) {
        try {
            channel.register(selector, interest);
        } catch (IOException e) {
            // closed meanwhile
            LOG.log(Level.DEBUG, "register", e);
        }
    }

    /// Stops answering there.
    public void leave(InetAddress gateway) {
        List<SelectableChannel> channels = listening.remove(gateway);
        if (channels != null) {
            channels.forEach(NameServer::closeQuietly);
            selector.wakeup();
        }
    }

    private void run() {
        while (!closed) {
            try {
                selector.select(this::ready);
                for (Runnable r = requests.poll(); r != null; r = requests.poll()) {
                    r.run();
                }
            } catch (IOException e) {
                LOG.log(Level.ERROR, "the name server ends", e);
                return;
            }
        }
    }

    private void ready(SelectionKey key) {
        SelectableChannel channel = key.channel();
        try {
            if (channel.equals(upstream) || channel.equals(upstreamInside)) {
                answers((DatagramChannel) channel);
            } else if (channel instanceof DatagramChannel udp) {
                questions(udp);
            } else if (channel instanceof ServerSocketChannel tcp) {
                SocketChannel client = tcp.accept();
                if (client != null) {
                    InetAddress asking = client.socket().getInetAddress();
                    TcpQuestion.serve(client, this::local, new TcpQuestion.Servers(servers(asking), this::channelTo));
                }
            }
        } catch (IOException e) {
            // a client that is gone, a network that was removed
            LOG.log(Level.DEBUG, "serve names", e);
        }
    }

    private void questions(DatagramChannel channel) throws IOException {
        for (int i = 0; i < DATAGRAMS_MAX; i++) {
            buffer.clear();
            InetSocketAddress client = (InetSocketAddress) channel.receive(buffer);
            if (client == null) {
                return;
            }
            buffer.flip();
            Optional<ByteBuffer> answer = local(client.getAddress(), buffer);
            if (answer.isPresent()) {
                channel.send(answer.get(), client);
            } else if (buffer.remaining() >= DnsMessage.HEADER_BYTES) {
                forward(channel, client);
            }
        }
    }

    /// The answer to a question about what is known here.
    private Optional<ByteBuffer> local(InetAddress client, ByteBuffer query) {
        Optional<Question> asked = DnsMessage.question(query);
        if (asked.isEmpty()) {
            return Optional.empty();
        }
        Question q = asked.get();
        if (q.isReverse()) {
            return DnsMessage.reversed(q.name())
                    .flatMap(address -> names.name(client, address))
                    .map(name -> DnsMessage.name(query, q, name));
        }
        List<InetAddress> known = names.addresses(client, q.name());
        return known.isEmpty() ? Optional.empty() : Optional.of(DnsMessage.addresses(query, q, known));
    }

    private List<InetSocketAddress> servers(InetAddress client) {
        List<InetAddress> own = names.servers(client);
        return own.isEmpty()
                ? upstreams.servers()
                : own.stream().map(a -> new InetSocketAddress(a, PORT)).toList();
    }

    /// A channel that is not connected yet, of the network from which the server is reached.
    private SocketChannel channelTo(InetSocketAddress server) throws IOException {
        return names.isContainer(server.getAddress())
                ? NetworkNamespaces.inside(namespace.fd(), SocketChannel::open)
                : SocketChannel.open();
    }

    /// Passes the question on under an id nobody can guess, to the servers in turn when it is asked again.
    private void forward(DatagramChannel channel, InetSocketAddress client) throws IOException {
        long now = System.nanoTime();
        while (!pending.isEmpty()
                && (pending.size() >= PENDING_MAX
                        || now - pending.firstEntry().getValue().sinceNanos() > PENDING_NANOS_MAX)) {
            pending.pollFirstEntry();
        }
        int theirs = Short.toUnsignedInt(buffer.getShort(0));
        int ours;
        do {
            ours = ThreadLocalRandom.current().nextInt(1 << 16);
        } while (pending.containsKey(ours));
        long again = pending.values().stream()
                .filter(p -> p.id() == theirs && p.client().equals(client))
                .count();
        List<InetSocketAddress> servers = servers(client.getAddress());
        InetSocketAddress server = servers.get((int) (again % servers.size()));
        pending.put(ours, new Pending(theirs, channel, client, server, now));
        buffer.putShort(0, (short) ours);
        DatagramChannel way = names.isContainer(server.getAddress()) ? upstreamInside : upstream;
        way.send(buffer, server);
    }

    private void answers(DatagramChannel channel) throws IOException {
        for (int i = 0; i < DATAGRAMS_MAX; i++) {
            buffer.clear();
            InetSocketAddress server = (InetSocketAddress) channel.receive(buffer);
            if (server == null) {
                return;
            }
            buffer.flip();
            if (buffer.remaining() < DnsMessage.HEADER_BYTES) {
                continue;
            }
            int id = Short.toUnsignedInt(buffer.getShort(0));
            Pending p = pending.get(id);
            // only who was asked may answer
            if (p != null && p.server().equals(server)) {
                pending.remove(id);
                buffer.putShort(0, (short) p.id());
                p.channel().send(buffer, p.client());
            }
        }
    }

    private static void closeQuietly(SelectableChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "close", e);
        }
    }

    @Override
    public void close() {
        closed = true;
        selector.wakeup();
        try {
            thread.join();
            listening.values().forEach(l -> l.forEach(NameServer::closeQuietly));
            upstream.close();
            upstreamInside.close();
            selector.close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "close", e);
        }
    }
}
