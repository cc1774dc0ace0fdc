// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup.check;

import dev.kelp.rootless.SubordinateIds;
import dev.kelp.rootless.SubordinateIds.Range;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Subordinate ids (subuid(5), subgid(5)) and the programs that hand them out.
final class IdChecks {
    private static final String NAME = "subordinate ids";
    private static final long ENOUGH = 65_536;
    private static final long FIRST = 100_000;

    private IdChecks() {}

    static Finding subordinateIds(Machine machine) {
        User user = machine.user();
        if (user.isRoot()) {
            return Finding.ok(NAME, "root needs no entry");
        }
        List<String> missing = new ArrayList<>();
        for (String program : List.of("newuidmap", "newgidmap")) {
            if (machine.program(program).isEmpty()) {
                missing.add(program);
            }
        }
        if (!missing.isEmpty()) {
            return Finding.warning(
                    NAME,
                    String.join(" and ", missing) + " not installed: containers have one user only",
                    Remedy.packages("uidmap"));
        }
        long uids = count(machine, "/etc/subuid", "");
        long gids = count(machine, "/etc/subgid", "-g");
        if (uids == 0 || gids == 0) {
            return Finding.warning(
                    NAME,
                    "none for " + user.name() + " in " + (uids == 0 ? "/etc/subuid" : "/etc/subgid")
                            + ": containers have one user only",
                    add(machine));
        }
        if (uids < ENOUGH || gids < ENOUGH) {
            return Finding.warning(
                    NAME,
                    "only " + Math.min(uids, gids) + " for " + user.name() + "; images use ids up to 65535",
                    add(machine));
        }
        return overlap(machine, "/etc/subuid")
                .or(() -> overlap(machine, "/etc/subgid"))
                .map(other -> Finding.warning(
                        NAME,
                        "those of " + user.name() + " are also " + other + "'s: each can write the other's files",
                        Remedy.user("sudoedit /etc/subuid /etc/subgid")))
                .orElseGet(() -> Finding.ok(NAME, uids + " uids, " + gids + " gids"));
    }

    private static long count(Machine machine, String file, String flag) {
        long own = ranges(machine, file).stream().mapToLong(Range::count).sum();
        if (own > 0 || machine.program("getsubids").isEmpty()) {
            return own;
        }
        // a name service may know what the files do not
        List<String> words = new ArrayList<>(List.of("getsubids"));
        if (!flag.isEmpty()) {
            words.add(flag);
        }
        words.add(machine.user().name());
        Programs.Answer answer = machine.programs().run(words);
        return !answer.succeeded()
                ? 0
                : answer.text()
                        .lines()
                        .map(line -> line.strip().split("\\s+"))
                        .filter(f -> f.length == 4 && f[3].matches("\\d{1,10}"))
                        .mapToLong(f -> Long.parseLong(f[3]))
                        .sum();
    }

    private static List<Range> ranges(Machine machine, String file) {
        return SubordinateIds.parse(
                machine.text(file).orElse(""),
                machine.user().name(),
                machine.user().uid());
    }

    /// Who else was given one of the user's ids.
    private static Optional<String> overlap(Machine machine, String file) {
        List<Range> own = ranges(machine, file);
        User user = machine.user();
        return entries(machine, file).stream()
                .filter(e -> !e.who().equals(user.name()) && !e.who().equals(Long.toString(user.uid())))
                .filter(e -> own.stream()
                        .anyMatch(r -> r.first() < e.first() + e.count() && e.first() < r.first() + r.count()))
                .map(Entry::who)
                .findFirst();
    }

    private record Entry(String who, long first, long count) {}

    private static List<Entry> entries(Machine machine, String file) {
        return machine.text(file)
                .orElse("")
                .lines()
                .map(line -> line.strip().split(":", -1))
                .filter(f -> f.length == 3 && f[1].matches("\\d{1,10}") && f[2].matches("\\d{1,10}"))
                .map(f -> new Entry(f[0], Long.parseLong(f[1]), Long.parseLong(f[2])))
                .toList();
    }

    /// A range that nobody has.
    private static Remedy add(Machine machine) {
        long first = FIRST;
        for (String file : List.of("/etc/subuid", "/etc/subgid")) {
            for (Entry e : entries(machine, file)) {
                first = Math.max(first, e.first() + e.count());
            }
        }
        User user = machine.user();
        if (User.in(machine.text("/etc/passwd").orElse(""), user.name()).isEmpty()) {
            // usermod knows only who is in the file
            String line = Remedy.quoted(user.name() + ":" + first + ":" + ENOUGH);
            return Remedy.root("echo " + line + " >> /etc/subuid", "echo " + line + " >> /etc/subgid")
                    .then("kelp system stop");
        }
        String range = first + "-" + (first + ENOUGH - 1);
        return Remedy.root(
                        "usermod --add-subuids " + range + " --add-subgids " + range + " " + Remedy.quoted(user.name()))
                .then("kelp system stop");
    }
}
