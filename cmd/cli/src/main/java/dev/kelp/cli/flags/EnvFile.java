// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.flags;

import dev.kelp.cli.ClientContext;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Pipes;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// `NAME=value` lines and lists: `--env`, `--env-file`, `--label`, `--label-file`.
public final class EnvFile {
    public static final int BYTES_MAX = 4 << 20;

    private EnvFile() {}

    /// Files first, then flags, as Docker joins them; a bare name takes the client's value, or is left out.
    public static List<String> environment(ClientContext client, List<String> files, List<String> flags) {
        List<String> result = new ArrayList<>();
        for (String file : files) {
            for (String line : parse(text(client, file), file)) {
                resolve(line, client.variables(), result);
            }
        }
        for (String flag : flags) {
            if (flag.isEmpty() || flag.startsWith("=")) {
                throw KelpException.invalid("invalid environment variable `" + flag + "`: the name is missing");
            }
            resolve(flag, client.variables(), result);
        }
        return result;
    }

    private static void resolve(String word, Map<String, String> variables, List<String> result) {
        if (word.indexOf('=') >= 0) {
            result.add(word);
        } else if (variables.containsKey(word)) {
            result.add(word + "=" + variables.get(word));
        }
    }

    /// The content of a file that the client opens, so that pipes such as `/dev/fd/63` work.
    public static String text(ClientContext client, String path) {
        try (Fd fd = client.open(path, Inodes.O_RDONLY, 0);
                InputStream in = Pipes.input(fd)) {
            byte[] bytes = in.readNBytes(BYTES_MAX + 1);
            if (bytes.length > BYTES_MAX) {
                throw new KelpException(
                        ErrorKind.RESOURCE_EXHAUSTED, "`" + path + "` has more than " + BYTES_MAX + " bytes");
            }
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new KelpException(ErrorKind.INVALID_ARGUMENT, "`" + path + "` is not UTF-8 text", e);
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "cannot read `" + path + "`: " + e.getMessage(), e);
        }
    }

    /// The lines that say something: no comments, no empty lines; leading white space is cut off.
    ///
    /// @param file for the error
    public static List<String> parse(String text, String file) {
        List<String> lines = new ArrayList<>();
        int number = 0;
        String all = text.startsWith("\ufeff") ? text.substring(1) : text;
        for (String raw : all.split("\n", -1)) {
            number++;
            String line = raw.endsWith("\r") ? raw.substring(0, raw.length() - 1) : raw;
            line = line.stripLeading();
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            int equals = line.indexOf('=');
            String name = equals < 0 ? line.stripTrailing() : line.substring(0, equals);
            if (name.isEmpty() || name.chars().anyMatch(Character::isWhitespace) || line.indexOf('\0') >= 0) {
                throw KelpException.invalid(
                        "line " + number + " of `" + file + "` does not begin with a name: `" + name + "`");
            }
            lines.add(equals < 0 ? name : line);
        }
        return lines;
    }

    /// `key=value` words as a map; a bare key has an empty value.
    public static Map<String, String> pairs(String flag, List<String> words) {
        Map<String, String> map = new java.util.LinkedHashMap<>();
        for (String word : words) {
            int equals = word.indexOf('=');
            String key = equals < 0 ? word : word.substring(0, equals);
            if (key.isBlank()) {
                throw KelpException.invalid("invalid " + flag + " `" + word + "`: expected key=value");
            }
            map.put(key, equals < 0 ? "" : word.substring(equals + 1));
        }
        return map;
    }
}
