// SPDX-License-Identifier: Apache-2.0
/// What reviews would otherwise have to repeat, as tests.
///
/// - [ArchitectureRule]: who may see and call whom, over the compiled classes of every module.
/// - [TidyRule]: sizes, names, headers and what the documents claim, over the files git knows of.
///
/// Both are enums, and the counterexample of each rule is one arm of an exhaustive `switch`: a rule that nothing can
/// break does not compile. To add a rule, add a constant, a counterexample, and what to do instead in its message.
package dev.kelp.rules;
