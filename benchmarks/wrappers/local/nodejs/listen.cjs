// Serves a function in a container, on the TCP port that the argument names.
//
// One HTTP/1.1 request at a time on a connection, bodies by Content-Length. The
// platform opens one connection and keeps it for the container's life; with the
// argument "once" the process ends with the first one on which a request came,
// so that no container outlives who uses it. A platform that waited for too long
// to be connected may hang up before that.
'use strict';

const net = require('net');
const { answer, own } = require('./answer.cjs');

const headMost = 16 << 10; // the longest request head
const bodyMost = 50 << 20; // the largest event
const piece = 1 << 20; // characters of a long answer that are encoded at a time

// requests yields the bodies of the requests on a connection, or an Error for
// one that cannot be served, after which nothing follows.
async function* requests(socket) {
  let chunks = []; // of the request, as they came
  let got = 0;
  let begin = -1; // of the body, once the head is complete
  let length = 0;
  for await (const chunk of socket) {
    chunks.push(chunk);
    got += chunk.length;
    for (;;) {
      if (begin < 0) {
        const data = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
        chunks = [data];
        const end = data.indexOf('\r\n\r\n');
        if (end < 0) {
          if (got > headMost) yield new Error('the request\'s head is too long');
          break;
        }
        const found = /\r\ncontent-length: *(\d+)/i.exec(data.latin1Slice(0, end));
        begin = end + 4;
        length = found ? Number(found[1]) : 0;
      }
      if (length > bodyMost) { // who sends it reads no answer before it is sent
        chunks = [];
        if (got < begin + length) break;
        yield new Error(`the request has ${length} bytes, more than ${bodyMost}`);
      }
      if (got < begin + length) break;
      const data = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
      const end = begin + length;
      const text = data.utf8Slice(begin, end);
      chunks = end < data.length ? [data.subarray(end)] : [];
      got -= end;
      begin = -1;
      yield text;
      if (got === 0) break;
    }
  }
}

// send writes part of an answer, and waits while the client is behind.
async function send(socket, data) {
  if (socket.write(data) || socket.destroyed) return;
  await new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.on('drain', done);
    socket.on('close', done);
  });
}

// write writes an answer: at once if it is short, else in pieces, so that it is
// not in memory three times.
async function write(socket, head, text) {
  head += `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n`;
  if (text.length <= piece) {
    await send(socket, Buffer.from(head + text));
    return;
  }
  await send(socket, Buffer.from(head));
  for (let begin = 0; begin < text.length;) {
    let end = Math.min(begin + piece, text.length);
    if ((text.charCodeAt(end - 1) & 0xfc00) === 0xd800) end++; // the first half of a character
    await send(socket, Buffer.from(text.slice(begin, end)));
    begin = end;
  }
}

async function serve(socket) {
  socket.on('error', () => {}); // reading says so too
  for await (const text of requests(socket)) { // leaving the loop destroys the socket
    if (text === '') { // a question whether anybody is there
      await write(socket, 'HTTP/1.1 200 OK\r\n', '');
      continue;
    }
    let event;
    try {
      if (text instanceof Error) throw text;
      event = JSON.parse(text);
    } catch (error) {
      await write(socket, 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n', error.message);
      await new Promise((resolve) => { socket.end(resolve); });
      break;
    }
    const { text: body, failed, broken } = await answer(event);
    await write(socket, `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n${failed ? 'Sebs-Error: 1\r\n' : ''}${broken ? 'Connection: close\r\n' : ''}`, body);
  }
}

own();
const server = net.createServer({ noDelay: true }, async (socket) => {
  await serve(socket).catch(() => {}); // the client is gone
  if (socket.bytesRead > 0 && process.argv.includes('once')) process.exit(0);
});
server.listen(Number(process.argv[2]), '0.0.0.0');
