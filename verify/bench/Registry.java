// SPDX-License-Identifier: Apache-2.0

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/// Debian's docker-registry on the loopback interface with the two images everything is measured with.
///
/// `small` is the machine's static busybox with its applets, `large` a debootstrapped Debian (about 90 MB
/// compressed, one
/// layer, 7,000 files) from the test cache; `verify/testkit/debian-image` makes it, here in a user namespace.
final class Registry {
    private final Workspace workspace;
    private final Path log;
    private final int port;

    private Registry(Workspace workspace, int port) {
        this.workspace = workspace;
        this.port = port;
        this.log = workspace.path("registry.log");
    }

    static Registry start(Workspace workspace) {
        int port = freePort();
        Path configuration = workspace.write("registry.yml", """
                version: 0.1
                log: {level: warn}
                storage: {filesystem: {rootdirectory: %s}, delete: {enabled: true}}
                http: {addr: "127.0.0.1:%d"}
                """.formatted(workspace.folder("registry"), port));
        workspace.background(
                "registry",
                workspace.command("docker-registry", "serve", configuration.toString()),
                () -> answers(port));
        return new Registry(workspace, port);
    }

    String small() {
        return reference("small");
    }

    String large() {
        return reference("large");
    }

    private String reference(String name) {
        return "127.0.0.1:" + port + "/bench/" + name + ":1";
    }

    /// Makes the small image; Podman packs it, since it is here anyway.
    void pushSmall(Podman podman) {
        Path root = workspace.folder("small");
        Path bin = workspace.folder("small/bin");
        for (String name : new String[] {"dev", "etc", "proc", "root", "sys", "tmp", "var"}) {
            workspace.folder("small/" + name);
        }
        workspace.command("cp", "/bin/busybox", bin.toString()).output();
        workspace.command("/bin/busybox", "--list").output().lines()
                .filter(applet -> !applet.equals("busybox"))
                .forEach(applet -> link(bin.resolve(applet)));
        workspace.write("small/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n");
        workspace.write("small/etc/group", "root:x:0:\n");
        Path tar = workspace.path("small.tar");
        workspace
                .command("tar", "--owner=0", "--group=0", "-C", root.toString(), "-cf", tar.toString(), ".")
                .output();
        podman.command("import", "-q", "-c", "ENV PATH=/bin", tar.toString(), small()).output();
        podman.command("push", "-q", "--tls-verify=false", small()).output();
    }

    private static void link(Path applet) {
        try {
            Files.createSymbolicLink(applet, Path.of("busybox"));
        } catch (IOException e) {
            throw new UncheckedIOException("link " + applet, e);
        }
    }

    void pushLarge(Path checkout) {
        Path cache = Path.of(System.getenv().getOrDefault("KELP_TEST_CACHE", "/var/tmp/kelp-test-cache"));
        if (!Files.exists(cache.resolve("debian/index.json"))) {
            makeDebian(checkout, cache);
        }
        String to = "docker://" + large();
        // Where root has run podman, others are refused the folder in which skopeo looks for credentials.
        Path none = workspace.write("no-credentials.json", "{}");
        workspace.command("skopeo", "copy", "--dest-tls-verify=false", "oci:" + cache.resolve("debian") + ":latest", to)
                .environment("REGISTRY_AUTH_FILE", none.toString())
                .output();
    }

    /// debootstrap wants root and device nodes. A user namespace has the one, and for the others a mknod that binds the
    /// machine's nodes over empty files. Those binds end with the namespace; only then can what they cover be removed.
    private void makeDebian(Path checkout, Path cache) {
        System.err.println("bench: making a Debian image in " + cache + " (once, some minutes)");
        workspace.folder("shim");
        workspace.write("shim/mknod", """
                #!/bin/bash
                [ "$1" != -m ] || shift 2
                node=/dev/${1##*/}
                : >"$1" && { [ ! -e "$node" ] || mount --bind "$node" "$1"; }
                """);
        workspace.command("chmod", "755", workspace.path("shim/mknod").toString()).output();
        Command make = workspace.command(
                "unshare", "--user", "--map-root-user", "--map-auto", "--mount", "--propagation=slave",
                "--pid", "--fork");
        make.with(checkout.resolve("verify/testkit/debian-image").toString())
                .environment("KELP_TEST_CACHE", cache.toString())
                .environment("PATH", workspace.path("shim") + ":" + make.environment().get("PATH"))
                .attempt();
        workspace.command("unshare", "--user", "--map-root-user", "--map-auto", "sh", "-c")
                .with("rm -rf \"$1\"/debian.*", "sh", cache.toString())
                .attempt();
        if (!Files.exists(cache.resolve("debian/index.json"))) {
            throw new IllegalStateException("verify/testkit/debian-image made no image in " + cache);
        }
    }

    /// How often blobs of an image were asked for so far.
    long blobReads(String name) {
        try (Stream<String> lines = Files.lines(log)) {
            return lines.filter(line -> line.contains("\"GET /v2/bench/" + name + "/blobs/"))
                    .count();
        } catch (IOException e) {
            throw new UncheckedIOException("read " + log, e);
        }
    }

    /// Whether somebody listens at a port of the loopback interface.
    static boolean answers(int port) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 200);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException("find a free port", e);
        }
    }
}
