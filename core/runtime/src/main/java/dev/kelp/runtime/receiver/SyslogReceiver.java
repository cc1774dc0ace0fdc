// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime.receiver;

import dev.kelp.runtime.ContainerLog.Entry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;

/// A syslog daemon. A line is one message: of RFC 3164, of RFC 5424, or in the form that local daemons expect.
final class SyslogReceiver implements LogReceiver {
    private static final int ERROR = 3;
    private static final int INFORMATION = 6;
    private static final DateTimeFormatter STAMP = DateTimeFormatter.ofPattern("MMM ppd HH:mm:ss", Locale.ROOT);
    private static final DateTimeFormatter SECONDS =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ssXXX", Locale.ROOT);
    private static final DateTimeFormatter MICROS =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSSXXX", Locale.ROOT);

    private final Wire wire;
    private final Style style;
    private final Origin origin;
    private final String hostname;

    /// How messages look.
    ///
    /// @param facility 0 to 23
    /// @param counted each message is preceded by its length (RFC 5425)
    record Style(Format format, int facility, boolean counted) {}

    /// Docker's names are the constants' in lower case; LOCAL is its unnamed default.
    enum Format {
        LOCAL,
        RFC3164,
        RFC5424,
        RFC5424MICRO
    }

    SyslogReceiver(Wire wire, Style style, Origin origin, String hostname) {
        this.wire = wire;
        this.style = style;
        this.origin = origin;
        this.hostname = hostname;
    }

    @Override
    public void send(List<Entry> entries) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (Entry e : entries) {
            byte[] message = message(e, ZoneId.systemDefault());
            if (wire.isDatagrams()) {
                wire.write(message);
            } else {
                all.write(message);
            }
        }
        if (all.size() > 0) {
            wire.write(all.toByteArray());
        }
    }

    byte[] message(Entry e, ZoneId zone) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(head(e, e.time().atZone(zone)).getBytes(StandardCharsets.UTF_8));
        out.write(Lines.text(e));
        out.write('\n');
        if (!style.counted()) {
            return out.toByteArray();
        }
        ByteArrayOutputStream counted = new ByteArrayOutputStream();
        counted.write((out.size() + " ").getBytes(StandardCharsets.US_ASCII));
        out.writeTo(counted);
        return counted.toByteArray();
    }

    private String head(Entry e, ZonedDateTime time) {
        String priority = "<" + (style.facility() * 8 + (e.stderr() ? ERROR : INFORMATION)) + ">";
        String tagged = origin.tag() + "[" + origin.pid() + "]: ";
        return switch (style.format()) {
            case LOCAL -> priority + STAMP.format(time) + " " + tagged;
            case RFC3164 -> priority + STAMP.format(time) + " " + hostname + " " + tagged;
            case RFC5424 -> rfc5424(priority, SECONDS.format(time));
            case RFC5424MICRO -> rfc5424(priority, MICROS.format(time));
        };
    }

    private String rfc5424(String priority, String time) {
        return priority + "1 " + time + " " + hostname + " " + origin.tag() + " " + origin.pid() + " " + origin.tag()
                + " - ";
    }

    @Override
    public void close() throws IOException {
        wire.close();
    }
}
