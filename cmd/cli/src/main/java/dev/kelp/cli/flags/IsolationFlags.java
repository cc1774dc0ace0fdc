// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.flags;

import dev.kelp.cli.GlobalFlags;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.Isolation;
import dev.kelp.model.network.Subnet;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// Namespaces, names and addresses.
@Command(optionListHeading = "Namespaces and names")
public final class IsolationFlags {
    @Option(
            names = {"-h", "--hostname"},
            paramLabel = "NAME",
            description = "host name (default: the short id)")
    @Nullable
    String hostname;

    @Option(names = "--domainname", paramLabel = "NAME", description = "NIS domain name")
    @Nullable
    String domainname;

    @Option(names = "--add-host", paramLabel = "NAME:ADDRESS", description = "a line for /etc/hosts")
    List<String> extraHosts = new ArrayList<>();

    @Option(names = "--dns", paramLabel = "ADDRESS", description = "name server")
    List<String> dns = new ArrayList<>();

    @Option(names = "--dns-search", paramLabel = "DOMAIN", description = "search domain")
    List<String> dnsSearch = new ArrayList<>();

    @Option(
            names = {"--dns-option", "--dns-opt"},
            paramLabel = "OPTION",
            description = "option for resolv.conf")
    List<String> dnsOptions = new ArrayList<>();

    @Option(names = "--pid", paramLabel = "MODE", description = "private, host or container:NAME")
    @Nullable
    String pid;

    @Option(names = "--ipc", paramLabel = "MODE", description = "private, host, shareable, none or container:NAME")
    @Nullable
    String ipc;

    @Option(names = "--uts", paramLabel = "MODE", description = "private, host or container:NAME")
    @Nullable
    String uts;

    @Option(names = "--cgroupns", paramLabel = "MODE", description = "private or host")
    @Nullable
    String cgroupns;

    @Option(
            names = "--sysctl",
            paramLabel = "NAME=VALUE",
            description = "kernel parameter of the container's namespaces")
    List<String> sysctls = new ArrayList<>();

    /// @param defaults for what was not asked for
    public Isolation spec(GlobalFlags defaults) {
        extraHosts.forEach(IsolationFlags::checkHost);
        for (String server : dns) {
            if (!isAddress(server)) {
                throw KelpException.invalid("invalid --dns `" + server + "`: expected an address");
            }
        }
        if ("host".equals(uts) && (hostname != null || domainname != null)) {
            throw KelpException.invalid("--uts=host excludes --hostname and --domainname");
        }
        if (hostname != null
                && (hostname.isEmpty() || hostname.length() > 64 || !hostname.matches("[A-Za-z0-9._-]+"))) {
            throw KelpException.invalid("invalid host name `" + hostname + "`");
        }
        sysctls.stream().filter(s -> s.indexOf('=') <= 0).findFirst().ifPresent(s -> {
            throw KelpException.invalid("invalid --sysctl `" + s + "`: expected NAME=VALUE");
        });
        return new Isolation(
                null,
                mode("--pid", pid, List.of("private", "host"), true),
                mode("--ipc", ipc, List.of("private", "host", "shareable", "none"), true),
                mode("--uts", uts, List.of("private", "host"), true),
                mode("--cgroupns", cgroupns, List.of("private", "host"), false),
                hostname,
                domainname,
                hosts(defaults.hostGateway()),
                dns.isEmpty() ? defaults.dns() : dns,
                dnsSearch.isEmpty() ? defaults.dnsSearch() : dnsSearch,
                dnsOptions.isEmpty() ? defaults.dnsOptions() : dnsOptions,
                EnvFile.pairs("--sysctl", sysctls));
    }

    private List<String> hosts(@Nullable String gateway) {
        return gateway == null
                ? extraHosts
                : extraHosts.stream()
                        .map(h -> h.replaceFirst("([:=])host-gateway$", "$1" + gateway))
                        .toList();
    }

    private static @Nullable String mode(String flag, @Nullable String value, List<String> words, boolean others) {
        if (value == null || value.isEmpty()) {
            return null;
        }
        boolean named = others && value.startsWith("container:");
        if (!named && !words.contains(value)) {
            throw KelpException.invalid("invalid " + flag + " `" + value + "`")
                    .withHint("use " + String.join(", ", words) + (others ? " or container:NAME" : ""));
        }
        return value;
    }

    private static void checkHost(String line) {
        int separator = line.indexOf(':');
        int equals = line.indexOf('=');
        int at = equals > 0 && (separator < 0 || equals < separator) ? equals : separator;
        String address = at < 0 ? "" : line.substring(at + 1).replaceAll("^\\[|]$", "");
        if (at <= 0 || !(address.equals("host-gateway") || isAddress(address))) {
            throw KelpException.invalid("invalid --add-host `" + line + "`: expected NAME:ADDRESS");
        }
    }

    private static boolean isAddress(String text) {
        try {
            Subnet.parseAddress(text);
            return true;
        } catch (KelpException e) {
            return false;
        }
    }
}
