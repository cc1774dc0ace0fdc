// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher.port;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.network.Subnet;
import dev.kelp.model.oci.OciJson;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/// Has slirp4netns itself forward, by its API socket (slirp4netns(1)): the client's address is kept, IPv4 only.
public final class Slirp4netnsPorts implements PortDriver {
    private static final List<String> PROTOCOLS = List.of("tcp", "tcp4", "udp", "udp4");
    private static final int ANSWER_BYTES_MAX = 64 << 10;

    private final Path socket;
    private final InetAddress address;
    private final PublishedPorts published = new PublishedPorts();

    /// @param socket that slirp4netns was started with
    /// @param address the device's, where ports lead that name no other
    public Slirp4netnsPorts(Path socket, InetAddress address) {
        this.socket = socket;
        this.address = address;
    }

    @Override
    public String name() {
        return "slirp4netns";
    }

    @Override
    public List<String> protocols() {
        return PROTOCOLS;
    }

    @Override
    public boolean refusesLoopback() {
        return true;
    }

    @Override
    public synchronized PortStatus add(PortSpec spec) {
        published.check(spec);
        if (!PROTOCOLS.contains(spec.proto())) {
            throw new KelpException(
                    ErrorKind.UNSUPPORTED, "the slirp4netns port driver has no protocol " + spec.proto());
        }
        InetAddress target = spec.childIP().isEmpty() ? address : Subnet.parseAddress(spec.childIP());
        if (!(target instanceof Inet4Address)) {
            throw new KelpException(ErrorKind.UNSUPPORTED, "the slirp4netns port driver has no IPv6");
        }
        Map<String, Object> arguments = new LinkedHashMap<>();
        arguments.put("proto", spec.transport());
        arguments.put("host_addr", spec.parentIP().isEmpty() ? "0.0.0.0" : spec.parentIP());
        arguments.put("host_port", spec.parentPort());
        arguments.put("guest_addr", target.getHostAddress());
        arguments.put("guest_port", spec.childPort());
        JsonNode answer = ask("add_hostfwd", arguments);
        return published.put(answer.path("return").path("id").asLong(), spec);
    }

    @Override
    public synchronized void remove(long id) {
        if (!published.contains(id)) {
            throw KelpException.notFound("unknown id: " + id);
        }
        ask("remove_hostfwd", Map.of("id", id));
        published.remove(id);
    }

    @Override
    public List<PortStatus> list() {
        return published.list();
    }

    private JsonNode ask(String what, Map<String, Object> arguments) {
        Map<String, Object> request = new LinkedHashMap<>();
        request.put("execute", what);
        request.put("arguments", arguments);
        JsonNode answer;
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            ByteBuffer out = ByteBuffer.wrap(OciJson.write(request));
            while (out.hasRemaining()) {
                channel.write(out);
            }
            channel.shutdownOutput();
            answer = OciJson.tree(readAll(channel), "the answer of slirp4netns");
        } catch (IOException e) {
            throw new KelpException(ErrorKind.UNAVAILABLE, "ask slirp4netns on " + socket + ": " + e.getMessage(), e);
        }
        JsonNode error = answer.path("error");
        if (!error.isMissingNode()) {
            String words = error.path("desc").asString("");
            throw new KelpException(
                    words.contains("already") ? ErrorKind.ALREADY_EXISTS : ErrorKind.INVALID_ARGUMENT,
                    "ask slirp4netns for " + what + ": " + (words.isEmpty() ? error.toString() : words));
        }
        return answer;
    }

    private static byte[] readAll(SocketChannel channel) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        ByteBuffer part = ByteBuffer.allocate(4096);
        while (all.size() < ANSWER_BYTES_MAX && channel.read(part) >= 0) {
            all.write(part.array(), 0, part.position());
            part.clear();
        }
        return all.toByteArray();
    }

    @Override
    public void close() {}
}
