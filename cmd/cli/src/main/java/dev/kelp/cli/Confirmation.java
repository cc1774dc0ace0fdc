// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// Asks before something is removed: at the terminal, or of what is piped into the command.
public final class Confirmation {
    private static final String QUESTION = "Are you sure you want to continue? [y/N] ";
    private static final int ANSWER_BYTES_MAX = 64;

    private Confirmation() {}

    /// @param warning what will happen, whole lines
    /// @return whether the user agreed
    public static boolean isGiven(Invocation call, String warning) {
        String text = warning + QUESTION;
        Optional<InputStream> in = call.client().in();
        String answer;
        if (in.isPresent() && !call.client().inputIsTerminal()) {
            call.out().append(text);
            call.out().flush();
            answer = line(in.get());
            call.out().append('\n');
        } else {
            answer = call.client().prompt(text, true).orElseThrow(Confirmation::nobodyToAsk);
        }
        return List.of("y", "yes").contains(answer.strip().toLowerCase(Locale.ROOT));
    }

    private static KelpException nobodyToAsk() {
        return KelpException.invalid("there is no terminal to ask whether to remove anything")
                .withHint("use --force");
    }

    private static String line(InputStream in) {
        StringBuilder line = new StringBuilder();
        try {
            int b = in.read();
            while (b >= 0 && b != '\n' && line.length() < ANSWER_BYTES_MAX) {
                line.append((char) b);
                b = in.read();
            }
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "cannot read the answer: " + e.getMessage(), e);
        }
        return new String(line.toString().getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
    }
}
