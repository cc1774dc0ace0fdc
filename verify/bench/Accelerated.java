// SPDX-License-Identifier: Apache-2.0

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Servers in containers and clients of them on the host, and the other way round: with network acceleration, without,
/// in Podman's default network, and with both on the host, which is the limit. A client in a container on the host's
/// network tells what of the difference is any container's.
///
/// All of it stays on this machine: servers on the host are asked at the machine's own address, which acceleration
/// treats as any other machine's.
final class Accelerated {
    private static final String LOOPBACK = "127.0.0.1";
    private static final int IPERF3 = 5201;
    private static final int REDIS = 6379;
    private static final int HTTP = 80;
    private static final List<Integer> SERVICES = List.of(IPERF3, REDIS, HTTP);
    private static final Pattern WRK = Pattern.compile("Requests/sec:\\s*([0-9.]+)");
    private static final Pattern REDIS_LINE = Pattern.compile("\"GET\",\"([0-9.]+)\"");

    private static final String NGINX = """
            daemon off; worker_processes 1; error_log stderr; pid TMP/nginx.pid; OWNER
            events { worker_connections 512; }
            http {
                access_log off; keepalive_requests 1000000000;
                client_body_temp_path TMP/body; proxy_temp_path TMP/proxy; fastcgi_temp_path TMP/fastcgi;
                uwsgi_temp_path TMP/uwsgi; scgi_temp_path TMP/scgi;
                server { listen PORT; listen [::]:PORT; location / { return 200 "hello\\n"; } }
            }
            """;

    /// Where programs run.
    ///
    /// @param inside the command with which a program there begins
    /// @param ports the host's, that lead to its services, in the order of SERVICES
    private record Place(String name, Function<String[], Command> inside, List<Integer> ports) {
        int port(int service) {
            return ports.get(SERVICES.indexOf(service));
        }

        Command command(String... words) {
            return inside.apply(words);
        }
    }

    private final Workspace workspace;
    private final boolean quick;
    private final Path root;
    private final Place host;
    private final Place control;
    private final List<Place> places = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();

    Accelerated(Workspace workspace, Kelp kelp, Podman podman, boolean quick) {
        this.workspace = workspace;
        this.quick = quick;
        root = ProgramRoot.make(workspace, "programs", "iperf3", "redis-server", "redis-benchmark", "nginx", "wrk");
        write("programs/etc/nginx.conf", HTTP, "/tmp", "user root;");
        host = new Place("host to host", workspace::command, ports(15230));
        serveOnHost();
        places.add(container(
                "accelerated",
                kelp.command("run", "--annotation", "nerdctl/bypass4netns=true"),
                kelp.command("exec"),
                15240));
        places.add(host);
        control = onHostNetwork(kelp);
        places.add(control);
        places.add(container("kelp, not accelerated", kelp.command("run"), kelp.command("exec"), 15250));
        try {
            places.add(container(
                    "podman, slirp4netns",
                    podman.command("run", "--network=slirp4netns"),
                    podman.command("exec"),
                    15260));
        } catch (IllegalStateException e) {
            notes.add("podman with slirp4netns is left out: " + e.getMessage());
        }
    }

    /// What could not be measured.
    List<String> notes() {
        return notes;
    }

    private static List<Integer> ports(int first) {
        return List.of(first, first + 1, first + 2);
    }

    private void write(String name, int port, String folder, String owner) {
        workspace.write(
                name,
                NGINX.replace("PORT", Integer.toString(port))
                        .replace("TMP", folder)
                        .replace("OWNER", owner));
    }

    private void serveOnHost() {
        String folder = workspace.folder("nginx").toString();
        write("nginx.conf", host.port(HTTP), folder, "");
        background(host, IPERF3, "iperf3", "-s", "-p");
        background(host, REDIS, "redis-server", "--protected-mode", "no", "--save", "", "--dir", folder, "--port");
        workspace.background(
                "nginx-host",
                workspace.command(
                        "nginx",
                        "-e",
                        "stderr",
                        "-c",
                        workspace.path("nginx.conf").toString()),
                () -> Registry.answers(host.port(HTTP)));
    }

    private void background(Place place, int service, String... words) {
        Command server = workspace.command(words).with(Integer.toString(place.port(service)));
        workspace.background(words[0] + "-host", server, () -> Registry.answers(place.port(service)));
    }

    private Place container(String name, Command run, Command exec, int first) {
        List<Integer> ports = ports(first);
        String id = name.replaceAll("\\W+", "-");
        Command start = run.with("-d", "--name=" + id);
        for (int i = 0; i < SERVICES.size(); i++) {
            start = start.with("-p", ports.get(i) + ":" + SERVICES.get(i));
        }
        String services = "iperf3 -s >/dev/null & redis-server --protected-mode no --save '' --dir /tmp >/dev/null &"
                + " exec nginx -e stderr -c /etc/nginx.conf";
        start.with("--rootfs", root.toString(), "sh", "-c", services).output();
        Command remove = run.words().contains("--network=slirp4netns")
                ? new Command(run.environment(), upTo(run, "run")).with("rm", "-f", "-t", "0", id)
                : new Command(run.environment(), upTo(run, "run")).with("rm", "-f", id);
        workspace.atEnd(remove::attempt);
        Place place = new Place(name, words -> exec.with(id).with(words), ports);
        for (int service : SERVICES) {
            await(place, service);
        }
        return place;
    }

    /// What a container costs whose sockets are the host's without anybody's help: its filter of system calls is looked
    /// at for each send and receive.
    private Place onHostNetwork(Kelp kelp) {
        String id = "host-network";
        kelp.command("run", "-d", "--name=" + id, "--network=host", "--rootfs", root.toString(), "sleep", "100000")
                .output();
        workspace.atEnd(() -> kelp.command("rm", "-f", id).attempt());
        return new Place("kelp, host network", words -> kelp.command("exec", id).with(words), host.ports());
    }

    private static List<String> upTo(Command command, String word) {
        return command.words().subList(0, command.words().indexOf(word));
    }

    /// A forwarder takes connections before the service does: only the service's word counts.
    private void await(Place place, int service) {
        IllegalStateException last = null;
        for (int i = 0; i < 200; i++) {
            try {
                switch (service) {
                    case IPERF3 -> iperf3(host, LOOPBACK, place.port(service), "-n", "1K");
                    case REDIS -> redis(host, LOOPBACK, place.port(service), 10, "-c", "1");
                    default -> wrk(host, LOOPBACK, place.port(service), "1s");
                }
                return;
            } catch (IllegalStateException e) {
                last = e;
                Machine.sleepMillis(50);
            }
        }
        throw new IllegalStateException(place.name() + " does not answer for port " + service, last);
    }

    // -------- what is measured

    /// What goes to a server in a container, or from a container to the host.
    ///
    /// @param in whether the server is the container's
    /// @param six whether by IPv6; Podman publishes nothing there, and plain containers have no way out by it
    List<Measurement.Trial> streams(boolean in, boolean six, int streams) {
        String seconds = quick ? "1" : "3";
        return trials(in, six, place -> in
                ? iperf3(host, six ? "::1" : LOOPBACK, place.port(IPERF3), "-t", seconds, "-P", "" + streams)
                : iperf3(place, own(six).orElseThrow(), host.port(IPERF3), "-t", seconds, "-P", "" + streams));
    }

    /// GETs a second of 50 connections.
    List<Measurement.Trial> redis(boolean in) {
        int requests = quick ? 100_000 : 300_000;
        return trials(in, false, place -> in
                ? redis(host, LOOPBACK, place.port(REDIS), requests, "-c", "50")
                : redis(place, own(), host.port(REDIS), requests, "-c", "50"));
    }

    /// Requests a second of 32 connections.
    List<Measurement.Trial> http(boolean in) {
        String time = quick ? "2s" : "3s";
        return trials(in, false, place -> in
                ? wrk(host, LOOPBACK, place.port(HTTP), time)
                : wrk(place, own(), host.port(HTTP), time));
    }

    /// Milliseconds for a connection and the one request that it is made for, one after the other.
    List<Measurement.Trial> connections(boolean in) {
        int requests = quick ? 1000 : 5000;
        return trials(
                in,
                false,
                place -> 1000
                        / (in
                                ? redis(host, LOOPBACK, place.port(REDIS), requests, "-c", "1", "-k", "0")
                                : redis(place, own(), host.port(REDIS), requests, "-c", "1", "-k", "0")));
    }

    /// Whether the machine has an address of its own of this family, which a way out needs.
    static boolean hasOwn(boolean six) {
        return own(six).isPresent();
    }

    /// The machine's own IPv4 address.
    static String own() {
        return own(false).orElseThrow();
    }

    private static Optional<String> own(boolean six) {
        Predicate<InetAddress> family = a -> six != a instanceof Inet4Address;
        try {
            return NetworkInterface.networkInterfaces()
                    .flatMap(NetworkInterface::inetAddresses)
                    .filter(family.and(a -> !a.isLoopbackAddress() && !a.isLinkLocalAddress()))
                    .map(a -> a.getHostAddress().replaceAll("%.*", ""))
                    .findFirst();
        } catch (SocketException e) {
            return Optional.empty();
        }
    }

    private List<Measurement.Trial> trials(boolean in, boolean six, ToDoubleFunction<Place> once) {
        return places.stream()
                .filter(p -> !in || p != control)
                .filter(p -> !six
                        || List.of(places.getFirst(), host, control).contains(p)
                        || (in && !p.name().startsWith("podman")))
                .map(p -> new Measurement.Trial(p.name(), () -> once.applyAsDouble(p)))
                .toList();
    }

    // -------- the clients

    private static double iperf3(Place client, String address, int port, String... more) {
        Command iperf3 = client.command("iperf3", "-c", address, "-p", Integer.toString(port), "-J");
        return Ports.gigabits(iperf3.with(more).output());
    }

    /// Requests a second.
    private static double redis(Place client, String address, int port, int requests, String... more) {
        Command benchmark = client.command(
                "redis-benchmark", "-h", address, "-p", Integer.toString(port), "-t", "get", "--csv");
        String lines = benchmark.with("-n", Integer.toString(requests)).with(more).output();
        return Double.parseDouble(found(REDIS_LINE, lines).group(1));
    }

    private static double wrk(Place client, String address, int port, String time) {
        Command wrk = client.command("wrk", "-t", "1", "-c", "32", "-d", time, "http://" + address + ":" + port + "/");
        return Double.parseDouble(found(WRK, wrk.output()).group(1));
    }

    private static Matcher found(Pattern pattern, String text) {
        Matcher m = pattern.matcher(text);
        if (!m.find()) {
            throw new IllegalStateException("no " + pattern + " in " + text);
        }
        return m;
    }
}
