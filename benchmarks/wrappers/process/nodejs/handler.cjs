// Serves a function on the socket that the platform passes as descriptor 3.
//
// One HTTP/1.1 request at a time, bodies by Content-Length. Between calls the
// process sleeps in a read, so what a function left running stands still until
// its next call; and neither the event loop nor the modules for sockets and
// HTTP are paid for.
'use strict';

const fs = require('fs');
const { answer, own } = require('./answer.cjs');

const fd = 3;
const headMost = 16 << 10; // the longest request head
const bodyMost = 50 << 20; // the largest event

// read fills part of buffer and returns how many bytes came, 0 at the end.
function read(buffer, offset) {
  for (;;) {
    try {
      return fs.readSync(fd, buffer, offset, buffer.length - offset, null);
    } catch (error) {
      if (error.code === 'ECONNRESET') return 0;
      if (error.code !== 'EINTR') throw error;
    }
  }
}

function writeAll(data) {
  for (let sent = 0; sent < data.length;) {
    try {
      sent += fs.writeSync(fd, data, sent);
    } catch (error) {
      if (error.code === 'EPIPE') process.exit(0);
      if (error.code !== 'EINTR') throw error;
    }
  }
}

const piece = 1 << 20; // characters of a long answer that are encoded at a time

// write writes an answer: at once if it is short, else in pieces, so that it is
// not in memory three times.
function write(head, text) {
  head += `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n`;
  if (text.length <= piece) {
    writeAll(Buffer.from(head + text));
    return;
  }
  writeAll(Buffer.from(head));
  for (let begin = 0; begin < text.length;) {
    let end = Math.min(begin + piece, text.length);
    if ((text.charCodeAt(end - 1) & 0xfc00) === 0xd800) end++; // the first half of a character
    writeAll(Buffer.from(text.slice(begin, end)));
    begin = end;
  }
}

const buffer = Buffer.allocUnsafe(64 << 10);
let filled = 0;

// readRequest returns a request's body, or null at the end.
function readRequest() {
  let end;
  while ((end = buffer.subarray(0, filled).indexOf('\r\n\r\n')) < 0) {
    if (filled > headMost) throw new Error('the request\'s head is too long');
    const n = read(buffer, filled);
    if (n === 0) return null;
    filled += n;
  }
  const found = /\r\ncontent-length: *(\d+)/i.exec(buffer.latin1Slice(0, end));
  const length = found ? Number(found[1]) : 0;
  const begin = end + 4;
  if (length > bodyMost) {
    for (let missing = begin + length - filled; missing > 0;) { // who sends it reads no answer before it is sent
      missing -= read(buffer, 0) || missing;
    }
    throw new Error(`the request has ${length} bytes, more than ${bodyMost}`);
  }
  if (begin + length <= filled) {
    const text = buffer.utf8Slice(begin, begin + length);
    buffer.copyWithin(0, begin + length, filled);
    filled -= begin + length;
    return text;
  }
  const body = Buffer.allocUnsafe(length);
  let got = buffer.copy(body, 0, begin, filled);
  filled = 0;
  while (got < length) {
    const n = read(body, got);
    if (n === 0) return null;
    got += n;
  }
  return body.utf8Slice(0, length);
}

async function serve() {
  let event;
  try {
    const text = readRequest();
    if (text === null) process.exit(0);
    event = JSON.parse(text);
  } catch (error) {
    write('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n', error.message);
    process.exit(1);
  }
  const { text, failed, broken } = await answer(event);
  write(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n${failed ? 'Sebs-Error: 1\r\n' : ''}${broken ? 'Connection: close\r\n' : ''}`, text);
  setImmediate(serve);
}

own();
serve();
