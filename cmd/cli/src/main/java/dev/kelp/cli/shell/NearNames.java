// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.shell;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.Suggestions;
import dev.kelp.engine.Containers.ContainerSummary;
import dev.kelp.engine.Images.Image;
import dev.kelp.engine.Namespaces.NamespaceSummary;
import dev.kelp.engine.Volumes.Volume;
import dev.kelp.model.KelpException;
import dev.kelp.model.network.NetworkDefinition;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// For the name of something that is not there, one that is there and was probably meant.
final class NearNames {
    /// How the engine says that something is missing: what, and its name.
    private static final List<Pattern> SAID = List.of(
            Pattern.compile("no such (container|image|network|object): `?([^\\s`]+)`?"),
            Pattern.compile("(volume|namespace) ([^\\s:]+):? not found.*"));

    private NearNames() {}

    /// @param message of the error that says that it is not there
    static Optional<String> of(Invocation call, String message) {
        for (Pattern p : SAID) {
            Matcher m = p.matcher(message);
            if (m.matches()) {
                return near(call, m.group(1), m.group(2));
            }
        }
        return Optional.empty();
    }

    private static Optional<String> near(Invocation call, String kind, String name) {
        try {
            return Suggestions.closest(name, names(call, kind))
                    .filter(n -> !n.equals(name))
                    .map(n -> "did you mean `" + n + "`?");
        } catch (KelpException e) {
            // the error that is told is the one before
            return Optional.empty();
        }
    }

    private static List<String> names(Invocation call, String kind) {
        return switch (kind) {
            case "container" ->
                call.containers().list(true).stream()
                        .map(ContainerSummary::name)
                        .toList();
            case "object" ->
                Stream.of("container", "image", "network", "volume")
                        .flatMap(k -> names(call, k).stream())
                        .toList();
            case "image" -> images(call.images().list());
            case "network" ->
                call.namespace().networks().list().stream()
                        .map(NetworkDefinition::name)
                        .toList();
            case "volume" ->
                call.namespace().volumes().list().stream().map(Volume::name).toList();
            default ->
                call.engine().namespaces().list().stream()
                        .map(NamespaceSummary::name)
                        .toList();
        };
    }

    /// With and without the tag.
    private static List<String> images(List<Image> images) {
        List<String> names = new ArrayList<>();
        images.stream()
                .flatMap(i -> i.reference().stream())
                .forEach(r -> Stream.of(r.familiarRepository(), r.familiar())
                        .filter(n -> !names.contains(n))
                        .forEach(names::add));
        return names;
    }
}
