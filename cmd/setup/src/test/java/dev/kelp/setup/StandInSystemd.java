// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup;

import dev.kelp.setup.check.Programs;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/// A user's systemd as systemctl(1) shows it: which units run and which are enabled. Other programs are the machine's.
final class StandInSystemd implements Programs {
    final Set<String> active = new TreeSet<>();
    final Set<String> enabled = new TreeSet<>();
    final List<String> calls = new ArrayList<>();

    /// Units that do not start.
    final Set<String> broken = new TreeSet<>();

    boolean answers = true;

    private final Programs others;

    StandInSystemd(Programs others) {
        this.others = others;
    }

    @Override
    public Answer run(List<String> command) {
        if (!command.subList(0, Math.min(2, command.size())).equals(List.of("systemctl", "--user"))) {
            return others.run(command);
        }
        List<String> words =
                command.stream().skip(2).filter(w -> !w.startsWith("--")).toList();
        calls.add(String.join(" ", words));
        if (!answers) {
            return new Answer(1, "Failed to connect to bus: No medium found\n");
        }
        String unit = words.getLast();
        return switch (words.getFirst()) {
            case "start" -> broken.contains(unit) ? new Answer(1, "") : done(active.add(unit));
            case "stop" -> done(active.remove(unit));
            case "enable" -> done(enabled.add(unit));
            case "disable" -> done(enabled.remove(unit));
            case "is-active" -> new Answer(active.contains(unit) ? 0 : 3, "");
            case "status" -> new Answer(active.contains(unit) ? 0 : 3, "● " + unit + "\n");
            default -> new Answer(0, "");
        };
    }

    private static Answer done(boolean ignored) {
        return new Answer(0, "");
    }
}
