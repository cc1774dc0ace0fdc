// SPDX-License-Identifier: Apache-2.0
/// Go's `text/template` language, as far as users of `--format` know it.
///
/// A [GoTemplate] is parsed once and executed against data made of maps, lists, strings, numbers and booleans. A
/// `SortedMap` stands for a Go map: a key it lacks prints `<no value>` and it iterates in key order. Any other map
/// stands for a Go struct: a field it lacks is an error, as a misspelt field should be. A [TemplateMethod] among the
/// values is called with the words that follow it (`{{.Label "x"}}`).
///
/// Supported: text, `{{- -}}` trimming, comments, pipelines, parentheses, variables, `if`, `range`, `with`, `else`,
/// `break`, `continue`, `define`, `template`, `block`, and the functions of Go and of Docker ([TemplateFunctions]). Not
/// supported: complex numbers. Limits: [GoTemplate#SOURCE_CHARS_MAX], [GoTemplate#DEPTH_MAX],
/// [GoTemplate#OUTPUT_CHARS_MAX], and what loops and values cost ([Budget]).
@NullMarked
package dev.kelp.cli.template;

import org.jspecify.annotations.NullMarked;
