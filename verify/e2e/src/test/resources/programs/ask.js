// SPDX-License-Identifier: Apache-2.0
// Asks HTTP servers one after the other, and prints their answers.
const http = require('http');

function ask(address) {
  return new Promise((answered, failed) => {
    const request = http.get(`http://${address}/`, response => {
      let text = '';
      response.on('data', part => (text += part));
      response.on('end', () => {
        console.log(text.trim());
        answered();
      });
    });
    request.on('error', failed);
  });
}

(async () => {
  for (const address of process.argv.slice(2)) {
    await ask(address);
  }
})();
