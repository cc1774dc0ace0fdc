// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup.check;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// A machine of files in a folder, on which all is well until a test breaks it: Debian 12 with systemd, and alice.
public final class TestMachine {
    private static final String SLICE = "/sys/fs/cgroup/user.slice";
    private static final String CONTROLLERS = "cpuset cpu io memory pids\n";

    private final Path root;
    private final Map<String, String> variables = new HashMap<>();
    private final Map<String, Programs.Answer> answers = new HashMap<>();

    public TestMachine(Path root) throws IOException {
        this.root = root;
        file("/proc/sys/kernel/osrelease", "6.1.0-26-amd64\n");
        file("/proc/self/ns/user", "");
        file("/proc/self/loginuid", "1000");
        file("/proc/sys/user/max_user_namespaces", "28633\n");
        file("/proc/sys/kernel/unprivileged_userns_clone", "1\n");
        file("/proc/sys/kernel/seccomp/actions_avail", "kill_process trap errno user_notif trace log allow\n");
        file("/proc/sys/net/ipv4/ping_group_range", "0\t2147483647\n");
        file("/proc/sys/net/ipv4/ip_unprivileged_port_start", "80\n");
        file("/proc/self/mountinfo", "24 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n");
        file("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\n");
        file("/etc/subuid", "bob:100000:65536\nalice:165536:65536\n");
        file("/etc/subgid", "bob:100000:65536\nalice:165536:65536\n");
        file("/dev/fuse", "");
        file("/dev/net/tun", "");
        for (String layer : List.of(
                "/sys/fs/cgroup", SLICE, SLICE + "/user-1000.slice", SLICE + "/user-1000.slice/user@1000.service")) {
            file(layer + "/cgroup.controllers", CONTROLLERS);
        }
        folder("/run/systemd/system");
        folder("/home/alice");
        folder("/run/user/1000");
        file("/var/lib/systemd/linger/alice", "");
        variables.put("XDG_RUNTIME_DIR", "/run/user/1000");
        variables.put("KELP_ROOT", "/usr/lib/kelp");
        for (String name : List.of("newuidmap", "newgidmap", "crun", "conmon", "slirp4netns", "nft", "catatonit")) {
            program(name);
        }
        answers.put("/usr/bin/crun", new Programs.Answer(0, "crun version 1.8.1\n"));
        answers.put("/usr/bin/conmon", new Programs.Answer(0, "conmon version 2.1.6\n"));
        answers.put("/usr/bin/slirp4netns", new Programs.Answer(0, "slirp4netns version 1.2.0\n"));
        answers.put("systemctl", new Programs.Answer(0, ""));
        answers.put("rootlesskit", new Programs.Answer(0, ""));
    }

    public TestMachine file(String path, String text) throws IOException {
        Path file = root.resolve(path.substring(1));
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
        return this;
    }

    public TestMachine folder(String path) throws IOException {
        Path folder = Files.createDirectories(root.resolve(path.substring(1)));
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
        return this;
    }

    public TestMachine without(String path) throws IOException {
        Path file = root.resolve(path.substring(1));
        if (Files.isDirectory(file)) {
            try (var below = Files.list(file)) {
                for (Path entry : below.toList()) {
                    without("/" + root.relativize(entry));
                }
            }
        }
        Files.delete(file);
        return this;
    }

    public TestMachine program(String name) throws IOException {
        file("/usr/bin/" + name, "");
        Files.setPosixFilePermissions(root.resolve("usr/bin/" + name), PosixFilePermissions.fromString("rwxr-xr-x"));
        return this;
    }

    public TestMachine mode(String path, String permissions) throws IOException {
        Files.setPosixFilePermissions(root.resolve(path.substring(1)), PosixFilePermissions.fromString(permissions));
        return this;
    }

    public TestMachine variable(String name, String value) {
        variables.put(name, value);
        return this;
    }

    /// What a program says, by the last part of its path and, more exactly, by its first argument as well.
    public TestMachine answer(String command, int code, String text) {
        answers.put(command, new Programs.Answer(code, text));
        return this;
    }

    public Machine machine() {
        return new Machine(root, variables, new User("alice", 1000, "/home/alice"), false, this::run);
    }

    /// The same, asked by root for alice.
    public Machine askedByRoot() {
        return new Machine(root, variables, new User("alice", 1000, "/home/alice"), true, this::run);
    }

    private Programs.Answer run(List<String> command) {
        String first = command.getFirst();
        String name = first.substring(first.lastIndexOf('/') + 1);
        String second = command.size() > 1 ? command.get(1) : "";
        return answers.getOrDefault(
                name + " " + second,
                answers.getOrDefault(first, answers.getOrDefault(name, new Programs.Answer(127, "not found"))));
    }
}
