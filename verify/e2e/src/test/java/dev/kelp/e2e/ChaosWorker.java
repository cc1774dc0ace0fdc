// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e;

import dev.kelp.testkit.KelpCli;
import dev.kelp.testkit.Outcome;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// One user of an engine whose daemon is killed again and again: works on containers and an image of its own in random
/// order and keeps book of what was acknowledged. Whatever the engine says or has against the book is a violation.
final class ChaosWorker implements Runnable {
    /// Lines that a counting container writes before it ends.
    static final int LINES = 200;

    private static final int CONTAINERS_MAX = 6;
    private static final String COUNT = "i=0; while [ $i -lt " + LINES + " ]; do echo line $i; i=$((i+1)); done; exit ";
    private static final String SERVICE = "trap 'exit 7' TERM; echo up; while :; do sleep 0.1; done";
    private static final Set<String> STOPPED_CODES = Set.of("7", "137", "143");

    /// What is known of something: an interrupted command leaves it open.
    enum Known {
        YES,
        NO,
        OPEN
    }

    /// A container in the book.
    static final class Box {
        final String name;

        /// The code a counting container ends with; −1: it runs until it is stopped.
        final int code;

        Known exists = Known.OPEN;

        /// How often it was started; OPEN when a start was interrupted.
        int starts;

        boolean startsKnown = true;
        boolean disturbed;
        boolean stopAcknowledged;

        Box(String name, int code) {
            this.name = name;
            this.code = code;
        }

        String script() {
            return code < 0 ? SERVICE : COUNT + code;
        }
    }

    private interface Action {
        void perform();
    }

    private final KelpCli kelp;
    private final String name;
    private final String busybox;
    private final String image;
    private final Random random;
    private final Queue<String> violations;
    private final BooleanSupplier going;
    private final Map<String, Box> boxes = new TreeMap<>();
    private final List<Action> actions = List.of(
            this::create,
            this::runDetached,
            this::runDetached,
            this::start,
            this::start,
            this::runAttached,
            this::runAttached,
            this::exec,
            this::exec,
            this::stop,
            this::kill,
            this::remove,
            this::removeByForce,
            this::logs,
            this::pull,
            this::removeImage);
    private Known imageHere = Known.NO;
    private int made;
    private int commands;
    private int interrupted;
    private final Map<String, Integer> reasons = new TreeMap<>();

    /// @param images busybox, which stays, and the worker's own image
    ChaosWorker(KelpCli kelp, int number, List<String> images, long seed, BooleanSupplier going) {
        this.kelp = kelp;
        this.name = "w" + number;
        this.busybox = images.getFirst();
        this.image = images.getLast();
        this.random = new Random(seed + number);
        this.violations = new java.util.concurrent.ConcurrentLinkedQueue<>();
        this.going = going;
    }

    @Override
    public void run() {
        while (going.getAsBoolean()) {
            try {
                actions.get(random.nextInt(actions.size())).perform();
            } catch (RuntimeException | AssertionError e) {
                violation("unexpected", e.toString());
            }
        }
    }

    Queue<String> violations() {
        return violations;
    }

    Map<String, Box> boxes() {
        return boxes;
    }

    Known imageHere() {
        return imageHere;
    }

    String image() {
        return image;
    }

    String summary() {
        return name + ": " + commands + " commands, " + interrupted + " interrupted, " + boxes.size() + " containers "
                + reasons;
    }

    private void violation(String what, Object detail) {
        violations.add(Instant.now() + " " + name + ": " + what + ": " + detail);
    }

    private Outcome command(String... words) {
        commands++;
        Outcome outcome = kelp.run(words);
        if (wasInterrupted(outcome)) {
            interrupted++;
            reasons.merge(outcome.err().lines().findFirst().orElse(""), 1, Integer::sum);
        }
        return outcome;
    }

    /// The client says so itself when nobody knows how its command went.
    static boolean wasInterrupted(Outcome o) {
        return o.exitCode() == 125
                && (o.err().contains("daemon went away") || o.err().contains("start the daemon:"));
    }

    private Box box(boolean counting) {
        Box box = new Box(name + "-" + made++, counting ? random.nextInt(1, 100) : -1);
        boxes.put(box.name, box);
        return box;
    }

    /// One that was acknowledged and not removed, or null.
    private @org.jspecify.annotations.Nullable Box pick() {
        List<Box> there =
                boxes.values().stream().filter(b -> b.exists == Known.YES).toList();
        return there.isEmpty() ? null : there.get(random.nextInt(there.size()));
    }

    private boolean isFull() {
        return boxes.values().stream().filter(b -> b.exists != Known.NO).count() >= CONTAINERS_MAX;
    }

    private void create() {
        if (isFull()) {
            removeByForce();
            return;
        }
        Box box = box(random.nextBoolean());
        Outcome o = command("create", "--net=host", "--name", box.name, busybox, "sh", "-c", box.script());
        acknowledge(o, 0, () -> box.exists = Known.YES);
    }

    private void runDetached() {
        if (isFull()) {
            removeByForce();
            return;
        }
        Box box = box(random.nextInt(3) > 0);
        Outcome o = command("run", "-d", "--net=host", "--name", box.name, busybox, "sh", "-c", box.script());
        box.startsKnown = false;
        acknowledge(o, 0, () -> {
            box.exists = Known.YES;
            box.startsKnown = true;
            box.starts = 1;
        });
    }

    private void acknowledge(Outcome o, int code, Runnable book) {
        if (o.exitCode() == code) {
            book.run();
        } else if (!wasInterrupted(o)) {
            violation("failed", o);
        }
    }

    private void start() {
        Box box = pick();
        if (box == null || box.code >= 0 && box.starts > 0) {
            create();
            return;
        }
        Outcome o = command("start", box.name);
        box.stopAcknowledged = false;
        if (wasInterrupted(o)) {
            box.startsKnown = false;
        }
        acknowledge(o, 0, () -> box.starts++);
    }

    private void runAttached() {
        int code = random.nextInt(1, 100);
        Outcome o = command("run", "--rm", "--net=host", busybox, "sh", "-c", COUNT + code);
        acknowledge(o, code, () -> {
            if (!o.out().equals(numbered())) {
                violation("output of run --rm", o);
            }
        });
    }

    static String numbered() {
        return IntStream.range(0, LINES).mapToObj(i -> "line " + i + "\n").collect(Collectors.joining());
    }

    private void exec() {
        Box box = pick();
        if (box == null || box.code >= 0) {
            runAttached();
            return;
        }
        Outcome o = command("exec", box.name, "sh", "-c", "echo hello; exit 5");
        boolean notRunning = o.err().contains("not running");
        if (o.exitCode() == 5) {
            if (!o.out().equals("hello\n")) {
                violation("output of exec", o);
            }
        } else if (!wasInterrupted(o) && !(notRunning && mayBeStopped(box))) {
            violation("exec in " + describe(box), o);
        }
    }

    private static boolean mayBeStopped(Box box) {
        return box.starts == 0 || !box.startsKnown || box.disturbed;
    }

    private static String describe(Box box) {
        return box.name + " (starts " + box.starts + (box.startsKnown ? "" : " or more")
                + (box.disturbed ? ", stopped or killed" : "") + ")";
    }

    private void stop() {
        Box box = pick();
        if (box == null) {
            return;
        }
        box.disturbed = true;
        Outcome o = command("stop", "-t", "3", box.name);
        acknowledge(o, 0, () -> box.stopAcknowledged = true);
        if (box.stopAcknowledged) {
            Outcome state = command("inspect", "--format", "{{.State.Running}} {{.State.ExitCode}}", box.name);
            acknowledge(state, 0, () -> checkStopped(box, state));
        }
    }

    private void checkStopped(Box box, Outcome state) {
        String[] words = state.text().split(" ");
        boolean ran = box.starts > 0 && box.startsKnown && box.code < 0;
        if (words[0].equals("true") || ran && !STOPPED_CODES.contains(words[1])) {
            violation("stopped " + describe(box), state);
        }
    }

    private void kill() {
        Box box = pick();
        if (box == null) {
            return;
        }
        box.disturbed = true;
        Outcome o = command("kill", box.name);
        if (o.exitCode() != 0
                && !wasInterrupted(o)
                && !o.err().contains("not running")
                && !o.err().contains("ended")) {
            violation("kill " + describe(box), o);
        }
    }

    private void remove() {
        Box box = pick();
        if (box == null) {
            return;
        }
        Outcome o = command("rm", box.name);
        if (!o.err().contains("it is running")) {
            removed(box, o);
        }
    }

    private void removeByForce() {
        List<Box> all =
                boxes.values().stream().filter(b -> b.exists != Known.NO).toList();
        if (!all.isEmpty()) {
            Box box = all.get(random.nextInt(all.size()));
            removed(box, command("rm", "-f", box.name));
        }
    }

    private void removed(Box box, Outcome o) {
        if (wasInterrupted(o)) {
            box.exists = Known.OPEN;
        } else if (o.exitCode() == 0 || o.err().contains("no such container") && box.exists == Known.OPEN) {
            box.exists = Known.NO;
        } else {
            violation("rm " + describe(box), o);
        }
    }

    /// A counting container that nobody disturbed has said everything once it has ended, and kept its code.
    private void logs() {
        Box box = pick();
        if (box == null || box.code < 0 || box.starts != 1 || !box.startsKnown || box.disturbed) {
            return;
        }
        Outcome code = command("wait", box.name);
        acknowledge(code, 0, () -> {
            if (!code.text().equals(Integer.toString(box.code))) {
                violation("wait for " + describe(box) + " that ends with " + box.code, code);
            }
        });
        Outcome log = command("logs", box.name);
        acknowledge(log, 0, () -> {
            if (code.exitCode() == 0 && !log.out().equals(numbered())) {
                violation("log of " + describe(box), log);
            }
        });
    }

    private void pull() {
        Outcome o = command("pull", "-q", image);
        if (wasInterrupted(o)) {
            imageHere = imageHere == Known.YES ? Known.YES : Known.OPEN;
        }
        acknowledge(o, 0, () -> imageHere = Known.YES);
        if (o.exitCode() == 0) {
            Outcome run = command("run", "--rm", "--net=host", image, "cat", "/layer/last");
            acknowledge(run, 0, () -> {});
        }
    }

    private void removeImage() {
        Outcome o = command("rmi", image);
        if (wasInterrupted(o)) {
            imageHere = imageHere == Known.NO ? Known.NO : Known.OPEN;
        } else if (o.exitCode() == 0) {
            if (imageHere == Known.NO) {
                violation("rmi of an image that is not there", o);
            }
            imageHere = Known.NO;
        } else if (o.err().contains("no such image") && imageHere != Known.YES) {
            imageHere = Known.NO;
        } else if (!o.err().contains("uses it")) {
            violation("rmi", o);
        }
    }
}
