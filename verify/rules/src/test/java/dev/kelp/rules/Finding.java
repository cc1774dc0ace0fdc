// SPDX-License-Identifier: Apache-2.0
package dev.kelp.rules;

/// A place that breaks a rule; line 0 is the file as a whole.
record Finding(String path, long line, String message) {
    @Override
    public String toString() {
        return line == 0 ? path + ": " + message : path + ":" + line + ": " + message;
    }
}
