// SPDX-License-Identifier: Apache-2.0
// What Node's event loop asks of a kernel: epoll, event counts, threads, child processes, sockets, files.
// Prints what comes of it, never a time.
const { Worker } = require('worker_threads');
const { execFile, fork } = require('child_process');
const crypto = require('crypto');
const dns = require('dns').promises;
const fs = require('fs').promises;
const http = require('http');
const { once } = require('events');
const { promisify } = require('util');
const { gzip, gunzip } = require('zlib');

if (process.argv[2] === 'child') {
  process.on('message', (m) => { process.send(m.map((x) => x * 2)); process.disconnect(); });
  return;
}

async function files() {
  const at = await fs.mkdtemp('/tmp/node-');
  await Promise.all([...Array(200).keys()].map((i) => fs.writeFile(`${at}/${i}`, `file ${i}\n`.repeat(i))));
  const names = (await fs.readdir(at)).sort((a, b) => a - b);
  const sizes = await Promise.all(names.map(async (n) => (await fs.stat(`${at}/${n}`)).size));
  console.log('files', names.length, sizes.reduce((a, b) => a + b));
  await fs.rm(at, { recursive: true });
}

async function workers() {
  const code = 'const { parentPort: p, workerData: d } = require("worker_threads");' +
    'let h = d; for (let i = 0; i < 20000; i++) h = (h * 31 + i) % 1000003; p.postMessage(h);';
  const results = await Promise.all([1, 2, 3, 4].map(async (workerData) => {
    const worker = new Worker(code, { eval: true, workerData });
    const [[message]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
    return message;
  }));
  console.log('workers', results.join(' '));
}

async function children() {
  const { stdout } = await promisify(execFile)('/bin/sh', ['-c', 'echo from a child; exit 0']);
  process.stdout.write(stdout);
  const child = fork(__filename, ['child']);
  child.send([1, 2, 3]);
  const [answer] = await once(child, 'message');
  const [status] = await once(child, 'exit');
  console.log('fork', answer.join(' '), status);
}

async function server() {
  const server = http.createServer((request, response) => {
    const hash = crypto.createHash('sha256');
    request.on('data', (data) => hash.update(data)).on('end', () => response.end(hash.digest('hex')));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
  const post = async (i) => {
    const request = http.request({ port, host: '127.0.0.1', method: 'POST', agent });
    request.end(Buffer.alloc(i * 5000, i));
    const [response] = await once(request, 'response');
    let text = '';
    for await (const data of response) text += data;
    return text;
  };
  const sums = await Promise.all([...Array(40).keys()].map(post));
  console.log('http', crypto.createHash('sha256').update(sums.join()).digest('hex'));
  agent.destroy();
  server.close();
}

(async () => {
  await files();
  await workers();
  await children();
  await server();
  const packed = await promisify(gzip)('text '.repeat(100000));
  console.log('gzip', packed.length, (await promisify(gunzip)(packed)).length);
  console.log('scrypt', (await promisify(crypto.scrypt)('secret', 'salt', 32)).toString('hex'));
  console.log('name', (await dns.lookup('localhost', { family: 4 })).address);
  const order = [];
  setTimeout(() => order.push('timeout 20'), 20);
  setTimeout(() => order.push('timeout 5'), 5);
  setImmediate(() => order.push('immediate'));
  process.nextTick(() => order.push('tick'));
  await new Promise((done) => setTimeout(done, 60));
  console.log(order.join(', '));
})();
