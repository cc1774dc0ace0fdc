// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher.bypass;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.kelp.launcher.api.HttpMessage;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.network.Subnet;
import dev.kelp.model.oci.OciJson;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Containers that other processes serve, such as a `bypass4netns` of the program's original, which tell of them by
/// `bypass4netnsd-com.sock` and ask there for each other's.
final class InterfaceRegistry {
    private static final int CONTAINERS_MAX = 4096;
    private static final String ONE = "/v1/interface/";
    private static final int PORT_MAX = 65_535;
    private static final InetAddress ANY = Subnet.parseAddress("0.0.0.0");
    private static final InetAddress ANY_IPV6 = Subnet.parseAddress("::");

    private final Map<String, Known> containers = new ConcurrentHashMap<>();

    /// As it is told; Go writes an empty list as null.
    ///
    /// @param forwardingPorts the host's port by the container's
    record Container(
            @Nullable String containerID,
            @Nullable List<Interface> interfaces,
            @Nullable Map<String, Integer> forwardingPorts) {}

    /// @param hwAddr in Base64
    record Interface(
            @Nullable String name,
            @Nullable String hwAddr,
            @Nullable List<Address> addresses,
            @JsonProperty("isLoopback") boolean loopback) {}

    /// @param mask in Base64
    record Address(
            @JsonProperty("IP") @Nullable String ip,
            @JsonProperty("Mask") @Nullable String mask) {}

    /// What a document says.
    private record Known(Container container, Set<InetAddress> addresses, Map<Integer, Integer> ports) {}

    HttpMessage answer(String method, String path, byte[] body) {
        if (method.equals("GET") && path.equals("/v1/ping")) {
            return HttpMessage.answer("200 OK", "pong");
        }
        if (method.equals("GET") && path.equals("/v1/interfaces")) {
            Map<String, Container> all = new TreeMap<>();
            containers.forEach((id, known) -> all.put(id, known.container()));
            return HttpMessage.answer("200 OK", all);
        }
        String id = path.startsWith(ONE) ? path.substring(ONE.length()) : "";
        if (id.isEmpty()) {
            return HttpMessage.error(404, "there is no " + path);
        }
        return switch (method) {
            case "GET" -> {
                Known known = containers.get(id);
                yield known == null
                        ? HttpMessage.error(404, "not found")
                        : HttpMessage.answer("200 OK", known.container());
            }
            case "POST" -> HttpMessage.answer("200 OK", keep(id, OciJson.read(body, Container.class, "the request")));
            case "DELETE" -> {
                forget(id);
                yield HttpMessage.empty("200 OK");
            }
            default -> HttpMessage.error(405, method + " is not a method of " + path);
        };
    }

    private synchronized Container keep(String id, Container container) {
        if (containers.size() >= CONTAINERS_MAX && !containers.containsKey(id)) {
            throw new KelpException(ErrorKind.FAILED_PRECONDITION, CONTAINERS_MAX + " containers are known already");
        }
        Set<InetAddress> addresses = new HashSet<>();
        for (Interface i : listed(container.interfaces())) {
            for (Address a : i.loopback() ? List.<Address>of() : listed(i.addresses())) {
                addresses.add(Subnet.parseAddress(BypassSpec.text(a.ip())));
            }
        }
        Map<Integer, Integer> ports = new HashMap<>();
        Map<String, Integer> forwarded = container.forwardingPorts();
        if (forwarded != null) {
            forwarded.forEach((inside, host) -> ports.put(port(inside), port(String.valueOf(host))));
        }
        containers.put(id, new Known(container, Set.copyOf(addresses), Map.copyOf(ports)));
        return container;
    }

    private static <T> List<T> listed(@Nullable List<T> list) {
        return list == null ? List.of() : list.stream().filter(Objects::nonNull).toList();
    }

    private static int port(String text) {
        if (!text.matches("\\d{1,5}") || Integer.parseInt(text) < 1 || Integer.parseInt(text) > PORT_MAX) {
            throw KelpException.invalid(text + " is no port: 1 to " + PORT_MAX + " are");
        }
        return Integer.parseInt(text);
    }

    void forget(String id) {
        containers.remove(id);
    }

    /// Where the host has a port of one of them.
    Optional<InetSocketAddress> find(InetSocketAddress to) {
        InetAddress any = to.getAddress().getAddress().length == 4 ? ANY : ANY_IPV6;
        return containers.values().stream()
                .filter(k -> k.addresses().contains(to.getAddress()))
                .flatMap(k -> Optional.ofNullable(k.ports().get(to.getPort())).stream())
                .findFirst()
                .map(p -> new InetSocketAddress(any, p));
    }
}
