// SPDX-License-Identifier: Apache-2.0
/// The rules of the code base as tests, so that they are kept: layering over the compiled classes, the rest over the
/// text.
package dev.kelp.rules;
