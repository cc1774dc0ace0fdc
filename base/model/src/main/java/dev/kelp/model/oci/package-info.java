// SPDX-License-Identifier: Apache-2.0
/// The documents of the OCI image specification 1.1 and their Docker schema 2 twins, as records; [OciJson] reads and
/// writes them. Unknown fields are ignored when reading; whoever must keep a document's digest keeps its bytes.
@NullMarked
package dev.kelp.model.oci;

import org.jspecify.annotations.NullMarked;
