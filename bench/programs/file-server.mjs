// file-server.mjs <file>: takes uploads as a provider does, and serves the file as a batch's output. Prints its port.
import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';

const [file] = process.argv.slice(2);
createServer((request, response) => {
  if (request.method === 'GET' && request.url.endsWith('/content')) {
    response.writeHead(200, {
      'content-type': 'application/octet-stream',
      'content-length': statSync(file).size,
    });
    createReadStream(file, { highWaterMark: 1 << 18 }).pipe(response);
    return;
  }
  request.resume();
  request.on('end', () => {
    const body = JSON.stringify({
      id: 'file-1',
      object: 'file',
      bytes: 1,
      created_at: 1,
      filename: 'x',
      purpose: 'batch',
      status: 'processed',
      data: [],
    });
    response.writeHead(200, { 'content-type': 'application/json' }).end(body);
  });
}).listen(0, '127.0.0.1', function listening() {
  process.stdout.write(`${this.address().port}\n`);
});
