// SPDX-License-Identifier: Apache-2.0
package dev.kelp.linux;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Interfaces, addresses and routes of one network namespace by rtnetlink(7).
///
/// It works on the namespace of the thread that opened it, from any thread afterwards; open it with
/// [NetworkNamespaces#inside]. A request takes some ten microseconds, where starting ip(8) takes milliseconds.
public final class Rtnetlink implements AutoCloseable {
    /// IFNAMSIZ, less the NUL.
    public static final int NAME_CHARS_MAX = 15;

    private static final int MAC_BYTES = 6;
    private static final HexFormat MAC = HexFormat.ofDelimiter(":");

    private static final int RTM_NEWLINK = 16;
    private static final int RTM_DELLINK = 17;
    private static final int RTM_GETLINK = 18;
    private static final int RTM_NEWADDR = 20;
    private static final int RTM_DELADDR = 21;
    private static final int RTM_GETADDR = 22;
    private static final int RTM_NEWROUTE = 24;
    private static final int RTM_DELROUTE = 25;
    private static final int RTM_GETROUTE = 26;
    private static final int RTM_NEWRULE = 32;

    private static final int IFLA_ADDRESS = 1;
    private static final int IFLA_IFNAME = 3;
    private static final int IFLA_MTU = 4;
    private static final int IFLA_MASTER = 10;
    private static final int IFLA_LINKINFO = 18;
    private static final int IFLA_NET_NS_FD = 28;
    private static final int IFLA_INFO_KIND = 1;
    private static final int IFLA_INFO_DATA = 2;
    private static final int IFLA_INFO_SLAVE_KIND = 4;
    private static final int IFLA_INFO_SLAVE_DATA = 5;
    private static final int IFLA_BRPORT_ISOLATED = 33;
    private static final int VETH_INFO_PEER = 1;
    private static final int IFA_ADDRESS = 1;
    private static final int IFA_LOCAL = 2;
    private static final int IFA_BROADCAST = 4;
    private static final int IFA_F_NODAD = 2;
    private static final int RTA_DST = 1;
    private static final int RTA_OIF = 4;
    private static final int RTA_GATEWAY = 5;
    private static final int RTA_PRIORITY = 6;
    private static final int RT_TABLE_MAIN = 254;
    private static final int RTPROT_STATIC = 4;
    private static final int RT_SCOPE_UNIVERSE = 0;
    private static final int RT_SCOPE_LINK = 253;
    private static final int RTN_UNICAST = 1;
    private static final int RTN_LOCAL = 2;
    private static final int RT_SCOPE_HOST = 254;
    private static final int FRA_FWMARK = 10;
    private static final int FR_ACT_TO_TBL = 1;
    private static final int AF_INET = 2;
    private static final int AF_INET6 = 10;
    private static final int IFF_UP = 1;
    private static final int LINK_HEADER_BYTES = 16;
    private static final int ROUTE_HEADER_BYTES = 12;
    private static final int ADDRESS_HEADER_BYTES = 8;

    private final Netlink netlink;

    private Rtnetlink(Netlink netlink) {
        this.netlink = netlink;
    }

    public static Rtnetlink open() throws ErrnoException {
        return new Rtnetlink(Netlink.open(Netlink.NETLINK_ROUTE));
    }

    /// An interface.
    ///
    /// @param kind `veth`, `bridge`, `tun` …; empty for the loopback and physical ones
    /// @param master index of the bridge it is a port of, 0 for none
    /// @param mac six bytes in hexadecimal with colons, empty when it has none
    public record Link(int index, String name, String kind, boolean up, int mtu, int master, String mac) {}

    /// An address with the length of its network's prefix.
    public record Address(int link, InetAddress address, int prefixBits) {}

    /// One end of a veth pair: its name and, where wanted, its hardware address.
    ///
    /// @param mac six bytes in hexadecimal with colons; null: the kernel's choice
    public record VethEnd(String name, @Nullable String mac) {
        public VethEnd {
            checkName(name);
            if (mac != null && MAC.parseHex(mac).length != MAC_BYTES) {
                throw new IllegalArgumentException("`" + mac + "` is no hardware address");
            }
        }
    }

    /// A route's target and way.
    ///
    /// @param destination null: the default route
    /// @param gateway null: everything there is on the link itself
    /// @param metric 0: the kernel's default
    public record Route(
            @Nullable InetAddress destination,
            int prefixBits,
            @Nullable InetAddress gateway,
            int link,
            int metric) {
        public static Route byDefault(InetAddress gateway, int link) {
            return new Route(null, 0, gateway, link, 0);
        }
    }

    /// All interfaces.
    public List<Link> links() throws ErrnoException {
        List<Link> found = new ArrayList<>();
        for (ByteBuffer answer : netlink.dump(link(RTM_GETLINK, Netlink.NLM_F_DUMP, 0), "interfaces")) {
            found.add(read(answer));
        }
        return found;
    }

    private static Link read(ByteBuffer answer) {
        int flags = answer.getInt(8);
        NetlinkAttributes all = NetlinkAttributes.of(answer.position(LINK_HEADER_BYTES));
        byte[] mac = all.bytes(IFLA_ADDRESS);
        return new Link(
                answer.getInt(4),
                all.text(IFLA_IFNAME),
                all.nested(IFLA_LINKINFO).text(IFLA_INFO_KIND),
                (flags & IFF_UP) != 0,
                all.i32(IFLA_MTU, 0),
                all.i32(IFLA_MASTER, 0),
                mac == null || mac.length != MAC_BYTES ? "" : MAC.formatHex(mac));
    }

    /// The interface of that name, without looking at the others.
    public Optional<Link> find(String name) throws ErrnoException {
        checkName(name);
        try {
            return netlink.dump(link(RTM_GETLINK, Netlink.NLM_F_ACK, 0).attribute(IFLA_IFNAME, name), name).stream()
                    .findFirst()
                    .map(Rtnetlink::read);
        } catch (ErrnoException e) {
            if (e.is(Errno.ENODEV)) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /// The index of an interface that must be there.
    public int index(String name) throws ErrnoException {
        return find(name)
                .orElseThrow(() -> new ErrnoException("netlink", Errno.ENODEV, name))
                .index();
    }

    /// A bridge that is down; EEXIST when an interface of that name is there.
    public void addBridge(String name, int mtu) throws ErrnoException {
        checkName(name);
        netlink.request(
                link(RTM_NEWLINK, Netlink.NLM_F_ACK | Netlink.NLM_F_CREATE | Netlink.NLM_F_EXCL, 0)
                        .attribute(IFLA_IFNAME, name)
                        .attribute(IFLA_MTU, mtu)
                        .nest(IFLA_LINKINFO, info -> info.attribute(IFLA_INFO_KIND, "bridge")),
                "bridge " + name);
    }

    /// A veth pair, one end here and the other in another namespace; both are down. veth(4).
    public void addVeth(VethEnd here, VethEnd there, Fd namespace, int mtu) throws ErrnoException {
        netlink.request(
                end(link(RTM_NEWLINK, Netlink.NLM_F_ACK | Netlink.NLM_F_CREATE | Netlink.NLM_F_EXCL, 0), here, mtu)
                        .nest(
                                IFLA_LINKINFO,
                                info -> info.attribute(IFLA_INFO_KIND, "veth")
                                        .nest(
                                                IFLA_INFO_DATA,
                                                data -> data.nest(
                                                        VETH_INFO_PEER,
                                                        peer -> end(header(peer, 0), there, mtu)
                                                                .attribute(IFLA_NET_NS_FD, namespace.number())))),
                "veth " + here.name());
    }

    private static NetlinkMessage end(NetlinkMessage message, VethEnd end, int mtu) {
        message.attribute(IFLA_IFNAME, end.name()).attribute(IFLA_MTU, mtu);
        String mac = end.mac();
        return mac == null ? message : message.attribute(IFLA_ADDRESS, MAC.parseHex(mac));
    }

    /// Gives an interface that is down its hardware address and its MTU.
    public void setHardware(int link, String mac, int mtu) throws ErrnoException {
        netlink.request(
                link(RTM_NEWLINK, Netlink.NLM_F_ACK, link)
                        .attribute(IFLA_ADDRESS, MAC.parseHex(mac))
                        .attribute(IFLA_MTU, mtu),
                "interface " + link);
    }

    public void setUp(int link) throws ErrnoException {
        NetlinkMessage up = new NetlinkMessage(RTM_NEWLINK, Netlink.NLM_F_ACK)
                .u8(0)
                .u8(0)
                .u16(0)
                .i32(link)
                .i32(IFF_UP)
                .i32(IFF_UP);
        netlink.request(up, "interface " + link);
    }

    /// Makes `link` a port of `bridge`.
    public void setMaster(int link, int bridge) throws ErrnoException {
        netlink.request(link(RTM_NEWLINK, Netlink.NLM_F_ACK, link).attribute(IFLA_MASTER, bridge), "interface " + link);
    }

    /// Keeps a bridge's port apart from all others that are kept apart (bridge(8) `isolated`); the bridge itself is
    /// not.
    public void isolate(int port) throws ErrnoException {
        netlink.request(
                link(RTM_NEWLINK, Netlink.NLM_F_ACK, port)
                        .nest(
                                IFLA_LINKINFO,
                                info -> info.attribute(IFLA_INFO_SLAVE_KIND, "bridge")
                                        .nest(
                                                IFLA_INFO_SLAVE_DATA,
                                                data -> data.attribute(IFLA_BRPORT_ISOLATED, new byte[] {1}))),
                "port " + port);
    }

    /// Removes an interface; of a veth pair both ends go.
    public void delete(int link) throws ErrnoException {
        netlink.request(link(RTM_DELLINK, Netlink.NLM_F_ACK, link), "interface " + link);
    }

    /// Removes the interface of that name, if it is there.
    public void deleteIfPresent(String name) throws ErrnoException {
        checkName(name);
        try {
            netlink.request(link(RTM_DELLINK, Netlink.NLM_F_ACK, 0).attribute(IFLA_IFNAME, name), "interface " + name);
        } catch (ErrnoException e) {
            if (!e.is(Errno.ENODEV)) {
                throw e;
            }
        }
    }

    public List<Address> addresses() throws ErrnoException {
        NetlinkMessage question =
                new NetlinkMessage(RTM_GETADDR, Netlink.NLM_F_DUMP).i32(0).i32(0);
        List<Address> found = new ArrayList<>();
        for (ByteBuffer answer : netlink.dump(question, "addresses")) {
            int prefix = Byte.toUnsignedInt(answer.get(1));
            int link = answer.getInt(4);
            NetlinkAttributes all = NetlinkAttributes.of(answer.position(ADDRESS_HEADER_BYTES));
            byte[] own = all.bytes(IFA_LOCAL);
            byte[] address = own != null ? own : all.bytes(IFA_ADDRESS);
            if (address != null) {
                found.add(new Address(link, address(address), prefix));
            }
        }
        return found;
    }

    /// Gives an interface an address; EEXIST when it has it. IPv6 addresses are usable at once (no duplicate
    /// address
    /// detection: whoever hands out addresses here knows them all).
    public void addAddress(Address address) throws ErrnoException {
        NetlinkMessage message =
                addressMessage(RTM_NEWADDR, Netlink.NLM_F_ACK | Netlink.NLM_F_CREATE | Netlink.NLM_F_EXCL, address);
        byte[] bytes = address.address().getAddress();
        if (bytes.length == 4 && address.prefixBits() < 31) {
            int host = (int) (0xffff_ffffL >>> address.prefixBits());
            int all = ByteBuffer.wrap(bytes).getInt() | host;
            message.attribute(IFA_BROADCAST, ByteBuffer.allocate(4).putInt(all).array());
        }
        netlink.request(message, text(address));
    }

    public void deleteAddress(Address address) throws ErrnoException {
        netlink.request(addressMessage(RTM_DELADDR, Netlink.NLM_F_ACK, address), text(address));
    }

    private static NetlinkMessage addressMessage(int type, int flags, Address address) {
        byte[] bytes = address.address().getAddress();
        return new NetlinkMessage(type, flags)
                .u8(family(address.address()))
                .u8(address.prefixBits())
                .u8(bytes.length == 4 ? 0 : IFA_F_NODAD)
                .u8(RT_SCOPE_UNIVERSE)
                .i32(address.link())
                .attribute(IFA_LOCAL, bytes)
                .attribute(IFA_ADDRESS, bytes);
    }

    /// Adds a route; EEXIST when one to that destination is there.
    public void addRoute(Route route) throws ErrnoException {
        netlink.request(
                routeMessage(RTM_NEWROUTE, Netlink.NLM_F_ACK | Netlink.NLM_F_CREATE | Netlink.NLM_F_EXCL, route),
                "route " + text(route));
    }

    public void deleteRoute(Route route) throws ErrnoException {
        netlink.request(routeMessage(RTM_DELROUTE, Netlink.NLM_F_ACK, route), "route " + text(route));
    }

    /// Takes every packet that carries `mark` for this namespace's own, whatever its address (ip-rule(8) `fwmark`
    /// to a
    /// table whose only route is `local default`): how answers find sockets that were bound to foreign addresses.
    ///
    /// @param table a number from 1 to 252 that nothing else uses
    public void deliverMarked(int mark, int table, int loopback) throws ErrnoException {
        for (int family : new int[] {AF_INET, AF_INET6}) {
            // ip-rule(8) and ip-route(8) requests have the same fixed part
            netlink.request(
                    new NetlinkMessage(RTM_NEWRULE, Netlink.NLM_F_ACK | Netlink.NLM_F_CREATE | Netlink.NLM_F_EXCL)
                            .u8(family)
                            .u8(0)
                            .u8(0)
                            .u8(0)
                            .u8(table)
                            .u8(RTPROT_STATIC)
                            .u8(RT_SCOPE_UNIVERSE)
                            .u8(FR_ACT_TO_TBL)
                            .i32(0)
                            .attribute(FRA_FWMARK, mark),
                    "rule for mark " + mark);
            netlink.request(
                    new NetlinkMessage(RTM_NEWROUTE, Netlink.NLM_F_ACK | Netlink.NLM_F_CREATE | Netlink.NLM_F_EXCL)
                            .u8(family)
                            .u8(0)
                            .u8(0)
                            .u8(0)
                            .u8(table)
                            .u8(RTPROT_STATIC)
                            .u8(RT_SCOPE_HOST)
                            .u8(RTN_LOCAL)
                            .i32(0)
                            .attribute(RTA_OIF, loopback),
                    "local route in table " + table);
        }
    }

    /// The interface that packets to an address leave by, the loopback's for the namespace's own addresses.
    ///
    /// @throws ErrnoException as connect(2) would fail: ENETUNREACH, EHOSTUNREACH, EACCES
    public int linkTo(InetAddress address) throws ErrnoException {
        byte[] digits = address.getAddress();
        NetlinkMessage question = new NetlinkMessage(RTM_GETROUTE, Netlink.NLM_F_ACK)
                .u8(family(address))
                .u8(8 * digits.length)
                .u8(0)
                .u8(0)
                .u8(0)
                .u8(0)
                .u8(0)
                .u8(0)
                .i32(0)
                .attribute(RTA_DST, digits);
        for (ByteBuffer answer : netlink.dump(question, address.getHostAddress())) {
            int link = NetlinkAttributes.of(answer.position(ROUTE_HEADER_BYTES)).i32(RTA_OIF, 0);
            if (link != 0) {
                return link;
            }
        }
        throw new ErrnoException("netlink", Errno.ENETUNREACH, address.getHostAddress());
    }

    private static NetlinkMessage routeMessage(int type, int flags, Route route) {
        InetAddress destination = route.destination();
        InetAddress gateway = route.gateway();
        InetAddress any = destination != null ? destination : gateway;
        if (any == null) {
            throw new IllegalArgumentException("a route needs a destination or a gateway");
        }
        NetlinkMessage message = new NetlinkMessage(type, flags)
                .u8(family(any))
                .u8(destination == null ? 0 : route.prefixBits())
                .u8(0)
                .u8(0)
                .u8(RT_TABLE_MAIN)
                .u8(RTPROT_STATIC)
                .u8(gateway == null ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE)
                .u8(RTN_UNICAST)
                .i32(0);
        if (destination != null) {
            message.attribute(RTA_DST, destination.getAddress());
        }
        if (gateway != null) {
            message.attribute(RTA_GATEWAY, gateway.getAddress());
        }
        if (route.metric() != 0) {
            message.attribute(RTA_PRIORITY, route.metric());
        }
        return message.attribute(RTA_OIF, route.link());
    }

    private static NetlinkMessage link(int type, int flags, int index) {
        return header(new NetlinkMessage(type, flags), index);
    }

    /// struct ifinfomsg: family, pad, type, index, flags, change.
    private static NetlinkMessage header(NetlinkMessage message, int index) {
        return message.u8(0).u8(0).u16(0).i32(index).i32(0).i32(0);
    }

    private static int family(InetAddress address) {
        return address instanceof Inet4Address ? AF_INET : AF_INET6;
    }

    private static InetAddress address(byte[] bytes) throws ErrnoException {
        try {
            return InetAddress.getByAddress(bytes);
        } catch (java.net.UnknownHostException e) {
            throw new ErrnoException("netlink", Errno.EIO, bytes.length + " bytes of address");
        }
    }

    private static String text(Address a) {
        return a.address().getHostAddress() + "/" + a.prefixBits();
    }

    private static String text(Route r) {
        InetAddress to = r.destination();
        return to == null ? "default" : to.getHostAddress() + "/" + r.prefixBits();
    }

    static void checkName(String name) {
        if (!name.matches("[A-Za-z0-9][A-Za-z0-9_.-]{0," + (NAME_CHARS_MAX - 1) + "}")) {
            throw new IllegalArgumentException("`" + name + "` is no name for an interface");
        }
    }

    @Override
    public void close() {
        netlink.close();
    }
}
