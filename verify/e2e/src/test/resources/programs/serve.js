// SPDX-License-Identifier: Apache-2.0
// An HTTP server that answers with the address it was asked at.
const http = require('http');

http
  .createServer((request, response) => {
    const { localAddress, localPort } = request.socket;
    response.end(`/${localAddress.replace('::ffff:', '')}:${localPort}\n`);
  })
  .listen(Number(process.argv[2]));
