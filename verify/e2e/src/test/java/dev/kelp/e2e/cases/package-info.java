// SPDX-License-Identifier: Apache-2.0
/// The case list: what users type and what they expect, as text in `src/test/resources/cases`, a file per area.
/// CONTRIBUTING.md says how a case is written.
///
/// [CaseFile] reads a file into [Case]s; [CaseRun] types a case's commands into one shell and compares; [CaseReport] is
/// the table in `target/cases.md`; [UpstreamIndex] knows the test functions of nerdctl and says which of them a case
/// covers. [CasesTest] puts them together: an engine per file, so that hundreds of cases take seconds.
@NullMarked
package dev.kelp.e2e.cases;

import org.jspecify.annotations.NullMarked;
