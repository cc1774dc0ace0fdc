// SPDX-License-Identifier: Apache-2.0

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleSupplier;

/// Some peers doing the same work in turn: A B C, B C A, C A B …, so that what else the machine does meets all alike.
final class Measurement {
    /// One who does the work.
    ///
    /// @param once does it and returns the measured value, preparing and cleaning up outside of what it measures
    record Trial(String name, DoubleSupplier once) {}

    private final int rounds;
    private final long patienceMillis;
    private long waitedMillis;
    private int calmRounds;

    /// @param patienceMillis how long all rounds together may wait for a calm machine
    Measurement(int rounds, long patienceMillis) {
        this.rounds = rounds;
        this.patienceMillis = patienceMillis;
    }

    /// What each trial gave, in the order of the rounds.
    ///
    /// @param warmUps how often each is done before, unmeasured
    List<double[]> run(int warmUps, List<Trial> trials) {
        List<double[]> values = new ArrayList<>();
        trials.forEach(trial -> values.add(new double[rounds]));
        for (int i = 0; i < warmUps; i++) {
            trials.forEach(trial -> trial.once().getAsDouble());
        }
        for (int round = 0; round < rounds; round++) {
            long start = System.nanoTime();
            if (Machine.awaitCalm(patienceMillis - waitedMillis)) {
                calmRounds++;
            }
            waitedMillis += (System.nanoTime() - start) / 1_000_000;
            for (int i = 0; i < trials.size(); i++) {
                int turn = (round + i) % trials.size();
                values.get(turn)[round] = trials.get(turn).once().getAsDouble();
            }
        }
        return values;
    }

    /// In how many rounds the machine was left alone when they began.
    int calmRounds() {
        return calmRounds;
    }

    static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
