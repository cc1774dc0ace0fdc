// SPDX-License-Identifier: Apache-2.0
package dev.kelp.dist;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/// An image of one program, written without any tool: `/true` ends at once, `/true wait` waits for a signal.
final class TinyImage {
    private static final int PROGRAM_MODE = 0755;
    private static final int LOADED_AT = 0x400000;
    private static final int HEADERS = 64 + 56;
    private static final int FILES = 300;
    private static final int FILE_CHARS = 900;

    /// `if (argc == 1) exit(0); for (;;) pause();`
    private static final byte[] X86_64 = HexFormat.of()
            .parseHex("48833c2401" + "7509" + "b83c000000" + "31ff" + "0f05" + "b822000000" + "0f05" + "ebf7");

    /// The same; ppoll(2) without descriptors stands for pause(2), which this architecture lacks.
    private static final byte[] AARCH64 = HexFormat.of()
            .parseHex("e00340f9" + "1f0400f1" + "81000054" + "a80b80d2" + "000080d2" + "010000d4" + "000080d2"
                    + "010080d2" + "020080d2" + "030080d2" + "040080d2" + "280980d2" + "010000d4" + "f9ffff17");

    private TinyImage() {}

    /// Writes a docker archive, what `load` reads.
    static Path write(Path file, String name) throws IOException {
        byte[] layer = tar(List.of(new Entry("true", program())));
        String manifest = "[{\"Config\":\"config.json\",\"RepoTags\":[\"" + name + "\"],\"Layers\":[\"layer.tar\"]}]";
        return Files.write(
                file,
                tar(List.of(
                        new Entry("manifest.json", manifest.getBytes(StandardCharsets.UTF_8)),
                        new Entry("config.json", config(layer).getBytes(StandardCharsets.UTF_8)),
                        new Entry("layer.tar", layer))));
    }

    /// The program and what a layer usually has besides: files.
    static byte[] layerOfManyFiles() throws IOException {
        List<Entry> entries = new ArrayList<>(List.of(new Entry("true", program())));
        for (int i = 0; i < FILES; i++) {
            entries.add(new Entry(
                    "file-" + i, Integer.toString(i).repeat(FILE_CHARS).getBytes(StandardCharsets.UTF_8)));
        }
        return tar(entries);
    }

    /// The configuration of an image with this one layer.
    static String config(byte[] layer) {
        return """
                {"architecture":"%s","os":"linux","config":{"Env":["PATH=/"],"Cmd":["/true"]},
                "rootfs":{"type":"layers","diff_ids":["%s"]}}""".formatted(isArm() ? "arm64" : "amd64", digest(layer));
    }

    private static boolean isArm() {
        return System.getProperty("os.arch").equals("aarch64");
    }

    /// An ELF file (elf(5)) with one segment, which holds the headers as well.
    private static byte[] program() {
        boolean arm = isArm();
        byte[] code = arm ? AARCH64 : X86_64;
        ByteBuffer elf = ByteBuffer.allocate(HEADERS + code.length).order(ByteOrder.LITTLE_ENDIAN);
        elf.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1, 0}).putLong(0);
        elf.putShort((short) 2).putShort((short) (arm ? 183 : 62)).putInt(1);
        elf.putLong(LOADED_AT + HEADERS).putLong(64).putLong(0).putInt(0);
        elf.putShort((short) 64).putShort((short) 56).putShort((short) 1);
        elf.putShort((short) 64).putShort((short) 0).putShort((short) 0);
        elf.putInt(1).putInt(5).putLong(0).putLong(LOADED_AT).putLong(LOADED_AT);
        elf.putLong(elf.capacity()).putLong(elf.capacity()).putLong(0x1000);
        return elf.put(code).array();
    }

    private record Entry(String name, byte[] content) {}

    private static byte[] tar(List<Entry> entries) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (TarWriter tar = new TarWriter(out, 0)) {
            for (Entry entry : entries) {
                tar.file(entry.name, PROGRAM_MODE, entry.content);
            }
        }
        return out.toByteArray();
    }

    static String digest(byte[] bytes) {
        try {
            return "sha256:"
                    + HexFormat.of()
                            .formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
