// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.shell;

import dev.kelp.cli.Invocation;
import dev.kelp.engine.Containers.ContainerSummary;
import dev.kelp.model.KelpException;
import dev.kelp.model.Reference;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;

/// Values that can be suggested for a flag or an argument.
final class CompletionValues {
    private CompletionValues() {}

    /// @param label what stands for the argument in the help
    static Stream<String> ofArgument(Invocation call, String label) {
        return switch (label.split("[ \\[|]", 2)[0]) {
            case "CONTAINER" -> containers(call);
            case "IMAGE", "REPOSITORY" -> images(call);
            case "SOURCE" -> images(call);
            case "NETWORK" -> networks(call);
            case "VOLUME" -> volumes(call);
            case "SECRET" -> secrets(call);
            case "NAMESPACE" -> namespaces(call);
            default -> Stream.empty();
        };
    }

    static Stream<String> ofFlag(Invocation call, String flag) {
        return switch (flag) {
            case "--net", "--network" ->
                Stream.concat(
                        networks(call),
                        Stream.concat(
                                Stream.of("host", "none"), containers(call).map(c -> "container:" + c)));
            case "--volumes-from" -> containers(call);
            case "--pid" ->
                Stream.concat(Stream.of("host", "private"), containers(call).map(c -> "container:" + c));
            case "--uts" -> Stream.of("host", "private");
            case "-v", "--volume" -> volumes(call);
            case "--secret" -> secrets(call);
            case "--ipc" ->
                Stream.concat(
                        Stream.of("host", "none", "private", "shareable"),
                        containers(call).map(c -> "container:" + c));
            case "--cgroupns" -> Stream.of("host", "private");
            case "--restart" -> Stream.of("no", "always", "on-failure", "unless-stopped");
            case "--pull" -> Stream.of("always", "missing", "never");
            case "--log-driver" -> Stream.of("json-file", "journald", "syslog", "fluentd", "none");
            case "--runtime" -> Stream.of("crun", "runc");
            case "--snapshotter", "--storage-driver" -> Stream.of("overlayfs", "native");
            case "--namespace", "-n" -> namespaces(call);
            case "--format" -> Stream.of("json", "table");
            case "--userns" -> Stream.of("host", "keep-id", "auto", "nomap");
            case "--verify" -> Stream.of("cosign", "none");
            case "--health-on-failure" -> Stream.of("none", "kill", "restart", "stop");
            case "--signal", "--stop-signal" -> List.of("HUP", "INT", "KILL", "QUIT", "TERM", "USR1", "USR2").stream();
            case "--platform" -> Stream.of("linux/amd64", "linux/arm64", "linux/arm/v7");
            default -> Stream.empty();
        };
    }

    private static Stream<String> containers(Invocation call) {
        return asked(() -> call.containers().list(true).stream().map(ContainerSummary::name));
    }

    private static Stream<String> images(Invocation call) {
        return asked(() -> call.images().list().stream().flatMap(i -> i.reference().map(Reference::familiar).stream()));
    }

    private static Stream<String> networks(Invocation call) {
        return asked(() -> call.namespace().networks().list().stream().map(n -> n.name()));
    }

    private static Stream<String> volumes(Invocation call) {
        return asked(() -> call.namespace().volumes().list().stream().map(v -> v.name()));
    }

    private static Stream<String> secrets(Invocation call) {
        return asked(() -> call.namespace().secrets().list().stream().map(s -> s.name()));
    }

    private static Stream<String> namespaces(Invocation call) {
        return asked(() -> call.engine().namespaces().list().stream().map(n -> n.name()));
    }

    /// Nothing where the engine cannot tell.
    private static Stream<String> asked(Supplier<Stream<String>> question) {
        try {
            return question.get();
        } catch (KelpException e) {
            return Stream.empty();
        }
    }
}
