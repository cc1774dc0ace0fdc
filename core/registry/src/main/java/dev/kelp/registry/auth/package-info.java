// SPDX-License-Identifier: Apache-2.0
/// Who the user is to a registry: credentials, `WWW-Authenticate` challenges and tokens.
///
/// A request first goes out with what is known: nothing, or the token that the same host gave for the same scope.
/// When the registry answers 401 with a [Challenge], the [Authorizer] of that host asks its [Credentials], and either
/// answers with Basic or fetches a token from the challenge's realm (the distribution specification's token flow;
/// OAuth 2 with `grant_type=refresh_token` for identity tokens) and the request is sent once more. Tokens are kept
/// until shortly before they expire, per host and set of scopes; parallel requests share one token request.
///
/// Secrets leave this package only as a header for the origin they belong to, or to the realm that origin named, and
/// never over plain http unless the registry itself is reached so. No `toString` shows them.
///
/// [DockerConfigCredentials] reads and changes Docker's `config.json` as bytes; it opens no file and runs no helper:
/// both are done by the user's own client process, behind [CredentialHelper].
@NullMarked
package dev.kelp.registry.auth;

import org.jspecify.annotations.NullMarked;
