// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime.spec;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.oci.OciJson;
import dev.kelp.runtime.spec.SeccompProfile.Argument;
import dev.kelp.runtime.spec.SeccompProfile.Rule;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/// Profiles in Docker's form (`--security-opt seccomp=FILE`): the OCI form plus `archMap`, and rules with `includes`
/// and
/// `excludes` by capability, architecture and kernel version, which are decided here.
public final class DockerSeccomp {
    /// The most a profile's text may have, in bytes.
    public static final int PROFILE_BYTES_MAX = 1 << 20;

    /// The most rules, and names in one rule.
    public static final int RULES_MAX = 4096;

    private static final Pattern NAME = Pattern.compile("[a-z0-9_]{1,64}");
    /// sun_path of unix(7), without its NUL.
    private static final int SOCKET_PATH_MAX = 107;

    private static final Pattern ACTION = Pattern.compile("SCMP_ACT_[A-Z_]{1,32}");
    private static final Pattern KERNEL = Pattern.compile("(\\d{1,4})\\.(\\d{1,4}).*", Pattern.DOTALL);
    private static final Set<String> OPERATORS = Set.of(
            "SCMP_CMP_NE",
            "SCMP_CMP_LT",
            "SCMP_CMP_LE",
            "SCMP_CMP_EQ",
            "SCMP_CMP_GE",
            "SCMP_CMP_GT",
            "SCMP_CMP_MASKED_EQ");

    private final Set<Capability> capabilities;
    private final Architecture architecture;
    private final String kernel;

    private DockerSeccomp(Set<Capability> capabilities, Architecture architecture, String kernel) {
        this.capabilities = capabilities;
        this.architecture = architecture;
        this.kernel = kernel;
    }

    /// The OCI profile for a container with these capabilities on this machine.
    ///
    /// @param kernel the kernel's release, as uname(2) gives it
    /// @throws KelpException INVALID_ARGUMENT naming what is wrong
    public static SeccompProfile parse(String json, Set<Capability> capabilities, String kernel) {
        return parse(json, capabilities, kernel, Architecture.host());
    }

    static SeccompProfile parse(String json, Set<Capability> caps, String kernel, Architecture architecture) {
        if (json.length() > PROFILE_BYTES_MAX) {
            throw new KelpException(
                    ErrorKind.RESOURCE_EXHAUSTED, "the seccomp profile has more than " + PROFILE_BYTES_MAX + " bytes");
        }
        JsonNode root;
        try {
            root = OciJson.mapper().readTree(json);
        } catch (JacksonException e) {
            throw new KelpException(
                    ErrorKind.INVALID_ARGUMENT, "the seccomp profile is not JSON: " + e.getOriginalMessage(), e);
        }
        if (root == null || !root.isObject()) {
            throw KelpException.invalid("the seccomp profile is not a JSON object");
        }
        return new DockerSeccomp(caps, architecture, kernel).profile(root);
    }

    private SeccompProfile profile(JsonNode root) {
        List<Rule> rules = new ArrayList<>();
        List<JsonNode> syscalls = elements(root.get("syscalls"), "syscalls");
        for (JsonNode rule : syscalls) {
            if (applies(rule)) {
                rules.add(rule(rule));
            }
        }
        return new SeccompProfile(
                matching(text(root, "defaultAction"), ACTION, "action"),
                errno(root.get("defaultErrnoRet")),
                architectures(root),
                texts(root.get("flags"), "flags"),
                rules,
                listenerPath(root),
                root.has("listenerMetadata") ? text(root, "listenerMetadata") : null);
    }

    private static @Nullable String listenerPath(JsonNode root) {
        if (!root.has("listenerPath")) {
            return null;
        }
        String path = text(root, "listenerPath");
        if (!path.startsWith("/") || path.length() > SOCKET_PATH_MAX || path.indexOf('\0') >= 0) {
            throw KelpException.invalid(
                    "`listenerPath` of the seccomp profile is no absolute path of a socket: " + path);
        }
        return path;
    }

    private List<String> architectures(JsonNode root) {
        List<JsonNode> map = elements(root.get("archMap"), "archMap");
        List<String> given = texts(root.get("architectures"), "architectures");
        if (!map.isEmpty() && !given.isEmpty()) {
            throw KelpException.invalid("the seccomp profile has both `architectures` and `archMap`");
        }
        if (!given.isEmpty()) {
            return given;
        }
        String own = architecture.tables().getFirst();
        for (JsonNode entry : map) {
            if (text(entry, "architecture").equals(own)) {
                List<String> all = new ArrayList<>(List.of(own));
                all.addAll(texts(entry.get("subArchitectures"), "subArchitectures"));
                return all;
            }
        }
        return map.isEmpty() ? architecture.tables() : List.of(own);
    }

    private Rule rule(JsonNode rule) {
        List<String> names = new ArrayList<>(texts(rule.get("names"), "names"));
        if (rule.has("name") && !text(rule, "name").isEmpty()) {
            if (!names.isEmpty()) {
                throw KelpException.invalid("a rule of the seccomp profile has both `name` and `names`");
            }
            names.add(text(rule, "name"));
        }
        if (names.isEmpty()) {
            throw KelpException.invalid("a rule of the seccomp profile names no system call");
        }
        names.forEach(n -> matching(n, NAME, "system call"));
        List<Argument> arguments = elements(rule.get("args"), "args").stream()
                .map(DockerSeccomp::argument)
                .toList();
        String action = matching(text(rule, "action"), ACTION, "action");
        return new Rule(names, action, errno(rule.get("errnoRet")), arguments);
    }

    private static Argument argument(JsonNode a) {
        String op = text(a, "op");
        long index = number(a.get("index")).longValue();
        if (!OPERATORS.contains(op) || index < 0 || index > 5) {
            throw KelpException.invalid("an argument of the seccomp profile is wrong: " + shortened(a.toString()));
        }
        return new Argument((int) index, number(a.get("value")), number(a.get("valueTwo")), op);
    }

    private boolean applies(JsonNode rule) {
        return conditions(rule.get("includes")).allMatch(c -> c)
                && conditions(rule.get("excludes")).noneMatch(c -> c);
    }

    /// Whether each condition given holds: every capability, one of the architectures, the kernel's version.
    private Stream<Boolean> conditions(@Nullable JsonNode node) {
        if (node == null || node.isNull()) {
            return Stream.empty();
        }
        List<Boolean> holds = new ArrayList<>();
        List<String> arches = texts(node.get("arches"), "arches");
        if (!arches.isEmpty()) {
            String own = architecture.names().getFirst();
            holds.add(arches.contains(own));
        }
        Predicate<String> granted =
                name -> capabilities.stream().anyMatch(c -> c.name().equals(name));
        texts(node.get("caps"), "caps").forEach(name -> holds.add(granted.test(name)));
        JsonNode min = node.get("minKernel");
        if (min != null && !min.isNull() && !min.asString("").isEmpty()) {
            holds.add(atLeast(kernel, min.asString("")));
        }
        return holds.stream();
    }

    private static boolean atLeast(String release, String minimum) {
        Matcher have = KERNEL.matcher(release);
        Matcher want = KERNEL.matcher(minimum);
        if (!want.matches()) {
            throw KelpException.invalid("`" + shortened(minimum) + "` is not a kernel version in the seccomp profile");
        }
        if (!have.matches()) {
            return false;
        }
        int major = Integer.compare(Integer.parseInt(have.group(1)), Integer.parseInt(want.group(1)));
        int minor = Integer.compare(Integer.parseInt(have.group(2)), Integer.parseInt(want.group(2)));
        return major > 0 || (major == 0 && minor >= 0);
    }

    private static @Nullable Integer errno(@Nullable JsonNode node) {
        if (node == null || node.isNull()) {
            return null;
        }
        long value = number(node).longValue();
        if (value < 0 || value > 4095) {
            throw KelpException.invalid("errno " + value + " of the seccomp profile is out of range");
        }
        return (int) value;
    }

    /// An unsigned 64-bit number as Go writes it; absent: 0.
    private static BigInteger number(@Nullable JsonNode node) {
        if (node == null || node.isNull()) {
            return BigInteger.ZERO;
        }
        if (!node.isIntegralNumber()
                || node.bigIntegerValue().signum() < 0
                || node.bigIntegerValue().bitLength() > 64) {
            throw KelpException.invalid("`" + shortened(node.toString()) + "` of the seccomp profile is not a number");
        }
        return node.bigIntegerValue();
    }

    private static String text(JsonNode node, String field) {
        JsonNode value = node.get(field);
        return value == null || !value.isString() ? "" : value.asString();
    }

    private static List<String> texts(@Nullable JsonNode node, String field) {
        List<String> all = new ArrayList<>();
        for (JsonNode n : elements(node, field)) {
            if (!n.isString()) {
                throw KelpException.invalid("`" + field + "` of the seccomp profile has something that is no string");
            }
            all.add(n.asString());
        }
        return all;
    }

    private static List<JsonNode> elements(@Nullable JsonNode node, String field) {
        if (node == null || node.isNull()) {
            return List.of();
        }
        if (!node.isArray() || node.size() > RULES_MAX) {
            throw KelpException.invalid("`" + field + "` of the seccomp profile is no list of up to " + RULES_MAX);
        }
        return node.valueStream().toList();
    }

    private static String matching(String value, Pattern pattern, String what) {
        if (!pattern.matcher(value).matches()) {
            throw KelpException.invalid(
                    "`" + shortened(value) + "` in the seccomp profile is not the name of a seccomp " + what);
        }
        return value;
    }

    private static String shortened(String text) {
        return text.length() <= 80 ? text : text.substring(0, 80) + "…";
    }
}
