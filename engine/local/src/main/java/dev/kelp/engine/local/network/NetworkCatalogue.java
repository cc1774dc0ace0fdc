// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.network;

import dev.kelp.engine.Networks;
import dev.kelp.engine.Networks.Addressing;
import dev.kelp.engine.Networks.NewNetwork;
import dev.kelp.model.Digest;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.network.NetworkDefinition;
import dev.kelp.model.network.NetworkDefinition.Plugins;
import dev.kelp.model.network.NetworkDefinition.Pool;
import dev.kelp.model.network.Subnet;
import dev.kelp.network.AddressPool;
import dev.kelp.network.cni.NetworkList;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntSupplier;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Which networks there are. Definitions only: nothing is made for them before a container needs it.
final class NetworkCatalogue {
    private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}");
    private static final int ID_BYTES = 32;
    private static final int MTU_MIN = 68;
    private static final int MTU_MIN_IPV6 = 1280;
    private static final int MTU_MAX = 65535;

    /// Where subnets are chosen from when none is asked for: 10.4.1.0/24, 10.4.2.0/24, …
    private static final Subnet SUBNETS = Subnet.parse("10.4.0.0/16");

    private static final int SUBNET_BITS = 24;
    private static final String MTU = "com.docker.network.driver.mtu";
    private static final String BRIDGE_NAME = "com.docker.network.bridge.name";
    private static final SecureRandom RANDOM = new SecureRandom();

    private static final NetworkDefinition HOST_NETWORK = fixed(Networks.HOST, "a");
    private static final NetworkDefinition NONE_NETWORK = fixed(Networks.NONE, "b");

    private final NetworkRecords records;

    private final IntSupplier mtuByDefault;

    /// @param mtuByDefault of networks that are not told one
    NetworkCatalogue(NetworkRecords records, IntSupplier mtuByDefault) {
        this.records = records;
        this.mtuByDefault = mtuByDefault;
    }

    private static NetworkDefinition fixed(String name, String digit) {
        return new NetworkDefinition(digit.repeat(64), name, name, List.of(), false, 0, "", Map.of(), Map.of(), 0);
    }

    /// The default network always has this shape; it is no record, so that a new Kelp may give it another.
    private NetworkDefinition bridge() {
        return new NetworkDefinition(
                "c".repeat(64),
                Networks.BRIDGE,
                "bridge",
                List.of(AddressPool.of(Networks.BRIDGE_SUBNET)),
                false,
                mtuByDefault.getAsInt(),
                "kelp0",
                Map.of(),
                Map.of(),
                0);
    }

    List<NetworkDefinition> all() {
        List<NetworkDefinition> all = new ArrayList<>(List.of(bridge(), HOST_NETWORK, NONE_NETWORK));
        all.addAll(records.networks());
        return all;
    }

    /// The networks of a container's attachment, or the one called `mode` when that is `host` or `none`.
    List<NetworkDefinition> of(String mode, Optional<Attachment> attachment) {
        if (mode.equals(Networks.HOST) || mode.equals(Networks.NONE)) {
            return List.of(find(mode));
        }
        return attachment.stream()
                .flatMap(a -> a.ends().stream())
                .flatMap(e -> byId(e.network()).stream())
                .toList();
    }

    /// The network with this id; those that are always there without a look at the records.
    Optional<NetworkDefinition> byId(String id) {
        return Stream.of(bridge(), HOST_NETWORK, NONE_NETWORK)
                .filter(n -> n.id().equals(id))
                .findFirst()
                .or(() -> records.networks().stream()
                        .filter(n -> n.id().equals(id))
                        .findFirst());
    }

    /// The same by name.
    private Optional<NetworkDefinition> fixed(String name) {
        return Stream.of(bridge(), HOST_NETWORK, NONE_NETWORK)
                .filter(n -> n.name().equals(name))
                .findFirst();
    }

    static boolean isFixed(NetworkDefinition network) {
        return List.of(Networks.BRIDGE, Networks.HOST, Networks.NONE).contains(network.name());
    }

    /// One that can be removed, as far as the catalogue knows.
    NetworkDefinition removable(String nameOrId) {
        NetworkDefinition network = find(nameOrId);
        if (isFixed(network)) {
            throw new KelpException(ErrorKind.FAILED_PRECONDITION, "network " + network.name() + " is always there");
        }
        if (network.plugins() != null) {
            throw new KelpException(
                            ErrorKind.FAILED_PRECONDITION,
                            "network " + network.name() + " is configured by a file of yours")
                    .withHint("remove it: " + network.plugins().file());
        }
        return network;
    }

    /// The network that a name, id or unambiguous prefix of an id stands for.
    NetworkDefinition find(String nameOrId) {
        Optional<NetworkDefinition> always = fixed(nameOrId);
        if (always.isPresent()) {
            return always.get();
        }
        List<NetworkDefinition> all = all();
        Optional<NetworkDefinition> exact = all.stream()
                .filter(n -> n.name().equals(nameOrId) || n.id().equals(nameOrId))
                .findFirst();
        if (exact.isPresent()) {
            return exact.get();
        }
        List<NetworkDefinition> found = nameOrId.matches("[0-9a-f]{1,64}")
                ? all.stream().filter(n -> n.id().startsWith(nameOrId)).toList()
                : List.of();
        return switch (found.size()) {
            case 0 -> throw KelpException.notFound("no such network: " + nameOrId);
            case 1 -> found.getFirst();
            default -> throw KelpException.invalid("network id prefix `" + nameOrId + "` is ambiguous");
        };
    }

    synchronized NetworkDefinition create(NewNetwork wanted) {
        if (!NAME.matcher(wanted.name()).matches()) {
            throw KelpException.invalid("`" + wanted.name() + "` is not a name for a network")
                    .withHint("letters, digits, `_`, `.` and `-` make a name, at most 128");
        }
        if (!wanted.driver().equals("bridge")) {
            throw new KelpException(ErrorKind.UNSUPPORTED, "network driver `" + wanted.driver() + "`")
                    .withHint("bridge is what an ordinary user can have");
        }
        List<NetworkDefinition> all = all();
        if (all.stream().anyMatch(n -> n.name().equals(wanted.name()))) {
            throw new KelpException(ErrorKind.ALREADY_EXISTS, "network " + wanted.name() + " already exists");
        }
        byte[] random = new byte[ID_BYTES];
        RANDOM.nextBytes(random);
        String id = HexFormat.of().formatHex(random);
        String bridge = wanted.options().getOrDefault(BRIDGE_NAME, "br-" + id.substring(0, 12));
        if (!bridge.matches("[A-Za-z0-9][A-Za-z0-9_.-]{0,14}")
                || all.stream().anyMatch(n -> n.bridge().equals(bridge))) {
            throw KelpException.invalid("`" + bridge + "` cannot be the name of the network's bridge");
        }
        String together = wanted.options().getOrDefault(NetworkDefinition.INTER_CONTAINER, "true");
        if (!together.equals("true") && !together.equals("false")) {
            throw KelpException.invalid(
                    NetworkDefinition.INTER_CONTAINER + "=" + together + " is neither true nor false");
        }
        List<Pool> pools = pools(wanted.addressing(), all);
        NetworkDefinition made = new NetworkDefinition(
                id,
                wanted.name(),
                wanted.driver(),
                pools,
                wanted.internal(),
                mtu(wanted, pools),
                bridge,
                wanted.labels(),
                wanted.options(),
                System.currentTimeMillis(),
                null,
                wanted.addressing().options());
        records.insert(made);
        return made;
    }

    private int mtu(NewNetwork wanted, List<Pool> pools) {
        String text = wanted.options().getOrDefault(MTU, wanted.options().get("mtu"));
        if (text == null) {
            return mtuByDefault.getAsInt();
        }
        int mtu = text.matches("\\d{1,5}") ? Integer.parseInt(text) : 0;
        if (mtu < MTU_MIN || mtu > MTU_MAX) {
            throw KelpException.invalid("mtu `" + text + "` is not between " + MTU_MIN + " and " + MTU_MAX);
        }
        if (mtu < MTU_MIN_IPV6 && pools.stream().anyMatch(p -> p.subnet().isIpv6())) {
            // the kernel takes IPv6 away from such an interface
            throw KelpException.invalid("mtu " + mtu + ": IPv6 needs " + MTU_MIN_IPV6);
        }
        return mtu;
    }

    private static List<Pool> pools(Addressing wanted, List<NetworkDefinition> all) {
        List<Subnet> subnets =
                new ArrayList<>(wanted.subnets().stream().map(Subnet::parse).toList());
        for (Subnet s : subnets) {
            all.stream()
                    .filter(n -> n.pools().stream().anyMatch(p -> p.subnet().overlaps(s)))
                    .findFirst()
                    .ifPresent(n -> {
                        throw KelpException.invalid("subnet " + s + " overlaps that of network " + n.name());
                    });
            if (s.isIpv6() ? Boolean.FALSE.equals(wanted.ipv6()) : !wanted.ipv4()) {
                throw KelpException.invalid("subnet " + s + ": " + family(s.isIpv6()) + " is turned off");
            }
        }
        if (subnets.stream().filter(Subnet::isIpv6).count() > 1
                || subnets.stream().filter(s -> !s.isIpv6()).count() > 1) {
            throw KelpException.invalid("a network has at most one subnet of each family");
        }
        if (wanted.ipv4() && subnets.stream().allMatch(Subnet::isIpv6)) {
            subnets.addFirst(free(all));
        }
        if (Boolean.TRUE.equals(wanted.ipv6()) && subnets.stream().noneMatch(Subnet::isIpv6)) {
            subnets.add(uniqueLocal());
        }
        if (subnets.isEmpty()) {
            throw KelpException.invalid("a network without IPv4 and IPv6").withHint("--ipv4=false goes with --ipv6");
        }
        List<InetAddress> gateways =
                wanted.gateways().stream().map(Subnet::parseAddress).toList();
        List<Subnet> ranges = wanted.ranges().stream().map(Subnet::parse).toList();
        Map<String, InetAddress> auxiliary = new LinkedHashMap<>();
        wanted.auxiliary().forEach((name, text) -> auxiliary.put(name, auxiliary(name, text, subnets)));
        List<Pool> pools = new ArrayList<>();
        for (Subnet s : subnets) {
            Map<String, InetAddress> mine = new LinkedHashMap<>(auxiliary);
            mine.values().removeIf(a -> !s.contains(a));
            Pool pool = new Pool(
                    s,
                    one("gateway", gateways, g -> isIpv6(g) == s.isIpv6())
                            .orElseGet(() -> AddressPool.of(s).gateway()),
                    one("range", ranges, r -> r.isIpv6() == s.isIpv6()).orElse(null),
                    mine);
            AddressPool.check(pool);
            pools.add(pool);
        }
        Stream.concat(
                        gateways.stream().map(NetworkCatalogue::isIpv6),
                        ranges.stream().map(Subnet::isIpv6))
                .filter(v6 -> subnets.stream().noneMatch(s -> s.isIpv6() == v6))
                .findFirst()
                .ifPresent(v6 -> {
                    throw KelpException.invalid("a gateway or range of " + family(v6) + " has no subnet");
                });
        return pools;
    }

    private static InetAddress auxiliary(String name, String text, List<Subnet> subnets) {
        InetAddress address = Subnet.parseAddress(text);
        if (subnets.stream().noneMatch(s -> s.contains(address))) {
            throw KelpException.invalid("auxiliary address " + name + "=" + text + " is of no subnet of the network");
        }
        return address;
    }

    /// The one that is of the right family.
    private static <T> Optional<T> one(String what, List<T> all, Predicate<T> right) {
        List<T> found = all.stream().filter(right).toList();
        if (found.size() > 1) {
            throw KelpException.invalid("a subnet has one " + what + ", not " + found.get(0) + " and " + found.get(1));
        }
        return found.stream().findFirst();
    }

    private static boolean isIpv6(InetAddress address) {
        return !(address instanceof Inet4Address);
    }

    private static String family(boolean ipv6) {
        return ipv6 ? "IPv6" : "IPv4";
    }

    /// The first of a row that overlaps no other network's.
    private static Subnet free(List<NetworkDefinition> all) {
        long step = 1L << (32 - SUBNET_BITS);
        for (long i = 1; i < SUBNETS.size().longValue() / step; i++) {
            Subnet candidate = new Subnet(SUBNETS.address(i * step), SUBNET_BITS);
            if (all.stream()
                    .flatMap(n -> n.pools().stream())
                    .noneMatch(p -> p.subnet().overlaps(candidate))) {
                return candidate;
            }
        }
        throw new KelpException(ErrorKind.RESOURCE_EXHAUSTED, "no subnet is left in " + SUBNETS)
                .withHint("choose one with --subnet");
    }

    /// RFC 4193: fd, forty random bits, a subnet.
    private static Subnet uniqueLocal() {
        byte[] random = new byte[5];
        RANDOM.nextBytes(random);
        HexFormat hex = HexFormat.of();
        return Subnet.parse("fd" + hex.toHexDigits(random[0]) + ":" + hex.formatHex(random, 1, 3) + ":"
                + hex.formatHex(random, 3, 5) + "::/64");
    }

    /// Makes the networks configured in a folder those of exactly these files.
    ///
    /// @param used whether containers are on it; such a network stays
    /// @return what was left out and why, a sentence each
    synchronized List<String> adopt(String folder, List<Plugins> found, Predicate<NetworkDefinition> used) {
        List<String> leftOut = new ArrayList<>();
        Map<String, NetworkDefinition> known = new LinkedHashMap<>();
        all().forEach(n -> known.put(n.name(), n));
        Set<String> present = new HashSet<>();
        for (Plugins plugins : found) {
            try {
                NetworkDefinition network = configured(plugins);
                if (isFixed(network)) {
                    // nerdctl's own `bridge` is one: Kelp makes these itself
                    continue;
                }
                NetworkDefinition before = known.get(network.name());
                boolean taken = before != null && before.plugins() == null;
                if (taken || !present.add(network.name())) {
                    leftOut.add("the network in `" + plugins.file() + "` is left out: " + network.name()
                            + " already exists");
                } else if (before == null) {
                    records.insert(network);
                } else if (!plugins.equals(before.plugins())) {
                    records.replace(with(before.id(), network));
                }
            } catch (KelpException e) {
                leftOut.add(e.getMessage());
            }
        }
        records.networks().stream()
                .filter(n -> n.plugins() != null && n.plugins().file().startsWith(folder + "/"))
                .filter(n -> !present.contains(n.name()) && !used.test(n))
                .forEach(records::delete);
        return leftOut;
    }

    private static NetworkDefinition with(String id, NetworkDefinition n) {
        return new NetworkDefinition(
                id,
                n.name(),
                n.driver(),
                n.pools(),
                n.internal(),
                n.mtu(),
                n.bridge(),
                n.labels(),
                n.options(),
                n.createdMillis(),
                n.plugins(),
                n.ipamOptions());
    }

    private static NetworkDefinition configured(Plugins plugins) {
        NetworkList list = NetworkList.parse(plugins.file(), plugins.list().getBytes(StandardCharsets.UTF_8));
        return new NetworkDefinition(
                list.id()
                        .orElseGet(() -> Digest.ofSha256(("cni " + list.name()).getBytes(StandardCharsets.UTF_8))
                                .hex()),
                list.name(),
                list.type(),
                list.pools(),
                false,
                list.mtu().orElse(NetworkDefinition.MTU_DEFAULT),
                list.device(),
                list.labels(),
                Map.of(),
                System.currentTimeMillis(),
                plugins,
                Map.of());
    }

    synchronized void remove(NetworkDefinition network) {
        records.delete(network);
    }
}
